//! Schedule of the operations.

use std::time::Duration;

use crate::random::Rng;

/// Opens per 1,000 operations.
const OPENS_PER_1000: u64 = 30;
/// Closes per 1,000 operations. All others are touches.
const CLOSES_PER_1000: u64 = 20;

/// Kind of operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Touches a live session.
    Touch,
    /// Opens a new session.
    Open,
    /// Closes a live session.
    Close,
}

/// Operations of one process: one in each slot of equal length, at a random position in it, so
/// that the operations of several processes coincide by chance.
pub struct Schedule {
    random: Rng,
    /// Length of a slot in seconds.
    slot: f64,
    next_slot: f64,
}

impl Schedule {
    /// Creates the schedule of process `index` of `processes`, which together perform `rate`
    /// operations per second.
    pub fn new(index: u32, processes: u32, rate: f64, seed: u64) -> Self {
        let random = Rng::new(seed, u64::from(index));
        Self { random, slot: f64::from(processes) / rate, next_slot: 0.0 }
    }
}

impl Iterator for Schedule {
    /// Due time relative to the start, and kind of operation.
    type Item = (Duration, Operation);

    fn next(&mut self) -> Option<Self::Item> {
        let due = Duration::from_secs_f64((self.next_slot + self.random.fraction()) * self.slot);
        self.next_slot += 1.0;
        let operation = match self.random.below(1000) {
            ..OPENS_PER_1000 => Operation::Open,
            OPENS_PER_1000.. if self.random.below(1000 - OPENS_PER_1000) < CLOSES_PER_1000 => {
                Operation::Close
            }
            _ => Operation::Touch,
        };
        Some((due, operation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_has_one_operation() {
        let schedule = Schedule::new(2, 4, 2000.0, 1);
        for (slot, (due, _)) in (0..1000_u32).zip(schedule) {
            let begins = Duration::from_millis(2) * slot;
            assert!(due >= begins && due <= begins + Duration::from_millis(2), "{slot}: {due:?}");
        }
    }

    #[test]
    fn three_percent_open_and_two_percent_close() {
        let all: Vec<Operation> =
            Schedule::new(0, 1, 1000.0, 1).take(100_000).map(|(_, what)| what).collect();
        let count = |what| all.iter().filter(|each| **each == what).count();
        assert!((2800..3200).contains(&count(Operation::Open)));
        assert!((1800..2200).contains(&count(Operation::Close)));
    }

    #[test]
    fn schedules_differ_between_processes_and_are_reproducible() {
        let times = |index| -> Vec<Duration> {
            Schedule::new(index, 4, 2000.0, 1).take(10).map(|(due, _)| due).collect()
        };
        assert_eq!(times(0), times(0));
        assert_ne!(times(0), times(1));
    }
}
