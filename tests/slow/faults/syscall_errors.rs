//! System calls that fail, each in turn.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::faults::harness::{Harness, Table, bounded, find_misbehavior};
use crate::support::{feed, run_by};

/// Commands, and those of them that end live sessions.
const NATIVE: [&str; 19] = [
    "purge --json",
    "purge --dry-run",
    "list --json",
    "show stat",
    "show users",
    "show tasks",
    "show session HANDLE",
    "show runs",
    "cycle --all --dry-run",
    "cycle --session HANDLE",
    "open --user alice --task imap",
    "touch",
    "close",
    "compact",
    "init",
    "run",
    "profile check django",
    "move --from app.db --to b.db",
    "move --from app.db --to b.db --verify-only",
];
const DJANGO: [&str; 12] = [
    "purge --json",
    "purge --dry-run",
    "list --json",
    "show stat",
    "show tasks",
    "show session HANDLE",
    "show runs",
    "cycle --all --dry-run",
    "cycle --session HANDLE",
    "close",
    "run",
    "profile check django",
];
/// Calls, and how they fail.
const FAULTS: [(&str, &str); 12] = [
    ("pread64", "EIO"),
    ("pwrite64", "EIO"),
    ("pwrite64", "ENOSPC"),
    ("fsync", "EIO"),
    ("fdatasync", "EIO"),
    ("ftruncate", "EIO"),
    ("ftruncate", "ENOSPC"),
    ("openat", "EIO"),
    ("openat", "ENOSPC"),
    ("fcntl", "EIO"),
    ("unlink", "EIO"),
    ("mmap", "EIO"),
];
/// The files on which the calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Files {
    All,
    /// Calls on the state file of a framework's table, which no purge depends on.
    State,
}

/// Trials in parallel.
const PARALLEL_TRIALS: usize = 2;

/// The calls that fail: one of them, or all from one on. `SESSCTL_TEST_FAULTS` sets the
/// number up to which each call is tried, both ways.
fn fault_positions() -> Vec<String> {
    let Ok(last) = std::env::var("SESSCTL_TEST_FAULTS") else {
        return ["1+", "4"].map(str::to_owned).to_vec();
    };
    (1..=last.parse::<u32>().unwrap()).flat_map(|n| [format!("{n}"), format!("{n}+")]).collect()
}

/// The results of all trials.
#[derive(Default)]
struct Outcome {
    /// By command and error: how many ended with each exit code.
    codes: BTreeMap<(String, &'static str), BTreeMap<i32, usize>>,
    wrong: Vec<String>,
}

struct Trial<'a> {
    harness: &'a Harness,
    table: Table,
    files: Files,
    args: &'a str,
}

impl Trial<'_> {
    fn args(&self) -> String {
        self.args.replace("HANDLE", &self.harness.handle())
    }

    fn run(&self) -> Output {
        self.feed(&self.harness.command(&self.args()))
    }

    fn feed(&self, command: &Command) -> Output {
        // A command that takes no input does not wait for it.
        feed(bounded(command), format!("{}\n", self.harness.token())).0
    }

    /// With the fault. `None`: there is no such call.
    fn fail(&self, (call, error): (&str, &str), place: &str) -> Option<Output> {
        let log = self.harness.path("strace.log");
        let mut strace = ["strace", "-f", "-qq", "-o"].map(str::to_owned).to_vec();
        strace.push(log.to_str().unwrap().to_owned());
        let state = self.harness.state();
        let databases = match self.files {
            Files::All => vec![self.harness.path("app.db"), self.harness.path("b.db"), state],
            Files::State => vec![state],
        };
        for file in databases {
            for ending in ["", "-wal", "-shm", "-journal"] {
                strace.extend(["-P".to_owned(), format!("{}{ending}", file.display())]);
            }
        }
        strace.extend(["-e".to_owned(), format!("inject={call}:error={error}:when={place}")]);
        let output = self.feed(&run_by(&strace, &self.harness.command(&self.args())));
        let is_hit = std::fs::read_to_string(&log).unwrap().contains("(INJECTED)");
        std::fs::remove_file(log).unwrap();
        is_hit.then_some(output)
    }

    /// Describes the faults found after a run; empty if there are none.
    fn faults(&self, error: &str, output: &Output, expected: Option<i32>) -> String {
        let mut wrong = find_misbehavior(output).unwrap_or_default();
        let (code, stderr) = (output.status.code(), String::from_utf8_lossy(&output.stderr));
        if error == "EIO" && (code == Some(12) || stderr.contains("read-only")) {
            write!(wrong, "called {stderr}").unwrap();
        }
        let check = "SELECT group_concat(integrity_check) FROM pragma_integrity_check";
        let check: String = self.harness.db().query_row(check, [], |row| row.get(0)).unwrap();
        if check != "ok" {
            write!(wrong, "integrity {check}").unwrap();
        }
        let lost = self.harness.lost();
        let may_end = ["cycle --session", "close"].iter().any(|ends| self.args.starts_with(ends));
        if lost.len() > usize::from(may_end) {
            write!(wrong, "lost {lost:?}").unwrap();
        }
        if self.files == Files::State && self.args.starts_with("purge --json") {
            let due = self.harness.due();
            if code != Some(0) || due > 0 {
                write!(wrong, "{due} left by a purge").unwrap();
            }
        }
        let again = self.run();
        // A session that was ended with the fault is gone without it.
        let is_over = may_end && !lost.is_empty() && matches!(again.status.code(), Some(0 | 5));
        if again.status.code() != expected && !is_over {
            let reason = String::from_utf8_lossy(&again.stderr);
            write!(wrong, "{} after that: {reason}", again.status).unwrap();
        }
        if wrong.is_empty() { wrong } else { format!("{wrong} [{code:?} {stderr}]") }
    }
}

/// All faults of this kind in one command.
fn each(trial: &Trial, fault: (&'static str, &'static str), outcome: &Mutex<Outcome>) {
    trial.harness.reset();
    let expected = trial.run().status.code();
    let mut last = u32::MAX;
    for place in fault_positions() {
        let number: u32 = place.trim_end_matches('+').parse().unwrap();
        if number >= last {
            return;
        }
        trial.harness.reset();
        let Some(output) = trial.fail(fault, &place) else {
            last = number;
            continue;
        };
        let wrong = trial.faults(fault.1, &output, expected);
        let mut outcome = outcome.lock().unwrap();
        let key = (format!("{:?} {}", trial.table, trial.args), fault.1);
        let code = output.status.code().unwrap_or(-1);
        *outcome.codes.entry(key).or_default().entry(code).or_default() += 1;
        if !wrong.is_empty() {
            outcome.wrong.push(format!("{} {fault:?} {place}: {wrong}", trial.args));
        }
    }
}

fn inject(table: Table, journal: &str, files: Files, commands: &[&str]) {
    let trials: Vec<_> =
        commands.iter().flat_map(|args| FAULTS.map(|fault| (*args, fault))).collect();
    let (next, outcome) = (AtomicUsize::new(0), Mutex::new(Outcome::default()));
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL_TRIALS {
            scope.spawn(|| {
                let harness = Harness::new(table, journal);
                while let Some((args, fault)) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
                    each(&Trial { harness: &harness, table, files, args }, *fault, &outcome);
                }
            });
        }
    });
    let outcome = outcome.into_inner().unwrap();
    print_progress(journal, files, &outcome);
    assert!(outcome.wrong.is_empty(), "{}", outcome.wrong.join("\n"));
    assert!(outcome.codes.len() > commands.len());
}

#[expect(clippy::print_stderr, reason = "for those who run it with --nocapture")]
fn print_progress(journal: &str, files: Files, outcome: &Outcome) {
    for ((command, error), codes) in &outcome.codes {
        eprintln!("{journal} {files:?} {command}, {error}: {codes:?}");
    }
    let all: usize = outcome.codes.values().flat_map(BTreeMap::values).sum();
    eprintln!("{journal}: {all} faults, {} wrong", outcome.wrong.len());
}

#[test]
#[ignore = "needs strace"]
fn no_call_that_fails_does_harm_with_a_write_ahead_log() {
    inject(Table::Native, "WAL", Files::All, &NATIVE);
}

#[test]
#[ignore = "needs strace"]
fn no_call_that_fails_does_harm_without_a_write_ahead_log() {
    inject(Table::Native, "DELETE", Files::All, &NATIVE);
}

#[test]
#[ignore = "needs strace"]
fn no_call_that_fails_does_harm_to_a_table_of_django_with_a_write_ahead_log() {
    inject(Table::Django, "WAL", Files::All, &DJANGO);
}

#[test]
#[ignore = "needs strace"]
fn no_call_that_fails_does_harm_to_a_table_of_django_without_a_write_ahead_log() {
    inject(Table::Django, "DELETE", Files::All, &DJANGO);
}

#[test]
#[ignore = "needs strace"]
fn no_call_that_fails_on_the_state_keeps_a_purge_from_its_work() {
    inject(Table::Django, "WAL", Files::State, &DJANGO);
}
