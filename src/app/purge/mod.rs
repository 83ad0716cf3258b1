//! The purge: a bounded run that marks, ends and deletes what is due.

mod checkpoint;
mod guard;
mod limits;
mod preview;
mod report;
mod run;
mod sweep;

pub use report::{PurgePreview, PurgeProgress, PurgeRequest, PurgeSummary};
