//! Tables that sessctl has no profile of, described by files in profiles/.
//!
//! Each is the table of a framework with a few rows around the clock of the fixtures;
//! what is known of it stands in its first lines.

use std::collections::BTreeSet;
use std::path::Path;

use crate::frameworks::harness::{Application, Framework, assert_same_ids, without};
use crate::support::NOW;

/// All of them.
fn others() -> Vec<Framework> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/custom_profiles");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut profiles: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    profiles.sort();
    profiles.iter().map(|profile| other(profile)).collect()
}

/// The framework of a profile, as the lines at the head of its table say.
fn other(profile: &Path) -> Framework {
    Framework {
        profile: profile.to_str().unwrap().to_owned(),
        ..Framework::of_file(&profile.with_extension("sql"))
    }
}

#[test]
fn a_profile_in_a_file_ends_exactly_the_expired_sessions() {
    let others = others();
    assert!(others.len() >= 13, "{}", others.len());
    for framework in others {
        let name = framework.profile.clone();
        let application = Application::new(framework.clone());
        let (before, frame) = (application.ids(), application.fingerprint());
        let in_sql = application.ids_where(&framework.predicate);
        assert_same_ids(&name, &in_sql, &framework.expected);
        let summary = application.purge(NOW).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_same_ids(&name, &application.ids(), &without(&before, &framework.expected));
        assert_eq!(summary.done.ended, framework.expected.len() as u64, "{name}");
        assert_eq!(application.fingerprint(), frame, "{name}");
    }
}

#[test]
fn a_profile_in_a_file_is_as_good_to_the_command_as_one_of_its_own() {
    for framework in others() {
        let application = Application::new(framework.clone());
        let check = [vec!["profile", "check", &framework.profile], framework.params()].concat();
        application.run(check).succeeds();
        let dry_run = ["purge", "--dry-run", "--at", "2026-06-15T12:00:00Z", "--json"];
        let due = crate::support::handles(&application.sessctl(dry_run).json()["sessions"]);
        let handle = |id: &String| crate::support::handle(id);
        let expected: BTreeSet<String> = framework.expected.iter().map(handle).collect();
        assert_same_ids(&framework.profile, &due.into_iter().collect(), &expected);
        let listed = application.sessctl(["list", "--json"]).succeeds().json();
        assert!(listed.as_array().unwrap().len() > framework.expected.len(), "{listed}");
    }
}

#[test]
fn rows_that_the_filter_excludes_are_not_sessions() {
    let nextcloud = others().into_iter().find(|known| known.profile.ends_with("nextcloud.toml"));
    let application = Application::new(nextcloud.unwrap());
    // Given the password of an app that nobody has used for 300 days
    let stat = application.sessctl(["show", "stat", "--json"]).succeeds().json();
    assert_eq!(stat[0]["sessions"], 4, "{stat}");
    // When the sessions are all ended, then it stays
    application.sessctl(["cycle", "--all"]).succeeds();
    assert_eq!(application.ids(), BTreeSet::from(["3".to_owned()]));
}

#[test]
fn devices_go_with_their_session() {
    let kratos = others().into_iter().find(|known| known.profile.ends_with("kratos.toml"));
    let application = Application::new(kratos.unwrap());
    application.purge(NOW).unwrap();
    let sql = "SELECT group_concat(id) FROM session_devices";
    let left: String = application.db().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(left, "d1");
}
