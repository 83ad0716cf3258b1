//! WebSphere's reaper: its runs, and other programs that are active at the same time.

use std::ops::ControlFlow;
use std::process::Command;

use rusqlite::TransactionBehavior;
use sessctl::app::{JobOutcome, OpenRequest, TouchOutcome};
use sessctl::domain::job::JobStatus;
use sessctl::domain::policy::TimeoutRequest;
use sessctl::storage::{PolicyContext, ScanLimits};
use sessctl::{Error, PurgeRequest, Span};

use crate::support::processes::until;
use crate::support::{DAY, HOUR, MINUTE, at, later, now, row};
use crate::systems::backend::Db;
use crate::systems::command::System;
use crate::systems::harness::{Library, minutes, opening};

const NOON: &str = "2026-06-15T12:00:00Z";

/// Write frequency, Time based.
const TIME_BASED: [(&str, &str); 2] = [
    ("min_timeout = \"0s\"", "min_timeout = \"5m\""),
    ("\ntouch_resolution = \"0s\"", "\ntouch_resolution = \"2m\""),
];

#[test]
fn w6_runs_never_overlap_and_the_interval_counts_from_the_end_of_one() {
    // Given a session that is due, and two processes that look after it
    let mut websphere = Library::new("websphere");
    let mut other = websphere.other_process("mail2");
    let noon = at(NOON);
    websphere.open("http", later(noon, -HOUR));
    let (job, terms) = (websphere.job("reaper"), websphere.terms.clone());
    websphere.run("reaper", later(noon, -300));
    // When one of them is in the middle of its run
    let mut seen = Vec::new();
    let ran = websphere.service.run_job(&job, &terms, noon, &mut || {
        let status = other.job_statuses(std::slice::from_ref(&job), &terms, noon).unwrap()[0];
        let ran = other.run_job(&job, &terms, noon, &mut || ControlFlow::Continue(()));
        seen.push((status, ran));
        ControlFlow::Continue(())
    });
    // Then the other one sees that, and does nothing
    assert!(matches!(ran, Ok(JobOutcome::Purged(summary)) if summary.done.ended == 1));
    assert!(!seen.is_empty());
    for (status, ran) in seen {
        assert!(matches!(status, JobStatus::Running(_)), "{status:?}");
        assert!(matches!(ran, Ok(JobOutcome::NotDue(JobStatus::Running(_)))), "{ran:?}");
    }
    // And the next run is an interval after the end of this one
    let run = websphere.runs().pop().unwrap();
    let next = run.finished.unwrap().plus(Span::seconds(300));
    let status = websphere.job_status("reaper", later(next, -1));
    assert!(matches!(status, JobStatus::Scheduled { next: found, .. } if found == next));
    assert!(matches!(websphere.job_status("reaper", next), JobStatus::Due(_)));
}

#[test]
fn w7_a_session_that_is_touched_between_its_selection_and_its_end_survives() {
    for changes in [&[][..], &[("retention = \"0\"", "retention = \"24h\"")]] {
        // Given three sessions that the reaper has selected
        let mut websphere = Library::with_changes("websphere", changes);
        let mut tokens = [(); 3].map(|()| websphere.open("http", at(NOON)));
        tokens.sort_by_key(sessctl::Token::id);
        let now = later(at(NOON), HOUR);
        let policies = websphere.config.policies.clone();
        let scope = PolicyContext { policies: &policies, now, planned: None, task: None };
        let mut reaper = websphere.store();
        let survey = reaper
            .scan_due(&scope, None, ScanLimits { due: 100, rows: 100, ..ScanLimits::ALL })
            .unwrap();
        assert_eq!(survey.counts.would_end, 3);
        // When one of them is used before the reaper ends them
        assert_eq!(websphere.touch(&tokens[1], now), TouchOutcome::Renewed);
        let settled = reaper.apply_purge(&scope, &survey.due.unwrap(), false).unwrap();
        // Then that one survives
        assert_eq!(settled.ended, 2);
        assert_eq!(websphere.fate(&tokens[1], now), "active");
        assert_ne!(websphere.fate(&tokens[0], now), "active");
        assert_ne!(websphere.fate(&tokens[2], now), "active");
    }
}

/// Creates a reaper whose hook reports that it is running, and waits until the test opens a gate.
fn with_a_gate() -> System {
    let hook = "retention = \"0\"\n\n[hooks]\non_end = [\"sh\", \"-c\", \
                \"cat > /dev/null; echo at work > fifo; cat > gate\"]\ntimeout = \"30s\"";
    let websphere = System::with_changes("websphere", &[("retention = \"0\"", hook)]);
    for name in ["fifo", "gate"] {
        let made = Command::new("mkfifo").arg(websphere.path(name)).status().unwrap();
        assert!(made.success());
    }
    websphere.jobs_have_waited(&["mail1"]);
    websphere.insert(&row("old").idle(HOUR));
    websphere
}

#[test]
fn w8_of_two_processes_one_runs_the_purge_and_the_other_leaves_or_waits() {
    // Given a process that is in the middle of its purge
    let websphere = with_a_gate();
    let first = websphere.start(&["run"]);
    let pid = first.id();
    assert_eq!(std::fs::read_to_string(websphere.path("fifo")).unwrap(), "at work\n");
    // When another one comes, then it sees the lease, says whose it is, and leaves
    let reason = websphere.run(&["purge"]).is_refused_with(11).stderr();
    assert!(
        reason.contains(&format!(
            "a purge of this database is already running (process {pid} on mail1"
        )),
        "{reason}"
    );
    websphere.run(&["purge", "--wait", "1s"]).is_refused_with(11);
    // When one waits for long enough
    let waiting = websphere.start(&["purge", "--wait", "30s", "--json"]);
    std::fs::read_to_string(websphere.path("gate")).unwrap();
    // Then both come to their end
    first.finish().succeeds().is_silent();
    let waited = waiting.finish();
    assert_eq!(waited.succeeds().json()["ended"], 0);
    let outcomes: Vec<_> = websphere.ledger().into_iter().map(|(_, outcome, _)| outcome).collect();
    assert_eq!(outcomes, ["done", "done"]);
}

#[test]
fn w8_the_lease_of_a_process_that_died_is_taken_over_after_60_seconds() {
    // Given a lease that was renewed so many seconds ago, or will be in the future
    for (ago, is_taken) in
        [(0, false), (60, false), (61, true), (DAY, true), (-11, true), (-DAY, true)]
    {
        let mut websphere = Library::new("websphere");
        let noon = at(NOON);
        let sql = "INSERT INTO leases (name, holder, renewed_at) VALUES ('purge', 'x', ?1)";
        websphere.db().execute(sql, &[&(noon.0 - ago)]);
        // When another process wants to purge
        let request = PurgeRequest::default();
        let purged = websphere.service.purge(&request, noon, &mut |_| ControlFlow::Continue(()));
        // Then it has the lease, or leaves
        match purged {
            Ok(_) => assert!(is_taken, "{ago}"),
            Err(Error::LeaseHeld { .. }) => assert!(!is_taken, "{ago}"),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Waits until a process has a file open.
fn has_opened(pid: u32, file: &str) {
    let is_open = || {
        let mut files = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
        files.any(|entry| {
            std::fs::read_link(entry.unwrap().path()).is_ok_and(|to| to.ends_with(file))
        })
    };
    until(is_open);
}

#[test]
fn w8_a_process_that_waits_for_the_write_lock_takes_no_lease_over() {
    // Given a purge at work, and another process that comes while an application holds
    // the lock on writing
    let websphere = System::new("websphere");
    websphere.hold_purge_lease(0);
    let Db::File(mut application) = websphere.db() else {
        // A cluster has no such lock: each request that writes has its turn.
        return;
    };
    let lock = application.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let second = websphere.start(&["purge"]);
    has_opened(second.id(), "app.db");
    // When the first one renews its lease a second later, before the other has its turn
    let begun = now();
    until(|| now() > begun);
    lock.execute("UPDATE leases SET renewed_at = ?1", [now()]).unwrap();
    lock.commit().unwrap();
    // Then the other one leaves: that lease lies in the future of no clock
    second.finish().is_refused_with(11);
}

#[test]
fn w9_no_timeout_never_expires_and_a_timeout_of_0_expires_at_the_next_pass() {
    // Given a session that asked for no timeout, and one that the application has given
    // none at all
    let mut websphere = Library::new("websphere");
    let noon = at(NOON);
    let never = OpenRequest { timeout: TimeoutRequest::Never, ..opening("alice", "http") };
    let never = websphere.opens(never, noon).unwrap();
    assert_eq!(never.idle_timeout, None);
    let zero = websphere.open("http", noon);
    websphere.db().execute("UPDATE sessions SET idle_timeout = 0 WHERE id = ?1", &[&zero.id()]);
    // When the reaper comes by
    websphere.run("reaper", later(noon, -HOUR));
    websphere.run("reaper", later(noon, 1));
    // Then that one is gone
    assert_eq!(websphere.fate(&zero, noon), "gone");
    // And the other one is there after a hundred years
    let century = later(noon, 100 * 365 * DAY);
    websphere.purge(century);
    assert_eq!(websphere.fate(&never.token, century), "active");
}

#[test]
fn w10_two_hours_a_day_are_two_runs_a_day() {
    // Given the schedule of a large table, and two days with cron at work each minute
    let mut websphere = Library::with_changes(
        "websphere",
        &[(
            "# [[job]]\n# name = \"scheduled invalidation\"\n# at = \"0 2,14 *\"\n# do = \"purge\"",
            "[[job]]\nname = \"scheduled invalidation\"\nat = \"0 2,14 *\"\ndo = \"purge\"",
        )],
    );
    // When they are over
    for minute in minutes(at("2026-06-15T00:00:20Z"), at("2026-06-16T23:59:20Z")) {
        websphere.run("scheduled invalidation", minute);
    }
    // Then it has run once at each of the two hours, not all through them
    let runs: Vec<String> = websphere.runs().iter().map(|run| run.planned.to_string()).collect();
    let wanted = ["15T02", "15T14", "16T02", "16T14"];
    assert_eq!(runs, wanted.map(|hour| format!("2026-06-{hour}:00:00Z")));
}

#[test]
fn w11_a_touch_soon_after_the_last_one_writes_nothing_and_takes_no_lock() {
    // Given a session that was used a minute ago
    let websphere = System::with_changes("websphere", &TIME_BASED);
    websphere.insert(&row("token").idle(MINUTE));
    let before = websphere.database_snapshot();
    // When it is used again, while another program holds the lock on writing
    let answer = websphere.while_locked(|| websphere.touches("token"));
    // Then that is fine, and nothing has changed
    assert_eq!(answer, "unchanged -");
    assert!(websphere.database_snapshot() == before);
    // And at the resolution, and a second after it
    let mut websphere = Library::with_changes("websphere", &TIME_BASED);
    let noon = at(NOON);
    let token = websphere.open("http", noon);
    assert_eq!(websphere.touch(&token, later(noon, 120)), TouchOutcome::Unchanged);
    assert_eq!(websphere.session(&token).unwrap().last_used_at, Some(noon));
    assert_eq!(websphere.touch(&token, later(noon, 121)), TouchOutcome::Renewed);
    assert_eq!(websphere.session(&token).unwrap().last_used_at, Some(later(noon, 121)));
}

#[test]
fn w11_a_resolution_above_half_of_the_shortest_timeout_is_refused() {
    for (resolution, code) in [("150s", 0), ("151s", 2), ("5m", 2)] {
        let line = format!("\ntouch_resolution = \"{resolution}\"");
        let changes = [TIME_BASED[0], ("\ntouch_resolution = \"0s\"", &*line)];
        let websphere = System::with_changes("websphere", &changes);
        let said = websphere.run(&["show", "config"]).exits(code).stderr();
        assert_eq!(said.contains("more than half of the shortest timeout"), code == 2, "{said}");
    }
}
