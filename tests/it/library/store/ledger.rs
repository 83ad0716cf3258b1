//! The promises of `domain::port::Ledger` that are about its record of runs and
//! jobs, one by one.

use std::ops::ControlFlow;

use sessctl::domain::job::{JobHistory, RunInProgress};
use sessctl::domain::session::{End, EndReason};
use sessctl::domain::time::Span;
use sessctl::storage::{
    Backend, EndRequest, EndedSession, JobKey, JobState, Lease, MIN_KEPT_RUNS, NewJob, NewRun,
    RunEnd, RunOutcome, RunProgress, RunQuery, RunRecord, StartResult,
};

use crate::library::store::ledger_entries::{
    LedgerQueries, at, by_hand, done, job, lease, note, origin, outcome, run, run_after,
};
use crate::support::NOW;
use crate::support::store::{TestDb, session, suite};

suite!(tests);

fn done_by_hand(seconds: i64) -> RunEnd {
    RunEnd { last_settled_at: None, ..done(seconds) }
}

fn taken_up(job: JobKey, start: i64) -> NewJob {
    NewJob { job, start: at(start) }
}

/// Key of the job `nightly` after a change of its schedule.
fn edited() -> JobKey {
    JobKey { spec: "30 * *".to_owned(), ..job("nightly") }
}

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn a_run_that_has_ended_gives_its_lease_back_and_is_on_record() {
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("first", &run(0));
            ledger.finish_run(&lease("first"), Some(&job("nightly")), &done(5)).unwrap();
            assert!(!ledger.renew_lease(&lease("first"), at(6), None).unwrap());
            let runs = ledger.runs_that(&RunQuery::default(), at(6));
            let expected = RunRecord {
                id: runs[0].id,
                job: Some("nightly".to_owned()),
                work: "purge".to_owned(),
                task: Some("im*".to_owned()),
                note: note(),
                rules: "rules".into(),
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
                named: 0,
                heartbeat: None,
            };
            assert_eq!(runs, [expected]);
            ledger.starts("second", &run_after(-55, 6));
        }

        #[test]
        $(#[$on])*
        fn an_anchor_is_set_by_an_end_that_has_one_and_goes_with_the_spec() {
            let mut db = db();
            let ledger = &mut db.sessions;
            let nightly = job("nightly");
            let state = |ledger: &Box<dyn Backend>| {
                let known = ledger.history("nightly", 0);
                (known.last_settled_at, known.interrupted)
            };
            ledger.starts("1", &run(0));
            assert_eq!(state(ledger), (None, Some(at(-60))));
            ledger.finish_run(&lease("1"), Some(&nightly), &done(0)).unwrap();
            assert_eq!(state(ledger), (Some(at(-60)), None));
            // What is not complete stays to be completed
            ledger.starts("2", &run_after(-60, 100));
            assert_eq!(state(ledger), (Some(at(-60)), Some(at(40))));
            ledger.finish_run(&lease("2"), Some(&nightly), &outcome(RunOutcome::Partial)).unwrap();
            assert_eq!(state(ledger), (Some(at(-60)), Some(at(40))));
            // Another specification has a history of its own
            ledger.starts("3", &NewRun { job: Some(edited()), ..run(200) });
            assert_eq!(state(ledger), (Some(at(-60)), Some(at(40))));
            ledger.finish_run(&lease("3"), Some(&edited()), &done(201)).unwrap();
            assert_eq!(state(ledger), (Some(at(-60)), Some(at(40))));
        }

        #[test]
        $(#[$on])*
        fn a_run_that_was_found_due_before_another_settled_it_does_not_begin() {
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("first", &run(0));
            ledger.finish_run(&lease("first"), Some(&job("nightly")), &done(0)).unwrap();
            // By what it knows, the job has never run
            assert_eq!(ledger.start_run(&lease("late"), &run(1)).unwrap(), StartResult::AlreadyRun);
            assert!(!ledger.insert_run("skipped", &run(1), &outcome(RunOutcome::Skipped)).unwrap());
            assert_eq!(ledger.outcomes(1), [RunOutcome::Done]);
            // By hand nobody asks, and at another time the edited one has not run
            ledger.starts("by hand", &by_hand(1));
            ledger.finish_run(&lease("by hand"), None, &done(1)).unwrap();
            assert!(ledger.insert_run("refused", &by_hand(1), &outcome(RunOutcome::Refused)).unwrap());
            ledger.starts("changed", &NewRun { job: Some(edited()), ..run(1) });
        }

        #[test]
        $(#[$on])*
        fn a_time_that_a_job_of_the_same_name_has_run_for_is_settled() {
            let mut db = db();
            let ledger = &mut db.sessions;
            let change = |run: NewRun| NewRun { job: Some(edited()), ..run };
            ledger.change_jobs("mail1", &[taken_up(edited(), -100)], &[], at(-90)).unwrap();
            let last_settled_at = |ledger: &Box<dyn Backend>| {
                let states = ledger.jobs("mail1", at(0)).unwrap();
                states.iter().find(|state| state.job == edited()).unwrap().history.last_settled_at
            };
            // Given a run for that time which another host has skipped, and one of other work
            ledger.insert_run("skipped", &run(0), &outcome(RunOutcome::Skipped)).unwrap();
            let other = NewRun { work: "cycle".to_owned(), ..run(0) };
            ledger.insert_run("other", &other, &outcome(RunOutcome::Done)).unwrap();
            let due = NewRun { last_settled_at: Some(at(-100)), ..run(0) };
            ledger.starts("mine", &change(due.clone()));
            ledger.finish_run(&lease("mine"), None, &outcome(RunOutcome::Partial)).unwrap();
            // When it goes on although one of the same has run, then it may
            ledger.insert_run("same", &run(0), &outcome(RunOutcome::Done)).unwrap();
            ledger.starts("again", &change(due));
            ledger.finish_run(&lease("again"), Some(&edited()), &done(0)).unwrap();
            // But what has not begun is settled by that
            ledger.insert_run("next", &run(3_600), &outcome(RunOutcome::Done)).unwrap();
            let next = change(run_after(-60, 3_600));
            assert_eq!(ledger.start_run(&lease("late"), &next).unwrap(), StartResult::AlreadyRun);
            assert_eq!(last_settled_at(ledger), Some(at(3_540)));
        }

        #[test]
        $(#[$on])*
        fn a_job_that_has_not_run_may_have_an_anchor() {
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.set_last_settled(&job("nightly"), None, at(5)).unwrap();
            ledger.set_last_settled(&job("nightly"), Some(at(5)), at(7)).unwrap();
            // By one who has not seen the last.
            ledger.set_last_settled(&job("nightly"), Some(at(5)), at(8)).unwrap();
            let known = JobHistory { last_settled_at: Some(at(7)), ..JobHistory::default() };
            assert_eq!(ledger.history("nightly", 8), known);
        }

        #[test]
        $(#[$on])*
        fn each_machine_takes_up_and_gives_up_jobs_by_itself() {
            let mut db = db();
            let ledger = &mut db.sessions;
            let since = |ledger: &Box<dyn Backend>, machine: &str| {
                let states = ledger.jobs(machine, at(0)).unwrap();
                states.first().map(|state| (state.history.last_settled_at, state.history.since))
            };
            // When two machines take up a job, then they share its history
            ledger.change_jobs("mail1", &[taken_up(job("nightly"), -9)], &[], at(0)).unwrap();
            ledger.change_jobs("mail2", &[taken_up(job("nightly"), 60)], &[], at(61)).unwrap();
            assert_eq!(since(ledger, "mail1"), Some((Some(at(-9)), Some(at(0)))));
            assert_eq!(since(ledger, "mail2"), Some((Some(at(-9)), Some(at(61)))));
            assert_eq!(since(ledger, "mail3"), Some((Some(at(-9)), None)));
            // When one gives it up and takes it up again, then it is new there alone
            ledger.change_jobs("mail1", &[], &[job("nightly")], at(100)).unwrap();
            assert_eq!(since(ledger, "mail1"), Some((Some(at(-9)), None)));
            ledger.change_jobs("mail1", &[taken_up(job("nightly"), 200)], &[], at(200)).unwrap();
            assert_eq!(since(ledger, "mail1"), Some((Some(at(-9)), Some(at(200)))));
            assert_eq!(since(ledger, "mail2"), Some((Some(at(-9)), Some(at(61)))));
        }

        #[test]
        $(#[$on])*
        fn a_history_that_all_have_given_up_begins_anew() {
            let mut db = db();
            let ledger = &mut db.sessions;
            let take_up = |ledger: &mut Box<dyn Backend>, start, now| {
                ledger.change_jobs("mail1", &[taken_up(job("nightly"), start)], &[], at(now))
            };
            // Given a job whose run was cut short, and that was given up
            take_up(ledger, 0, 0).unwrap();
            ledger.starts("1", &run_after(0, 100));
            ledger.finish_run(&lease("1"), Some(&job("nightly")), &outcome(RunOutcome::Partial)).unwrap();
            ledger.change_jobs("mail1", &[], &[job("nightly")], at(200)).unwrap();
            // When it is taken up again, then nothing is left of that
            take_up(ledger, 300, 301).unwrap();
            let known = JobHistory { last_settled_at: Some(at(300)), since: Some(at(301)), ..JobHistory::default() };
            assert_eq!(ledger.history("nightly", 301), known);
            // But a time that has just run does not run again
            ledger.set_last_settled(&job("nightly"), Some(at(300)), at(400)).unwrap();
            ledger.change_jobs("mail1", &[], &[job("nightly")], at(410)).unwrap();
            take_up(ledger, 399, 420).unwrap();
            assert_eq!(ledger.history("nightly", 420).last_settled_at, Some(at(400)));
            // And one that is in the future does, as a wrong clock has set it
            ledger.set_last_settled(&job("nightly"), Some(at(400)), at(9_000)).unwrap();
            ledger.change_jobs("mail1", &[], &[job("nightly")], at(500)).unwrap();
            take_up(ledger, 510, 510).unwrap();
            assert_eq!(ledger.history("nightly", 510).last_settled_at, Some(at(510)));
            // A day later, nothing is left at all
            ledger.change_jobs("mail1", &[], &[job("nightly")], at(600)).unwrap();
            assert_eq!(ledger.jobs("mail1", at(600)).unwrap().len(), 1);
            ledger.change_jobs("mail1", &[], &[], at(90_000)).unwrap();
            assert_eq!(ledger.jobs("mail1", at(90_000)).unwrap(), []);
        }

        #[test]
        $(#[$on])*
        fn each_host_has_an_account_of_its_own() {
            // Given a job that has run on one host and was skipped on another
            let mut db = db();
            let ledger = &mut db.sessions;
            let on = |host: &str| JobKey { host_scope: host.to_owned(), ..job("nightly") };
            let run_on = |host: &str| NewRun { job: Some(on(host)), ..run(0) };
            ledger.starts("1", &run_on("mail1"));
            ledger.finish_run(&lease("1"), Some(&on("mail1")), &done(0)).unwrap();
            let skipped = RunEnd { last_settled_at: Some(at(9)), ..outcome(RunOutcome::Skipped) };
            ledger.insert_run("2", &run_on("mail2"), &skipped).unwrap();
            // When it begins anew on the first
            ledger.starts("3", &NewRun { last_settled_at: Some(at(-60)), ..run_on("mail1") });
            // Then each has its own last_settled_at, and one a run
            let state = |host: &str, history, holder| JobState { job: on(host), history, holder };
            let running = JobHistory {
                last_settled_at: Some(at(-60)),
                interrupted: Some(at(-60)),
                unfinished: Some(RunInProgress { planned: at(-60), started: at(0), is_alive: true }),
                since: None,
            };
            let settled = JobHistory { last_settled_at: Some(at(9)), ..JobHistory::default() };
            let expected = [state("mail1", running, Some(lease("3").holder)), state("mail2", settled, None)];
            assert_eq!(ledger.jobs("mail1", at(1)).unwrap(), expected);
        }

        #[test]
        $(#[$on])*
        fn ended_sessions_are_on_record_with_their_run() {
            let mut db = db();
            db.upsert_rows(&[session("a"), session("b")]);
            let request = |token| EndRequest {
                key: session(token).key,
                end: End { at: NOW, reason: EndReason::Cycled },
                keep_row: token == "a",
            };
            let ended = |token: &str, user: &str| EndedSession {
                handle: session(token).handle,
                user: Some(user.to_owned()),
                is_deleted: token != "a",
            };
            let new = NewRun { work: "cycle".to_owned(), ..by_hand(0) };
            let requests = [request("a"), request("a"), request("b"), request("no")];
            let sessions = [ended("a", "x"), ended("a", "x"), ended("b", "y"), ended("no", "z")];
            let progress = RunProgress {
                holder: "mine",
                run: &new,
                outcome: RunOutcome::Running,
                at: at(1),
                sessions: &sessions,
            };
            // Each session is ended and recorded once, and what was not there is not recorded
            let done = db.sessions.end_in_run(&requests, &progress).unwrap();
            assert_eq!(done, Some(vec![true, false, true, false]));
            let done = db.sessions.end_in_run(&requests, &progress).unwrap();
            assert_eq!(done, Some(vec![false; 4]));
            let ledger = &mut db.sessions;
            let all = RunQuery::default();
            let runs = ledger.runs_that(&all, at(2));
            assert_eq!(runs.len(), 1);
            let counts = |run: &RunRecord| (run.outcome, run.ended, run.deleted, run.named);
            assert_eq!(counts(&runs[0]), (RunOutcome::Running, 2, 1, 2));
            assert_eq!((&runs[0].note, &runs[0].origin), (&note(), &origin()));
            // What has ended elsewhere is added
            let more = [ended("c", "x")];
            let next = RunProgress { sessions: &more, at: at(100), ..progress };
            ledger.record_progress(&next).unwrap();
            assert_eq!(counts(&ledger.runs_that(&all, at(150))[0]), (RunOutcome::Running, 3, 2, 3));
            assert_eq!(ledger.outcomes(300), [RunOutcome::Lost]);
            // Searches find it by session and by user
            let found = |session: Option<&str>, users: &[&str]| {
                let session = session.map(str::to_owned);
                let users = users.iter().map(ToString::to_string).collect();
                ledger.runs_that(&RunQuery { session, users, ..RunQuery::default() }, at(2)).len()
            };
            let handle = session("b").handle;
            assert_eq!((found(Some(&handle), &[]), found(Some(&handle[..4]), &[])), (1, 1));
            assert_eq!((found(Some(&handle), &["y"]), found(Some(&handle), &["x"])), (1, 0));
            assert_eq!((found(None, &["q", "x"]), found(None, &["z"])), (1, 0));
            // And it comes to its end
            ledger.record_end("mine", &new, &done_by_hand(200)).unwrap();
            assert_eq!(counts(&ledger.runs_that(&all, at(300))[0]), (RunOutcome::Done, 2, 3, 3));
        }

        #[test]
        $(#[$on])*
        fn a_run_that_did_not_take_place_has_no_lease() {
            let mut db = db();
            let ledger = &mut db.sessions;
            let reason = Some("it runs on mail2".to_owned());
            let skipped = RunEnd { reason: reason.clone(), ..outcome(RunOutcome::Skipped) };
            ledger.insert_run("skipped", &run(0), &skipped).unwrap();
            let runs = ledger.runs_that(&RunQuery::default(), at(0));
            assert_eq!((runs[0].outcome, &runs[0].reason), (RunOutcome::Skipped, &reason));
            ledger.starts("first", &run(0));
            assert!(ledger.insert_run("first", &run(0), &skipped).is_err());
            assert_eq!(ledger.outcomes(0), [RunOutcome::Running, RunOutcome::Skipped]);
        }

        #[test]
        $(#[$on])*
        fn runs_are_found_by_job_and_failure_the_latest_first_and_at_most_so_many() {
            // Given a run of each outcome, in two jobs by turns, a dead and a live one
            let mut db = db();
            let ledger = &mut db.sessions;
            let ends = RunOutcome::ALL.iter().filter(|end| **end != RunOutcome::Running);
            for (serial, end) in ends.enumerate() {
                let name = if serial % 2 == 0 { "even" } else { "odd" };
                let run = NewRun { job: Some(job(name)), ..run(0) };
                ledger.insert_run(&serial.to_string(), &run, &outcome(*end)).unwrap();
            }
            ledger.starts("dead", &by_hand(0));
            let other = Lease { name: "cycle".to_owned(), ..lease("live") };
            assert_eq!(ledger.start_run(&other, &by_hand(100)).unwrap(), StartResult::Started);
            // Then each query finds its own
            let found = |job: Option<&str>, failures, limit| {
                let query = RunQuery { job: job.map(str::to_owned), failures, limit, ..RunQuery::default() };
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
            let mut db = db();
            let ledger = &mut db.sessions;
            for holder in ["1", "2"] {
                ledger.insert_run(holder, &by_hand(0), &done(0)).unwrap();
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
            let mut db = db();
            let ledger = &mut db.sessions;
            ledger.starts("dead", &run(-1_000));
            for (holder, began) in [("old", -101), ("young", -100)] {
                ledger.insert_run(holder, &by_hand(began), &done(0)).unwrap();
            }
            ledger.enters_youngest(0);
            ledger.drop_runs(Span::seconds(100), at(0)).unwrap();
            let runs = ledger.runs_that(&RunQuery::default(), at(0));
            let began = runs.iter().map(|run| run.started).filter(|began| *began < at(0));
            assert_eq!(began.collect::<Vec<_>>(), [at(-100), at(-1_000)]);
            assert!(ledger.history("nightly", 0).unfinished.is_some());
        }

        #[test]
        $(#[$on])*
        fn a_wrong_clock_drops_no_run() {
            let mut db = db();
            let ledger = &mut db.sessions;
            for serial in 0..20 {
                ledger.insert_run(&format!("old {serial}"), &by_hand(-100), &done(0)).unwrap();
            }
            ledger.enters_youngest(0);
            let count = |ledger: &Box<dyn Backend>| ledger.outcomes(0).len();
            let all = count(ledger);
            // Given a clock that is years ahead, and what was entered under it
            let ahead = 20 * 365 * 86_400;
            for serial in 0..50 {
                ledger.drop_runs(Span::days(1), at(ahead)).unwrap();
                ledger.insert_run(&format!("ahead {serial}"), &by_hand(ahead), &done(ahead)).unwrap();
            }
            ledger.drop_runs(Span::days(1), at(-ahead)).unwrap();
            assert_eq!(count(ledger), all + 50);
            // When it is right again, then the entries go when their time has come
            ledger.enters_youngest(86_401);
            ledger.drop_runs(Span::days(1), at(86_401)).unwrap();
            assert_eq!(count(ledger), 50 + MIN_KEPT_RUNS);
        }

        #[test]
        $(#[$on])*
        fn old_runs_go_although_those_before_them_are_in_the_future() {
            let mut db = db();
            let ledger = &mut db.sessions;
            // Given more entries in the future than go at once, and old ones behind them
            for serial in 0..300 {
                ledger.insert_run(&format!("ahead {serial}"), &by_hand(99_999), &done(0)).unwrap();
            }
            for serial in 0..10 {
                ledger.insert_run(&format!("old {serial}"), &by_hand(-101), &done(0)).unwrap();
            }
            ledger.enters_youngest(0);
            // When runs are dropped, then the old ones go
            ledger.drop_runs(Span::seconds(100), at(0)).unwrap();
            let runs = ledger.runs_that(&RunQuery::default(), at(0));
            assert_eq!(runs.len(), 300 + MIN_KEPT_RUNS);
            assert!(runs.iter().all(|run| run.started >= at(0)));
        }
    };
}
use tests;
