//! Purges that are killed at random moments while two processes of an application write.

use std::os::unix::process::ExitStatusExt;
use std::process::Output;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::support::processes::Running;
use crate::survival::application_process::Server;
use crate::survival::harness::Harness;
use crate::survival::setup::Journal::{Delete, Wal};
use crate::survival::setup::{Retention, Setup, Table};

/// The tests of this file share the kills.
const TESTS: usize = 6;

/// Number of kills: `SESSCTL_TEST_KILLS`, or 20.
pub fn kills() -> usize {
    std::env::var("SESSCTL_TEST_KILLS").map_or(20, |kills| kills.parse().unwrap())
}

/// Moments that lie evenly in the time that a purge takes, however many there are, and
/// in no order: the multiples of the golden ratio.
#[derive(Default)]
struct KillTimes {
    part: f64,
    /// The duration of a purge, once one has ended.
    usual: Option<Duration>,
}

impl KillTimes {
    /// After how long to kill the next purge, if it is to be.
    fn next(&mut self, is_wanted: bool) -> Option<Duration> {
        self.part = (self.part + 0.618_033_988_75).fract();
        // Some come too late, and tell that by now a purge takes longer or less long.
        self.usual.filter(|_| is_wanted).map(|usual| usual.mul_f64(self.part * 1.5))
    }

    /// A purge has come to its end after so long, from the very beginning or not.
    fn learn(&mut self, took: Duration, is_fresh: bool) {
        if is_fresh {
            self.usual = Some(took);
        }
    }
}

/// The end of a purge.
struct End {
    output: Output,
    took: Duration,
}

impl End {
    fn is_killed(&self) -> bool {
        self.output.status.signal() == Some(9)
    }
}

/// A purge, beside the application, that is killed after so long if it still runs.
fn purge(harness: &mut Harness, servers: &mut [Server; 2], kill_after: Option<Duration>) -> End {
    servers.iter_mut().for_each(Server::begin);
    let begun = Instant::now();
    let mut purge = Running::start(harness.purge());
    let (sender, over) = mpsc::channel();
    let output = std::thread::scope(|scope| {
        // Its output ends when the process does.
        let mut stdout = purge.stdout.take().unwrap();
        let reader = scope.spawn(move || {
            let mut text = Vec::new();
            std::io::Read::read_to_end(&mut stdout, &mut text).unwrap();
            sender.send(()).unwrap();
            text
        });
        match kill_after {
            Some(span) if over.recv_timeout(span).is_err() => purge.kill().unwrap(),
            _ => {}
        }
        let stdout = reader.join().unwrap();
        Output { stdout, ..purge.finish().0 }
    });
    let took = begun.elapsed();
    for server in servers {
        harness.insert_run(&server.halt());
    }
    End { output, took }
}

/// Kills purges of ever new tables, each until one comes to its end.
fn kill_and_resume(setting: Setup) {
    let prepared = setting.prepare();
    let (wanted, mut killed, mut at_work) = (kills().div_ceil(TESTS), 0, 0);
    let mut moments = KillTimes::default();
    while at_work < wanted {
        let mut harness = prepared.harness();
        let path = harness.sandbox.path("app.db");
        let mut servers = [0, 1].map(|seat| Server::start(setting.table, &path, seat, 2));
        let mut is_fresh = true;
        loop {
            let end = purge(&mut harness, &mut servers, moments.next(at_work < wanted));
            if !end.is_killed() {
                harness.completed(end.output);
                moments.learn(end.took, is_fresh);
                break;
            }
            killed += 1;
            at_work += usize::from(harness.killed());
            is_fresh = false;
        }
        harness.ends();
        // Those that were killed before they had begun do not count.
        assert!(killed < 50 + 10 * wanted, "only {at_work} of {killed} had begun");
        tell(setting, at_work, killed);
    }
}

#[expect(clippy::print_stderr, reason = "for those who run it with --nocapture")]
fn tell(setting: Setup, at_work: usize, killed: usize) {
    eprintln!("{setting:?}: {killed} purges killed, {at_work} of them at work");
}

const OWN: Setup =
    Setup { table: Table::Own, journal: Wal, retention: Retention::Mixed, rows: 3_000 };
const DJANGO: Setup = Setup { table: Table::Django, retention: Retention::None, ..OWN };

#[test]
fn killed_at_any_moment_where_rows_are_kept_for_a_day() {
    kill_and_resume(Setup { retention: Retention::Day, ..OWN });
}

#[test]
fn killed_at_any_moment_where_rows_go_at_once() {
    kill_and_resume(Setup { retention: Retention::None, ..OWN });
}

#[test]
fn killed_at_any_moment_where_some_rows_are_kept_and_some_go() {
    kill_and_resume(OWN);
}

/// Here the application itself may be the one that takes back what a killed purge has
/// left half written.
#[test]
fn killed_at_any_moment_without_a_write_ahead_log() {
    kill_and_resume(Setup { journal: Delete, rows: 600, ..OWN });
}

#[test]
fn killed_at_any_moment_on_a_table_of_django() {
    kill_and_resume(DJANGO);
}

#[test]
fn killed_at_any_moment_on_a_table_of_django_without_a_write_ahead_log() {
    kill_and_resume(Setup { journal: Delete, rows: 600, ..DJANGO });
}
