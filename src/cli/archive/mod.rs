//! Archives: files to which purges and cycles save the rows that go.

pub mod appender;
mod frames;
mod job_archives;
pub mod line;
mod open;
pub mod reader;
mod retention;
mod sink;
mod tail;

use crate::app::SessionService;
use crate::config::{ArchiveOptions, Config};
use crate::domain::archive_name::ArchiveName;
use crate::domain::time::{Span, UnixTime};

use std::path::Path;

use super::context::Context;
use sink::ArchiveSink;

pub use job_archives::JobArchives;
pub use open::open_to_read;
pub use retention::remove_expired;

#[derive(Debug, Clone, Default, clap::Args)]
pub struct ArchiveArgs {
    /// Save each row to this file before it ends or is deleted, for sessctl restore: .jsonl or
    /// .jsonl.zst, and %Y-%m-%d in the name for a file per day [default: `[archive] file`]
    #[arg(long, value_name = "FILE")]
    archive: Option<ArchiveName>,
}

impl ArchiveArgs {
    /// The archive of a command, as given or configured.
    ///
    /// # Errors
    /// Errors of the configuration.
    pub fn target(&self, context: &Context) -> anyhow::Result<Option<ArchiveTarget>> {
        let ArchiveOptions { file, keep } = &context.config()?.archive;
        let configured = || file.as_ref().map(|file| beside_config(file, context.config_path()));
        let file = self.archive.clone().or_else(configured);
        Ok(file.map(|file| ArchiveTarget { file, keep: *keep }))
    }

    /// The name of the archive, for the process that keeps root's privileges.
    ///
    /// # Errors
    /// Errors of the configuration.
    pub fn file(&self, context: &Context) -> anyhow::Result<Option<ArchiveName>> {
        Ok(self.target(context)?.map(|target| target.file))
    }

    /// Says where the rows would be saved.
    ///
    /// # Errors
    /// Errors of the configuration.
    pub fn announce(&self, context: &Context) -> anyhow::Result<()> {
        if let Some(file) = self.file(context)? {
            let path = file.at(context.now);
            context.print_notice(&format!("the rows would be archived in \"{path}\""));
        }
        Ok(())
    }
}

/// Archives of the jobs of a configuration with this path.
pub fn files_of(config: &Config, path: Option<&Path>) -> Vec<ArchiveName> {
    let files = config.jobs.iter().filter_map(|job| config.archive_of(job));
    let mut files: Vec<ArchiveName> = files.map(|file| beside_config(file, path)).collect();
    files.sort();
    files.dedup();
    files
}

/// Work whose rows are archived.
#[derive(Debug, Clone)]
pub struct ArchivedRun {
    /// `purge` or `cycle`.
    pub work: &'static str,
    pub job: Option<String>,
    pub now: UnixTime,
}

/// File to save rows to.
#[derive(Debug, Clone)]
pub struct ArchiveTarget {
    pub file: ArchiveName,
    /// Retention of files with a date.
    pub keep: Option<Span>,
}

/// A path in a configuration is relative to its file.
fn beside_config(file: &ArchiveName, config: Option<&Path>) -> ArchiveName {
    let directory = config.and_then(Path::parent);
    file.within(&directory.map_or_else(String::new, |path| path.display().to_string()))
}

impl Context {
    /// Saves the rows of a run from now on, and deletes archives past their retention; without a
    /// target, rows are no longer saved.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) if the table does not support it. Any error of
    /// deleting old archives.
    pub fn archive(
        &self,
        service: &mut SessionService,
        target: Option<ArchiveTarget>,
        run: ArchivedRun,
    ) -> anyhow::Result<()> {
        let Some(ArchiveTarget { file, keep }) = target else {
            return Ok(service.archive_to(None)?);
        };
        // With a wrong clock, which the run itself reports, they might be deleted too early.
        if let Some(keep) = keep.filter(|_| file.has_date())
            && service.check_clock(run.now).is_ok()
        {
            self.remove_expired_archives(&file, keep, run.now)?;
        }
        let sink = ArchiveSink::new(self, service, file, run)?;
        Ok(service.archive_to(Some(Box::new(sink)))?)
    }
}
