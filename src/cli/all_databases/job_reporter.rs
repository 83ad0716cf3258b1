//! Messages of a worker about one job.

use std::cell::Cell;
use std::rc::Rc;

use super::codes;
use super::events::RunResult;
use super::wire::Message;
use super::worker::Worker;
use crate::cli::clock;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, exit_code, exit_code_of_library_error};
use crate::cli::report::with_advice;
use crate::domain::time::UnixTime;

/// Tells the parent, if there is one, when a job begins to work, and how it has ended.
pub struct JobReporter {
    worker: Option<Rc<Worker>>,
    job: String,
    work: &'static str,
    begun: UnixTime,
    has_started: Cell<bool>,
}

impl JobReporter {
    pub fn new(context: &Context, job: &str, work: &'static str) -> Self {
        let worker = context.worker().cloned();
        let has_started = Cell::new(false);
        Self { worker, job: job.to_owned(), work, begun: clock::now(), has_started }
    }

    /// Notes that the job is at work.
    pub fn started(&self) {
        if let Some(worker) = self.worker.as_ref().filter(|_| !self.has_started.replace(true)) {
            worker.send(&Message::Started { job: self.job.clone() });
        }
    }

    pub fn ended(&self, exit: Exit, counts: [u64; 3], reason: Option<String>) {
        let outcome = codes::outcome(exit_code(exit));
        self.ended_with(exit, outcome, counts, reason);
    }

    pub fn failed(&self, error: &crate::Error) {
        let code = exit_code_of_library_error(error);
        let outcome = match error {
            crate::Error::LeaseHeld { .. } | crate::Error::AlreadyRun => "busy",
            _ => codes::outcome(code),
        };
        self.send(code, outcome, [0; 3], Some(with_advice(error)));
    }

    pub fn ended_with(&self, exit: Exit, outcome: &str, counts: [u64; 3], reason: Option<String>) {
        self.send(exit_code(exit), outcome, counts, reason);
    }

    fn send(&self, exit_code: u8, outcome: &str, counts: [u64; 3], reason: Option<String>) {
        let Some(worker) = &self.worker else { return };
        let [marked, ended, deleted] = counts;
        let result = RunResult {
            started: self.begun,
            finished: clock::now(),
            outcome: outcome.to_owned(),
            exit_code,
            marked,
            ended,
            deleted,
            reason,
        };
        let (job, work) = (self.job.clone(), self.work.to_owned());
        worker.send(&Message::Ended { job, work, result });
    }
}
