//! Which operation is due when.

use std::time::Duration;

use crate::random::Random;

/// Of a thousand operations, so many open a session.
const OPENS: u64 = 30;
/// And so many close one. The others touch one.
const CLOSES: u64 = 20;

/// What an application does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Tells that a session is in use.
    Touch,
    /// Opens one.
    Open,
    /// Closes one.
    Close,
}

/// The operations of one process: one in each slot of equal length, at a random place
/// in it, so that those of several processes meet as they would by chance.
pub struct Schedule {
    random: Random,
    slot: f64,
    next: f64,
}

impl Schedule {
    /// That of process `index` of `processes`, which do `rate` operations a second
    /// together.
    pub fn new(index: u32, processes: u32, rate: f64, seed: u64) -> Self {
        let random = Random::new(seed, u64::from(index));
        Self { random, slot: f64::from(processes) / rate, next: 0.0 }
    }
}

impl Iterator for Schedule {
    /// How long after the start it is due, and what it is.
    type Item = (Duration, Operation);

    fn next(&mut self) -> Option<Self::Item> {
        let due = Duration::from_secs_f64((self.next + self.random.fraction()) * self.slot);
        self.next += 1.0;
        let operation = match self.random.below(1000) {
            ..OPENS => Operation::Open,
            OPENS.. if self.random.below(1000 - OPENS) < CLOSES => Operation::Close,
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
    fn most_operations_touch_and_a_few_open_and_close() {
        let all: Vec<Operation> =
            Schedule::new(0, 1, 1000.0, 1).take(100_000).map(|(_, what)| what).collect();
        let count = |what| all.iter().filter(|each| **each == what).count();
        assert!((2800..3200).contains(&count(Operation::Open)));
        assert!((1800..2200).contains(&count(Operation::Close)));
    }

    #[test]
    fn processes_have_times_of_their_own_and_the_same_ones_again() {
        let times = |index| -> Vec<Duration> {
            Schedule::new(index, 4, 2000.0, 1).take(10).map(|(due, _)| due).collect()
        };
        assert_eq!(times(0), times(0));
        assert_ne!(times(0), times(1));
    }
}
