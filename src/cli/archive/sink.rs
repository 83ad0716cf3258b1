//! Saving the rows of a run in an archive.

use std::cell::RefCell;
use std::rc::Rc;

use super::appender::Appender;
use super::frames::compress;
use super::line::{Origin, append_lines};
use crate::app::SessionService;
use crate::cli::context::Context;
use crate::cli::host;
use crate::cli::privileges::helper::Helper;
use crate::domain::archive_name::{ArchiveFormat, ArchiveName};
use crate::domain::error::{Error, Result};
use crate::domain::time::UnixTime;
use crate::storage::{Archive, ArchivedSession};

/// Approximate size of one append.
const CHUNK: usize = 4 << 20;

/// Work whose rows are archived.
#[derive(Debug, Clone)]
pub struct ArchivedRun {
    /// `purge` or `cycle`.
    pub work: &'static str,
    pub job: Option<String>,
    pub now: UnixTime,
}

pub struct ArchiveSink {
    name: ArchiveName,
    now: UnixTime,
    origin: Origin,
    appender: Appender,
    /// Process that writes with the privileges of root, if there is one.
    helper: Rc<RefCell<Option<Helper>>>,
}

impl ArchiveSink {
    pub fn new(
        context: &Context,
        service: &SessionService,
        name: ArchiveName,
        run: ArchivedRun,
    ) -> anyhow::Result<Self> {
        let origin = Origin {
            at: run.now,
            work: run.work.to_owned(),
            job: run.job,
            host: host::name(),
            database: context.full_database_name()?,
            profile: service.profile().map(|profile| profile.name.clone()),
        };
        let helper = context.helper();
        Ok(Self { name, now: run.now, origin, appender: Appender::default(), helper })
    }

    fn append(&mut self, lines: &[u8]) -> Result<()> {
        let compressed;
        let bytes = match self.name.format() {
            ArchiveFormat::Plain => lines,
            ArchiveFormat::Zstandard => {
                compressed = compress(lines);
                &compressed
            }
        };
        let appended = match self.helper.borrow_mut().as_mut() {
            Some(helper) => helper.append_to_archive(&self.name, self.now, bytes),
            None => self.appender.append(&self.name, self.now, bytes),
        };
        appended.map_err(|error| {
            let path = self.name.at(self.now);
            let doing = format!("archive rows in \"{path}\", so they were left in place");
            Error::failed(doing, format!("{error:#}"))
        })
    }
}

impl Archive for ArchiveSink {
    fn save(&mut self, sessions: &[ArchivedSession]) -> Result<()> {
        let mut lines = Vec::new();
        for session in sessions {
            append_lines(&mut lines, session, &self.origin);
            if lines.len() >= CHUNK {
                self.append(&lines)?;
                lines.clear();
            }
        }
        if lines.is_empty() { Ok(()) } else { self.append(&lines) }
    }
}
