//! Tests of `store::migrations`.

use rusqlite::Connection;
use sessctl::store::migrations::{
    APPLICATION_ID, DatabaseKind, SCHEMA_VERSION, SCRIPTS, SELECT_VERSION, joined_scripts, pending,
    tables,
};

#[test]
fn all_scripts_apply_in_order() {
    let connection = Connection::open_in_memory().unwrap();
    for (done, script) in SCRIPTS.iter().enumerate() {
        let before = tables(&connection).unwrap();
        assert_eq!(pending(DatabaseKind::Cluster, &before).count(), SCRIPTS.len() - done);
        connection.execute_batch(script.sql).unwrap();
    }
    assert_eq!(pending(DatabaseKind::Cluster, &tables(&connection).unwrap()).count(), 0);
}

#[test]
fn a_blank_database_gets_all_scripts_and_its_version() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&joined_scripts(DatabaseKind::File, &[])).unwrap();
    let version: (i64, i64) =
        connection.query_row(SELECT_VERSION, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(version, (APPLICATION_ID, SCHEMA_VERSION));
}
