//! A rebuild of a framework's table leaves what deletions leave.

use std::ops::ControlFlow;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params};
use sessctl::domain::profile::{Encoding, Profile, Storage, Unit};
use sessctl::storage::{Backend, CopiedTable, PurgeBatchResult, RebuildObstacle, SampledRows};

use crate::support::NOW;
use crate::support::adopted::{ApplicationDb, all_tasks, purge_all};
use crate::support::profiles::{Draft, draft};

pub(super) type Step<T> = ControlFlow<RebuildObstacle, T>;

fn copy(store: &mut dyn Backend) -> Step<CopiedTable> {
    let rebuild = store.table_rebuild().unwrap();
    if let ControlFlow::Break(obstacle) = rebuild.start_copy(&all_tasks()).unwrap() {
        return ControlFlow::Break(obstacle);
    }
    let (mut copied, mut after) = (CopiedTable::default(), None);
    loop {
        // In parts of some 128 rows.
        let time = Duration::ZERO;
        match rebuild.copy_rows(&all_tasks(), after.as_ref(), time).unwrap() {
            ControlFlow::Continue(scan) => {
                copied.version = scan.version;
                copied.rows += scan.rows;
                copied.due += scan.counts.due;
                after = scan.last;
            }
            ControlFlow::Break(obstacle) => return ControlFlow::Break(obstacle),
        }
        if after.is_none() {
            return ControlFlow::Continue(copied);
        }
    }
}

fn replace(store: &mut dyn Backend, copied: CopiedTable) -> Step<PurgeBatchResult> {
    let rebuild = store.table_rebuild().unwrap();
    let replaced = rebuild.replace_rows(copied).unwrap();
    rebuild.drop_copy().unwrap();
    replaced
}

pub(super) fn rebuild(db: &ApplicationDb, profile: Profile) -> Step<PurgeBatchResult> {
    let mut store = db.store(profile);
    match copy(store.as_mut()) {
        ControlFlow::Continue(copied) => replace(store.as_mut(), copied),
        ControlFlow::Break(obstacle) => ControlFlow::Break(obstacle),
    }
}

const SECONDS: fn() -> Encoding = || Encoding::Unix(Unit::Seconds, vec![Storage::Integer]);

/// The table `sessions` of sessions with an id, data and a time.
fn sessions() -> Draft {
    let mut draft =
        draft("app", "sessions", "id", &["id", "data", "at"]).time("at", SECONDS()).at(0, true);
    let more = ["twice", "half", "c0", "place", "rowid", "oid", "_rowid_", "user"];
    draft.0.optional = more.map(str::to_owned).to_vec();
    draft
}

/// The rows of a query, with storage classes and to the last bit.
fn rows(db: &Connection, sql: &str) -> Vec<String> {
    let mut query = db.prepare(sql).unwrap();
    let columns = query.column_count();
    let exact = |value: ValueRef<'_>| match value {
        ValueRef::Real(number) => format!("real {:x}", number.to_bits()),
        ValueRef::Text(bytes) => format!("text {}", bytes.escape_ascii()),
        value => format!("{value:?}"),
    };
    let row = |row: &rusqlite::Row<'_>| {
        Ok((0..columns).map(|n| exact(row.get_ref(n).unwrap())).collect::<Vec<_>>().join(" | "))
    };
    query.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// Everything in a file, and that it is sound.
fn content(db: &ApplicationDb) -> Vec<String> {
    let db = db.application();
    let mut all = rows(&db, "PRAGMA integrity_check");
    assert_eq!(all, ["text ok"]);
    let has = |name: &str| {
        let sql = "SELECT count(*) FROM pragma_table_list WHERE name = ?1 AND NOT wr";
        db.query_row(sql, [name], |row| row.get::<_, i64>(0)).unwrap() == 1
    };
    all.extend(rows(&db, "SELECT * FROM sqlite_schema"));
    if has("sqlite_sequence") {
        all.extend(rows(&db, "SELECT rowid, * FROM sqlite_sequence"));
    }
    let key =
        if has("sessions") && !all.iter().any(|sql| sql.contains("oid")) { "rowid," } else { "" };
    all.extend(rows(&db, &format!("SELECT {key} * FROM sessions")));
    all.extend(rows(&db, "SELECT id, typeof(data) FROM sessions ORDER BY at, id"));
    all
}

/// Tables that an application may have. The ids are numbers in the second half.
const TEXT_KEYS: [&str; 5] = [
    "CREATE TABLE sessions (id TEXT PRIMARY KEY, data, at INTEGER);
     CREATE INDEX by_time ON sessions (at); CREATE INDEX few ON sessions (data) WHERE at > 5",
    "CREATE TABLE sessions (id TEXT PRIMARY KEY COLLATE NOCASE, data, at INTEGER) WITHOUT ROWID;
     CREATE INDEX by_time ON sessions (at)",
    "CREATE TABLE sessions (id TEXT PRIMARY KEY, data ANY, at INTEGER) STRICT",
    "CREATE TABLE sessions (id TEXT NOT NULL, twice AS (at * 2) STORED, data BLOB, c0 DEFAULT 'x',
     half AS (at / 2), place NOT NULL DEFAULT 7, at INTEGER, CHECK (at IS NULL OR half < at + 1));
     CREATE UNIQUE INDEX by_id ON sessions (id); CREATE INDEX by_half ON sessions (half, at + 1)",
    "CREATE TABLE sessions (id TEXT, data REAL, at INTEGER)",
];
const NUMBERS: [&str; 4] = [
    "CREATE TABLE sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT, at INTEGER);
     CREATE INDEX by_data ON sessions (data)",
    "CREATE TABLE sessions (data NUMERIC, id INTEGER PRIMARY KEY, at INTEGER)",
    "CREATE TABLE sessions (data, rowid TEXT, oid, _rowid_, at INTEGER, id INTEGER PRIMARY KEY)",
    "CREATE TABLE sessions (at INTEGER, id INTEGER PRIMARY KEY, data) WITHOUT ROWID",
];

fn values() -> impl Strategy<Value = Value> {
    let bytes = || vec(any::<u8>(), 0..40);
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::from(-0.0)),
        Just(Value::from(f64::NAN)),
        Just(Value::from("12".to_owned())),
        Just(Value::from("a\0b\u{1f600}".to_owned())),
        bytes().prop_map(Value::from),
        (1_000_usize..9_000).prop_map(|length| Value::from(vec![7_u8; length])),
    ]
}

/// Text in blobs: such text need not be UTF-8.
fn fill(db: &ApplicationDb, is_text: bool, wide: bool, all: &[(Value, bool, u16)]) {
    let mut db = db.application();
    let transaction = db.transaction().unwrap();
    for (number, (data, is_live, mixed)) in (0_i64..).zip(all) {
        let cast = if *mixed % 5 == 0 && !wide { "CAST(?2 AS TEXT)" } else { "?2" };
        let insert =
            format!("INSERT OR IGNORE INTO sessions (id, data, at) VALUES (?1, {cast}, ?3)");
        let number = number * 7_919 % 10_007;
        let id = if is_text { format!("Id{number:x}").into() } else { Value::from(number) };
        let at = NOW.0 + if *is_live { 60 } else { -60 } * i64::from(mixed % 900 + 1);
        transaction.execute(&insert, params![id, data, at]).unwrap();
    }
    transaction.commit().unwrap();
    // Gaps between the rows, and a sequence beyond the last one.
    db.execute("DELETE FROM sessions WHERE at % 11 = 0", []).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_rebuild_leaves_what_deletions_leave(
        table in 0..TEXT_KEYS.len() + NUMBERS.len(),
        page_size in prop_oneof![Just(512), Just(4096)],
        auto_vacuum in 0..3,
        is_wide in any::<bool>(),
        journal in prop_oneof![Just("DELETE"), Just("WAL")],
        all in vec((values(), prop::bool::weighted(0.2), any::<u16>()), 0..400),
    ) {
        let (original, other) = (ApplicationDb::of(""), ApplicationDb::of(""));
        let encoding = if is_wide { "UTF-16le" } else { "UTF-8" };
        let is_text = table < TEXT_KEYS.len();
        let schema = TEXT_KEYS.iter().chain(&NUMBERS).nth(table).unwrap();
        original.application().execute_batch(&format!(
            "PRAGMA page_size = {page_size}; PRAGMA auto_vacuum = {auto_vacuum}; \
             PRAGMA encoding = '{encoding}'; PRAGMA journal_mode = {journal}; {schema}"
        )).unwrap();
        fill(&original, is_text, is_wide, &all);
        std::fs::copy(original.path(), other.path()).unwrap();
        let rebuilt = rebuild(&original, sessions().0);
        let deleted = purge_all(other.store(sessions().0).as_mut(), 1_000).unwrap().settled.deleted;
        prop_assert_eq!(rebuilt.continue_value().map(|batch| batch.deleted), Some(deleted));
        prop_assert_eq!(content(&original), content(&other));
    }
}

const PLAIN: &str =
    "CREATE TABLE sessions (id TEXT PRIMARY KEY, data CHECK (data < 9), at INTEGER);";

/// Rows of which this many live; the rest is due.
fn numbered(live: i64) -> String {
    format!(
        "INSERT INTO sessions (id, data, at) \
         WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n LIMIT 300) \
         SELECT n, 1, {} + CASE WHEN n < {live} THEN 60 ELSE -60 END FROM n;",
        NOW.0
    )
}

#[test]
fn the_copy_counts_all_rows() {
    let db = ApplicationDb::of(&format!("{PLAIN} {}", numbered(20)));
    let mut store = db.store(sessions().0);
    let sampled = store.table_rebuild().unwrap().start_copy(&all_tasks()).unwrap();
    assert_eq!(sampled, ControlFlow::Continue(SampledRows { rows: 300, due: 280 }));
    let copied = copy(store.as_mut()).continue_value().unwrap();
    assert_eq!((copied.rows, copied.due), (300, 280));
    let replaced = replace(store.as_mut(), copied).continue_value().unwrap();
    assert_eq!((replaced.deleted, replaced.ended, replaced.marked), (280, 280, 0));
    // Nothing is left of the copy
    assert_eq!(replace(store.as_mut(), copied), ControlFlow::Break(RebuildObstacle::Unsupported));
    assert_eq!(db.column("sessions", "id").len(), 20);
}

#[test]
fn a_session_saved_between_copy_and_transaction_survives() {
    for journal in ["DELETE", "WAL"] {
        let db = ApplicationDb::of(&format!("{PLAIN} {}", numbered(20)));
        let application = db.application();
        application.pragma_update(None, "journal_mode", journal).unwrap();
        let mut store = db.store(sessions().0);
        let copied = copy(store.as_mut()).continue_value().unwrap();
        let renew = "UPDATE sessions SET at = ?1 WHERE id = '299'";
        application.execute(renew, [NOW.0 + 60]).unwrap();
        let in_vain = replace(store.as_mut(), copied);
        assert_eq!(in_vain, ControlFlow::Break(RebuildObstacle::Written), "{journal}");
        assert_eq!(db.column("sessions", "id").len(), 300);
        // Another copy has it
        let copied = copy(store.as_mut()).continue_value().unwrap();
        assert_eq!(replace(store.as_mut(), copied).continue_value().unwrap().deleted, 279);
        let left = db.column("sessions", "id");
        assert_eq!((left.len(), left.contains(&"299".to_owned())), (21, true));
    }
}

#[test]
fn a_table_that_needs_each_row_is_not_rebuilt() {
    let of = |more: &str| ApplicationDb::of(&format!("{PLAIN} {}; {more}", numbered(20)));
    let refused = |db: &ApplicationDb, profile: Draft| copy(db.store(profile.0).as_mut());
    for (more, obstacle) in [
        (
            "CREATE TRIGGER log AFTER INSERT ON sessions BEGIN SELECT 1; END",
            RebuildObstacle::Triggers,
        ),
        (
            "CREATE TABLE carts (session TEXT REFERENCES sessions (id))",
            RebuildObstacle::ForeignKeys,
        ),
        (
            "CREATE TABLE users (id INTEGER PRIMARY KEY); \
             ALTER TABLE sessions ADD COLUMN user REFERENCES users",
            RebuildObstacle::ForeignKeys,
        ),
    ] {
        assert_eq!(refused(&of(more), sessions()), ControlFlow::Break(obstacle), "{more}");
    }
    let carts = of("CREATE TABLE carts (session TEXT)");
    let with_carts = sessions().dependent("carts", "session", "id");
    assert_eq!(refused(&carts, with_carts), ControlFlow::Break(RebuildObstacle::Dependents));
}

#[test]
fn a_table_that_would_not_take_back_its_rows_keeps_them() {
    let counter = "CREATE TABLE sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, data, at INTEGER);";
    for (schema, change) in [
        (PLAIN, "PRAGMA ignore_check_constraints = ON; UPDATE sessions SET data = 10 WHERE id = 3"),
        (counter, "UPDATE sqlite_sequence SET seq = 5"),
        (counter, "DELETE FROM sqlite_sequence"),
        (
            "CREATE TABLE sessions (id TEXT PRIMARY KEY, data, at INTEGER);",
            "UPDATE sessions SET data = '1' WHERE id = 4; PRAGMA writable_schema = ON; \
             UPDATE sqlite_schema SET sql = replace(sql, 'data', 'data INTEGER')",
        ),
        (
            "CREATE TABLE sessions (id TEXT PRIMARY KEY, data, at INTEGER);",
            "UPDATE sessions SET data = NULL WHERE id = 4; PRAGMA writable_schema = ON; \
             UPDATE sqlite_schema SET sql = replace(sql, 'data', 'data NOT NULL ON CONFLICT \
             IGNORE')",
        ),
    ] {
        let db = ApplicationDb::of(&format!("{schema} {}", numbered(20)));
        db.application().execute_batch(change).unwrap();
        let rows_of = || rows(&db.application(), "SELECT rowid, * FROM sessions");
        let before = rows_of();
        let done = rebuild(&db, sessions().0);
        assert_eq!(done, ControlFlow::Break(RebuildObstacle::Rejected), "{change}");
        assert_eq!(rows_of(), before);
        // What deletes row by row has no difficulty
        purge_all(db.store(sessions().0).as_mut(), 1_000).unwrap();
        assert_eq!(rows_of().len(), 20, "{change}");
    }
}
