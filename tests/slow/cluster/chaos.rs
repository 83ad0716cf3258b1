//! An application on all three nodes, a purge of two hundred thousand sessions, and a
//! leader that is killed twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;
use sessctl::Token;

use crate::cluster::application::{Application, Shared};
use crate::cluster::ledger_check;
use crate::support::cluster::{CONFIG, Harness};
use crate::support::rqlite::{self, Address, Nodes, wait_for};
use crate::support::{DAY, now};

/// The limits, by task.
const LIMITS: [(&str, i64); 2] = [("imap", 40), ("pop3", 25)];
/// Sessions that are due at the start, and sessions that are added after each purge that completes
/// before the leader was killed twice.
const DUE: i64 = 200_000;
const ADDED: i64 = 50_000;
/// Sessions that are due, too, unless the application uses them first.
const EDGES: usize = 600;
/// Arguments of a purge that waits for the lease of a killed process.
const PURGE: [&str; 4] = ["purge", "--wait", "2m", "--json"];
/// Requests of each thread after which work goes on, and those at the end.
const REQUESTS: u64 = 25;
const LAST_REQUESTS: u64 = 250;

/// Inserts expired sessions that are still served, and returns their tokens.
fn seed_edges(nodes: &[Address]) -> Vec<Token> {
    let tokens: Vec<Token> =
        (0..EDGES).map(|number| Token::presented(format!("edge {number}"))).collect();
    let sql = "INSERT OR IGNORE INTO sessions \
               (id, user, task, created_at, last_used_at, idle_timeout) \
               VALUES (?1, 'edgar', 'edge', ?2, ?2, 86400)";
    let row = |token: &Token| json!([sql, token.id(), now() - 2 * DAY]);
    rqlite::request(nodes, &tokens.iter().map(row).collect());
    tokens
}

/// Observations of the limits.
#[derive(Default)]
struct LiveCounts {
    looks: u64,
    /// The most live sessions of each task.
    most: BTreeMap<String, i64>,
}

/// The results of the purges.
pub struct Purges {
    /// Number of sessions that were seeded for them.
    pub due: i64,
    /// The exit code of each, and what it said.
    pub ended: Vec<(i32, String)>,
}

/// The state that the threads of the experiment share.
struct Experiment {
    harness: Harness,
    shared: Shared,
    is_purging: AtomicBool,
    /// No further purge is needed.
    is_enough: AtomicBool,
}

/// Stops the experiment, also when the test has failed.
struct StopOnDrop<'a>(&'a Experiment);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.is_enough.store(true, Ordering::SeqCst);
        self.0.shared.is_stopped.store(true, Ordering::SeqCst);
    }
}

impl Experiment {
    fn new(harness: Harness) -> Self {
        let shared = Shared::default();
        shared.clock.store(now(), Ordering::Relaxed);
        let is_purging = AtomicBool::new(false);
        Self { harness, shared, is_purging, is_enough: AtomicBool::new(false) }
    }

    /// Runs purges in a loop until enough work is done, and a last one.
    fn run_purges(&self) -> Purges {
        let mut purges = Purges { due: DUE, ended: Vec::new() };
        loop {
            let is_last = self.is_enough.load(Ordering::SeqCst);
            self.is_purging.store(true, Ordering::SeqCst);
            purges.ended.push(self.harness.run(&PURGE));
            self.is_purging.store(false, Ordering::SeqCst);
            if is_last {
                return purges;
            }
            if !self.is_enough.load(Ordering::SeqCst) {
                self.harness.seed(purges.due, ADDED);
                purges.due += ADDED;
            }
        }
    }

    /// Polls the number of live sessions of limited tasks.
    fn watch(&self) -> LiveCounts {
        let sql = "SELECT task, count(*) FROM sessions WHERE ended_at IS NULL \
                   AND task IN ('imap', 'pop3') GROUP BY task";
        let mut watch = LiveCounts::default();
        for node in self.harness.addresses.iter().cycle() {
            if self.shared.is_stopped.load(Ordering::SeqCst) {
                break;
            }
            thread::park_timeout(Duration::from_millis(10));
            let Some(rows) = node.rows(sql, "weak") else { continue };
            watch.looks += 1;
            for row in rows {
                let most = watch.most.entry(row[0].as_str().unwrap().to_owned()).or_default();
                *most = row[1].as_i64().unwrap().max(*most);
            }
        }
        watch
    }

    /// Waits until each thread has served this many more requests.
    fn wait_for_requests(&self, times: u64) {
        let before = self.shared.served.each_ref().map(|served| served.load(Ordering::Relaxed));
        for (served, before) in self.shared.served.iter().zip(before) {
            wait_for("the application", || served.load(Ordering::Relaxed) >= before + times);
        }
    }

    /// Waits until a purge has done part of its work.
    fn wait_for_middle_of_purge(&self) {
        let before = self.harness.due();
        wait_for("the purge", || {
            thread::park_timeout(Duration::from_millis(100));
            let due = self.harness.due();
            self.is_purging.load(Ordering::SeqCst) && (1..before - 1_000).contains(&due)
        });
    }

    /// Kills the leader during a purge, and restarts it after another node has taken over and
    /// requests are served.
    fn kill_and_restart_leader(&self, nodes: &mut Nodes) {
        self.wait_for_middle_of_purge();
        let leader = nodes.leader();
        nodes.nodes[leader].kill();
        assert_ne!(nodes.leader(), leader);
        self.wait_for_requests(REQUESTS);
        nodes.nodes[leader].start();
        let far = nodes.index();
        wait_for("the node that was killed", || nodes.nodes[leader].has_applied(far));
        self.wait_for_requests(REQUESTS);
    }
}

#[test]
#[ignore = "needs rqlite"]
fn nothing_that_was_acknowledged_is_lost_while_the_leader_is_killed_twice() {
    // Given three nodes with many sessions that are due
    let mut nodes = Nodes::start(3);
    let experiment = Experiment::new(Harness::new(&nodes, CONFIG));
    experiment.harness.seed(0, DUE);
    let tokens = seed_edges(&experiment.harness.addresses);
    // When they are purged, an application is at work on each of the nodes, and the
    // leader is killed and comes back, twice
    let (acknowledged, purges, watch) = thread::scope(|scope| {
        let stop = StopOnDrop(&experiment);
        let client = |index: usize| {
            let mine = tokens.iter().skip(index).step_by(3).cloned().collect();
            let experiment = &experiment;
            scope.spawn(move || {
                let Harness { urls, config, .. } = &experiment.harness;
                Application::new(&urls[index], config, &experiment.shared, index, mine).serve()
            })
        };
        let clients = [0, 1, 2].map(client);
        let purges = scope.spawn(|| experiment.run_purges());
        let watch = scope.spawn(|| experiment.watch());
        for _ in 0..2 {
            experiment.kill_and_restart_leader(&mut nodes);
        }
        experiment.wait_for_requests(LAST_REQUESTS);
        // From here on the purge has the cluster for itself, and is quicker
        drop(stop);
        let acknowledged = clients.map(|client| client.join().unwrap());
        (acknowledged, purges.join().unwrap(), watch.join().unwrap())
    });
    // Then the purges have come to their end, and the last one left nothing
    assert!(purges.ended.iter().all(|(code, _)| [0, 3].contains(code)), "{:?}", purges.ended);
    assert_eq!(purges.ended.last().unwrap().0, 0, "{:?}", purges.ended);
    // And the limits were kept at every moment, and every acknowledged request is there
    for (task, limit) in LIMITS {
        assert_eq!(watch.most[task], limit, "after {} looks", watch.looks);
    }
    nodes.wait_until_caught_up();
    ledger_check::assert_nodes_are_equal(&nodes);
    ledger_check::assert_rows_match(&nodes, &acknowledged, &purges);
}
