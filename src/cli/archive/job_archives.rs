//! Archives of jobs.

use std::collections::BTreeMap;
use std::time::Duration;

use super::configured::archive_of_job;
use super::sink::ArchivedRun;
use super::target::ArchiveTarget;
use crate::Error;
use crate::app::{JobOptions, SessionService};
use crate::cli::clock;
use crate::cli::context::Context;
use crate::config::Config;
use crate::domain::job::{Job, JobStatus};
use crate::domain::time::Span;

/// Time before which a job does not become due while it is being checked.
const MARGIN: Span = Span::minutes(1);

/// The archives of jobs, by their names.
pub struct JobArchives<'a> {
    context: &'a Context,
    targets: BTreeMap<String, ArchiveTarget>,
}

impl<'a> JobArchives<'a> {
    pub fn new(context: &'a Context, config: &Config) -> Self {
        let keep = config.archive.keep;
        let target = |job: &Job| {
            let file = archive_of_job(config, job)?;
            Some((job.name.clone(), ArchiveTarget { file, keep }))
        };
        Self { context, targets: config.jobs.iter().filter_map(target).collect() }
    }

    /// Saves the rows of this job from now on, if it may run.
    ///
    /// # Errors
    /// [`Error::Refused`] if the table does not support it. Any error of reading the ledger, or of
    /// deleting old archives.
    pub fn start_job(
        &self,
        job: &Job,
        options: &JobOptions,
        wait: Option<Duration>,
        service: &mut SessionService,
    ) -> crate::Result<()> {
        let now = clock::now();
        let target = match self.targets.get(&job.name) {
            Some(target) if job.enabled => target.clone(),
            _ => return service.archive_to(None),
        };
        let wait = wait.map_or(0, |wait| i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
        let latest = now.plus(MARGIN).plus(Span::seconds(wait));
        match service.job_statuses(std::slice::from_ref(job), options, now)?[..] {
            [JobStatus::Scheduled { next, .. }] if next > latest => return Ok(()),
            _ => {}
        }
        let run = ArchivedRun { work: job.work.verb(), job: Some(job.name.clone()), now };
        self.context.archive(service, Some(target), run).map_err(|error| {
            error.downcast::<Error>().unwrap_or_else(|error| {
                Error::failed("archive the rows of the job", format!("{error:#}"))
            })
        })
    }
}
