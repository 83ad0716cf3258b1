//! The check of the machine's clock that comes before anything ends by it.

use super::SessionService;
use crate::domain::clock::{
    ClockGuard, ClockReading, ClockReference, ClockRefusal, ClockStamp, ClockVerdict,
};
use crate::domain::error::{Error, Result};
use crate::domain::time::{Span, UnixTime};

/// Reads the other clocks of the machine at the moment at which its wall clock shows this.
pub type ClockReader = Box<dyn Fn(UnixTime) -> ClockReading>;

/// Maximum age of a machine's reference while no run ends anything: if the
/// machine starts anew, its clock is compared with that.
const REFRESH: Span = Span::hours(1);

/// The guard, and what this process knows of the clock.
pub(super) struct ClockCheck {
    guard: ClockGuard,
    read: ClockReader,
    /// The clocks when they were last found to be right.
    trusted: Option<ClockStamp>,
    /// Obstacle that kept the check from being made, or its outcome from being noted.
    warning: Option<String>,
}

/// Result of a look at the clock.
struct ClockObservation {
    verdict: ClockVerdict,
    reading: ClockReading,
    reference: Option<ClockReference>,
}

impl SessionService {
    /// The same with a guard against a clock that has moved since the last run, and with
    /// what reads the clocks.
    #[must_use]
    pub fn with_clock_guard(mut self, guard: ClockGuard, read: ClockReader) -> Self {
        self.clock = Some(ClockCheck { guard, read, trusted: None, warning: None });
        self
    }

    /// Takes the time for right from now on, as somebody has said that it is.
    pub fn accept_clock(&mut self) {
        if let Some(check) = &mut self.clock {
            check.guard.is_accepted = true;
        }
    }

    /// Takes the obstacle that kept the clock from being checked, if there was one.
    pub fn take_clock_warning(&mut self) -> Option<String> {
        self.clock.as_mut()?.warning.take()
    }

    /// Makes sure, before a round of jobs, that the clock has not moved since the last
    /// run; and remembers it, where that was long ago.
    ///
    /// # Errors
    /// [`Error::Clock`] if it has. What keeps the ledger of a table of sessctl's own from
    /// being read; a framework's table is purged without the check then, and
    /// [`take_clock_warning`](Self::take_clock_warning) says so.
    pub fn check_clock(&mut self, now: UnixTime) -> Result<()> {
        let Some(look) = self.observe_clock(now)? else { return Ok(()) };
        let stamp = &look.reading.stamp;
        let is_old = |reference: &ClockReference| reference.is_older_than(REFRESH, stamp);
        if self.is_clock_accepted() || look.reference.as_ref().is_none_or(is_old) {
            self.remember_clock();
        }
        Ok(())
    }

    /// Makes sure that the clock has not moved since the last run, or since this process
    /// has last asked. Answers what it has found, if it had to look.
    ///
    /// # Errors
    /// As for [`check_clock`](Self::check_clock).
    fn observe_clock(&mut self, now: UnixTime) -> Result<Option<ClockObservation>> {
        let Some(look) = self.look_at_clock(now).or_else(|error| self.without_ledger(error))?
        else {
            return Ok(None);
        };
        if let ClockVerdict::Moved { refusal, jump } = &look.verdict {
            self.note_jump(look.reference.as_ref(), jump);
            return Err(Error::Clock(*refusal));
        }
        if let Some(check) = &mut self.clock {
            check.trusted = Some(look.reading.stamp.clone());
        }
        Ok(Some(look))
    }

    /// Makes sure that the clock may be trusted at `now`.
    ///
    /// # Errors
    /// As for [`check_clock`](Self::check_clock).
    pub(super) fn must_trust_clock(&mut self, now: UnixTime) -> Result<()> {
        self.check_clock(now).map(drop)
    }

    /// What a run at `now` would be refused for, if it would be: nothing is noted.
    ///
    /// # Errors
    /// Whatever keeps the ledger from being read.
    pub fn clock_refusal(&self, now: UnixTime) -> Result<Option<ClockRefusal>> {
        let look = self.look_at_clock(now)?;
        Ok(look.and_then(|look| match look.verdict {
            ClockVerdict::Trusted => None,
            ClockVerdict::Moved { refusal, .. } => Some(refusal),
        }))
    }

    /// Judges the clock; `None`: nobody asks, or it has gone on evenly since this process
    /// has found it right.
    fn look_at_clock(&self, now: UnixTime) -> Result<Option<ClockObservation>> {
        let Some(check) = self.clock.as_ref().filter(|check| check.guard.threshold.is_some())
        else {
            return Ok(None);
        };
        let reading = (check.read)(now);
        let trusted = check.trusted.clone().map(ClockReference::at);
        let is_even = |trusted| check.guard.judge(Some(trusted), &reading) == ClockVerdict::Trusted;
        if trusted.as_ref().is_some_and(is_even) {
            return Ok(None);
        }
        let reference = self.store.clock_reference(&self.origin.host)?;
        let verdict = check.guard.judge(reference.as_ref(), &reading);
        Ok(Some(ClockObservation { verdict, reading, reference }))
    }

    /// What follows where the ledger cannot be read. That of a framework's table is in
    /// another place: what is wrong there keeps nobody from purging the table.
    fn without_ledger(&mut self, error: Error) -> Result<Option<ClockObservation>> {
        if self.store.profile().is_none() {
            return Err(error);
        }
        self.warn_of_clock("the clock was not checked", &error);
        Ok(None)
    }

    /// Remembers the clock at a run that goes by it.
    pub(super) fn remember_clock(&mut self) {
        let Some(stamp) = self.clock.as_ref().and_then(|check| check.trusted.clone()) else {
            return;
        };
        if let Err(error) = self.store.set_clock_reference(&self.origin.host, &stamp) {
            self.warn_of_clock("the clock of this run was not recorded", &error);
        }
    }

    /// Remembers that a jump was seen, unless that is known.
    fn note_jump(&mut self, reference: Option<&ClockReference>, jump: &ClockStamp) {
        let Some(reference) = reference.filter(|known| known.jump.as_ref() != Some(jump)) else {
            return;
        };
        let noted = self.store.record_clock_jump(&self.origin.host, &reference.last, jump);
        if let Err(error) = noted {
            self.warn_of_clock("that the clock has moved was not recorded", &error);
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
