//! Limits of a running purge.

use std::ops::ControlFlow;
use std::time::Instant;

use super::report::PurgeProgress;
use crate::app::clock::Timer;
use crate::app::stop::StopReason;

/// Conditions that stop a sweep early.
pub(super) struct PurgeLimits<'a> {
    pub(super) until: Option<Instant>,
    pub(super) timer: Timer,
    pub(super) go_on: &'a mut dyn FnMut(&PurgeProgress) -> ControlFlow<()>,
}

impl PurgeLimits<'_> {
    pub(super) fn check(&mut self, done: &PurgeProgress) -> Option<StopReason> {
        if (self.go_on)(done).is_break() {
            return Some(StopReason::Signal);
        }
        self.until.is_some_and(|until| self.timer.now() >= until).then_some(StopReason::RunTime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_purge_stops_at_its_time_limit_and_a_signal_takes_precedence() {
        let timer = Timer::fake();
        let until = Some(timer.now() + Duration::from_mins(1));
        let done = PurgeProgress::default();
        let go_on = &mut |_: &PurgeProgress| ControlFlow::Continue(());
        let mut limits = PurgeLimits { until, timer, go_on };
        timer.sleep(Duration::from_secs(59));
        assert_eq!(limits.check(&done), None);
        timer.sleep(Duration::from_secs(1));
        assert_eq!(limits.check(&done), Some(StopReason::RunTime));
        let go_on = &mut |_: &PurgeProgress| ControlFlow::Break(());
        let mut limits = PurgeLimits { until, timer, go_on };
        assert_eq!(limits.check(&done), Some(StopReason::Signal));
    }
}
