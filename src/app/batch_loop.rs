//! The batch loop that purges, cycles, copies and compactions share.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::clock::Timer;
use super::run::ActiveRun;
use super::service::SessionService;
use super::stop::StopReason;
use crate::domain::error::{Error, Result};
use crate::storage::PublishedProgress;

pub(super) enum Stop {
    Early(StopReason),
    Failed(Error),
}

impl From<StopReason> for Stop {
    fn from(reason: StopReason) -> Self {
        Self::Early(reason)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

pub(super) type LoopResult<T = ()> = std::result::Result<T, Stop>;

/// Returns the reason why a loop stopped early; `None`: its work is done.
pub(super) fn stop_reason(result: LoopResult) -> Result<Option<StopReason>> {
    match result {
        Ok(()) => Ok(None),
        Err(Stop::Early(reason)) => Ok(Some(reason)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

pub(super) trait BatchWork {
    /// Reports the progress, and asks the caller whether to continue.
    fn go_on(&mut self) -> ControlFlow<()>;

    /// Returns the progress that the ledger publishes, if any.
    fn progress(&self) -> Option<PublishedProgress> {
        None
    }

    /// Runs the next batch, with a heartbeat, and reports whether there may be more.
    fn run_batch(&mut self, batches: &mut BatchLoop<'_>) -> LoopResult<bool>;

    /// Keeps the write-ahead log small.
    fn checkpoint(&mut self, _: &mut BatchLoop<'_>) -> LoopResult {
        Ok(())
    }

    /// Returns the time for which the lock is left to other writers.
    fn pause(&self) -> Duration {
        Duration::ZERO
    }
}

pub(super) struct BatchLoop<'a> {
    pub(super) service: &'a mut SessionService,
    /// Run whose lease must hold; `None`: it has no lease.
    pub(super) active: Option<&'a mut ActiveRun>,
    pub(super) until: Option<Instant>,
}

impl BatchLoop<'_> {
    /// Runs batch after batch. After each one that may not be the last, it
    ///
    /// 1. reports the progress, and checks for a signal and the time limit,
    /// 2. checkpoints the write-ahead log,
    /// 3. pauses.
    pub(super) fn run(&mut self, work: &mut impl BatchWork) -> LoopResult {
        while work.run_batch(self)? {
            check_limits(work.go_on(), self.until, self.service.timer)?;
            work.checkpoint(self)?;
            self.service.timer.sleep(work.pause());
        }
        Ok(())
    }

    /// Sends the heartbeat, and stops if the lease is lost.
    pub(super) fn keep_lease(&mut self, work: &impl BatchWork) -> LoopResult {
        match &mut self.active {
            Some(active) => {
                let holds = self.service.heartbeat(active, work.progress())?;
                holds.then_some(()).ok_or(StopReason::Lease.into())
            }
            None => Ok(()),
        }
    }

    /// Sends the heartbeat, reports the progress, and checks the limits.
    pub(super) fn check(&mut self, work: &mut impl BatchWork) -> LoopResult {
        self.keep_lease(work)?;
        Ok(check_limits(work.go_on(), self.until, self.service.timer)?)
    }
}

/// Checks for a signal, which takes precedence, and for a time limit.
pub fn check_limits(
    go_on: ControlFlow<()>,
    until: Option<Instant>,
    timer: Timer,
) -> std::result::Result<(), StopReason> {
    match go_on {
        ControlFlow::Break(()) => Err(StopReason::Signal),
        ControlFlow::Continue(()) if until.is_some_and(|until| timer.now() >= until) => {
            Err(StopReason::RunTime)
        }
        ControlFlow::Continue(()) => Ok(()),
    }
}
