//! The time between two readings, which bounds the share of a processor that they take.

use std::time::Duration;

/// Readings of one kind, by a clock that is never set.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    least: Duration,
    /// Time until the next reading, in units of the cost of the last one.
    costs: u32,
    pub next: Duration,
}

impl Pace {
    /// Facts that cost little: at most 0.2 % of a processor.
    pub const fn of_facts() -> Self {
        Self::new(Duration::from_secs(1), 500)
    }

    /// Jobs and their last runs: at most 0.1 %.
    pub const fn of_jobs() -> Self {
        Self::new(Duration::from_secs(5), 1_000)
    }

    /// Figures that need a scan of the table: at most 0.6 %.
    pub const fn of_figures() -> Self {
        Self::new(Duration::from_secs(2), 165)
    }

    /// Readings that begin at once, at most one in this time, with at least this many times the
    /// cost of each between them.
    pub const fn new(least: Duration, costs: u32) -> Self {
        Self { least, costs, next: Duration::ZERO }
    }

    pub fn is_due(&self, now: Duration) -> bool {
        now >= self.next
    }

    /// Notes a reading that has ended now, of one of several readers that share the time.
    pub fn done(&mut self, now: Duration, cost: Duration, readers: u32) {
        let pause = cost.saturating_mul(self.costs).saturating_mul(readers.max(1));
        self.next = now.saturating_add(pause.max(self.least));
    }

    /// Makes the next reading due.
    pub const fn hurry(&mut self) {
        self.next = Duration::ZERO;
    }
}
