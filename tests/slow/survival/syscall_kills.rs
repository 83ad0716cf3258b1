//! Purges that are killed before the system calls by which SQLite changes a file or a lock,
//! and so at the boundaries of batches, transactions and checkpoints: before each of the
//! first calls, which open, start and write the first batches, and then before fewer and
//! fewer. With `SESSCTL_TEST_KILLS=10000` none is left out.
//!
//! The table has rows of all kinds, and its policies keep some and discard others, so that
//! each batch has every kind of statement.

use std::os::unix::process::ExitStatusExt;
use std::process::Output;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::run_by;
use crate::survival::harness::Harness;
use crate::survival::random_kills::kills;
use crate::survival::setup::{Journal, Prepared, Retention, Setup, Table};

/// The calls. Those that this processor or this journal has no use for kill nothing.
/// What SQLite does in the memory that it shares is no call; `random_kills` covers that.
const CALLS: [&str; 7] =
    ["pwrite64", "fcntl", "fsync", "fdatasync", "ftruncate", "unlink", "unlinkat"];

/// Highest number of a call that strace accepts.
const MAX_CALL: u64 = u16::MAX as u64;

/// Steps in parallel; they also wait for the disk.
const PARALLEL_STEPS: usize = 4;
/// Requests of the application in each step. They cost syncs with a rollback journal.
const REQUESTS: usize = 5;
/// Batches that each purge has at the least, however fast the machine is: the first has 64
/// rows, and each further one at most twice as many as the one before it.
const BATCHES: u64 = 5;
/// Rows of the table. About three quarters of them are due, which is more than the
/// 64 + 128 + 256 + 512 that four batches could hold.
const ROWS: u32 = 2_300;

/// A system call before which a purge is killed.
struct Kill {
    call: &'static str,
    /// Number of calls at the start before each of which a purge is killed. Of the next as many,
    /// every second one is taken, then every third, and so on.
    dense_calls: u64,
}

impl Kill {
    /// The purge that is killed before the call of this number.
    fn purge(&self, harness: &Harness, number: u64) -> Output {
        let trace = format!("trace=?{}", self.call);
        let kill = format!("inject=?{}:signal=KILL:when={number}", self.call);
        let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &kill];
        run_by(&strace, &harness.purge()).output().unwrap()
    }

    /// Kills a purge before the call of this number; returns true if it made that call.
    fn kill_before_call(&self, prepared: &Prepared, number: u64) -> bool {
        let mut harness = prepared.harness();
        let path = harness.sandbox.path("app.db");
        let output = self.purge(&harness, number);
        let is_killed = output.status.signal() == Some(9);
        if is_killed {
            // Who comes across what is left first is one who writes, or one who reads.
            let is_writer_first = number.is_multiple_of(2);
            if !is_writer_first {
                harness.check_after_kill();
            }
            let mut application = harness.table.application(&path, 0, 1);
            let receipts: Vec<_> = (0..REQUESTS).map(|_| application.serve()).collect();
            harness.record(&receipts);
            if is_writer_first {
                harness.check_after_kill();
            }
        } else {
            let summary = harness.check_after_completion(output);
            assert!(summary["batches"].as_u64() >= Some(BATCHES), "{summary}");
        }
        harness.check_final_purge();
        is_killed
    }

    /// Kills purges before all selected calls; returns the number of kills.
    fn kill_before_each_call(&self, prepared: &Prepared) -> u64 {
        let (next, kills) = (AtomicU64::new(1), AtomicU64::new(0));
        let after = |number| number + 1 + number / self.dense_calls;
        let number =
            || next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(after(n))).unwrap();
        // On a slow machine a purge has more batches, and more calls than strace can count.
        let is_killed = |number| number <= MAX_CALL && self.kill_before_call(prepared, number);
        let worker = || {
            while is_killed(number()) {
                kills.fetch_add(1, Ordering::Relaxed);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..PARALLEL_STEPS {
                scope.spawn(worker);
            }
        });
        kills.into_inner()
    }
}

fn kill_before_calls(table: Table, journal: Journal) {
    let prepared = Setup { table, journal, retention: Retention::Mixed, rows: ROWS }.prepare();
    let dense_calls = if table == Table::Django { 2 } else { (kills() as u64 / 8).max(16) };
    for call in CALLS {
        let calls = Kill { call, dense_calls }.kill_before_each_call(&prepared);
        let min_calls = if table == Table::Django { 2 * BATCHES } else { 4 * BATCHES };
        assert!(calls > min_calls || !["pwrite64", "fcntl"].contains(&call), "{calls} {call}");
    }
}

#[test]
#[ignore = "needs strace"]
fn killed_before_calls_with_a_write_ahead_log() {
    kill_before_calls(Table::Native, Journal::Wal);
}

#[test]
#[ignore = "needs strace"]
fn killed_before_calls_without_a_write_ahead_log() {
    kill_before_calls(Table::Native, Journal::Delete);
}

#[test]
#[ignore = "needs strace"]
fn killed_before_calls_on_a_table_of_django() {
    kill_before_calls(Table::Django, Journal::Wal);
}
