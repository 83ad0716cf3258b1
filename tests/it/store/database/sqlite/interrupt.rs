//! Tests of `store::database::sqlite::interrupt`.

use std::time::Duration;

use rusqlite::Connection;
use sessctl::domain::error::{Error, InterruptReason};
use sessctl::storage::StatementLimit;
use sessctl::store::database::sqlite::interrupt::{GRACE, InterruptHandle, table_of};

const ENDLESS: &str = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) \
                       SELECT count(*) FROM n";

#[test]
fn a_statement_without_an_end_is_interrupted_when_its_time_is_over() {
    let (handle, mut connection) =
        (InterruptHandle::default(), Connection::open_in_memory().unwrap());
    handle.watch(&mut connection).unwrap();
    for cause in [InterruptReason::Time, InterruptReason::Lease] {
        handle.limit(Some(StatementLimit { time: Duration::ZERO, cause }));
        let _statement = handle.start_statement("read", "SELECT * FROM \"t\" WHERE 1", "a.db");
        let answer: rusqlite::Result<i64> = connection.query_row(ENDLESS, [], |row| row.get(0));
        let code = answer.unwrap_err().sqlite_error_code();
        assert_eq!(code, Some(rusqlite::ErrorCode::OperationInterrupted));
        let Error::Interrupted { doing, cause: found, after } = handle.interrupted() else {
            panic!()
        };
        assert_eq!((doing.as_str(), found), ("read t in a.db", cause));
        assert!(after >= GRACE, "{after:?}");
    }
}

#[test]
fn a_short_statement_ends_although_its_time_is_over() {
    let (handle, mut connection) =
        (InterruptHandle::default(), Connection::open_in_memory().unwrap());
    handle.watch(&mut connection).unwrap();
    handle.limit(Some(StatementLimit { time: Duration::ZERO, cause: InterruptReason::Time }));
    let _statement = handle.start_statement("read", "", "a.db");
    let short = ENDLESS.replace("FROM n)", "FROM n WHERE n < 3000)");
    let rows: i64 = connection.query_row(&short, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 3_000);
}

#[test]
fn a_statement_names_its_table() {
    for (sql, table) in [
        ("DELETE FROM \"a b\" WHERE x", Some("a b")),
        ("SELECT count(*) FROM (SELECT 1 FROM \"t\")", None),
        ("UPDATE \"t\" SET a", Some("t")),
        ("PRAGMA page_size", None),
    ] {
        assert_eq!(table_of(sql), table, "{sql}");
    }
}
