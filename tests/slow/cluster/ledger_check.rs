//! Comparison of the rows with the acknowledged requests.

use std::collections::BTreeMap;

use crate::cluster::application::{Acknowledged, Entry};
use crate::cluster::chaos::Purges;
use crate::support::rqlite::{Node, Nodes};

/// Every table with its order.
const TABLES: [(&str, &str); 8] = [
    ("sessions", "id"),
    ("counters", "task, name"),
    ("runs", "id"),
    ("job_histories", "name, spec, host_scope"),
    ("job_members", "name, spec, host_scope, machine"),
    ("leases", "name"),
    ("receipts", "id"),
    ("clocks", "host"),
];

#[track_caller]
pub fn assert_nodes_are_equal(nodes: &Nodes) {
    for (table, order) in TABLES {
        let sql = format!("SELECT * FROM {table} ORDER BY {order}");
        let read = |node: &Node| node.address().text(&sql, "none").unwrap();
        let copies: Vec<String> = nodes.nodes.iter().map(read).collect();
        assert!(copies.windows(2).all(|pair| pair[0] == pair[1]), "{table}");
    }
}

/// A row of the application's.
struct Row {
    task: String,
    used: i64,
    end: Option<String>,
}

fn rows(nodes: &Nodes) -> BTreeMap<String, Row> {
    let sql = "SELECT id, task, last_used_at, end_reason FROM sessions \
               WHERE task NOT IN ('old', 'gone')";
    let row = |row: &serde_json::Value| {
        let text = |place: usize| row[place].as_str().map(str::to_owned);
        let used = row[2].as_i64().unwrap();
        (text(0).unwrap(), Row { task: text(1).unwrap(), used, end: text(3) })
    };
    nodes.nodes[0].rows(sql).iter().map(row).collect()
}

/// The only number that a query gives.
fn number(nodes: &Nodes, sql: &str) -> i64 {
    nodes.nodes[0].rows(sql)[0][0].as_i64().unwrap()
}

/// Each session that was opened is there once, was last used when its application says,
/// and has ended only as it may; each refusal and each end was counted once.
#[track_caller]
pub fn assert_rows_match(nodes: &Nodes, acknowledged: &[Acknowledged], purges: &Purges) {
    for acknowledged in acknowledged {
        assert!(acknowledged.faults.is_empty(), "{:?}", acknowledged.faults);
        assert!(acknowledged.errors.is_empty(), "{:?}", acknowledged.errors);
    }
    let rows = rows(nodes);
    for (id, entry) in acknowledged.iter().flat_map(|acknowledged| &acknowledged.sessions) {
        assert_row_matches(id, entry, rows.get(id));
    }
    let sum = |figure: fn(&Acknowledged) -> u64| {
        i64::try_from(acknowledged.iter().map(figure).sum::<u64>()).unwrap()
    };
    assert_eq!(
        i64::try_from(rows.len()).unwrap(),
        sum(|acknowledged| acknowledged.sessions.len() as u64)
    );
    let ended = |reason: &str| {
        i64::try_from(rows.values().filter(|row| row.end.as_deref() == Some(reason)).count())
            .unwrap()
    };
    assert_eq!(ended("evicted"), sum(|acknowledged| acknowledged.evicted));
    let refused = "SELECT value FROM counters WHERE task = 'pop3' AND name = 'refused'";
    assert_eq!(number(nodes, refused), sum(|acknowledged| acknowledged.refused));
    // What was due has ended, once
    let old = "SELECT count(*) FROM sessions WHERE task = 'old' AND end_reason = 'expired'";
    assert_eq!(number(nodes, old), purges.due / 2);
    assert_eq!(number(nodes, "SELECT count(*) FROM sessions WHERE task = 'gone'"), 0);
    let gone = "SELECT value FROM counters WHERE task = 'gone' AND name = 'deleted.expired'";
    assert_eq!(number(nodes, gone), purges.due / 2);
    // And the ledger says so, too
    assert_eq!(number(nodes, "SELECT sum(ended) FROM runs"), purges.due + ended("expired"));
}

#[track_caller]
fn assert_row_matches(id: &str, entry: &Entry, row: Option<&Row>) {
    let Entry { task, used, closed, .. } = entry;
    let Some(row) = row else { panic!("{task} {id}, used at {used:?}, is missing") };
    assert_eq!(row.task, *task, "{id}");
    assert!(
        used.is_none_or(|used| row.used >= used),
        "{task} {id} was used at {used:?}: {}",
        row.used
    );
    let may_be = match row.end.as_deref() {
        None => used.is_some() && !closed,
        Some("closed") => *closed,
        Some("evicted") => task == "imap" && !closed,
        Some("expired") => used.is_none() && !closed,
        Some(_) => false,
    };
    assert!(may_be, "{task} {id}, used at {used:?}, closed {closed}: {:?}", row.end);
}
