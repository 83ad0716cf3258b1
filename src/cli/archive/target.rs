//! Archive of a command, as given or configured.

use crate::app::SessionService;
use crate::cli::context::Context;
use crate::domain::archive_name::ArchiveName;
use crate::domain::time::Span;

use super::configured::general_archive;
use super::sink::{ArchiveSink, ArchivedRun};

#[derive(Debug, Clone, Default, clap::Args)]
pub struct ArchiveArgs {
    /// Save each row to this file before it ends or is deleted, for sessctl restore: .jsonl or
    /// .jsonl.zst, and %Y-%m-%d in the name for a file per day [default: `[archive] file`]
    #[arg(long, value_name = "FILE")]
    archive: Option<ArchiveName>,
}

impl ArchiveArgs {
    /// Reports whether the option was given.
    pub const fn is_given(&self) -> bool {
        self.archive.is_some()
    }

    /// The archive of a command, as given or configured.
    ///
    /// # Errors
    /// Errors of the configuration.
    pub fn target(&self, context: &Context) -> anyhow::Result<Option<ArchiveTarget>> {
        let config = context.config()?;
        let file = self.archive.clone().or_else(|| general_archive(config));
        Ok(file.map(|file| ArchiveTarget { file, keep: config.archive.keep }))
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

/// File to save rows to.
#[derive(Debug, Clone)]
pub struct ArchiveTarget {
    pub file: ArchiveName,
    /// Retention of files with a date.
    pub keep: Option<Span>,
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
