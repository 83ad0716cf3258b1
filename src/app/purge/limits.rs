//! Limits of a running purge.

use std::ops::ControlFlow;
use std::time::Instant;

use super::report::PurgeProgress;
use crate::app::clock::Timer;
use crate::app::stop::StopReason;

/// Conditions that stop a sweep early.
pub struct PurgeLimits<'a> {
    pub until: Option<Instant>,
    pub timer: Timer,
    pub go_on: &'a mut dyn FnMut(&PurgeProgress) -> ControlFlow<()>,
}

impl PurgeLimits<'_> {
    pub fn check(&mut self, done: &PurgeProgress) -> Option<StopReason> {
        if (self.go_on)(done).is_break() {
            return Some(StopReason::Signal);
        }
        self.until.is_some_and(|until| self.timer.now() >= until).then_some(StopReason::RunTime)
    }
}
