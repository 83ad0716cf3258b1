//! The promises of `domain::port::Ledger` that are about leases: who may run, and
//! what becomes of a run that dies or is late.

use std::thread;
use std::time::Duration;

use sessctl::domain::job::RunInProgress;
use sessctl::storage::{
    Backend, Heartbeat, JobKey, Lease, LeaseHolder, NewRun, PublishedProgress, RunOutcome,
    RunQuery, StartResult,
};

use crate::library::store::ledger_entries::{
    LedgerQueries, at, by_hand, done, job, lease, origin, run,
};
use crate::support::store::{self, TestDb, suite};

suite!(tests);

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn w8_the_second_of_two_runs_is_told_the_holder_of_the_lease_and_since_when() {
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("first", &run(0));
            assert!(ledger.renew_lease(&lease("first"), at(7), None).unwrap());
            let held = ledger.start_run(&lease("second"), &run(8)).unwrap();
            let work = run(0).work;
            let (holder, by) = (lease("first").holder, Some(origin()));
            let holding = LeaseHolder { holder, work, by, renewed_at: at(7) };
            assert_eq!(held, StartResult::LeaseHeld(holding));
            assert_eq!(ledger.outcomes(8), [RunOutcome::Running]);
        }

        #[test]
        $(#[$on])*
        fn w8_of_many_that_want_a_lease_at_the_same_time_one_gets_it() {
            let db = db();
            let begun: Vec<StartResult> = thread::scope(|scope| {
                let begin = |n: usize| {
                    let place = db.location_of(n);
                    let want = move || {
                        let holder = lease(&n.to_string());
                        store::opened(&place).start_run(&holder, &by_hand(0)).unwrap()
                    };
                    scope.spawn(want)
                };
                let threads: Vec<_> = (0..9).map(begin).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(begun.iter().filter(|begun| **begun == StartResult::Started).count(), 1);
            assert!(begun.iter().all(|begun| *begun != StartResult::AlreadyRun));
            assert_eq!(db.sessions.outcomes(0), [RunOutcome::Running]);
        }

        #[test]
        $(#[$on])*
        fn leases_of_different_names_are_independent() {
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("first", &run(0));
            let other = Lease { name: "cycle imap".to_owned(), ..lease("second") };
            assert_eq!(ledger.start_run(&other, &by_hand(0)).unwrap(), StartResult::Started);
        }

        #[test]
        $(#[$on])*
        fn w8_a_lease_holds_for_60_seconds_and_is_free_after_61_or_in_the_future() {
            for (later, is_free) in [(0, false), (60, false), (61, true), (-10, false), (-11, true)]
            {
                let mut db = db();
                let ledger = &mut db.sessions;
                ledger.starts("first", &by_hand(0));
                let begun = ledger.start_run(&lease("second"), &by_hand(later)).unwrap();
                assert_eq!(begun == StartResult::Started, is_free, "{later} s later");
            }
        }

        #[test]
        $(#[$on])*
        fn w8_a_run_that_renews_its_lease_keeps_it() {
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("first", &by_hand(0));
            assert!(ledger.renew_lease(&lease("first"), at(50), None).unwrap());
            let held = ledger.start_run(&lease("second"), &by_hand(110)).unwrap();
            assert!(matches!(held, StartResult::LeaseHeld(_)));
            ledger.starts("third", &by_hand(111));
        }

        #[test]
        $(#[$on])*
        fn w8_an_expired_lease_cannot_be_renewed_by_any_holder() {
            for (later, is_renewed) in [(60, true), (61, false), (-10, true), (-11, false)] {
                let mut db = db();
                let ledger = &mut db.sessions;
                ledger.starts("slept", &by_hand(0));
                assert_eq!(ledger.renew_lease(&lease("slept"), at(later), None).unwrap(), is_renewed);
            }
        }

        #[test]
        $(#[$on])*
        fn w8_a_lease_that_was_taken_over_cannot_be_renewed() {
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("first", &by_hand(0));
            ledger.starts("second", &by_hand(61));
            assert!(!ledger.renew_lease(&lease("first"), at(62), None).unwrap());
            assert!(ledger.renew_lease(&lease("second"), at(62), None).unwrap());
        }

        #[test]
        $(#[$on])*
        fn a_crashed_run_is_lost_once_its_lease_has_expired() {
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("died", &run(0));
            let unfinished =
                |is_alive| Some(RunInProgress { planned: at(-60), started: at(0), is_alive });
            for (later, is_alive) in [(0, true), (60, true), (61, false), (-10, true), (-11, false)]
            {
                let known = ledger.history("nightly", later);
                assert_eq!(known.unfinished, unfinished(is_alive), "{later} s later");
                let expected = if is_alive { RunOutcome::Running } else { RunOutcome::Lost };
                assert_eq!(ledger.outcomes(later), [expected], "{later} s later");
            }
        }

        #[test]
        $(#[$on])*
        fn a_run_that_died_stays_lost_when_another_has_the_lease() {
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("died", &run(0));
            ledger.starts("next", &by_hand(61));
            assert_eq!(ledger.outcomes(62), [RunOutcome::Running, RunOutcome::Lost]);
            assert_eq!(ledger.history("nightly", 62).unfinished, None);
            ledger.finish_run(&lease("next"), None, &done(63)).unwrap();
            assert_eq!(ledger.outcomes(63), [RunOutcome::Done, RunOutcome::Lost]);
        }

        #[test]
        $(#[$on])*
        fn a_lease_whose_holder_is_gone_is_free_at_once_and_its_run_is_lost() {
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("gone", &run(0));
            // Of a lease that another has by now, nothing changes
            ledger.release_lease(&lease("another")).unwrap();
            assert_eq!(ledger.outcomes(1), [RunOutcome::Running]);
            ledger.release_lease(&lease("gone")).unwrap();
            assert_eq!(ledger.outcomes(1), [RunOutcome::Lost]);
            assert!(!ledger.renew_lease(&lease("gone"), at(1), None).unwrap());
            ledger.starts("next", &by_hand(1));
            // Nor when somebody finds it gone only now
            ledger.release_lease(&lease("gone")).unwrap();
            assert_eq!(ledger.outcomes(1), [RunOutcome::Running, RunOutcome::Lost]);
        }

        #[test]
        $(#[$on])*
        fn a_run_whose_process_has_ended_is_listed_as_lost() {
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("a@gone", &run(0));
            let by = |is_gone: fn(&str) -> bool| RunQuery {
                failures: true,
                is_gone: Some(is_gone),
                ..RunQuery::default()
            };
            let runs = ledger.runs_that(&by(|process| process == "gone"), at(1));
            assert_eq!(runs[0].outcome, RunOutcome::Lost);
            assert_eq!(ledger.runs_that(&by(|process| process != "gone"), at(1)), []);
            let state = ledger.jobs("mail1", at(1)).unwrap().remove(0);
            assert_eq!(state.holder.as_deref(), Some("a@gone"));
        }

        #[test]
        $(#[$on])*
        fn a_run_that_has_lost_its_lease_tells_what_it_did_and_leaves_the_lease_alone() {
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("late", &run(0));
            ledger.starts("next", &run(61));
            ledger.finish_run(&lease("late"), Some(&job("nightly")), &done(62)).unwrap();
            assert!(ledger.renew_lease(&lease("next"), at(63), None).unwrap());
            let runs = ledger.runs_that(&RunQuery::default(), at(63));
            assert_eq!(runs[0].outcome, RunOutcome::Running);
            let late = &runs[1];
            assert_eq!((late.outcome, late.finished), (RunOutcome::Done, Some(at(62))));
            assert_eq!((late.reason.clone(), late.deleted), (None, 3));
        }

        #[test]
        $(#[$on])*
        fn a_run_that_has_lost_its_lease_no_longer_says_up_to_when_its_job_is_settled() {
            // Given a run that was stopped, and the next one, done in the meantime
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("late", &run(0));
            ledger.starts("next", &run(3_600));
            ledger.finish_run(&lease("next"), Some(&job("nightly")), &done(3_600)).unwrap();
            // When the first wakes up
            ledger.finish_run(&lease("late"), Some(&job("nightly")), &done(0)).unwrap();
            // Then its job is settled for as long as it was
            assert_eq!(ledger.history("nightly", 3_601).last_settled_at, Some(at(3_540)));
        }

        #[test]
        $(#[$on])*
        fn a_job_that_does_other_work_by_now_has_no_part_in_a_run_that_died() {
            // Given a job whose purge died, and that was made a cycle then
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("died", &run(0));
            let cycle = JobKey { spec: "15 * * cycle".to_owned(), ..job("nightly") };
            let other = Lease { name: "cycle nightly".to_owned(), holder: "next".to_owned() };
            let new = NewRun { job: Some(cycle.clone()), work: "cycle".to_owned(), ..run(100) };
            // When that has run
            assert_eq!(ledger.start_run(&other, &new).unwrap(), StartResult::Started);
            ledger.finish_run(&other, Some(&cycle), &done(100)).unwrap();
            // Then nothing of it is left to be completed, and the purge is as it was
            let states = ledger.jobs("mail1", at(101)).unwrap();
            let left = states.iter().map(|state| state.history.interrupted);
            assert_eq!(left.collect::<Vec<_>>(), [Some(at(-60)), None]);
            assert!(!ledger.history("nightly", 101).unfinished.unwrap().is_alive);
        }

        #[test]
        $(#[$on])*
        fn a_renewal_publishes_the_progress_of_a_purge_until_its_end() {
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("first", &run(0));
            let state = |ledger: &Box<dyn Backend>, seconds| {
                let run = &ledger.runs_that(&RunQuery::default(), at(seconds))[0];
                (run.marked, run.ended, run.deleted, run.heartbeat)
            };
            assert_eq!(state(ledger, 1), (0, 0, 0, None));
            for fraction in [0.0, 0.25, 1.0] {
                let heartbeat = Heartbeat {
                    at: at(2),
                    fraction,
                    last_hold: Duration::from_micros(1_234),
                    longest_hold: Duration::from_millis(20),
                    log_bytes: 4_096,
                };
                let progress = PublishedProgress { marked: 7, ended: 8, deleted: 9, heartbeat };
                assert!(ledger.renew_lease(&lease("first"), at(2), Some(&progress)).unwrap());
                assert_eq!(state(ledger, 3), (7, 8, 9, Some(heartbeat)));
            }
            // It is not at work any more once the lease has expired.
            assert_eq!(state(ledger, 100), (7, 8, 9, None));
            ledger.finish_run(&lease("first"), None, &done(5)).unwrap();
            assert_eq!(state(ledger, 6), (1, 2, 3, None));
            // A late renewal changes nothing.
            let late = Some(&PublishedProgress::default());
            assert!(!ledger.renew_lease(&lease("first"), at(6), late).unwrap());
            assert_eq!(state(ledger, 6), (1, 2, 3, None));
        }
    };
}
use tests;
