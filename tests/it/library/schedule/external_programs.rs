//! Schedules as other programs see them.

use std::io::Write;
use std::process::{Command, Stdio};

use sessctl::domain::time::UnixTime;

use super::{CHANGES, schedule, zone};
use crate::support::external_programs::script;
use crate::support::{HOUR, at};

/// Specs, their crontab fields and their systemd calendar.
const RENDERED: [(&str, &str, &str); 12] = [
    ("15 * *", "15 * * * *", "*-*-* *:15:00"),
    ("* * *", "* * * * *", "*-*-* *:*:00"),
    ("0 3 *", "0 3 * * *", "*-*-* 03:00:00"),
    ("45 5 2", "45 5 * * 2", "Tue *-*-* 05:45:00"),
    ("0 3 mon,tue", "0 3 * * 1,2", "Mon,Tue *-*-* 03:00:00"),
    ("0 3 6-1", "0 3 * * 1,6,7", "Mon,Sat,Sun *-*-* 03:00:00"),
    ("0,30 2,14 fri-sun", "0,30 2,14 * * 5-7", "Fri,Sat,Sun *-*-* 02,14:00,30:00"),
    ("*/15 * */2", "*/15 * * * 1-7/2", "Mon,Wed,Fri,Sun *-*-* *:00..45/15:00"),
    ("*/15 8-18 1-5", "0-45/15 8-18 * * 1-5", "Mon,Tue,Wed,Thu,Fri *-*-* 08..18:00..45/15:00"),
    ("* */6 *", "0-59 0-18/6 * * *", "*-*-* 00..18/6:*:00"),
    ("10-50/20 0-23 *", "10-50/20 0-23 * * *", "*-*-* *:10..50/20:00"),
    ("7 0-4,22 7", "7 0-4,22 * * 7", "Sun *-*-* 00..04,22:07:00"),
];

/// Specs with something to lose where the clock is changed.
const DELICATE: [&str; 12] = [
    "30 2 *",
    "0,30 2 *",
    "0 2,3 *",
    "45 1,2 *",
    "0 0 *",
    "15 0 5",
    "30 23 thu",
    "30 * *",
    "*/10 * sat-mon",
    "20 */1 *",
    "*/25 0-3/2 5-7",
    "59 23 6-2/2",
];

fn feed(mut command: Command, input: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("could not start {command:?}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?} failed");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "needs python3"]
fn s5_python_finds_the_same_next_runs() {
    // given schedules in four zones, at moments around the changes of a year
    let mut cases = Vec::new();
    for (name, change) in CHANGES {
        for spec in DELICATE {
            for distance in [-30 * HOUR, -2 * HOUR, -1_800, -1, 0, 1_800, HOUR, 26 * HOUR] {
                cases.push((name, at(change).0 + distance, spec));
            }
        }
    }
    // when their next runs are computed here and there
    let lines = cases.iter().map(|(name, after, spec)| format!("{name}\t{after}\t{spec}\n"));
    let mut python = Command::new("python3");
    python.arg(script("python/next_runs.py"));
    let theirs = feed(python, &lines.collect::<String>());
    // then they are the same
    assert_eq!(theirs.lines().count(), cases.len());
    for ((name, after, spec), theirs) in cases.iter().zip(theirs.lines()) {
        let ours = schedule(spec).next_after(UnixTime(*after), &zone(name)).unwrap();
        assert_eq!(ours.0.to_string(), theirs, "{spec} in {name} after {}", UnixTime(*after));
    }
}

#[test]
fn schedules_are_rendered_for_crontab_and_systemd() {
    for (spec, crontab, calendar) in RENDERED {
        assert_eq!(schedule(spec).to_crontab(), crontab, "{spec}");
        assert_eq!(schedule(spec).to_on_calendar(), calendar, "{spec}");
    }
}

#[test]
#[ignore = "needs cron"]
fn cron_accepts_what_is_rendered_for_it() {
    let mut table = tempfile::NamedTempFile::new().unwrap();
    for spec in RENDERED.map(|(spec, ..)| spec).into_iter().chain(DELICATE) {
        writeln!(table, "{} true", schedule(spec).to_crontab()).unwrap();
    }
    let mut crontab = Command::new("crontab");
    crontab.arg("-n").arg(table.path());
    feed(crontab, "");
}

#[test]
#[ignore = "needs systemd-analyze"]
fn systemd_reads_the_same_times() {
    for spec in RENDERED.map(|(spec, ..)| spec).into_iter().chain(DELICATE) {
        // given a Monday noon
        let job = schedule(spec);
        let mut systemd = Command::new("systemd-analyze");
        systemd
            .env("TZ", "UTC")
            .args(["calendar", "--iterations=20", "--base-time=2026-06-15 12:00:00 UTC"])
            .arg(job.to_on_calendar());
        // when systemd computes the next times, then they are the same
        let theirs: Vec<String> = feed(systemd, "")
            .lines()
            .filter(|line| line.contains("Next elapse") || line.contains("Iter."))
            .map(|line| line.split_once(": ").unwrap().1.to_owned())
            .collect();
        let ours: Vec<String> = job
            .occurrences_after(at("2026-06-15T12:00:00Z"), &zone("UTC"))
            .take(20)
            .map(|run| run.utc().unwrap().format("%a %F %T UTC").to_string())
            .collect();
        assert_eq!(theirs, ours, "{spec}");
    }
}
