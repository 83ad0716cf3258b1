//! Schedule of the operations.

use std::time::Duration;

use super::Application;
use crate::random::Rng;

/// Opens per 1,000 operations.
const OPENS_PER_1000: u64 = 30;
/// Closes per 1,000 operations. All others are touches.
const CLOSES_PER_1000: u64 = 20;
/// Loads per 1,000 operations of Django. All others are saves.
const LOADS_PER_1000: u64 = 500;

/// Kind of operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Touches a live session.
    Touch,
    /// Opens a new session.
    Open,
    /// Closes a live session.
    Close,
    /// Loads a live session of Django.
    Load,
    /// Saves a live session of Django.
    Save,
}

/// Operations of one process: one in each slot of equal length, at a random position in it, so
/// that the operations of several processes coincide by chance.
pub struct Schedule {
    application: Application,
    random: Rng,
    /// Length of a slot in seconds.
    slot: f64,
    next_slot: f64,
}

impl Schedule {
    /// Creates the schedule of process `index` of `processes`, which together perform `rate`
    /// operations per second.
    pub fn new(application: Application, index: u32, processes: u32, rate: f64, seed: u64) -> Self {
        let random = Rng::new(seed, u64::from(index));
        Self { application, random, slot: f64::from(processes) / rate, next_slot: 0.0 }
    }

    fn draw(&mut self) -> Operation {
        let number = self.random.below(1000);
        match self.application {
            Application::Native if number < OPENS_PER_1000 => Operation::Open,
            Application::Native if number < OPENS_PER_1000 + CLOSES_PER_1000 => Operation::Close,
            Application::Native => Operation::Touch,
            Application::Django if number < LOADS_PER_1000 => Operation::Load,
            Application::Django => Operation::Save,
        }
    }
}

impl Iterator for Schedule {
    /// Due time relative to the start, and kind of operation.
    type Item = (Duration, Operation);

    fn next(&mut self) -> Option<Self::Item> {
        let due = Duration::from_secs_f64((self.next_slot + self.random.fraction()) * self.slot);
        self.next_slot += 1.0;
        Some((due, self.draw()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(application: Application, processes: u32, index: u32) -> Schedule {
        Schedule::new(application, index, processes, 2000.0, 1)
    }

    fn share(application: Application, operation: Operation) -> usize {
        let drawn = schedule(application, 1, 0).take(100_000);
        drawn.filter(|(_, each)| *each == operation).count()
    }

    #[test]
    fn each_slot_has_one_operation() {
        for (slot, (due, _)) in (0..1000_u32).zip(schedule(Application::Native, 4, 2)) {
            let begins = Duration::from_millis(2) * slot;
            assert!(due >= begins && due <= begins + Duration::from_millis(2), "{slot}: {due:?}");
        }
    }

    #[test]
    fn three_percent_open_and_two_percent_close() {
        assert!((2800..3200).contains(&share(Application::Native, Operation::Open)));
        assert!((1800..2200).contains(&share(Application::Native, Operation::Close)));
    }

    #[test]
    fn django_loads_as_often_as_it_saves() {
        let loads = share(Application::Django, Operation::Load);
        assert!((49_000..51_000).contains(&loads), "{loads}");
        assert_eq!(share(Application::Django, Operation::Save), 100_000 - loads);
    }

    #[test]
    fn schedules_differ_between_processes_and_are_reproducible() {
        let times = |index| -> Vec<Duration> {
            schedule(Application::Native, 4, index).take(10).map(|(due, _)| due).collect()
        };
        assert_eq!(times(0), times(0));
        assert_ne!(times(0), times(1));
    }
}
