//! The load generator: an application that touches, opens and closes sessions while
//! something else happens to their table.
//!
//! It is an open loop: each operation is due at a time that was drawn beforehand,
//! whatever became of those before it, and its latency counts from then. A closed loop
//! would ask nothing while it hangs, and a stall of a second would be one bad figure
//! among thousands of good ones.

mod parent;
mod report;
mod sample;
mod schedule;
mod worker;

use std::path::PathBuf;
use std::time::Duration;

pub use parent::run;
pub use report::{Report, read_samples};
pub use sample::{Outcome, Sample};
pub use schedule::{Operation, Schedule};
pub use worker::{OPEN, TOUCH, work};

/// What the application is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Its database.
    pub db: PathBuf,
    /// How many processes it has, each with a connection of its own.
    pub processes: u32,
    /// How many operations a second are due, in all processes together.
    pub rate: f64,
    /// What everything random follows from.
    pub seed: u64,
}

/// What makes it stop.
#[derive(Debug, Clone, PartialEq)]
pub enum Until {
    /// Its standard input ends.
    InputEnds,
    /// So much time has passed.
    Passed(Duration),
    /// A file appears.
    Appears(PathBuf),
}
