//! Purges that are killed at random moments while two processes of an application write.

use std::os::unix::process::ExitStatusExt;
use std::process::Output;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::support::processes::Running;
use crate::survival::application_process::ApplicationProcess;
use crate::survival::harness::Harness;
use crate::survival::setup::Journal::{Delete, Wal};
use crate::survival::setup::{Retention, Setup, Table};

/// Number of tests in this file, which share the kills.
const TESTS: usize = 6;

/// Number of kills: `SESSCTL_TEST_KILLS`, or 20.
pub fn kills() -> usize {
    std::env::var("SESSCTL_TEST_KILLS").map_or(20, |kills| kills.parse().unwrap())
}

/// Kill times, evenly distributed over the duration of a purge in a random-looking order: multiples
/// of the golden ratio.
#[derive(Default)]
struct KillTimes {
    part: f64,
    /// Duration of an uninterrupted purge, once measured.
    duration: Option<Duration>,
}

impl KillTimes {
    /// Time after which the next purge is killed; `None` if it is not.
    fn next(&mut self, is_wanted: bool) -> Option<Duration> {
        self.part = (self.part + 0.618_033_988_75).fract();
        // Some come too late, and tell that by now a purge takes longer or less long.
        self.duration.filter(|_| is_wanted).map(|duration| duration.mul_f64(self.part * 1.5))
    }

    /// Records the duration of a completed purge, unless it resumed another.
    fn record_duration(&mut self, took: Duration, is_fresh: bool) {
        if is_fresh {
            self.duration = Some(took);
        }
    }
}

/// The end of a purge.
struct PurgeEnd {
    output: Output,
    took: Duration,
}

impl PurgeEnd {
    fn is_killed(&self) -> bool {
        self.output.status.signal() == Some(9)
    }
}

/// Runs a purge while the application writes, and kills it after this time.
fn purge(
    harness: &mut Harness,
    servers: &mut [ApplicationProcess; 2],
    kill_after: Option<Duration>,
) -> PurgeEnd {
    servers.iter_mut().for_each(ApplicationProcess::resume);
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
        harness.record(&server.stop());
    }
    PurgeEnd { output, took }
}

/// Kills purges of fresh tables and resumes each until it completes.
fn kill_and_resume(setting: Setup) {
    let prepared = setting.prepare();
    let (wanted, mut killed, mut at_work) = (kills().div_ceil(TESTS), 0, 0);
    let mut kill_times = KillTimes::default();
    while at_work < wanted {
        let mut harness = prepared.harness();
        let path = harness.sandbox.path("app.db");
        let mut servers =
            [0, 1].map(|index| ApplicationProcess::start(setting.table, &path, index, 2));
        let mut is_fresh = true;
        loop {
            let end = purge(&mut harness, &mut servers, kill_times.next(at_work < wanted));
            if !end.is_killed() {
                harness.check_after_completion(end.output);
                kill_times.record_duration(end.took, is_fresh);
                break;
            }
            killed += 1;
            at_work += usize::from(harness.check_after_kill());
            is_fresh = false;
        }
        harness.check_final_purge();
        // Those that were killed before they had begun do not count.
        assert!(killed < 50 + 10 * wanted, "only {at_work} of {killed} had begun");
        print_progress(setting, at_work, killed);
    }
}

#[expect(clippy::print_stderr, reason = "for those who run it with --nocapture")]
fn print_progress(setting: Setup, at_work: usize, killed: usize) {
    eprintln!("{setting:?}: {killed} purges killed, {at_work} of them at work");
}

const NATIVE: Setup =
    Setup { table: Table::Native, journal: Wal, retention: Retention::Mixed, rows: 3_000 };
const DJANGO: Setup = Setup { table: Table::Django, retention: Retention::None, ..NATIVE };

#[test]
fn killed_at_any_moment_where_rows_are_kept_for_a_day() {
    kill_and_resume(Setup { retention: Retention::Day, ..NATIVE });
}

#[test]
fn killed_at_any_moment_where_rows_go_at_once() {
    kill_and_resume(Setup { retention: Retention::None, ..NATIVE });
}

#[test]
fn killed_at_any_moment_where_some_rows_are_kept_and_some_go() {
    kill_and_resume(NATIVE);
}

/// Here the application itself may be the one that takes back what a killed purge has
/// left half written.
#[test]
fn killed_at_any_moment_without_a_write_ahead_log() {
    kill_and_resume(Setup { journal: Delete, rows: 600, ..NATIVE });
}

#[test]
fn killed_at_any_moment_on_a_table_of_django() {
    kill_and_resume(DJANGO);
}

#[test]
fn killed_at_any_moment_on_a_table_of_django_without_a_write_ahead_log() {
    kill_and_resume(Setup { journal: Delete, rows: 600, ..DJANGO });
}
