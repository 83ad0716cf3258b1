//! Load generator: an application that uses its sessions during a measurement.
//!
//! The load is an open loop: each operation is due at a time that is drawn in advance, regardless
//! of the operations before it, and its latency counts from that time. A closed loop would issue
//! nothing during a stall (coordinated omission), so that a stall of a second would be one slow
//! operation among thousands of fast ones.

mod coordinator;
mod django;
mod report;
mod sample;
mod schedule;
mod worker;

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

pub use coordinator::run;
pub use report::{Report, parse_samples};
pub use sample::{Outcome, Sample};
pub use schedule::{Operation, Schedule};
pub use worker::{OPEN, TOUCH, run_worker};

/// Application to simulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Application {
    /// An application on sessctl's own table: 95 % touches, 3 % opens, 2 % closes
    Native,
    /// Django: one half loads sessions, the other half saves them
    Django,
}

impl Application {
    /// Name on the command line of the load generator.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Django => "django",
        }
    }
}

/// Options of the load generator.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Application, which determines the table and the operations.
    pub application: Application,
    /// Path of the database.
    pub db: PathBuf,
    /// Number of processes, each with its own connection.
    pub processes: u32,
    /// Operations per second, in all processes together.
    pub rate: f64,
    /// Seed of the random numbers.
    pub seed: u64,
}

/// Condition that stops the load generator.
#[derive(Debug, Clone, PartialEq)]
pub enum StopCondition {
    /// End of standard input.
    InputEnds,
    /// Duration of the load.
    Elapsed(Duration),
    /// Existence of a file.
    FileExists(PathBuf),
}
