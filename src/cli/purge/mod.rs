//! `sessctl purge`

mod changed_policies;
mod dry_run;
mod figures;
mod method;
mod report;
mod space;
pub mod summary;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Error;
use crate::app::{PurgeReport, PurgeRequest, SessionService, StopReason};
use crate::config::Config;
use crate::domain::guard::GuardLimits;
use crate::domain::write_limits::{ByteSize, HoldLimit, WriteLimits};
use crate::store::{Access, Location};

use crate::cli::all_databases::job_reporter::JobReporter;
use crate::cli::all_databases::{Call, ManyDatabases, Work};
use crate::cli::archive::{ArchiveArgs, ArchivedRun};
use crate::cli::args::{at_least_one, duration, percent};
use crate::cli::context::Context;
use crate::cli::ended_sessions::{EndedLines, LineTarget};
use crate::cli::exit::{
    Exit, Usage, eprint_line, exit_code, exit_code_of_library_error, ignore_broken_pipe,
};
use crate::cli::interrupt::{Interrupt, Signal};
use crate::cli::kept_rows::warn_of_unindexed;
use crate::cli::priority::Priority;
use crate::cli::privileges::helper;
use crate::cli::progress::ProgressDisplay;
use crate::cli::retry::retry_while_held;
use crate::cli::run_note::Why;
use crate::cli::selection::{Selection, unknown_task};
use crate::cli::statement_watchdog::Deadline;
use crate::cli::{clock, disk_space, notify, replication, session_records};
use crate::output::record::Record;
use crate::output::sanitize::escape;

use dry_run::PreviewArgs;
use figures::{table_figures, write_metrics};
use report::{print_summary, write_summary};
use summary::{SUMMARY, record};

pub use report::{names_unreadable, print_row_notices};

/// End sessions that are due, and delete rows past their retention
///
/// Sessions that are due under the policy of their task end; rows of ended sessions are
/// deleted after their retention. The table is processed in short write transactions, so that
/// the application keeps running; the run can be interrupted at any time, and the next one
/// continues with the rest. If the machine's clock has moved since the last run (by
/// more than `[guard] clock`, one hour by default), nothing ends (exit code 4). If standard
/// output is not a terminal, a successful purge prints nothing unless a format is given. With
/// --each, the sessions that end are the output; the summary goes to standard error, if that
/// is a terminal.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl purge --dry-run                      what would happen, and why
  sessctl purge --each -o jsonl                a line for each session that ends
  sessctl purge --dry-run --at '2026-12-24 18:00'
  sessctl purge --dry-run --set policy.imap.timeout=15m
  sessctl purge --max-percent 50 --json        end nothing if it were more than half
  sessctl purge --all-databases                each database of the configuration
  15 * * * * sessctl --db /var/lib/app.db purge")]
pub struct Args {
    /// List what would happen, and why; change nothing
    #[arg(long, conflicts_with = "each")]
    pub dry_run: bool,
    /// End nothing (exit code 4) if more than this percentage of the sessions in the table
    /// that have not ended would end. A backlog, that is, sessions that were already due at
    /// the last purge, does not count
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    max_percent: Option<f64>,
    /// End nothing (exit code 4) if more than this number of sessions would end, not counting
    /// a backlog; 0: no limit
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
    /// Stop after this time, with exit code 3 if work remains
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    run_time: Option<Duration>,
    /// Approximate time for which each write transaction may block other writers [default:
    /// 2ms, or the value of the configuration]
    #[arg(long, value_name = "TIME")]
    hold: Option<HoldLimit>,
    /// Approximate time of each write transaction while no other connection is active
    /// [default: that of --hold or of the configuration; with neither, 100ms with a write-ahead
    /// log and 300ms without]
    #[arg(long, value_name = "TIME", conflicts_with = "fast")]
    hold_alone: Option<HoldLimit>,
    /// Be as fast as possible, however long others wait; for a database that nobody else uses.
    /// Where most rows of a framework's table are due, one transaction empties the table and
    /// puts the rest back
    #[arg(long, conflicts_with_all = ["hold", "dry_run"])]
    fast: bool,
    /// Maximum size of the write-ahead log while a long-running reader keeps it from being
    /// reset; at that size the purge stops with exit code 3 [default: 64MiB, or the value of
    /// the configuration]
    #[arg(long, value_name = "SIZE")]
    max_log: Option<ByteSize>,
    /// Size that the write-ahead log may reach before it is checkpointed while no other
    /// connection is active, at most a quarter of the free disk space [default: 256MiB, or the
    /// value of the configuration]
    #[arg(long, value_name = "SIZE")]
    log_alone: Option<ByteSize>,
    /// Print progress to standard error at this interval, in seconds [default on a terminal: a
    /// progress bar]
    #[arg(long, value_name = "SECONDS", conflicts_with = "dry_run")]
    #[arg(value_parser = at_least_one)]
    progress: Option<u64>,
    /// Wait up to this time for another running purge; without this option, exit at once with
    /// exit code 11
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "dry_run")]
    wait: Option<Duration>,
    /// Accept the current time even though the clock has moved since the last run
    #[arg(long)]
    accept_clock: bool,
    #[command(flatten)]
    archive: ArchiveArgs,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    each: LineTarget,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    preview: PreviewArgs,
    /// Append a line to this file for the purge of each database, with time, database, counts,
    /// outcome and reason
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    log: Option<PathBuf>,
    #[command(flatten)]
    databases: ManyDatabases,
    /// Afterwards write the figures of show stat and of this run to a file for node_exporter, even
    /// if the run is refused or fails
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    metrics_file: Option<PathBuf>,
}

impl Args {
    /// The files that only root may be able to write.
    ///
    /// # Errors
    /// Errors of the configuration.
    pub fn privileged_files(&self, context: &Context) -> anyhow::Result<helper::Args> {
        let metrics_file = context.own_metrics_file(self.metrics_file.as_deref());
        let files = helper::Args::new(metrics_file, None);
        Ok(if self.dry_run { files } else { files.with_archives(self.archive.file(context)?) })
    }

    /// The call, if other processes purge.
    ///
    /// # Errors
    /// Options that exclude each other.
    pub fn call(&self, context: &Context) -> anyhow::Result<Option<Call>> {
        let work = Work::Purge { dry_run: self.dry_run, each: self.each.is_stdout() };
        if self.databases.is_wanted(context)? {
            if self.archive.is_given() {
                return Err(Usage::error(
                    "one archive cannot be restored to several databases: instead of --archive, \
                     set file in [database.archive] for each database",
                ));
            }
            if self.preview.limit.is_some() || self.selection.is_more_than_a_task() {
                return Err(Usage::error(
                    "a dry run of all databases lists none of their sessions; to list those of \
                     one, pass --db NAME instead of --all-databases",
                ));
            }
            let call = Call::for_all(work, self.databases.parallel());
            let files = (self.metrics_file.as_deref(), self.log.as_deref());
            return Ok(Some(call.with_files(files.0, files.1)));
        }
        let call = Call::for_one(work).with_files(None, self.log.as_deref());
        let is_observed = self.log.is_some() || notify::is_wanted(&call, context)?;
        Ok((is_observed && !self.dry_run).then_some(call))
    }

    pub fn metrics_file(&self) -> Option<&Path> {
        self.metrics_file.as_deref()
    }

    /// Checks what the parser does not.
    ///
    /// # Errors
    /// [`Usage`] for a selection that only a dry run takes.
    pub fn ensure_valid(&self) -> anyhow::Result<()> {
        if !self.dry_run && self.selection.is_more_than_a_task() {
            return Err(Usage::error(
                "a purge takes all sessions that are due, or those of a --task; to list some of \
                 them, add --dry-run; to end some sessions now, use `sessctl cycle`",
            ));
        }
        Ok(())
    }

    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        if let Some(format) = context.requested_format() {
            format.check(match (self.dry_run, self.each.is_stdout()) {
                (true, _) => &session_records::DUE,
                (false, true) => &session_records::SESSIONS,
                (false, false) => &SUMMARY,
            })?;
        }
        self.ensure_valid()?;
        let request = self.request(context)?;
        if self.dry_run {
            let _deadline = Deadline::after(self.run_time);
            let exit = self.preview.run(&request, &self.selection, self.accept_clock, context)?;
            self.archive.announce(context)?;
            return Ok(exit);
        }
        self.purge(&request, context)
    }

    fn purge(&self, request: &PurgeRequest, context: &Context) -> anyhow::Result<Exit> {
        let deadline = Deadline::after(self.run_time);
        let each = EndedLines::for_purge(context, self.each);
        let mut service = context.open(Access::Write)?.with_hook(each.hook());
        drop(deadline);
        context.announce_stricter_rules(service.profile());
        if let Some(exit) = unknown_task(&service, self.selection.task.as_ref(), context)? {
            return Ok(exit);
        }
        if self.accept_clock {
            service.accept_clock();
        }
        let run = ArchivedRun { work: "purge", job: None, now: context.now };
        context.archive(&mut service, self.archive.target(context)?, run)?;
        let reporter = JobReporter::new(context, "purge", "purge");
        let interrupt = Interrupt::listen()?;
        let every = self.progress.map(Duration::from_secs);
        let is_held = |purged: &_| matches!(purged, Err(Error::LeaseHeld { .. }));
        let purged = retry_while_held(self.wait, &interrupt, is_held, || {
            // After a wait it is later.
            let now = if self.wait.is_some() { clock::now() } else { context.now };
            let mut display = ProgressDisplay::new(every, context);
            service.purge(request, now, &mut |progress| {
                reporter.started();
                display.show(progress);
                interrupt.go_on()
            })
        });
        // The listing is completed whatever the result.
        let listed = if self.each.is_stdout() { each.end() } else { Ok(()) };
        context.print_clock_warning(&mut service);
        if purged.is_err() {
            // What ended before the failure stays ended.
            context.report_missed(&mut service);
        }
        let summary = match (purged, interrupt.signal()) {
            // A signal arrived while it waited for another purge.
            (Err(Error::LeaseHeld { .. }), Some(signal)) => return Ok(Exit::Interrupted(signal)),
            (Err(error), _) => {
                reporter.failed(&error);
                self.note_failure(&error, &service, context);
                return Err(error.into());
            }
            (Ok(summary), _) => summary,
        };
        let exit = exit(&summary, interrupt.signal());
        let done = &summary.done;
        let counts = [done.marked, done.ended, done.deleted];
        reporter.ended(exit, counts, summary.incomplete_reason());
        self.finish(&summary, exit, &mut service, context)?;
        listed?;
        Ok(exit)
    }

    /// Reports a purge. A failure from here on does not undo it.
    fn finish(
        &self,
        summary: &PurgeReport,
        exit: Exit,
        service: &mut SessionService,
        context: &Context,
    ) -> anyhow::Result<()> {
        if let Some(missed) = &summary.missed_notifications {
            context.print_missed(missed);
        }
        if let (Some(StopReason::DiskFull), Location::File(path)) = (summary.stopped, context.db()?)
        {
            let advice = disk_space::advice(&path.display().to_string());
            eprint_line(Priority::Error, &escape(&format!("sessctl: {advice}")));
        }
        let names_unreadable = names_unreadable(summary, service, context)?;
        print_row_notices(summary, false, names_unreadable, context);
        replication::report(summary.replication.as_deref(), summary.stopped, context);
        if context.is_interactive() || context.global.verbose {
            method::print_obstacle(summary, service, context);
        }
        warn_of_unindexed(service, context.global.verbose, context)?;
        if self.each.is_stdout() {
            print_summary(summary, service, context);
        } else {
            ignore_broken_pipe(write_summary(summary, service, context))?;
        }
        space::print_free_space(summary, service, context);
        if let Some(path) = &self.metrics_file {
            let done = record(summary, service.profile(), false);
            let figures = table_figures(service, context)?;
            write_metrics(path, service, &figures, &[done], exit_code(exit), context)?;
        }
        service.drop_runs(context.config()?.keep_runs, context.now)?;
        Ok(())
    }

    fn request(&self, context: &Context) -> anyhow::Result<PurgeRequest> {
        let Config { guard, write_limits, .. } = context.config()?;
        let limits = self.hold.map_or(*write_limits, |hold| write_limits.with_hold(hold));
        Ok(PurgeRequest {
            write_limits: WriteLimits {
                hold_alone: self.hold_alone.or(limits.hold_alone),
                fast: self.fast,
                max_log: self.max_log.unwrap_or(write_limits.max_log),
                log_alone: self.log_alone.unwrap_or(write_limits.log_alone),
                ..limits
            },
            guard: GuardLimits { max_percent: self.max_percent, max_rows: self.max_rows }
                .or(*guard),
            task: self.selection.task.clone(),
            run_time: self.run_time,
            job: None,
            note: self.why.note(self.selection.typed()),
        })
    }

    /// Reports a failure to programs: a refusal in the requested format if there are figures, and
    /// each of them in the metrics file. What fails here is printed; the command still ends with
    /// the error.
    fn note_failure(&self, error: &Error, service: &SessionService, context: &Context) {
        let summary = match error {
            Error::Guard(refusal) => Some(PurgeReport::refused(refusal)),
            Error::Clock(_) => Some(PurgeReport::refused_by_clock()),
            _ => None,
        };
        let is_asked = context.requested_format().is_some() && !self.each.is_stdout();
        let asked = summary.as_ref().filter(|_| is_asked);
        let answered =
            asked.map(|summary| ignore_broken_pipe(write_summary(summary, service, context)));
        let done: Vec<Record> =
            summary.iter().map(|summary| record(summary, service.profile(), false)).collect();
        let written = self.metrics_file.as_ref().map(|path| {
            let figures = match error {
                // Nor could they be read now, or only after another wait.
                Error::Busy { .. } | Error::Unavailable { .. } | Error::Corrupt { .. } => vec![],
                _ => table_figures(service, context).unwrap_or_default(),
            };
            let code = exit_code_of_library_error(error);
            write_metrics(path, service, &figures, &done, code, context)
        });
        for fault in [answered, written].into_iter().flatten().filter_map(Result::err) {
            eprint_line(Priority::Error, &escape(&format!("sessctl: {fault:#}")));
        }
    }
}

fn exit(summary: &PurgeReport, signal: Option<Signal>) -> Exit {
    match (summary.stopped, signal) {
        (None, _) if summary.incomplete_reason().is_none() => Exit::Done,
        (Some(StopReason::DiskFull), _) => Exit::Failed,
        (Some(_), Some(signal)) => Exit::Interrupted(signal),
        _ => Exit::StoppedEarly,
    }
}
