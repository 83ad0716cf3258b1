//! Purges during which the leader is killed: none says that it is done while there are
//! rows left that were due when it began.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::cluster::{CONFIG, Harness, code_and_output};
use crate::support::processes::Running;
use crate::support::rqlite::{self, Address, Nodes};

/// Rows that are due when a purge begins.
const DUE: i64 = 40_000;
const NATIVE: [&str; 3] = ["purge", "--wait", "2m"];
const DJANGO: [&str; 7] =
    ["purge", "--wait", "2m", "--config", "django.toml", "--state-dir", "what is kept for django"];

/// Number of purges; `SESSCTL_TEST_LEADERS` sets another one.
fn purges() -> usize {
    std::env::var("SESSCTL_TEST_LEADERS").map_or(4, |purges| purges.parse().unwrap())
}

/// A table, and how it is purged.
struct Table {
    args: &'static [&'static str],
    seed: fn(&Harness, i64),
    count: &'static str,
}

const TABLES: [Table; 2] = [
    Table {
        args: &NATIVE,
        seed: |harness, from| harness.seed(from, DUE),
        count: "SELECT count(*) FROM sessions WHERE ended_at IS NULL",
    },
    Table { args: &DJANGO, seed: seed_django, count: "SELECT count(*) FROM django_session" },
];

fn seed_django(harness: &Harness, from: i64) {
    let sql = "INSERT OR IGNORE INTO django_session \
               WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2) \
               SELECT printf('%08x%024x', (i * 2654435761) % 4294967296, i), 'e30:1:s', \
               '2020-01-01 00:00:00' FROM n";
    rqlite::request(&harness.addresses, &json!([[sql, from, from + DUE - 1]]));
}

impl Table {
    /// Number of rows, read with strong consistency.
    fn left(&self, nodes: &[Address]) -> i64 {
        let mut left = None;
        rqlite::wait_for("the number of rows", || {
            left = nodes.iter().find_map(|node| node.rows(self.count, "strong"));
            left.is_some()
        });
        left.unwrap()[0][0].as_i64().unwrap()
    }

    /// Waits until a purge has at most this many rows left, or has ended.
    fn wait_until_left(&self, nodes: &[Address], left: i64, purge: &mut Running) {
        rqlite::wait_for("the purge", || {
            thread::park_timeout(Duration::from_millis(5));
            let mut seen = nodes.iter().filter_map(|node| node.rows(self.count, "weak"));
            let is_there = seen.next().is_some_and(|rows| rows[0][0].as_i64().unwrap() <= left);
            is_there || purge.try_wait().unwrap().is_some()
        });
    }
}

/// Kills the leader and starts it again at once: it comes back with an empty database, and
/// may lead again before it has caught up.
fn restart_leader(nodes: &mut Nodes) {
    let leader = nodes.leader();
    nodes.nodes[leader].kill();
    nodes.nodes[leader].start();
}

#[test]
#[ignore = "needs rqlite"]
fn no_purge_is_done_with_rows_left_whose_leader_is_killed() {
    let mut nodes = Nodes::start(3);
    let harness = Harness::new(&nodes, CONFIG);
    harness.sandbox.file("django.toml", "profile = \"django\"\n");
    rqlite::request(
        &harness.addresses,
        &json!(["CREATE TABLE IF NOT EXISTS django_session (session_key varchar(40) NOT NULL \
                 PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL)"]),
    );
    let mut outcomes = Vec::new();
    for round in 0..purges() {
        // Given rows that are due
        let table = &TABLES[round % TABLES.len()];
        let number = i64::try_from(round).unwrap();
        (table.seed)(&harness, number * DUE);
        // When the leader is killed at some moment of the purge, and in every third of them
        // the next one as well
        let mut purge = Running::start(harness.command(round % 3, table.args));
        // The multiples of the golden ratio lie evenly, and in no order.
        let moment = DUE - (number * 618 + 309) % 1_000 * DUE / 1_000;
        table.wait_until_left(&harness.addresses, moment, &mut purge);
        restart_leader(&mut nodes);
        if round % 3 == 2 {
            restart_leader(&mut nodes);
        }
        let (code, why) = code_and_output(purge.finish().0);
        // Then it is done and nothing is left, or it says that it is not done
        let left = table.left(&harness.addresses);
        assert!([0, 3, 11].contains(&code), "{code}: {why}");
        assert!(code != 0 || left == 0, "purge {round} is done with {left} rows left: {why}");
        outcomes.push((code, left));
        // And the next one completes the work
        nodes.wait_until_caught_up();
        assert_eq!(harness.run(table.args).0, 0);
        assert_eq!(table.left(&harness.addresses), 0);
    }
    let done = outcomes.iter().filter(|(code, _)| *code == 0).count();

    assert!(done * 2 > outcomes.len(), "{outcomes:?}");
}
