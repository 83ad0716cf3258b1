//! Returning the space of deleted rows to the file system.

mod operation;
mod report;

pub use report::{CompactReport, CompactRequest};
