//! `sessctl run`

mod job_figures;
mod job_pass;
mod report_writer;
mod setup;
mod watch;

pub use job_pass::MAX_INCOMPLETE_RUNS;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::store::Access;

use super::all_databases::{Call, Work, parallel};
use super::archive::archives_of_jobs;
use super::args::duration;
use super::context::Context;
use super::ended_sessions::{EndedLines, LineTarget};
use super::exit::{Exit, Usage, exit_code, exit_code_of_library_error};
use super::interrupt::Interrupt;
use super::notify;
use super::privileges::helper;
use crate::output::record::{Column, Schema};

use job_pass::JobPass;
use setup::{forget_jobs, no_jobs, with_report_writer};

/// Run the jobs of the configuration that are due
///
/// Each [[job]] that is due runs once, in the order of the file; then the command exits. Let
/// cron or a timer call it every minute (`sessctl schedule print cron`): a job with an
/// interval runs at the call closest to its time. A purge that was missed while the machine
/// was off is made up for, once; a cycle only if it is no later than the `late` of its job,
/// otherwise it is skipped, which is reported. A job that is new, or that returns to the
/// configuration, counts as having missed no run.
///
/// If standard output is not a terminal, a successful run prints nothing else unless a format
/// is given; the ledger records each run (`sessctl show runs`). With --each, or if an enabled
/// job has each = "stdout", the sessions that end are the output instead of the runs: --each
/// applies to all jobs of the call, in addition to the `each` key of each job.
///
/// If the configuration names databases and the call names none, the jobs of all of them run,
/// each in a process of its own; if root runs the command, with the privileges of the owner of
/// the database. The exit code is the worst of all: that of a signal, or the first of 12, 1, 2,
/// 10, 11, 4, 5, 3, 0. With --watch, there is a pass over all databases at the start of each
/// minute.
///
/// If another process is running a job, that job is left to it, and the exit code is 11. If
/// the machine's clock has moved since the last run (by more than `[guard] clock`, one
/// hour by default), no job runs, and the exit code is 4.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl --config /etc/sessctl.toml run
  * * * * * sessctl --config /etc/sessctl.toml run
  sessctl --db shop run                        the jobs of one database of the configuration
  sessctl run --each                           a line for each session that ends
  sessctl run --watch                          keep running, on a host without cron")]
pub struct Args {
    /// Keep running on schedule until SIGTERM or SIGINT; follow changes of the configuration
    /// file and of the clock; SIGHUP reloads the file at once
    #[arg(long, conflicts_with = "wait")]
    watch: bool,
    /// Accept the current time even though the clock has moved since the last run; with
    /// --watch, at startup
    #[arg(long)]
    accept_clock: bool,
    /// Wait up to this time for another process that does the same work; without this option,
    /// leave the job to it, with exit code 11
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,
    #[command(flatten)]
    each: LineTarget,
    /// Serve up to N databases of the configuration at the same time [default: 1]
    #[arg(long, value_name = "N")]
    parallel: Option<NonZeroUsize>,
    /// Append a line to this file for each run of a job, with time, database, counts, outcome and
    /// reason
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Afterwards write the figures of each job and of this call to a file for node_exporter, even
    /// if something is refused or fails
    #[arg(long, value_name = "FILE")]
    metrics_file: Option<PathBuf>,
}

const WATCH_WITHOUT_RECORDS: &str = "--watch prints no records without --each: omit -o and --json";

static JOB_RUNS: Schema = Schema::many(
    "runs",
    &[
        Column::row("job", "job"),
        Column::row("do", "do"),
        Column::row("outcome", "outcome"),
        Column::row("marked", "marked"),
        Column::row("ended", "ended"),
        Column::row("deleted", "deleted"),
        Column::row("reason", "reason"),
    ],
);

impl Args {
    /// The configuration that only root may be able to read again, and the archives.
    ///
    /// # Errors
    /// Errors of the configuration.
    pub fn privileged_files(&self, context: &Context) -> anyhow::Result<helper::Args> {
        let archives = archives_of_jobs(context.config()?);
        let config = context.config_files();
        let config = Some(config.path()).filter(|_| self.is_watch(context));
        let metrics_file = context.own_metrics_file(self.metrics_file.as_deref());
        let files = helper::Args::new(metrics_file, config);
        Ok(files.for_database(context.database_name()).with_archives(archives))
    }

    /// The call, if other processes run the jobs: where databases have names and none is meant, or
    /// where the runs are to be recorded.
    ///
    /// # Errors
    /// Errors of the configuration, and options that exclude each other.
    pub fn call(&self, context: &Context) -> anyhow::Result<Option<Call>> {
        let is_for_all = context.named_db.is_none() && !context.databases()?.is_empty();
        let work = |each| Work::Run { each, watch: self.watch };
        let log = self.log.as_deref();
        if !is_for_all {
            let call = Call::for_one(work(false)).with_files(None, log);
            let is_observed = log.is_some() || notify::is_wanted(&call, context)?;
            return Ok(is_observed.then_some(call));
        }
        let mut configs = context.databases()?.iter().map(|database| &database.config);
        let each = configs.any(|config| self.each.is_stdout_for(config));
        if self.watch && context.requested_format().is_some() && !each {
            return Err(Usage::error(WATCH_WITHOUT_RECORDS));
        }
        let call = Call::for_all(work(each), parallel(self.parallel));
        Ok(Some(call.with_files(self.metrics_file.as_deref(), log)))
    }

    /// Reports whether this process keeps running.
    fn is_watch(&self, context: &Context) -> bool {
        self.watch && context.collector().is_none()
    }

    pub fn metrics_file(&self) -> Option<&Path> {
        self.metrics_file.as_deref()
    }

    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&JOB_RUNS)?;
        context.will_run_jobs();
        let config = context.config()?;
        let is_watch = self.is_watch(context);
        if is_watch && context.requested_format().is_some() && !self.each.is_stdout() {
            return Err(Usage::error(WATCH_WITHOUT_RECORDS));
        }
        if config.jobs.is_empty() {
            forget_jobs(context, config);
            return Err(Usage::error(no_jobs(context)));
        }
        if is_watch {
            let metrics_file = self.metrics_file.as_deref();
            return watch::watch(context, self.each, self.accept_clock, metrics_file);
        }
        let each = EndedLines::for_jobs(context, self.each);
        let has_each = self.each.is_stdout_for(config);
        let mut pass = JobPass::new(context, config, &each, self.wait)?;
        let service = context.open(Access::Write)?.with_hook(each.hook());
        let mut service = with_report_writer(service, context, config)?;
        // A profile that must be named is needed by all jobs, and none counts as run.
        service.ensure_profile_confirmed()?;
        if self.accept_clock {
            service.accept_clock();
        }
        let interrupt = Interrupt::listen()?;
        let finished = pass.run_jobs(&config.jobs, &mut service, &interrupt);
        let listed = if has_each { each.end() } else { Ok(()) };
        let exit = interrupt.signal().map_or(pass.exit, Exit::Interrupted);
        if let Some(path) = &self.metrics_file {
            let code = finished.as_ref().err().map_or(exit_code(exit), exit_code_of_library_error);
            job_figures::write(path, &service, config, code, context)?;
        }
        if context.collector().is_some() {
            // It has heard of each job.
        } else if context.requested_format().is_some() && !context.global.quiet && !has_each {
            context.write_records(&JOB_RUNS, &pass.records)?;
        } else if finished.is_err() {
            // It says so itself.
        } else if pass.records.is_empty() && context.is_interactive() {
            context.print_notice("nothing is due; `sessctl show schedule` lists the next runs");
        }
        finished?;
        listed?;
        Ok(exit)
    }
}
