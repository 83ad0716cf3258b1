//! Jobs that are tied to a host, and jobs that fail.

use sessctl::app::JobOutcome;
use sessctl::domain::guard::Guard;
use sessctl::domain::job::Job;
use sessctl::storage::RunOutcome;

use crate::support::jobs::{Database, cycle_at, has_run, job, only_on, purge_at, purge_every};
use crate::support::{DAY, HOUR, at, later};

#[test]
fn d6_another_host_skips_a_job_and_the_ledger_says_so() {
    // given a cycle that is one host's
    let (database, job) = (Database::new(), only_on("mail1", cycle_at("0 4 7")));
    let (mut right, mut wrong) = (database.host("mail1"), database.host("mail2"));
    let sunday = at("2026-06-14T04:00:00Z");
    let session = right.opens("imap", later(sunday, -60));
    // when another host asks first
    assert_eq!(wrong.run_if_due(&job, sunday), JobOutcome::Skipped);
    assert!(wrong.is_live(&session, sunday));
    // then the ledger says so
    let run = wrong.ledger(sunday).pop().unwrap();
    assert_eq!((run.outcome, run.origin.host.as_str()), (RunOutcome::Skipped, "mail2"));
    assert_eq!(run.reason.as_deref(), Some("it runs only on host mail1, and this host is mail2"));
    assert_eq!((run.work.as_str(), run.task.as_deref()), ("cycle", Some("imap")));
    // and the right one runs it all the same
    assert!(
        matches!(right.run_if_due(&job, later(sunday, 20)), JobOutcome::Cycled(done) if done.ended == 1)
    );
    assert!(!right.is_live(&session, later(sunday, 20)));
    // each once for its time
    for now in [later(sunday, 30), later(sunday, 6 * DAY)] {
        assert!(!has_run(&wrong.run_if_due(&job, now)));
        assert!(!has_run(&right.run_if_due(&job, now)));
    }
    assert_eq!(wrong.run_if_due(&job, later(sunday, 7 * DAY)), JobOutcome::Skipped);
}

#[test]
fn d6_another_host_does_not_make_up_missed_runs_either() {
    for (job, most) in [(purge_at("0 4 *"), 3), (purge_every("1h"), 2 * 24 + 1)] {
        // given a job of another host
        let (database, job) = (Database::new(), only_on("mail1", job));
        let mut wrong = database.host("mail2");
        // when the wrong one asks for two days
        let now = at("2026-06-15T03:00:00Z");
        let skips = wrong.run_each_minute(&job, now, later(now, 2 * DAY + HOUR)).len();
        // then each time is skipped once
        assert!((2..=most).contains(&skips), "{skips}");
    }
}

#[test]
fn d6_names_of_hosts_may_be_short_or_in_capitals() {
    for (own, host, runs) in [
        ("mail1", "MAIL1.example.org", true),
        ("Mail1.example.org", "mail1", true),
        ("mail1", "mail10", false),
        ("mail1.example.org", "mail1.example.com", false),
        ("mail", "mail1.example.org", false),
    ] {
        assert_eq!(only_on(own, purge_at("0 4 *")).runs_on(host), runs, "{own} {host}");
    }
}

#[test]
fn d6_a_disabled_job_does_nothing() {
    // given a disabled cycle
    let (mut host, _database) = crate::support::jobs::Host::alone();
    let job = Job { enabled: false, ..cycle_at("0 4 *") };
    let now = at("2026-06-15T04:00:00Z");
    let session = host.opens("imap", later(now, -60));
    // when its time comes, then nothing happens, and the ledger is empty
    assert_eq!(host.run_if_due(&job, now), JobOutcome::Disabled);
    assert!(host.is_live(&session, now));
    assert!(host.ledger(now).is_empty());
}

#[test]
fn s9_a_job_that_fails_is_recorded_and_the_others_still_run() {
    // given a purge that the guard forbids, and a cycle
    let (mut host, _database) = crate::support::jobs::Host::alone();
    host.terms.guard = Guard { max_rows: 1, ..Guard::default() };
    let jobs = [purge_at("0 4 *"), cycle_at("0 4 *")];
    let now = at("2026-06-15T04:00:00Z");
    for _ in 0..3 {
        host.opens("imap", later(now, -2 * HOUR));
    }
    // when they are due
    let [refused, cycled] = jobs.each_ref().map(|job| host.try_run_if_due(job, now));
    // then the first one has failed, the second one has run, and the ledger has both
    assert!(matches!(refused, Err(sessctl::Error::Guard(_))));
    assert!(matches!(cycled, Ok(JobOutcome::Cycled(cycled)) if cycled.ended == 3));
    let ledger = host.ledger(now);
    assert_eq!(ledger[0].outcome, RunOutcome::Refused);
    assert!(ledger[0].reason.as_deref().unwrap().contains('3'));
    assert_eq!(ledger[1].outcome, RunOutcome::Done);
    // and it is not tried again before its next time
    assert!(!has_run(&host.run_if_due(&jobs[0], later(now, 60))));
}

#[test]
fn s9_what_goes_wrong_in_the_work_is_in_the_ledger() {
    // given a listener that takes note of nothing
    struct Deaf;
    impl sessctl::app::EndHook for Deaf {
        fn ended(
            &mut self,
            _: &[sessctl::domain::session::Session],
            _: &sessctl::Policies,
        ) -> Result<(), String> {
            Err("it hung up".into())
        }
    }
    let (host, _database) = crate::support::jobs::Host::alone();
    let mut host =
        crate::support::jobs::Host { service: host.service.with_hook(Box::new(Deaf)), ..host };
    let now = at("2026-06-15T04:00:00Z");
    host.opens("imap", later(now, -60));
    let task = sessctl::domain::job::JobAction::Cycle("imap".into());
    let cycle = job("restart", cycle_at("0 4 *").when, task);
    // when a cycle ends a session, then the ledger says that it was not told
    assert!(has_run(&host.run_if_due(&cycle, now)));
    let run = host.ledger(now).pop().unwrap();
    assert_eq!((run.outcome, run.ended), (RunOutcome::Partial, 1));
    assert!(run.reason.unwrap().ends_with("it hung up"));
}
