//! Tests of `store::adopted::list`.

use rusqlite::Connection;
use sessctl::config::profile::parse;
use sessctl::domain::filter::Filter;
use sessctl::store::Access;
use sessctl::store::adopted::list::and_user;
use sessctl::store::adopted::reader::TableReader;
use sessctl::store::adopted::table::{TableSchema, query_plan};
use sessctl::store::database::sqlite::SqliteFile;
use tempfile::TempDir;

const PROFILE: &str = r#"
    name = "t"
    table = "t"
    id = "id"
    columns = ["id", "who"]
    [user]
    column = "who"
    [[expired]]
    not_null = "id"
"#;

/// Query plan for the sessions of a user.
fn steps(columns: &str, index: &str, user: &str) -> String {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("application.db");
    let application = Connection::open(&path).unwrap();
    application.execute_batch(&format!("CREATE TABLE t ({columns}); {index}")).unwrap();
    let file = SqliteFile::open_foreign(&path, Access::Read).unwrap();
    let profile = parse(PROFILE, "t", &std::collections::BTreeMap::new()).unwrap();
    let table = TableSchema::read(&file, "t").unwrap();
    let reader = TableReader::new(&file, profile, table).unwrap();
    let mut sql = reader.select(&reader.session_columns());
    sql.push(" WHERE TRUE");
    let filter = Filter { users: vec![user.to_owned()], ..Filter::default() };
    and_user(&mut sql, &reader, &filter);
    query_plan(&file, &sql).unwrap().join("; ")
}

#[test]
fn an_index_is_used_where_it_finds_all_rows_of_a_user() {
    let index = "CREATE INDEX i ON t (who)";
    for (columns, index) in [
        ("id, who", index),
        ("id, who INTEGER", index),
        ("id, who TEXT COLLATE NOCASE", index),
        ("id, who TEXT COLLATE NOCASE", "CREATE INDEX i ON t (who COLLATE BINARY, id)"),
        ("id, who TEXT PRIMARY KEY", ""),
        ("id, who INTEGER PRIMARY KEY", ""),
        ("id, who REAL PRIMARY KEY", ""),
    ] {
        let steps = steps(columns, index, "77");
        assert!(steps.contains("SEARCH"), "{columns}; {index}: {steps}");
    }
    assert!(steps("id, who", "", "77").contains("SCAN"));
    // Text that is not UTF-8 may be shown like that, whatever it is.
    assert!(steps("id, who", index, "a\u{fffd}").contains("SCAN"));
}
