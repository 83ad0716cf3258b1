//! Files with random damage.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::faults::harness::{Harness, Table, bounded, find_misbehavior};
use crate::support::Rng;

/// Commands on a damaged file. Reading commands come first, so that they find the file unchanged.
const COMMANDS: [&str; 7] = [
    "list --json",
    "show stat --json",
    "show runs --json",
    "profile check django",
    "purge --dry-run --json",
    "purge --json",
    "cycle --all",
];
/// Files at a time.
const PARALLEL_TRIALS: usize = 2;
const PAGE: i64 = 4096;

/// `SESSCTL_TEST_MUTATIONS` sets another number of files, and `SESSCTL_TEST_MUTATION` the
/// first of them.
fn files() -> std::ops::Range<u64> {
    let number = |name: &str| Some(std::env::var(name).ok()?.parse::<u64>().unwrap());
    let first = number("SESSCTL_TEST_MUTATION").unwrap_or(0);
    first..first + number("SESSCTL_TEST_MUTATIONS").unwrap_or(40)
}

/// Changes bytes, and says which.
fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) -> String {
    let size = i64::try_from(bytes.len()).unwrap();
    let at = |place: i64| usize::try_from(place).unwrap();
    match rng.between(0, 5) {
        0 => {
            let count = rng.between(1, 8);
            for _ in 0..count {
                let (place, bit) = (rng.between(0, size - 1), rng.between(0, 7));
                bytes[at(place)] ^= 1 << bit;
            }
            format!("{count} bits")
        }
        1 => {
            let first = rng.between(0, size - 1);
            let last = (first + rng.between(1, 600)).min(size);
            bytes[at(first)..at(last)].fill(0);
            format!("zeros {first}..{last}")
        }
        2 => {
            let left = rng.between(0, size - 1);
            bytes.truncate(at(left));
            format!("{left} bytes left")
        }
        // The header of the file, or of a page: types, counts, pointers.
        3 => {
            let page = rng.between(0, (size - 1) / PAGE) * PAGE;
            let (first, length) = if page == 0 { (0, 108) } else { (page, 24) };
            let place = (first + rng.between(0, length - 1)).min(size - 1);
            let value = [0, 1, 2, 5, 10, 13, 127, 128, 255];
            bytes[at(place)] = rng.one_of(&value);
            format!("byte {place} is {}", bytes[at(place)])
        }
        4 => {
            let pages = size / PAGE;
            if pages < 2 {
                bytes.extend_from_within(..);
                return "twice".to_owned();
            }
            let (from, to) = (rng.between(0, pages - 1), rng.between(0, pages - 1));
            bytes.copy_within(at(from * PAGE)..at((from + 1) * PAGE), at(to * PAGE));
            format!("page {from} also at {to}")
        }
        _ => {
            let first = rng.between(0, size - 1);
            let last = (first + rng.between(1, 40)).min(size);
            for byte in &mut bytes[at(first)..at(last)] {
                *byte = u8::try_from(rng.between(0, 255)).unwrap();
            }
            format!("noise {first}..{last}")
        }
    }
}

/// The damaged file.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Native,
    OwnConfig,
    Django,
    State,
}

impl Victim {
    fn of(number: u64) -> Self {
        // A configuration is read by one parser, which has tests of its own.
        match number % 10 {
            0..4 => Self::Native,
            4..7 => Self::Django,
            7..9 => Self::State,
            _ => Self::OwnConfig,
        }
    }

    fn path(self, harness: &Harness) -> PathBuf {
        match self {
            Self::Native | Self::Django => harness.path("app.db"),
            Self::OwnConfig => harness.path("c.toml"),
            Self::State => harness.state(),
        }
    }
}

/// The results for all files.
#[derive(Default)]
struct Outcome {
    codes: BTreeMap<(String, &'static str), BTreeMap<i32, usize>>,
    wrong: Vec<String>,
}

/// Damages a file, and runs each command.
fn try_file(number: u64, own: &Harness, django: &Harness, outcome: &Mutex<Outcome>) {
    let victim = Victim::of(number);
    let harness = if matches!(victim, Victim::Native | Victim::OwnConfig) { own } else { django };
    harness.reset();
    let path = victim.path(harness);
    let mut bytes = std::fs::read(&path).unwrap();
    let mut rng = Rng::seeded(number);
    let times = rng.between(1, 3);
    let what: Vec<String> = (0..times).map(|_| mutate(&mut bytes, &mut rng)).collect();
    std::fs::write(&path, bytes).unwrap();
    for args in COMMANDS {
        let output = bounded(&harness.command(args)).output().unwrap();
        let mut wrong = find_misbehavior(&output).unwrap_or_default();
        if matches!(victim, Victim::State) && !args.starts_with("cycle") {
            let lost = harness.lost();
            if !lost.is_empty() {
                write!(wrong, "lost {lost:?}").unwrap();
            }
        }
        let mut outcome = outcome.lock().unwrap();
        let code = output.status.code().unwrap_or(-1);
        let key = (format!("{victim:?}"), args);
        *outcome.codes.entry(key).or_default().entry(code).or_default() += 1;
        if !wrong.is_empty() {
            outcome.wrong.push(format!("file {number}, {victim:?}, {what:?}, {args}: {wrong}"));
        }
    }
}

#[test]
fn no_damaged_file_makes_a_command_panic_or_hang() {
    let (next, outcome) = (AtomicU64::new(files().start), Mutex::new(Outcome::default()));
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL_TRIALS {
            scope.spawn(|| {
                let harnesses =
                    [Table::Native, Table::Django].map(|table| Harness::new(table, "DELETE"));
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if !files().contains(&number) {
                        return;
                    }
                    try_file(number, &harnesses[0], &harnesses[1], &outcome);
                }
            });
        }
    });
    let outcome = outcome.into_inner().unwrap();
    print_progress(&outcome);
    assert!(outcome.wrong.is_empty(), "{}", outcome.wrong.join("\n"));
    let is_damaged = |codes: &BTreeMap<i32, usize>| codes.contains_key(&12);
    assert!(outcome.codes.values().any(is_damaged) || files().count() < 40);
}

#[expect(clippy::print_stderr, reason = "for those who run it with --nocapture")]
fn print_progress(outcome: &Outcome) {
    for ((victim, command), codes) in &outcome.codes {
        eprintln!("{victim}, {command}: {codes:?}");
    }
}
