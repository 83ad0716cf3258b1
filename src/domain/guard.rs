//! The guard: a cap on what one run may end.

use super::error::{Cap, GuardRefusal};
use super::port::Census;

/// How many live sessions a run may end. Above a cap it ends none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guard {
    /// The greatest share of the live sessions, in percent; 100: any.
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
    /// Whether it can refuse anything at all, so that a run has to count first.
    pub fn is_set(&self) -> bool {
        self.max_percent < 100.0 || self.max_rows > 0
    }

    /// Refuses a run that would end *more than* a cap allows.
    ///
    /// # Errors
    /// The refusal, with its figures.
    pub fn check(&self, census: &Census) -> Result<(), GuardRefusal> {
        let Census { would_end, live, .. } = *census;
        #[expect(clippy::cast_precision_loss, reason = "no table has 2^52 rows")]
        let share_exceeded = would_end as f64 * 100.0 > self.max_percent * live as f64;
        if self.max_rows > 0 && would_end > self.max_rows {
            Err(GuardRefusal { would_end, live, cap: Cap::Rows(self.max_rows) })
        } else if self.max_percent < 100.0 && share_exceeded {
            Err(GuardRefusal { would_end, live, cap: Cap::Percent(self.max_percent) })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(max_percent: f64, max_rows: u64, would_end: u64, live: u64) -> bool {
        let census = Census { live, would_end, ..Census::default() };
        Guard { max_percent, max_rows }.check(&census).is_ok()
    }

    #[test]
    fn a_cap_is_what_may_be_reached_but_not_exceeded() {
        assert!(allows(50.0, 0, 5, 10));
        assert!(!allows(50.0, 0, 6, 10));
        assert!(allows(100.0, 0, 10, 10));
        assert!(allows(100.0, 5, 5, 10));
        assert!(!allows(100.0, 5, 6, 10));
        assert!(allows(0.0, 0, 0, 0));
        assert!(!allows(0.0, 0, 1, 10));
    }
}
