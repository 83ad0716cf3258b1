//! Files in other states than a quiet application leaves them in.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use sessctl::app::{PurgeRequest, SessionService};
use sessctl::domain::error::Error;
use sessctl::domain::policy::Policies;
use sessctl::store::Access;
use sessctl::store::adopted::{detect, open};

use crate::support::NOW;
use crate::support::adopted::{ApplicationDb, all_sessions};
use crate::support::fixtures::built_in_profiles;
use crate::support::profiles::django;

const SESSION: &str = "INSERT INTO django_session VALUES ('a', '', '2026-06-15 11:00:00')";
const TABLE: &str = "CREATE TABLE django_session (session_key, session_data, expire_date)";

/// Creates a database whose latest rows are only in the write-ahead log.
fn left_behind(from: &ApplicationDb, to: &Path) {
    let application = from.application();
    application.pragma_update(None, "journal_mode", "WAL").unwrap();
    application.execute_batch(SESSION).unwrap();
    for suffix in ["", "-wal"] {
        let name = |path: &Path| format!("{}{suffix}", path.display());
        fs::copy(name(&from.path()), name(to)).unwrap();
    }
}

#[test]
fn reading_leaves_an_unused_write_ahead_log_in_place() {
    let (db, folder) = (ApplicationDb::of(TABLE), tempfile::tempdir().unwrap());
    let path = folder.path().join("restored.db");
    left_behind(&db, &path);
    let log = folder.path().join("restored.db-wal");
    let before = [&path, &log].map(|file| fs::read(file).unwrap());
    let store = open(&path, Access::Read, django(), Some(&db.state())).unwrap();
    assert_eq!(all_sessions(store.as_ref()).len(), 1);
    drop(store);
    assert_eq!([&path, &log].map(|file| fs::read(file).unwrap()), before);
}

#[test]
fn a_table_that_is_in_the_log_alone_is_found() {
    let db = ApplicationDb::of("CREATE TABLE users (id)");
    let application = db.application();
    application.pragma_update(None, "journal_mode", "WAL").unwrap();
    application.execute_batch(TABLE).unwrap();
    assert_eq!(
        detect(db.path(), Access::Read, built_in_profiles().as_slice(), None).unwrap(),
        django()
    );
}

#[test]
fn a_purge_keeps_the_rollback_journal_and_removes_it_at_the_end() {
    let db = ApplicationDb::of(&format!("{TABLE}; {SESSION}"));
    let journal = format!("{}-journal", db.path().display());
    let mut service = SessionService::new(db.store(django()), Policies::default());
    let mut was_kept = false;
    let summary = service.purge(&PurgeRequest::default(), NOW, &mut |progress| {
        was_kept |= progress.deleted > 0 && fs::exists(&journal).unwrap();
        ControlFlow::Continue(())
    });
    assert_eq!((summary.unwrap().done.deleted, was_kept), (1, true));
    assert!(!fs::exists(journal).unwrap());
}

#[test]
fn a_path_that_is_not_a_regular_file_is_reported_as_such() {
    let db = ApplicationDb::of(TABLE);
    let opened = |name: &str| {
        let path = db.path().with_file_name(name);
        open(&path, Access::Write, django(), Some(&db.state())).map(drop).unwrap_err()
    };
    assert!(matches!(opened("missing.db"), Error::Missing { .. }));
    assert!(matches!(opened("."), Error::ForeignDatabase { .. }));
    db.sandbox.fifo("pipe");
    assert!(matches!(opened("pipe"), Error::ForeignDatabase { .. }));
}
