//! Setting up a cluster that others may be setting up, too.

use std::sync::Barrier;
use std::thread;

use serde_json::json;
use sessctl::domain::error::{Error, ForeignContent};
use sessctl::store;
use sessctl::store::Access;

use crate::support::rqlite::{self, Nodes};
use crate::support::store::location;

fn refusal(nodes: &Nodes) -> String {
    let created = store::create(location(&nodes.url())).map(drop);
    let Err(Error::ForeignDatabase { found, .. }) = created else { panic!("{created:?}") };
    found
}

fn schema(nodes: &Nodes) -> Vec<serde_json::Value> {
    nodes.wait_until_caught_up();
    nodes.nodes[2].rows("SELECT name, sql FROM sqlite_schema ORDER BY name")
}

#[test]
#[ignore = "needs rqlite"]
fn of_many_that_set_it_up_at_the_same_time_all_find_it_done() {
    let nodes = rqlite::shared();
    for _ in 0..3 {
        nodes.clear();
        let start = Barrier::new(6);
        thread::scope(|scope| {
            for n in 0..6 {
                let (place, start) = (location(&nodes.nodes[n % 3].url()), &start);
                scope.spawn(move || {
                    start.wait();
                    store::create(&place).map(drop).unwrap();
                    store::open(&place, Access::Write).map(drop).unwrap();
                });
            }
        });
        assert!(schema(&nodes).iter().any(|row| row[0] == "receipts"));
    }
}

#[test]
#[ignore = "needs rqlite"]
fn another_program_s_tables_are_refused_and_left_alone() {
    let nodes = rqlite::shared();
    nodes.request(&json!(["CREATE TABLE theirs (a)"]));
    let before = schema(&nodes);
    assert_eq!(refusal(&nodes), "it belongs to another program: it contains the tables theirs");
    assert_eq!(schema(&nodes), before);
}

#[test]
#[ignore = "needs rqlite"]
fn a_newer_version_is_refused() {
    let nodes = rqlite::shared();
    drop(store::create(location(&nodes.url())).unwrap());
    nodes.request(&json!(["PRAGMA user_version = 9"]));
    let found = refusal(&nodes);
    assert!(found.starts_with("its schema has version 9, newer than"), "{found}");
    let opened = store::open(location(&nodes.url()), Access::Read).map(drop);
    assert!(matches!(opened, Err(Error::ForeignDatabase { .. })), "{opened:?}");
}

#[test]
#[ignore = "needs rqlite"]
fn what_an_older_sessctl_has_made_is_brought_up_to_date_and_keeps_its_rows() {
    let nodes = rqlite::shared();
    drop(store::create(location(&nodes.url())).unwrap());
    nodes.request(&json!([
        "INSERT INTO counters VALUES ('imap', 'peak', 7)",
        "DROP TABLE receipts",
        "DROP TABLE runs"
    ]));
    let opened = store::open(location(&nodes.url()), Access::Read).map(drop);
    let Err(Error::ForeignDatabase { content, .. }) = opened else { panic!("{opened:?}") };
    assert_eq!(content, ForeignContent::Outdated);
    let later = ["leases", "job_histories", "job_members", "clocks"];
    nodes.request(&json!(later.map(|table| format!("DROP TABLE {table}"))));
    drop(store::create(location(&nodes.url())).unwrap());
    drop(store::open(location(&nodes.url()), Access::Write).unwrap());
    nodes.wait_until_caught_up();
    assert_eq!(nodes.nodes[1].rows("SELECT value FROM counters"), [json!([7])]);
}

#[test]
#[ignore = "needs rqlite"]
fn an_empty_cluster_holds_nothing() {
    let nodes = rqlite::shared();
    let opened = store::open(location(&nodes.url()), Access::Read).map(drop);
    let Err(Error::ForeignDatabase { content, .. }) = opened else { panic!("{opened:?}") };
    assert_eq!(content, ForeignContent::Nothing);
}
