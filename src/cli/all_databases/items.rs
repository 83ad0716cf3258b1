//! Messages of workers, and their receivers.

use super::call::Target;
use super::tracker::EndedJob;
use super::wire::{Report, TypedRecord};

/// Something that a worker has said, in the order of the databases.
pub enum Item {
    Record(TypedRecord),
    Report(Report),
    /// A line of its standard output.
    Line(String),
    Ended(EndedDatabase),
}

/// Outcome of a database.
pub struct EndedDatabase {
    pub exit_code: u8,
    pub jobs: Vec<EndedJob>,
    pub failure: Option<String>,
}

pub trait Output {
    fn add(&mut self, target: &Target, item: Item);

    /// Completes the output.
    ///
    /// # Errors
    /// If it could not be written, unless its reader is gone.
    fn finish(self: Box<Self>) -> anyhow::Result<()>;
}
