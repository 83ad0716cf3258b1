//! The purge: a bounded run that marks, ends and deletes what is due.

mod batches;
pub mod checkpoint;
mod estimate;
mod guard;
mod preview;
mod rebuild;
mod report;
mod run;
mod summary;
mod sweep;

pub(super) use sweep::Sweep;

pub use report::{PurgePreview, PurgeProgress, PurgeReport, PurgeRequest};
