//! Copies of a whole database from a file to a cluster and back.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tempfile::TempDir;
use ureq::Agent;

/// Bytes of the file header with the format versions: 2 with a write-ahead log, 1 without.
const FORMAT_VERSIONS: std::ops::Range<usize> = 18..20;

/// Replaces the content of a cluster by that of a file, through one of the nodes.
pub fn load(file: &Path, node: &str) {
    // With what is in its log, and without that itself.
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("copy.db");
    fs::copy(file, &copy).unwrap();
    let _ = fs::copy(wal_path(file), wal_path(&copy));
    let database = Connection::open(&copy).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(database);
    let mut bytes = fs::read(&copy).unwrap();
    bytes[FORMAT_VERSIONS].fill(1);
    let url = format!("{node}/db/load");
    let sent = agent().post(&url).header("content-type", "application/octet-stream").send(&bytes);
    let answer = sent.unwrap().body_mut().read_to_string().unwrap();
    assert!(!answer.contains("error"), "{answer}");
}

fn wal_path(file: &Path) -> std::path::PathBuf {
    file.with_extension("db-wal")
}

/// Replaces the rows of a file by those of a cluster. The file is unchanged if they are equal.
pub fn fetch(node: &str, file: &Path) {
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("copy.db");
    let mut body = agent().get(&format!("{node}/db/backup")).call().unwrap().into_body();
    fs::write(&copy, body.with_config().limit(1 << 30).read_to_vec().unwrap()).unwrap();
    let database = Connection::open(file).unwrap();
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).unwrap();
    database.pragma_update(None, "foreign_keys", false).unwrap();
    database.execute("ATTACH ?1 AS cluster", [copy.to_str().unwrap()]).unwrap();
    for (table, has_rowids) in tables(&database) {
        let columns = columns(&database, &table, has_rowids);
        if !is_same(&database, &table, &columns) {
            let columns = columns.join(", ");
            let sql = format!(
                "BEGIN; DELETE FROM main.{table};
                 INSERT INTO main.{table} ({columns}) SELECT {columns} FROM cluster.{table}; COMMIT"
            );
            database.execute_batch(&sql).unwrap();
        }
    }
}

fn agent() -> Agent {
    Agent::config_builder().proxy(None).build().new_agent()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Tables, each with true if it has rowids.
fn tables(database: &Connection) -> Vec<(String, bool)> {
    let sql = "SELECT name, wr = 0 FROM pragma_table_list WHERE schema = 'main' \
               AND type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
    let mut statement = database.prepare(sql).unwrap();
    let table = |row: &rusqlite::Row<'_>| Ok((quoted(&row.get::<_, String>(0)?), row.get(1)?));
    statement.query_map([], table).unwrap().map(Result::unwrap).collect()
}

/// Stored columns of a table, including the rowid.
fn columns(database: &Connection, table: &str, has_rowids: bool) -> Vec<String> {
    let sql = format!("PRAGMA main.table_xinfo({table})");
    let mut statement = database.prepare(&sql).unwrap();
    let column =
        |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>("name")?, row.get::<_, i64>("hidden")?));
    let all = statement.query_map([], column).unwrap().map(Result::unwrap);
    let names: Vec<String> = all.filter(|(_, hidden)| *hidden == 0).map(|(name, _)| name).collect();
    let is_free = |name: &&str| !names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let rowid = ["rowid", "oid", "_rowid_"].into_iter().find(is_free).filter(|_| has_rowids);
    rowid.map(str::to_owned).into_iter().chain(names.iter().map(|name| quoted(name))).collect()
}

/// Compares a table, down to the storage class and the last bit.
fn is_same(database: &Connection, table: &str, columns: &[String]) -> bool {
    let exact = |name: &String| {
        format!("typeof({name}), iif(typeof({name}) = 'real', format('%!.20g', {name}), {name})")
    };
    let exact: Vec<String> = columns.iter().map(exact).collect();
    let exact = exact.join(" COLLATE BINARY, ");
    let sql = |one, other| {
        format!("SELECT {exact} FROM {one}.{table} EXCEPT SELECT {exact} FROM {other}.{table}")
    };
    let differs = format!(
        "SELECT EXISTS ({}) OR EXISTS ({})",
        sql("main", "cluster"),
        sql("cluster", "main")
    );
    database.query_row(&differs, [], |row| row.get::<_, bool>(0)).is_ok_and(|differs| !differs)
}
