//! Returning the space of deleted rows to the file system.

mod estimate;
mod operation;
mod report;

pub use estimate::CompactEstimate;
pub use report::{CompactReport, CompactRequest};
