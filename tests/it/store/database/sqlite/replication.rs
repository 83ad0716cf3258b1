//! Tests of `store::database::sqlite::replication`.

use std::fs;
use std::os::unix::fs::symlink;

use rusqlite::Connection;
use sessctl::Error;
use sessctl::storage::ReplicatorActivity;
use sessctl::store::database::sqlite::replication::{
    ensure_primary, litestream, litestream_activity, litestream_directory,
};

#[test]
fn litestream_is_found_by_its_directory_next_to_the_real_file() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("app.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE t (a)").unwrap();
    assert_eq!(litestream(&connection, &path).unwrap(), None);
    // A file, or the directory of another database, says nothing.
    fs::write(folder.path().join(".app.db-litestream"), "").unwrap();
    fs::create_dir(folder.path().join(".other.db-litestream")).unwrap();
    assert_eq!(litestream_directory(&path), None);
    fs::remove_file(folder.path().join(".app.db-litestream")).unwrap();
    let directory = fs::canonicalize(folder.path()).unwrap().join(".app.db-litestream");
    fs::create_dir_all(directory.join("ltx/0")).unwrap();
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    let link = folder.path().join("elsewhere/link.db");
    symlink(&path, &link).unwrap();
    for path in [&path, &link] {
        let found = litestream(&connection, path).unwrap().unwrap();
        assert_eq!(found.directory.as_ref(), Some(&directory));
        assert!(litestream_activity(&connection, path).unwrap().copied_at.is_some());
    }
}

#[test]
fn litestream_is_found_by_its_table() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("app.db");
    let connection = Connection::open(&path).unwrap();
    let table = "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)";
    connection.execute_batch(table).unwrap();
    let found = litestream(&connection, &path).unwrap().unwrap();
    assert_eq!((found.name, found.directory), ("Litestream", None));
    let activity = |commits| ReplicatorActivity { commits, copied_at: None };
    assert_eq!(litestream_activity(&connection, &path).unwrap(), activity(0));
    connection.execute_batch("INSERT INTO _litestream_seq VALUES (1, 7)").unwrap();
    assert_eq!(litestream_activity(&connection, &path).unwrap(), activity(7));
}

#[test]
fn a_replica_of_litefs_names_its_primary() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("app.db");
    fs::write(&path, "").unwrap();
    ensure_primary(&path).unwrap();
    fs::create_dir(folder.path().join(".primary")).unwrap();
    ensure_primary(&path).unwrap();
    fs::remove_dir(folder.path().join(".primary")).unwrap();
    for (text, named) in [("db1.example\n", "db1.example"), ("", "")] {
        fs::write(folder.path().join(".primary"), text).unwrap();
        let Err(Error::Replica { primary, .. }) = ensure_primary(&path) else { panic!("{text:?}") };
        assert_eq!(primary, named);
    }
}
