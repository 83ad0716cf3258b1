//! Nodes that are stopped or killed while a purge is running.

use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use sessctl::store::{Access, Location};
use sessctl::{PurgeRequest, SessionService, UnixTime, store};

use crate::cluster::ledger_check;
use crate::support::cluster::{CONFIG, Harness, code_and_output};
use crate::support::now;
use crate::support::processes::Running;
use crate::support::rqlite::{Node, Nodes, wait_for};

/// A purge of them takes more than a second, however quick the machine: time enough to stop a
/// node in its midst.
const DUE: i64 = 100_000;
const SHORT_TIMEOUT: &str = "\n[cluster]\ntimeout = \"1s\"\n";

/// Starts a purge that contacts this node first, and waits until it has done part of its work.
fn start_purge(harness: &Harness, first: usize) -> Running {
    let purge = Running::start(harness.command(first, &["purge", "--hold", "1ms"]));
    wait_for("the purge", || {
        thread::park_timeout(Duration::from_millis(5));
        harness.due() < DUE - 500
    });
    assert!(harness.due() > 0, "the purge is over already");
    purge
}

/// Number of seeded sessions that have ended, by the rows that stay and by the counter of
/// the others; each is there or counted.
#[track_caller]
fn ended(nodes: &Nodes) -> i64 {
    let number =
        |sql: &str| nodes.nodes[0].rows(sql).first().map_or(0, |row| row[0].as_i64().unwrap());
    let gone =
        number("SELECT value FROM counters WHERE task = 'gone' AND name = 'deleted.expired'");
    assert_eq!(number("SELECT count(*) FROM sessions WHERE task = 'gone'"), DUE / 2 - gone);
    assert_eq!(number("SELECT count(*) FROM sessions WHERE task = 'old'"), DUE / 2);
    gone + number("SELECT count(*) FROM sessions WHERE task = 'old' AND end_reason = 'expired'")
}

#[test]
#[ignore = "needs rqlite"]
fn a_purge_completes_while_a_follower_is_stopped() {
    // Given a purge that asks a follower
    let nodes = Nodes::start(3);
    let harness = Harness::new(&nodes, &format!("{CONFIG}{SHORT_TIMEOUT}"));
    harness.seed(0, DUE);
    nodes.wait_until_caught_up();
    let follower = (nodes.leader() + 1) % 3;
    let purge = start_purge(&harness, follower);
    // When that stands still in the midst of it
    nodes.nodes[follower].signal("-STOP");
    let purged = code_and_output(purge.finish().0);
    nodes.nodes[follower].signal("-CONT");
    // Then the purge goes on with the others, and each session has ended once
    assert_eq!(purged, (0, String::new()));
    nodes.wait_until_caught_up();
    ledger_check::assert_nodes_are_equal(&nodes);
    assert_eq!(ended(&nodes), DUE);
}

#[test]
#[ignore = "needs rqlite"]
fn where_two_of_three_nodes_are_gone_nothing_is_half_done() {
    // Given a purge, and somebody whose patience is short
    let mut nodes = Nodes::start(3);
    let config = format!("{CONFIG}{SHORT_TIMEOUT}patience = \"4s\"\n");
    let harness = Harness::new(&nodes, &config);
    harness.seed(0, DUE);
    nodes.wait_until_caught_up();
    let purge = start_purge(&harness, 0);
    // When two of three nodes are gone
    let leader = nodes.leader();
    let left = (leader + 1) % 3;
    for place in (0..3).filter(|place| *place != left) {
        nodes.nodes[place].kill();
    }
    // Then whatever writes gives up at last and says whether it knows what came of it
    let (code, _) = harness.run(&["open", "--task", "http", "--user", "alice"]);
    assert!([11, 3].contains(&code), "{code}");
    let (purged, why) = code_and_output(purge.finish().0);
    assert!([11, 3].contains(&purged), "{purged}: {why}");
    // And who asks for no more sees what the last node has
    let (stat, figures) =
        harness.run(&["--consistency", "none", "show", "stat", "old", "-o", "plain"]);
    assert_eq!(stat, 0, "{figures}");
    assert!(figures.contains(&format!("old.sessions.opened {}", DUE / 2)), "{figures}");
    // When they are back
    nodes.nodes.iter_mut().filter(|node| !node.is_running()).for_each(Node::start);
    nodes.wait_until_caught_up();
    // Then all of them have the same, each session has ended once or is live, and the one
    // that opened is there at most once
    ledger_check::assert_nodes_are_equal(&nodes);
    let before = ended(&nodes);
    assert!(before < DUE, "{before}");
    let opened = nodes.nodes[0].rows("SELECT count(*) FROM sessions WHERE task = 'http'");
    assert!(opened[0][0].as_i64().unwrap() <= i64::from(code == 3), "{opened:?}");
    // And the next purge completes the work
    let at = Location::parse(harness.urls[0].as_ref()).unwrap();
    let store = store::open(&at, Access::Write).unwrap();
    let mut service = SessionService::new(store, harness.config.policies.clone());
    let later = UnixTime(now() + 120);
    let go_on = &mut |_: &_| ControlFlow::Continue(());
    let summary = service.purge(&PurgeRequest::default(), later, go_on).unwrap();
    assert_eq!(i64::try_from(summary.done.ended).unwrap(), DUE - before);
    nodes.wait_until_caught_up();
    assert_eq!(ended(&nodes), DUE);
}
