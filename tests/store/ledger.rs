//! The promises of `domain::port::Ledger` that are about its record of runs and
//! jobs, one by one.

use std::ops::ControlFlow;

use sessctl::domain::job::{Known, Unfinished};
use sessctl::domain::port::{
    Begun, JobAccount, JobKey, Lease, NewRun, RunEnd, RunOutcome, RunQuery, RunRecord, Store,
};
use sessctl::domain::time::UnixTime;

use crate::books::{Look, at, by_hand, done, job, lease, origin, outcome, run, run_after};
use crate::worlds::{World, suite};

suite!(tests);

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn a_run_that_has_ended_gives_its_lease_back_and_is_on_record() {
            let mut world = world();
            let ledger = &mut world.sessions;
            ledger.starts("first", &run(0));
            ledger.finish(&lease("first"), Some(&job("nightly")), &done(5)).unwrap();
            assert!(!ledger.renew_lease(&lease("first"), at(6)).unwrap());
            let runs = ledger.runs_that(&RunQuery::default(), at(6));
            let expected = RunRecord {
                id: runs[0].id,
                job: Some("nightly".to_owned()),
                work: "purge".to_owned(),
                task: Some("im*".to_owned()),
                planned: at(-60),
                started: at(0),
                missed: 2,
                origin: origin(),
                finished: Some(at(5)),
                outcome: RunOutcome::Done,
                reason: None,
                marked: 1,
                ended: 2,
                deleted: 3,
            };
            assert_eq!(runs, [expected]);
            ledger.starts("second", &run_after(-55, 6));
        }

        #[test]
        $(#[$on])*
        fn an_anchor_is_set_by_an_end_that_has_one_and_goes_with_the_spec() {
            let mut world = world();
            let ledger = &mut world.sessions;
            let nightly = job("nightly");
            let anchor = |ledger: &Box<dyn Store>| ledger.known("nightly", 0).anchor;
            ledger.starts("1", &run(0));
            assert_eq!(anchor(ledger), None);
            ledger.finish(&lease("1"), Some(&nightly), &done(0)).unwrap();
            assert_eq!(anchor(ledger), Some(at(-60)));
            ledger.starts("2", &run_after(-60, 100));
            assert_eq!(anchor(ledger), Some(at(-60)));
            ledger.finish(&lease("2"), Some(&nightly), &outcome(RunOutcome::Partial)).unwrap();
            assert_eq!(anchor(ledger), Some(at(-60)));
            let hourly = JobKey { spec: "30 * *".to_owned(), ..nightly };
            ledger.starts("3", &NewRun { job: Some(hourly.clone()), ..run(200) });
            let known = ledger.known("nightly", 200);
            assert_eq!((known.spec, known.anchor), (hourly.spec, None));
        }

        #[test]
        $(#[$on])*
        fn a_run_that_was_found_due_before_another_settled_it_does_not_begin() {
            let mut world = world();
            let ledger = &mut world.sessions;
            ledger.starts("first", &run(0));
            ledger.finish(&lease("first"), Some(&job("nightly")), &done(0)).unwrap();
            // By what it knows, the job has never run
            assert_eq!(ledger.begin(&lease("late"), &run(1)).unwrap(), Begun::Settled);
            ledger.enter("skipped", &run(1), &outcome(RunOutcome::Skipped)).unwrap();
            assert_eq!(ledger.outcomes(1), [RunOutcome::Done]);
            // With another spec it has not, and by hand nobody asks
            let other = JobKey { spec: "30 * *".to_owned(), ..job("nightly") };
            ledger.starts("by hand", &by_hand(1));
            ledger.finish(&lease("by hand"), None, &done(1)).unwrap();
            ledger.starts("changed", &NewRun { job: Some(other), ..run(1) });
        }

        #[test]
        $(#[$on])*
        fn an_end_leaves_the_anchor_of_a_job_alone_that_is_another_by_now() {
            let mut world = world();
            let ledger = &mut world.sessions;
            // Given a job that was edited while it ran
            ledger.starts("1", &run(0));
            let hourly = JobKey { spec: "30 * *".to_owned(), ..job("nightly") };
            ledger.note_anchor(&hourly, None, at(5)).unwrap();
            // When the run ends, then what is known of the new one stays
            ledger.finish(&lease("1"), Some(&job("nightly")), &done(9)).unwrap();
            let known = ledger.known("nightly", 9);
            assert_eq!((known.spec, known.anchor), (hourly.spec, Some(at(5))));
            // And the same of one that was forgotten
            ledger.starts("2", &run(10));
            ledger.forget_job("nightly").unwrap();
            ledger.finish(&lease("2"), Some(&job("nightly")), &done(19)).unwrap();
            assert_eq!(ledger.jobs(at(20)).unwrap(), []);
        }

        #[test]
        $(#[$on])*
        fn a_job_that_has_not_run_may_have_an_anchor_and_be_forgotten() {
            let mut world = world();
            let ledger = &mut world.sessions;
            ledger.note_anchor(&job("nightly"), None, at(5)).unwrap();
            ledger.note_anchor(&job("weekly"), None, at(6)).unwrap();
            ledger.note_anchor(&job("nightly"), Some(at(5)), at(7)).unwrap();
            // By one who has not seen the last.
            ledger.note_anchor(&job("nightly"), Some(at(5)), at(8)).unwrap();
            let known = Known { spec: job("").spec, anchor: Some(at(7)), unfinished: None };
            assert_eq!(ledger.known("nightly", 8), known);
            ledger.forget_job("nightly").unwrap();
            let left: Vec<String> =
                ledger.jobs(at(8)).unwrap().into_iter().map(|account| account.name).collect();
            assert_eq!(left, ["weekly"]);
        }

        #[test]
        $(#[$on])*
        fn each_host_has_an_account_of_its_own() {
            // Given a job that has run on one host and was skipped on another
            let mut world = world();
            let ledger = &mut world.sessions;
            let on = |host: &str| JobKey { account: host.to_owned(), ..job("nightly") };
            let run_on = |host: &str| NewRun { job: Some(on(host)), ..run(0) };
            ledger.starts("1", &run_on("mail1"));
            ledger.finish(&lease("1"), Some(&on("mail1")), &done(0)).unwrap();
            let skipped = RunEnd { anchor: Some(at(9)), ..outcome(RunOutcome::Skipped) };
            ledger.enter("2", &run_on("mail2"), &skipped).unwrap();
            // When it begins anew on the first
            ledger.starts("3", &NewRun { anchor: Some(at(-60)), ..run_on("mail1") });
            // Then each has its own anchor, and one a run
            let account = |host: &str, anchor, unfinished| JobAccount {
                name: "nightly".to_owned(),
                account: host.to_owned(),
                known: Known { spec: job("").spec, anchor: Some(anchor), unfinished },
            };
            let unfinished = Unfinished { planned: at(-60), started: at(0), is_alive: true };
            let expected =
                [account("mail1", at(-60), Some(unfinished)), account("mail2", at(9), None)];
            assert_eq!(ledger.jobs(at(1)).unwrap(), expected);
        }

        #[test]
        $(#[$on])*
        fn a_run_that_did_not_take_place_has_no_lease() {
            let mut world = world();
            let ledger = &mut world.sessions;
            let reason = Some("it runs on mail2".to_owned());
            let skipped = RunEnd { reason: reason.clone(), ..outcome(RunOutcome::Skipped) };
            ledger.enter("skipped", &run(0), &skipped).unwrap();
            let runs = ledger.runs_that(&RunQuery::default(), at(0));
            assert_eq!((runs[0].outcome, &runs[0].reason), (RunOutcome::Skipped, &reason));
            ledger.starts("first", &run(0));
            assert!(ledger.enter("first", &run(0), &skipped).is_err());
            assert_eq!(ledger.outcomes(0), [RunOutcome::Running, RunOutcome::Skipped]);
        }

        #[test]
        $(#[$on])*
        fn runs_are_found_by_job_and_failure_the_latest_first_and_at_most_so_many() {
            // Given a run of each outcome, in two jobs by turns, a dead and a live one
            let mut world = world();
            let ledger = &mut world.sessions;
            let ends = RunOutcome::ALL.iter().filter(|end| **end != RunOutcome::Running);
            for (serial, end) in ends.enumerate() {
                let name = if serial % 2 == 0 { "even" } else { "odd" };
                let run = NewRun { job: Some(job(name)), ..run(0) };
                ledger.enter(&serial.to_string(), &run, &outcome(*end)).unwrap();
            }
            ledger.starts("dead", &by_hand(0));
            let other = Lease { name: "cycle".to_owned(), ..lease("live") };
            assert_eq!(ledger.begin(&other, &by_hand(100)).unwrap(), Begun::Yes);
            // Then each query finds its own
            let found = |job: Option<&str>, failures, limit| {
                let query = RunQuery { job: job.map(str::to_owned), failures, limit };
                let runs = ledger.runs_that(&query, at(100));
                runs.iter().map(|run| run.outcome.as_str()).collect::<Vec<_>>().join(" ")
            };
            assert_eq!(
                found(None, false, None),
                "running lost lost failed skipped refused partial done"
            );
            assert_eq!(found(None, true, None), "lost lost failed refused partial");
            assert_eq!(found(None, true, Some(3)), "lost lost failed");
            assert_eq!(found(None, false, Some(0)), "");
            assert_eq!(found(Some("even"), false, None), "failed refused done");
            assert_eq!(found(Some("odd"), true, Some(9)), "lost partial");
            assert_eq!(found(Some("nobody's"), false, None), "");
        }

        #[test]
        $(#[$on])*
        fn a_visitor_of_runs_may_stop() {
            let mut world = world();
            let ledger = &mut world.sessions;
            for holder in ["1", "2"] {
                ledger.enter(holder, &by_hand(0), &done(0)).unwrap();
            }
            let mut seen = 0;
            let mut visit = |_| {
                seen += 1;
                Ok(ControlFlow::Break(()))
            };
            ledger.runs(&RunQuery::default(), at(0), &mut visit).unwrap();
            assert_eq!(seen, 1);
        }

        #[test]
        $(#[$on])*
        fn dropping_runs_takes_those_that_began_before_and_have_ended() {
            let mut world = world();
            let ledger = &mut world.sessions;
            ledger.starts("dead", &run(-1_000));
            for (holder, began) in [("old", -101), ("young", -100)] {
                ledger.enter(holder, &by_hand(began), &done(0)).unwrap();
            }
            ledger.drop_runs(at(-100)).unwrap();
            let runs = ledger.runs_that(&RunQuery::default(), at(0));
            let began: Vec<UnixTime> = runs.iter().map(|run| run.started).collect();
            assert_eq!(began, [at(-100), at(-1_000)]);
            assert!(ledger.known("nightly", 0).unfinished.is_some());
        }
    };
}
use tests;
