//! Check of the wall clock before sessions end by it.

use super::clock::{ClockCheck, ClockReader};
use super::service::SessionService;
use crate::domain::clock::{
    ClockGuard, ClockReading, ClockReference, ClockRefusal, ClockStamp, ClockVerdict,
};
use crate::domain::error::{Error, Result};
use crate::domain::time::{Span, UnixTime};

/// Maximum age of a machine's reference while no run ends sessions: after a reboot, its
/// clock is compared with that.
const REFRESH: Span = Span::hours(1);

struct ClockObservation {
    verdict: ClockVerdict,
    reading: ClockReading,
    reference: Option<ClockReference>,
}

impl SessionService {
    /// Sets the guard against a clock that has moved, and the function that reads the clocks.
    #[must_use]
    pub fn with_clock_guard(mut self, guard: ClockGuard, read: ClockReader) -> Self {
        self.clock = Some(ClockCheck { guard, read, trusted: None, warning: None });
        self
    }

    /// Trusts the clock from now on, as confirmed by the user.
    pub fn accept_clock(&mut self) {
        if let Some(check) = &mut self.clock {
            check.guard.is_accepted = true;
        }
    }

    /// Returns the reason why the clock was not checked, or the check not recorded.
    pub fn take_clock_warning(&mut self) -> Option<String> {
        self.clock.as_mut()?.warning.take()
    }

    /// Makes sure, before due jobs run, that the clock has not moved since the last run, and
    /// refreshes the reference if it is old.
    ///
    /// # Errors
    /// [`Error::Clock`] if it has moved. Any error of reading the ledger of a native table;
    /// a framework table is purged without the check then, and
    /// [`take_clock_warning`](Self::take_clock_warning) returns the reason.
    pub fn check_clock(&mut self, now: UnixTime) -> Result<()> {
        let Some(observation) = self.observe_clock(now)? else { return Ok(()) };
        let stamp = &observation.reading.stamp;
        let is_old = |reference: &ClockReference| reference.is_older_than(REFRESH, stamp);
        if self.is_clock_accepted() || observation.reference.as_ref().is_none_or(is_old) {
            self.record_clock();
        }
        Ok(())
    }

    /// Makes sure that the clock has not moved since the last run, or since the last check of
    /// this process. Returns the check; `None`: none was needed.
    fn observe_clock(&mut self, now: UnixTime) -> Result<Option<ClockObservation>> {
        let Some(observation) =
            self.judge_clock(now).or_else(|error| self.without_ledger(error))?
        else {
            return Ok(None);
        };
        if let ClockVerdict::Moved { refusal, jump } = &observation.verdict {
            self.record_jump(observation.reference.as_ref(), jump);
            return Err(Error::Clock(*refusal));
        }
        if let Some(check) = &mut self.clock {
            check.trusted = Some(observation.reading.stamp.clone());
        }
        Ok(Some(observation))
    }

    pub(super) fn ensure_clock_trusted(&mut self, now: UnixTime) -> Result<()> {
        self.observe_clock(now).map(drop)
    }

    /// Returns the reason why the clock would refuse a run at `now`. Records nothing.
    ///
    /// # Errors
    /// Any error of reading the ledger.
    pub fn clock_refusal(&self, now: UnixTime) -> Result<Option<ClockRefusal>> {
        let observation = self.judge_clock(now)?;
        Ok(observation.and_then(|observation| match observation.verdict {
            ClockVerdict::Trusted => None,
            ClockVerdict::Moved { refusal, .. } => Some(refusal),
        }))
    }

    /// Checks the clock; `None`: there is no guard, or the clock has run steadily since the
    /// last check of this process.
    fn judge_clock(&self, now: UnixTime) -> Result<Option<ClockObservation>> {
        let Some(check) = self.clock.as_ref().filter(|check| check.guard.threshold.is_some())
        else {
            return Ok(None);
        };
        let reading = (check.read)(now);
        let trusted = check.trusted.clone().map(ClockReference::at);
        let is_steady =
            |trusted| check.guard.judge(Some(trusted), &reading) == ClockVerdict::Trusted;
        if trusted.as_ref().is_some_and(is_steady) {
            return Ok(None);
        }
        let reference = self.store.clock_reference(&self.origin.host)?;
        let verdict = check.guard.judge(reference.as_ref(), &reading);
        Ok(Some(ClockObservation { verdict, reading, reference }))
    }

    /// Handles an unreadable ledger. The ledger of a framework table is a separate file,
    /// which does not prevent purging the table.
    fn without_ledger(&mut self, error: Error) -> Result<Option<ClockObservation>> {
        if self.store.profile().is_none() {
            return Err(error);
        }
        self.warn_of_clock("the clock was not checked", &error);
        Ok(None)
    }

    pub(super) fn record_clock(&mut self) {
        let Some(stamp) = self.clock.as_ref().and_then(|check| check.trusted.clone()) else {
            return;
        };
        if let Err(error) = self.store.set_clock_reference(&self.origin.host, &stamp) {
            self.warn_of_clock("the clock of this run was not recorded", &error);
        }
    }

    /// Records a jump of the clock, unless it is recorded already.
    fn record_jump(&mut self, reference: Option<&ClockReference>, jump: &ClockStamp) {
        let Some(reference) = reference.filter(|known| known.jump.as_ref() != Some(jump)) else {
            return;
        };
        let recorded = self.store.record_clock_jump(&self.origin.host, &reference.last, jump);
        if let Err(error) = recorded {
            self.warn_of_clock("the jump of the clock was not recorded", &error);
        }
    }

    fn warn_of_clock(&mut self, what: &str, error: &Error) {
        if let Some(check) = &mut self.clock {
            check.warning = Some(format!("{what}: {}", error.with_causes()));
        }
    }

    fn is_clock_accepted(&self) -> bool {
        self.clock.as_ref().is_some_and(|check| check.guard.is_accepted)
    }
}
