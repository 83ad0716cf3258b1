//! Events of a call of `run` or `purge`, as the process that starts the workers sees them.

use std::time::{Duration, Instant};

use super::codes::BUSY;
use crate::domain::time::UnixTime;

/// Subject of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// A job, or the purge of `sessctl purge`, whose name is `purge`.
    Job {
        /// The configured name; `None`: a database without one.
        database: Option<String>,
        job: String,
    },
    /// All work in a database with a configured name.
    Database { name: String },
    /// The whole call.
    All,
}

/// The result of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunResult {
    pub started: UnixTime,
    pub finished: UnixTime,
    /// done, partial, refused, busy, skipped or failed.
    pub outcome: String,
    /// The exit code that the command would have if it had done nothing else.
    pub exit_code: u8,
    pub marked: u64,
    pub ended: u64,
    pub deleted: u64,
    /// Reason why the outcome is not `done`, or a note on it. It may contain text from
    /// a database, which is not escaped.
    pub reason: Option<String>,
}

impl RunResult {
    /// Reports whether another program kept the work from being done, by a lock: not one that does
    /// the same work.
    pub fn is_locked(&self) -> bool {
        self.exit_code == BUSY && self.outcome == "failed"
    }

    /// Duration, if its start was noticed at this time. That may have been late, and the times of
    /// the result are whole seconds.
    pub fn duration(&self, started: Option<Instant>) -> Duration {
        let seconds = self.finished.since(self.started).as_seconds().unsigned_abs();
        match started.map(|started| started.elapsed()) {
            Some(elapsed) if elapsed.as_secs() + 1 >= seconds => elapsed,
            _ => Duration::from_secs(seconds),
        }
    }
}

/// Receives the events of a call, in the order in which they become known.
///
/// A job begins and ends within its database, which begins with its first job, and the first
/// database begins the whole. A database whose worker fails before any job is due only ends.
/// There are no events if nothing was due.
pub trait RunEvents {
    fn started(&mut self, unit: &Unit);

    fn ended(&mut self, unit: &Unit, result: &RunResult);

    /// Completes what is under way, after the last event. No worker is running.
    fn finish(&mut self) {}
}

/// Forwards each event to all members.
impl RunEvents for Vec<Box<dyn RunEvents>> {
    fn started(&mut self, unit: &Unit) {
        for member in self {
            member.started(unit);
        }
    }

    fn ended(&mut self, unit: &Unit, result: &RunResult) {
        for member in self {
            member.ended(unit, result);
        }
    }

    fn finish(&mut self) {
        for member in self {
            member.finish();
        }
    }
}
