//! Archives: files to which purges and cycles save the rows that go.

pub mod appender;
mod configured;
mod frames;
mod job_archives;
pub mod line;
mod open;
pub mod reader;
mod retention;
mod sink;
mod tail;
mod target;

pub use configured::{archives_of_jobs, general_archive};
pub use job_archives::JobArchives;
pub use open::open_to_read;
pub use retention::remove_expired;
pub use sink::ArchivedRun;
pub use target::ArchiveArgs;
