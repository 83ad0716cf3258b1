//! Findings about the file: rights, names, journal, space, versions and replication.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::time::Duration;

use super::{
    DJANGO, NAMED, STATE, application, apply, fact, finding, findings, is_solved, purged, sessions,
};
use crate::support::{Sandbox, set_mode};

#[test]
fn a_file_that_every_user_can_read_or_write_is_found() {
    let sandbox = purged();
    set_mode(&sandbox.path("app.db"), 0o604);
    // Out of reach of others.
    set_mode(&sandbox.path("."), 0o700);
    assert_eq!(findings(&sandbox, &[]), Vec::<String>::new());
    set_mode(&sandbox.path("."), 0o755);
    insta::assert_snapshot!(is_solved(&sandbox, &[], "readable_by_all"), @r#"
    every user of this machine can read "app.db" (mode 0604)
    a user who reads the sessions knows who is logged in and, where a framework stores the tokens themselves, can take the sessions over
    chmod o-r app.db
    "#);
    set_mode(&sandbox.path("app.db"), 0o602);
    insta::assert_snapshot!(is_solved(&sandbox, &[], "writable_by_all"), @r#"
    every user of this machine can write to "app.db" (mode 0602)
    a user who writes to the sessions can log in as any user
    chmod o-w app.db
    "#);
}

#[test]
fn a_directory_in_which_every_user_can_replace_files_is_found() {
    let sandbox = purged();
    set_mode(&sandbox.path("."), 0o1777);
    assert_eq!(findings(&sandbox, &[]), Vec::<String>::new());
    set_mode(&sandbox.path("."), 0o777);
    if fs::metadata(sandbox.path(".")).unwrap().uid() == 0 {
        // Root does not open such a file at all.
        let reason = sandbox.run(["doctor"]).is_refused_with(4).stderr();
        assert!(reason.contains("every user may write to the directory"), "{reason}");
        return;
    }
    is_solved(&sandbox, &[], "replaceable_by_all");
    assert_eq!(fs::metadata(sandbox.path(".")).unwrap().mode() & 0o777, 0o775);
}

#[test]
#[ignore = "needs root"]
fn a_journal_that_belongs_to_another_user_is_found_and_root_works_as_the_owner() {
    const APP: u32 = 1_234_567;
    let sandbox = purged();
    sandbox.file("app.db-journal", "");
    set_mode(&sandbox.path("."), 0o755);
    for name in [".", "app.db"] {
        chown(sandbox.path(name), Some(APP), Some(APP)).unwrap();
    }
    let found = finding(&sandbox, &[], "sidecar_owner");
    let journal = fs::canonicalize(sandbox.path("app.db-journal")).unwrap();
    assert_eq!(found["fix"], format!("chown {APP} {}", journal.display()));
    apply(&sandbox, &found).succeeds();
    assert_eq!(findings(&sandbox, &[]), Vec::<String>::new());
    assert_eq!(fact(&sandbox, &[], "owner"), APP.to_string());
}

#[test]
fn a_second_name_is_found() {
    let sandbox = purged();
    fs::hard_link(sandbox.path("app.db"), sandbox.path("other.db")).unwrap();
    let found = finding(&sandbox, &["-q"], "hard_links");
    assert_eq!(found["what"], "\"app.db\": the file has 2 hard links");
    let fix = found["fix"].as_str().unwrap();
    assert!(fix.starts_with("find ") && fix.contains(" -xdev -samefile "), "{fix}");
    fs::remove_file(sandbox.path("other.db")).unwrap();
    assert_eq!(findings(&sandbox, &["-q"]), Vec::<String>::new());
}

#[test]
fn a_log_that_nobody_checkpoints_is_found() {
    let sandbox = purged();
    let application = sandbox.db();
    let count = |sql: &str| application.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM sessions"), 0);
    let log = OpenOptions::new().write(true).open(sandbox.path("app.db-wal")).unwrap();
    log.set_len(70 << 20).unwrap();
    is_solved(&sandbox, &[], "log_size");
    assert_eq!(fs::metadata(sandbox.path("app.db-wal")).unwrap().len(), 0);
}

/// Adds a table of 20 MB, and drops it.
fn leave_free_pages(sandbox: &Sandbox) {
    let sql = "CREATE TABLE bulk (bytes BLOB);
               WITH RECURSIVE part (number) AS
                   (SELECT 1 UNION ALL SELECT number + 1 FROM part WHERE number < 20)
               INSERT INTO bulk SELECT zeroblob(1000000) FROM part;
               DROP TABLE bulk";
    sandbox.db().execute_batch(sql).unwrap();
}

#[test]
fn free_pages_are_found_and_returned_in_the_native_table() {
    let sandbox = purged();
    leave_free_pages(&sandbox);
    insta::assert_snapshot!(is_solved(&sandbox, &[], "free_pages"), @r"
    20.0 MB of the 20.1 MB of the file are free
    the space of deleted rows is used for new ones, but is not returned to the file system
    sessctl compact --full
    ");
    // The full vacuum has enabled that in steps.
    assert_eq!(fact(&sandbox, &[], "auto_vacuum"), "incremental");
    leave_free_pages(&sandbox);
    let steps = finding(&sandbox, &[], "free_pages");
    assert_eq!(steps["fix"], "sessctl compact");
    apply(&sandbox, &steps).succeeds();
    assert_eq!(findings(&sandbox, &[]), Vec::<String>::new());
}

#[test]
fn free_pages_are_found_in_a_table_of_a_framework() {
    let sandbox = application(&(DJANGO.to_owned() + &sessions(0, 1)));
    leave_free_pages(&sandbox);
    is_solved(&sandbox, &NAMED, "free_pages");
}

/// Makes the header say that SQLite 3.40.1 was the last to change it.
fn write_by_old_sqlite(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&3_040_001_u32.to_be_bytes(), 96).unwrap();
}

#[test]
fn an_affected_version_of_sqlite_is_found() {
    let sandbox = purged();
    write_by_old_sqlite(&sandbox.path("app.db"));
    let found = finding(&sandbox, &[], "wal_reset_bug");
    let what = "\"app.db\" has a write-ahead log, and was last changed by SQLite 3.40.1";
    assert_eq!(found["what"], what);
    assert_eq!(fact(&sandbox, &[], "writer_version"), "3.40.1");
    // The next program that changes the header is a newer one.
    sandbox.db().execute_batch("CREATE TABLE later (x); PRAGMA wal_checkpoint").unwrap();
    assert_eq!(findings(&sandbox, &[]), Vec::<String>::new());
    // Without a write-ahead log, there is nothing to reset.
    let without = application(&(DJANGO.to_owned() + &sessions(0, 1)));
    write_by_old_sqlite(&without.path("app.db"));
    assert_eq!(findings(&without, &NAMED), Vec::<String>::new());
}

/// Dates a file back.
fn date_back(path: &Path, by: Duration) {
    let file = File::open(path).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    file.set_modified(modified - by).unwrap();
}

#[test]
fn a_replicator_that_has_stopped_is_found() {
    let sandbox = purged();
    let parts = sandbox.path(".app.db-litestream/ltx/0");
    fs::create_dir_all(&parts).unwrap();
    let day = Duration::from_hours(24);
    date_back(&sandbox.path("app.db"), day);
    date_back(&parts, day);
    assert_eq!(findings(&sandbox, &[]), Vec::<String>::new());
    let replication = fact(&sandbox, &[], "replication");
    assert!(replication.as_str().unwrap().starts_with("Litestream, last copy 2"), "{replication}");
    date_back(&parts, day);
    let found = finding(&sandbox, &[], "replicator_idle");
    let why = found["why"].as_str().unwrap();
    let directory = fs::canonicalize(sandbox.path(".app.db-litestream")).unwrap();
    assert!(why.ends_with(&format!("remove {}", directory.display())), "{why}");
    fs::remove_dir_all(directory).unwrap();
    assert_eq!(fact(&sandbox, &[], "replication"), "none");
}

#[test]
fn a_replica_of_litefs_is_named() {
    let sandbox = purged();
    sandbox.file(".primary", "db1.example\n");
    let replication = fact(&sandbox, &STATE, "replication");
    let said = "LiteFS, of the primary \"db1.example\": commands that write are refused here";
    assert_eq!(replication, said);
}
