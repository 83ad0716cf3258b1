//! Every framework is recognized as by the other commands.

use super::Host;
use crate::support::fixtures;

#[test]
fn each_framework_is_found_by_its_profile() {
    let host = Host::new();
    let frameworks = fixtures::all();
    let frameworks: Vec<_> = frameworks.iter().filter(|it| !it.must_be_named).collect();
    assert!(frameworks.len() > 50, "{}", frameworks.len());
    for framework in &frameworks {
        let sql = format!("PRAGMA foreign_keys = OFF; {}", framework.sql);
        host.database(&format!("{}/app.db", framework.fixture), &sql);
    }
    let ran = host.search_unchanged();
    let found = super::by_path(&ran.json(), &host.path(""));
    for framework in frameworks {
        let entry = &found[&format!("{}/app.db", framework.fixture)];
        let detected = host.sandbox.run([
            "--db",
            host.path(&format!("{}/app.db", framework.fixture)).to_str().unwrap(),
            "show",
            "stat",
            "--json",
        ]);
        if detected.0.status.success() {
            let expected = &detected.json()[0];
            assert_eq!(entry["profile"], expected["profile"], "{}", framework.fixture);
            assert_eq!(entry["sessions"], expected["sessions"], "{}", framework.fixture);
            assert_eq!(entry["table"], expected["table"], "{}", framework.fixture);
        }
        let is_open = entry["profile"].is_null() && !entry["note"].is_null();
        assert!(is_open || entry["profile"] == framework.profile, "{}: {entry}", framework.fixture);
    }
}
