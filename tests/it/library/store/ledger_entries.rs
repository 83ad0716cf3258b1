//! Runs to enter in a ledger, and ways to look at it.

use std::ops::ControlFlow;

use sessctl::domain::job::JobHistory;
use sessctl::domain::time::UnixTime;
use sessctl::storage::{
    Backend, Invoker, JobKey, Lease, MIN_KEPT_RUNS, NewRun, RunEnd, RunNote, RunOrigin, RunOutcome,
    RunQuery, RunRecord, StartResult,
};

use crate::support::NOW;

/// So many seconds from now.
pub fn at(seconds: i64) -> UnixTime {
    UnixTime(NOW.0 + seconds)
}

/// A run's right to purge.
pub fn lease(holder: &str) -> Lease {
    Lease { name: "purge".to_owned(), holder: holder.to_owned() }
}

pub fn job(name: &str) -> JobKey {
    JobKey { name: name.to_owned(), host_scope: String::new(), spec: "15 * *".to_owned() }
}

pub fn origin() -> RunOrigin {
    RunOrigin {
        host: "mail1".to_owned(),
        pid: 4_711,
        version: "0.1.0".to_owned(),
        user: "mail".to_owned(),
        invoker: Invoker {
            sudo_user: Some("alice".to_owned()),
            login_user: Some("bob".to_owned()),
        },
    }
}

pub fn note() -> RunNote {
    RunNote { selection: Some("--task im*".to_owned()), why: Some("full moon".to_owned()) }
}

/// A run of the job nightly that was planned for a minute before it begins.
pub fn run(seconds: i64) -> NewRun {
    NewRun {
        job: Some(job("nightly")),
        work: "purge".to_owned(),
        task: Some("im*".to_owned()),
        note: note(),
        rules: "rules".into(),
        planned: at(seconds - 60),
        started: at(seconds),
        last_settled_at: None,
        missed: 2,
        origin: origin(),
    }
}

/// A run of that job, which the ledger has settled up to then.
pub fn run_after(last_settled_at: i64, seconds: i64) -> NewRun {
    NewRun { last_settled_at: Some(at(last_settled_at)), ..run(seconds) }
}

pub fn by_hand(seconds: i64) -> NewRun {
    NewRun { job: None, ..run(seconds) }
}

/// An end that settles the runs up to the moment at which this one was planned.
pub fn done(seconds: i64) -> RunEnd {
    RunEnd {
        finished: at(seconds),
        outcome: RunOutcome::Done,
        reason: None,
        marked: 1,
        ended: 2,
        deleted: 3,
        last_settled_at: Some(at(seconds - 60)),
    }
}

pub fn outcome(outcome: RunOutcome) -> RunEnd {
    RunEnd { outcome, last_settled_at: None, ..done(0) }
}

pub trait LedgerQueries {
    /// Begins a run that must be let in.
    fn starts(&mut self, holder: &str, run: &NewRun);
    /// Enters as many runs of that moment as the ledger keeps in any case.
    fn enters_youngest(&mut self, seconds: i64);
    fn runs_that(&self, query: &RunQuery, now: UnixTime) -> Vec<RunRecord>;
    /// The outcomes of all runs, the latest first.
    fn outcomes(&self, seconds: i64) -> Vec<RunOutcome>;
    /// Known facts about a job on the machine mail1.
    fn history(&self, name: &str, seconds: i64) -> JobHistory;
}

impl LedgerQueries for Box<dyn Backend> {
    fn starts(&mut self, holder: &str, run: &NewRun) {
        assert_eq!(self.start_run(&lease(holder), run).unwrap(), StartResult::Started);
    }

    fn enters_youngest(&mut self, seconds: i64) {
        for serial in 0..MIN_KEPT_RUNS {
            let holder = format!("at {seconds}: {serial}");
            self.insert_run(&holder, &by_hand(seconds), &done(seconds)).unwrap();
        }
    }

    fn runs_that(&self, query: &RunQuery, now: UnixTime) -> Vec<RunRecord> {
        let mut runs = Vec::new();
        self.runs(query, now, &mut |run| {
            runs.push(run);
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        runs
    }

    fn outcomes(&self, seconds: i64) -> Vec<RunOutcome> {
        let runs = self.runs_that(&RunQuery::default(), at(seconds));
        runs.iter().map(|run| run.outcome).collect()
    }

    fn history(&self, name: &str, seconds: i64) -> JobHistory {
        let states = self.jobs("mail1", at(seconds)).unwrap();
        let mut known = states.into_iter().filter(|state| state.job == job(name));
        known.next().unwrap().history
    }
}
