//! Profiles in files.

use std::collections::BTreeSet;

use crate::frameworks::harness::{Application, assert_same_ids, named};
use crate::support::NOW;
use crate::support::fixtures::{Framework, all};

#[test]
fn a_profile_in_a_file_is_as_good_to_the_command_as_a_built_in_one() {
    for framework in all().into_iter().filter(Framework::is_purgeable).step_by(5) {
        let application = Application::new(framework.clone());
        application.file("mine.toml", framework.text());
        let named = ["--profile", "./mine.toml", "--table", &framework.table];
        let options = [&named[..], &framework.params()].concat();
        let dry_run = ["purge", "--dry-run", "--at", "2026-06-15T12:00:00Z", "--json"];
        let due = application.sessctl_with(options, dry_run).succeeds().json();
        let due = due["sessions"].as_array().unwrap().len();
        assert_eq!(due, framework.expected.len(), "{}", framework.fixture);
    }
}

#[test]
fn rows_that_the_filter_excludes_are_not_sessions() {
    let application = Application::new(named("nextcloud"));
    let (all, apps) = (application.ids(), application.ids_where("type <> 0"));
    assert!(!apps.is_empty());
    let stat = application.sessctl(["show", "stat", "--json"]).succeeds().json();
    assert_eq!(stat[0]["sessions"], all.len() - apps.len(), "{stat}");
    // When the sessions are all ended, then the passwords of apps stay
    application.sessctl(["cycle", "--all", "--state", "active,expired"]).succeeds();
    assert_same_ids("nextcloud", &application.ids(), &apps);
}

#[test]
fn devices_go_with_their_session() {
    let application = Application::new(named("kratos"));
    application.purge(NOW).unwrap();
    let column = |sql: &str| -> BTreeSet<String> {
        let db = application.db();
        let mut statement = db.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let sessions = column("SELECT DISTINCT session_id FROM session_devices");
    assert!(!sessions.is_empty());
    assert!(sessions.is_subset(&column("SELECT id FROM sessions")), "{sessions:?}");
}
