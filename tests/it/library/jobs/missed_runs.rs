//! Cycles that were missed, and how late they may begin.

use proptest::prelude::*;
use sessctl::app::JobOutcome;
use sessctl::domain::job::{Job, JobStatus, LateRun};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::storage::{NewRun, RunOutcome, StartResult};

use super::interrupted_runs::{key_of, run_of};
use crate::support::jobs::{Database, Host, cycle_at, has_run, purge_at, purge_every};
use crate::support::{DAY, HOUR, MINUTE, at, later};

const FOUR: &str = "2026-06-16T04:00:00Z";

/// A cycle that may begin an hour late.
fn nightly() -> Job {
    Job { late: Some(Job::LATE), ..cycle_at("0 4 *") }
}

fn daily() -> Job {
    Job { when: purge_every("24h").when, ..nightly() }
}

fn skipped(host: &Host, now: UnixTime) -> Vec<String> {
    let runs = host.ledger(now).into_iter().filter(|run| run.outcome == RunOutcome::Skipped);
    runs.filter_map(|run| run.reason).collect()
}

/// A host that has had a job since four in the morning of the day before, and has not
/// looked for work since.
fn since_the_day_before(job: &Job) -> (Host, Database, UnixTime) {
    let (mut host, database) = Host::alone();
    let four = at(FOUR);
    host.set_jobs(&[job], later(four, -DAY));
    if matches!(job.when, sessctl::domain::job::JobTiming::At(_)) {
        assert!(has_run(&host.run_if_due(job, later(four, -DAY))));
    }
    (host, database, four)
}

#[test]
fn d11_a_cycle_may_begin_as_late_as_its_job_says_and_no_later() {
    for job in [nightly(), daily()] {
        for (late, runs) in [(0, true), (59 * MINUTE, true), (HOUR, true), (HOUR + 1, false)] {
            // given a cycle at four that nobody was there for
            let (mut host, _database, four) = since_the_day_before(&job);
            let session = host.opens("imap", four);
            // when the machine is back after so long
            let now = later(four, late);
            let ran = host.run_if_due(&job, now);
            // then it runs, or it is skipped and no session ends
            assert_eq!(matches!(ran, JobOutcome::Cycled(_)), runs, "{late}");
            assert_eq!(matches!(ran, JobOutcome::TooLate(_)), !runs, "{late}");
            assert_eq!(host.is_live(&session, later(four, 1)), !runs, "{late}");
        }
    }
}

#[test]
fn d11_a_skipped_cycle_is_in_the_ledger_once_and_runs_at_its_next_time() {
    for job in [nightly(), daily()] {
        // given two machines that were off for three nights
        let (mut one, database, four) = since_the_day_before(&job);
        let mut two = database.host("mail2");
        two.set_jobs(&[&job], later(four, -DAY));
        let back = later(four, 2 * DAY + 5 * HOUR);
        let JobStatus::TooLate(late) = one.job_status(&job, back) else { panic!("it is not late") };
        // when they look for work each minute until the next day
        let skips = [&mut one, &mut two].map(|host| host.run_if_due(&job, back));
        // then one of them skips it, and the ledger has when it was planned and what it missed
        assert_eq!(skips.iter().filter(|ran| matches!(ran, JobOutcome::TooLate(_))).count(), 1);
        let run = one.last_run(back);
        assert_eq!(run.outcome, RunOutcome::Skipped);
        assert_eq!((run.planned, run.missed), (late.due.planned, 2));
        assert_eq!(run.reason.as_deref(), Some(&*late.to_string()));
        // and it runs at four again, and not before
        assert_eq!(late.next, Some(later(four, 3 * DAY)));
        let times = one.run_each_minute(&job, later(back, 5), later(back, 22 * HOUR));
        assert_eq!(times, [later(four, 3 * DAY + 5)]);
        assert_eq!(skipped(&one, back).len(), 1);
    }
}

#[test]
fn d11_the_reason_says_how_late_it_is() {
    for (job, late, reason) in [
        (nightly(), 5 * HOUR, "5h late, more than late = 1h"),
        (nightly(), 5 * HOUR + 62, "5h1m late, more than late = 1h"),
        (nightly(), HOUR + 3, "1h3s late, more than late = 1h"),
        (Job { late: Some(Span::minutes(5)), ..nightly() }, HOUR, "1h late, more than late = 5m"),
        (daily(), 2 * DAY + 2 * HOUR + 7, "2d2h late, more than late = 1h"),
    ] {
        let (mut host, _database, four) = since_the_day_before(&job);
        assert!(matches!(host.run_if_due(&job, later(four, late)), JobOutcome::TooLate(_)));
        assert_eq!(skipped(&host, four), [reason]);
    }
}

#[test]
fn d11_where_it_is_for_ever_a_cycle_is_made_up_once_and_a_purge_always_is() {
    let purge = Job { late: Some(Job::LATE), ..purge_at("0 4 *") };
    for job in [Job { late: None, ..nightly() }, Job { late: None, ..daily() }, purge] {
        let (mut host, _database, four) = since_the_day_before(&job);
        let back = later(four, 3 * DAY + 5 * HOUR);
        assert!(has_run(&host.run_if_due(&job, back)), "{job:?}");
        assert!(!has_run(&host.run_if_due(&job, later(back, MINUTE))));
        assert!(skipped(&host, back).is_empty());
    }
}

#[test]
fn d11_an_interrupted_cycle_resumes_within_its_late_limit_and_is_skipped_after_it() {
    for job in [nightly(), daily()] {
        for (late, goes_on) in [(50 * MINUTE, true), (5 * HOUR, false)] {
            // given a cycle that has died at four
            let (mut host, database, four) = since_the_day_before(&job);
            let session = host.opens("imap", later(four, -MINUTE));
            let (lease, run) = run_of(&job, four);
            let mut store = database.store();
            let states = store.jobs("", four).unwrap();
            let known = states.into_iter().find(|state| state.job == key_of(&job));
            let run = NewRun {
                last_settled_at: known.and_then(|state| state.history.last_settled_at),
                ..run
            };
            assert_eq!(store.start_run(&lease, &run).unwrap(), StartResult::Started);
            // when the machine is back after so long
            let back = later(four, late);
            let ran = host.run_if_due(&job, back);
            // then it goes on, or ends nothing more, and the ledger says why
            assert_eq!(matches!(ran, JobOutcome::Cycled(_)), goes_on, "{ran:?}");
            assert_eq!(host.is_live(&session, four), !goes_on);
            let reason = "interrupted, and 5h late, more than late = 1h";
            assert_eq!(skipped(&host, back), if goes_on { vec![] } else { vec![reason] });
            // and that is all for this night
            assert!(!has_run(&host.run_if_due(&job, later(back, MINUTE))));
            assert_eq!(skipped(&host, back).len(), usize::from(!goes_on));
            let next = host.run_each_minute(&job, later(back, HOUR), later(four, DAY + 2 * HOUR));
            assert_eq!(next.len(), 1, "{late}");
        }
    }
}

#[test]
fn d11_a_later_limit_leaves_the_history_as_it_is() {
    // given a cycle at four that nobody was there for
    let (mut host, _database, four) = since_the_day_before(&nightly());
    // when its limit is edited before the machine looks for work
    let patient = Job { late: Some(Span::hours(6)), ..nightly() };
    host.set_jobs(&[&patient], later(four, 5 * HOUR));
    // then it is the same job, and is made up
    assert!(matches!(host.run_if_due(&patient, later(four, 5 * HOUR)), JobOutcome::Cycled(_)));
}

#[test]
fn d11_another_host_s_cycle_is_skipped_for_that_reason_however_late() {
    let job = crate::support::jobs::only_on("mail2", nightly());
    let (mut host, _database) = Host::alone();
    host.set_jobs(&[&job], later(at(FOUR), -HOUR));
    assert_eq!(host.run_if_due(&job, later(at(FOUR), 5 * HOUR)), JobOutcome::Skipped);
    assert_eq!(skipped(&host, at(FOUR)), ["it runs only on host mail2, and this host is mail1"]);
}

#[test]
fn d11_a_cycle_that_was_first_seen_by_a_wrong_clock_does_not_run_when_that_is_right() {
    for job in [nightly(), daily(), Job { when: purge_every("30m").when, ..nightly() }] {
        // given a machine that took a job up in 1970
        let (mut host, _database) = Host::alone();
        host.set_jobs(&[&job], UnixTime(60));
        // when its clock is right
        let now = at("2026-06-16T12:10:00Z");
        let session = host.opens("imap", later(now, -MINUTE));
        // then the cycle is skipped, and runs at its next time
        assert!(matches!(host.run_if_due(&job, now), JobOutcome::TooLate(_)), "{job:?}");
        assert!(host.is_live(&session, now));
        let JobStatus::Scheduled { next, .. } = host.job_status(&job, now) else {
            panic!("it is due")
        };
        assert!(matches!(host.run_if_due(&job, next), JobOutcome::Cycled(_)), "{job:?}");
    }
}

proptest! {
    #[test]
    fn d11_an_interval_keeps_its_rhythm(
        minutes in 1..20_000_i64, off in 0..100_000_000_i64, late in 60..200_000_i64,
    ) {
        // given a cycle whose machine was off for a while
        let interval = Span::minutes(minutes);
        let when = purge_every(&format!("{minutes}m")).when;
        let job = Job { when, late: Some(Span::seconds(late)), ..nightly() };
        let (last_settled_at, policies) = (at(FOUR), sessctl::Policies::default());
        let known = sessctl::domain::job::JobHistory {
            last_settled_at: Some(last_settled_at), since: Some(last_settled_at), ..Default::default()
        };
        let rhythm = sessctl::domain::job::ScheduleContext {
            zone: &sessctl::domain::time_zone::TimeZone::UTC,
            policies: &policies,
            jitter: sessctl::domain::job::Jitter::default(),
            poll: Span::ZERO,
        };
        let (planned, now) = (last_settled_at.plus(interval), later(last_settled_at, off));
        match job.job_status(Some(&known), rhythm, now) {
            // when it is too late, then it goes on at the first regular time in the future
            JobStatus::TooLate(LateRun { due, lateness, last_settled_at: from, next, .. }) => {
                prop_assert!(due.planned == planned && lateness > Span::seconds(late));
                let next = next.unwrap();
                prop_assert!(next > now && next.since(now) <= interval);
                prop_assert_eq!(next, from.plus(interval));
                prop_assert_eq!(next.since(last_settled_at).as_seconds() % interval.as_seconds(), 0);
            }
            JobStatus::Due(due) => {
                prop_assert!(due.planned == planned && now.since(planned) <= Span::seconds(late));
            }
            status => {
                let waits = matches!(status, JobStatus::Scheduled { .. });
                prop_assert!(waits && now < planned);
            }
        }
    }
}
