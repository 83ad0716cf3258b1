//! The tables of the frameworks, as they make them.

use sessctl::domain::profile::Profile;
use sessctl::store;

use crate::support::adopted::{ApplicationDb, all_sessions, purge_all, refused};
use crate::support::profiles::{all, gitea};

fn ids(db: &ApplicationDb, profile: &Profile) -> Vec<String> {
    db.column(&profile.table, &profile.id)
}

#[test]
fn exactly_the_expired_sessions_go() {
    for (mut profile, sql, expired) in all() {
        profile.readonly = None;
        for mode in ["DELETE", "WAL"] {
            let db = ApplicationDb::of(sql);
            // The application is there all the time.
            let application = db.application();
            application.pragma_update(None, "journal_mode", mode).unwrap();
            let (before, imprint) = (ids(&db, &profile), db.fingerprint());
            let mut store = db.store(profile.clone());
            let totals = purge_all(store.as_mut(), 2).unwrap();
            let name = &profile.name;
            assert_eq!(totals.settled.deleted, expired.len() as u64, "{name}");
            assert_eq!(totals.settled.ended_sessions.len(), expired.len(), "{name}");
            assert_eq!(totals.sessions, before.len() as u64, "{name}");
            let left: Vec<_> =
                before.into_iter().filter(|id| !expired.contains(&id.as_str())).collect();
            assert_eq!(ids(&db, &profile), left, "{name}");
            let again = purge_all(store.as_mut(), 2).unwrap();
            assert_eq!((again.settled.deleted, again.sessions), (0, left.len() as u64), "{name}");
            drop(store);
            assert_eq!(db.fingerprint(), imprint, "{name}");
        }
    }
}

#[test]
fn each_of_them_is_found_by_its_table() {
    let profiles: Vec<Profile> = all().into_iter().map(|(profile, ..)| profile).collect();
    for (profile, sql, _) in all() {
        let db = ApplicationDb::of(sql);
        let found =
            store::adopted::detect(db.path(), store::Access::Read, profiles.as_slice(), None)
                .unwrap();
        // The rows of Django's show an hour, and so nothing of the clock.
        assert_eq!(found.doubt.is_some(), profile.name == "django");
        assert_eq!(Profile { doubt: None, ..found }, profile);
    }
}

#[test]
fn a_read_only_table_keeps_its_rows() {
    let db = ApplicationDb::of(include_str!("../../../fixtures/frameworks/gitea.sql"));
    let mut store = db.store(gitea());
    insta::assert_snapshot!(refused(purge_all(store.as_mut(), 9)), @"refused: profile gitea is read-only, so nothing is deleted from session: the profile is based on Gitea's source code and was never tested on a real table; Gitea itself purges, see GC_INTERVAL_TIME");
    assert_eq!(ids(&db, &gitea()).len(), 3);
    assert_eq!(all_sessions(store.as_ref()).len(), 3);
}
