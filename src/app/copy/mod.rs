//! Copying a table of sessions to another database.

mod operation;
pub mod range;
mod report;
mod run;

pub use report::{Comparison, CopyProgress, CopyReport, CopyRequest};
