//! The tables of the frameworks, as they make them.

use std::collections::BTreeSet;

use sessctl::domain::profile::Profile;
use sessctl::store;

use crate::support::adopted::{ApplicationDb, all_sessions, purge_all, refused};
use crate::support::fixtures::{Framework, all, built_in_profiles, named};
use crate::support::profiles::gitea;

fn ids(db: &ApplicationDb, framework: &Framework) -> BTreeSet<String> {
    let Framework { table, id, .. } = framework;
    let sql = format!("SELECT CAST(({id}) AS TEXT) FROM \"{table}\"");
    let application = db.application();
    let mut statement = application.prepare(&sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn exactly_the_expired_sessions_go() {
    for framework in all() {
        let mut profile = framework.read();
        profile.readonly = None;
        let Framework { fixture, expected, .. } = &framework;
        for mode in ["DELETE", "WAL"] {
            let db = ApplicationDb::of(&framework.sql);
            // The application is there all the time.
            let application = db.application();
            application.pragma_update(None, "journal_mode", mode).unwrap();
            let (before, imprint) = (ids(&db, &framework), db.fingerprint());
            let mut store = db.store(profile.clone());
            let totals = purge_all(store.as_mut(), 2).unwrap();
            assert_eq!(totals.settled.deleted, expected.len() as u64, "{fixture}");
            assert_eq!(totals.settled.ended_sessions.len(), expected.len(), "{fixture}");
            let left: BTreeSet<_> = before.difference(expected).cloned().collect();
            assert_eq!(ids(&db, &framework), left, "{fixture}");
            let again = purge_all(store.as_mut(), 2).unwrap();
            let sessions = totals.sessions - expected.len() as u64;
            assert_eq!((again.settled.deleted, again.sessions), (0, sessions), "{fixture}");
            drop(store);
            assert_eq!(db.fingerprint(), imprint, "{fixture}");
        }
    }
}

#[test]
fn each_of_them_is_found_by_its_table() {
    let profiles = built_in_profiles();
    for framework in all().into_iter().filter(|framework| !framework.must_be_named) {
        let db = ApplicationDb::of(&framework.sql);
        let found =
            store::adopted::detect(db.path(), store::Access::Read, profiles.as_slice(), None)
                .unwrap();
        assert!(found.doubt.is_none() || found.task.starts_with("django"), "{}", framework.fixture);
        assert_eq!(found.name, framework.profile, "{}", framework.fixture);
    }
}

#[test]
fn the_rows_of_django_are_found_with_a_doubt() {
    let extended = all().into_iter().find(|framework| framework.fixture == "django-extended");
    let extended = extended.unwrap();
    let db = ApplicationDb::of(&extended.sql);
    let profiles = built_in_profiles();
    let found =
        store::adopted::detect(db.path(), store::Access::Read, profiles.as_slice(), None).unwrap();
    // They do not last for two weeks, which says nothing of the clock.
    assert!(found.doubt.is_some());
    assert_eq!(Profile { doubt: None, ..found }, extended.read());
}

#[test]
fn a_read_only_table_keeps_its_rows() {
    let db = ApplicationDb::of(include_str!("../../../fixtures/frameworks/gitea.sql"));
    let mut store = db.store(gitea());
    insta::assert_snapshot!(refused(purge_all(store.as_mut(), 9)), @"refused: profile gitea is read-only, so nothing is deleted from session: the profile is based on Gitea's source code and was never tested on a real table; Gitea itself purges, see GC_INTERVAL_TIME");
    assert_eq!(ids(&db, &named("gitea")).len(), 3);
    assert_eq!(all_sessions(store.as_ref()).len(), 3);
}
