//! The guard: a limit on what one run may end.

use super::error::{ExceededLimit, GuardRefusal, RunImpact};

/// Limits of the number of sessions that a run may end. A run that exceeds one ends nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guard {
    /// The greatest share of the sessions that have not ended, in percent; 100: any.
    pub max_percent: f64,
    /// The greatest number of sessions; 0: any.
    pub max_rows: u64,
}

impl Default for Guard {
    fn default() -> Self {
        Self { max_percent: 100.0, max_rows: 0 }
    }
}

impl Guard {
    /// Reports whether any limit is set, so that a run has to count first.
    pub fn is_set(&self) -> bool {
        self.max_percent < 100.0 || self.max_rows > 0
    }

    /// Refuses a run that would end *more than* a limit allows.
    ///
    /// 1. A [backlog](RunImpact::backlog) counts for neither limit.
    /// 2. The share is one of all sessions in the table that have not ended, the backlog
    ///    among them.
    pub fn check(&self, impact: RunImpact) -> Result<(), GuardRefusal> {
        let counted = impact.counted();
        #[expect(clippy::cast_precision_loss, reason = "no table has 2^52 rows")]
        let share_exceeded = counted as f64 * 100.0 > self.max_percent * impact.sessions as f64;
        if self.max_rows > 0 && counted > self.max_rows {
            Err(GuardRefusal { impact, limit: ExceededLimit::Rows(self.max_rows) })
        } else if self.max_percent < 100.0 && share_exceeded {
            Err(GuardRefusal { impact, limit: ExceededLimit::Percent(self.max_percent) })
        } else {
            Ok(())
        }
    }
}

/// The limits that one run has of its own.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GuardLimits {
    pub max_percent: Option<f64>,
    pub max_rows: Option<u64>,
}

/// No limit is NaN.
impl Eq for GuardLimits {}

impl GuardLimits {
    #[must_use]
    pub fn or(self, guard: Guard) -> Guard {
        Guard {
            max_percent: self.max_percent.unwrap_or(guard.max_percent),
            max_rows: self.max_rows.unwrap_or(guard.max_rows),
        }
    }
}
