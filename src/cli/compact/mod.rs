//! `sessctl compact`

mod dry_run;

use std::time::Duration;

use crate::Error;
use crate::app::{CompactReport, CompactRequest, SessionService, StopReason};
use crate::cli::args::duration;
use crate::cli::context::{Context, print};
use crate::cli::exit::{Exit, ignore_broken_pipe};
use crate::cli::interrupt::{Interrupt, Signal};
use crate::cli::retry::retry_while_held;
use crate::cli::{clock, disk_space, replication};
use crate::domain::format::format_count;
use crate::domain::health::is_slack_notable;
use crate::domain::write_limits::{HoldLimit, WriteLimits};
use crate::output::human;
use crate::output::record::{Column, Record, Schema, Value};
use crate::storage::SpaceRequirement;
use crate::store::Access;

/// Return the space of deleted rows to the file system
///
/// SQLite keeps empty pages and uses them for new rows: a table that is purged as fast as it
/// fills needs no compaction. After a large purge, the pages can be returned. This happens in
/// steps: write transactions of a few milliseconds, with pauses of the same length, so that
/// the application keeps running; it can be interrupted at any time. A purge and a compaction
/// of the same database exclude each other.
///
/// Compaction in steps needs a file that was created for it (`auto_vacuum = INCREMENTAL`).
/// `init` does not create such a file, because each open and each purge costs a little more in
/// it. In any other file, this command changes nothing and reports what --full would do.
///
/// A deleted row leaves its page emptier, and only a page without any row is free. Keys are
/// random: after a purge of half the rows, most pages are half full and hardly any are free.
/// Steps return free pages; --full also fills up the others.
///
/// The file of an application, with a framework's table, needs --allow-foreign. Its settings
/// stay as they are, and --full is refused while another program uses it.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl compact                              free pages, step by step
  sessctl compact --full --dry-run             what a rebuild would free, and what it needs
  sessctl compact --run-time 10m --json
  sessctl compact --full                       all of it, while no other program can write
  sessctl --db app.db compact --allow-foreign  the file of an application")]
pub struct Args {
    /// Estimate the space that would be freed, and the time and the space that this needs; change
    /// nothing. The time is that of a disk that writes 100 MB per second
    #[arg(long)]
    dry_run: bool,
    /// Rewrite the whole file (VACUUM), as small as possible, and prepare it for compaction in
    /// steps. Writers wait until it is done, and so do readers if there is no write-ahead log.
    /// Meanwhile it needs up to twice the size of the new file; without a write-ahead log, the
    /// size of the new file plus that of the old one. It needs this space both in the
    /// directory of the database and in the one for temporary files (SQLITE_TMPDIR or TMPDIR).
    /// If there is too little space, nothing is changed
    #[arg(long)]
    full: bool,
    /// Compact the file of an application, too
    #[arg(long)]
    allow_foreign: bool,
    /// Stop after this time, with exit code 3 if work remains
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "dry_run")]
    run_time: Option<Duration>,
    /// Approximate time for which each step may block other writers [default: 2ms, or the
    /// value of the configuration]
    #[arg(long, value_name = "TIME", conflicts_with_all = ["full", "dry_run"])]
    hold: Option<HoldLimit>,
    /// Wait up to this time for a running purge or compaction; without this option, exit at
    /// once with exit code 11
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "dry_run")]
    wait: Option<Duration>,
}

static COMPACT_SUMMARY: Schema = Schema::one(
    "the summary of a compaction",
    &[
        Column::row("full", "full"),
        Column::row("bytes_before", "bytes before"),
        Column::row("bytes_after", "bytes after"),
        Column::row("freed_bytes", "freed bytes"),
        Column::row("free_bytes_left", "free bytes left"),
        Column::row("slack_bytes", "slack bytes (estimate)"),
        Column::row("steps_possible", "steps possible"),
        Column::row("steps", "steps"),
        Column::row("longest_hold_ms", "longest hold, ms"),
        Column::row("elapsed_ms", "elapsed, ms"),
        Column::row("stopped", "stopped"),
    ],
);

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        if let Some(format) = context.requested_format() {
            format.check(if self.dry_run { &dry_run::ESTIMATE } else { &COMPACT_SUMMARY })?;
        }
        if self.dry_run {
            return self.dry_run(context);
        }
        let mut service = context.open(Access::Write)?;
        self.refuse_foreign(&service)?;
        let write_limits = context.config()?.write_limits;
        if self.full {
            replication::warn_of_rewrite(&service, context)?;
        }
        let interrupt = Interrupt::listen()?;
        let is_held = |done: &_| matches!(done, Err(Error::LeaseHeld { .. }));
        let done = retry_while_held(self.wait, &interrupt, is_held, || {
            self.compact(&mut service, &interrupt, context, write_limits)
        });
        let done = match (done, interrupt.signal()) {
            // A signal arrived while it waited for another process.
            (Err(Error::LeaseHeld { .. }), Some(signal)) => return Ok(Exit::Interrupted(signal)),
            (done, _) => done?,
        };
        // A failure from here on does not undo the compaction.
        ignore_broken_pipe(self.write_summary(&done, &mut service, context))?;
        Ok(exit(&done, interrupt.signal()))
    }

    /// Refuses the file of an application, with what to do instead.
    fn refuse_foreign(&self, service: &SessionService) -> crate::Result<()> {
        let refused = match service.ensure_can_compact(self.allow_foreign) {
            Err(Error::Refused(why)) => why,
            other => return other,
        };
        Err(Error::Refused(format!(
            "{refused}; let the application execute VACUUM, or pass --allow-foreign"
        )))
    }

    fn compact(
        &self,
        service: &mut SessionService,
        interrupt: &Interrupt,
        context: &Context,
        write_limits: WriteLimits,
    ) -> crate::Result<CompactReport> {
        // After a wait it is later.
        let now = if self.wait.is_some() { clock::now() } else { context.now };
        let request = CompactRequest {
            hold: self.hold.unwrap_or(write_limits.hold()),
            run_time: self.run_time,
            allow_foreign: self.allow_foreign,
        };
        if !self.full {
            return service.compact(&request, now, &mut || interrupt.go_on());
        }
        let mut room = |demand: &SpaceRequirement| ensure_space(demand, context);
        let asked = interrupt.clone();
        let leave = Box::new(move || asked.signal().is_some());
        service.vacuum(&request, now, &mut room, leave)
    }

    fn write_summary(
        &self,
        done: &CompactReport,
        service: &mut SessionService,
        context: &Context,
    ) -> anyhow::Result<()> {
        let is_said = context.is_interactive() || context.global.verbose || done.stopped.is_some();
        if context.global.quiet && done.stopped.is_some() {
            let (slack, is_foreign) = (service.unused_bytes()?, service.profile().is_some());
            context.print_failure(&sentence(done, slack.unwrap_or(0), is_foreign));
        }
        if context.global.quiet || !(is_said || context.requested_format().is_some()) {
            return Ok(());
        }
        let slack = service.unused_bytes()?;
        if context.requested_format().is_some() {
            return context.write_records(&COMPACT_SUMMARY, &[self.record(done, slack)]);
        }
        let sentence = sentence(done, slack.unwrap_or(0), service.profile().is_some());
        if context.is_interactive() {
            return print(sentence + "\n");
        }
        context.print_notice(&sentence);
        Ok(())
    }

    fn record(&self, done: &CompactReport, slack: Option<u64>) -> Record {
        let values = vec![
            Value::Flag(self.full),
            Value::Count(done.before.bytes()),
            Value::Count(done.after.bytes()),
            Value::Count(done.freed()),
            Value::Count(done.after.free_bytes()),
            slack.map_or(Value::Absent, Value::Count),
            Value::Flag(done.after.steps_possible),
            Value::Count(done.steps),
            Value::Measure(human::milliseconds(done.longest_hold)),
            Value::Measure(human::milliseconds(done.elapsed)),
            done.stopped.map_or(Value::Absent, |stopped| Value::word(stopped.as_str())),
        ];
        Record::new(["compact"], values)
    }
}

/// Checks that the file systems have the space for a rebuild.
fn ensure_space(demand: &SpaceRequirement, context: &Context) -> crate::Result<()> {
    let db = context.db().map_err(|e| Error::failed("name the database", e))?;
    let file = db
        .file()
        .ok_or_else(|| Error::Refused(format!("--full needs a file, but \"{db}\" is a cluster")))?;
    let beside = disk_space::volume(&disk_space::directory_of(file)?)?;
    let temporary = disk_space::volume(&disk_space::temporary_directory())?;
    Ok(demand.check(&beside, &temporary)?)
}

fn exit(done: &CompactReport, signal: Option<Signal>) -> Exit {
    match (done.stopped, signal) {
        (None, _) => Exit::Done,
        (Some(StopReason::Signal), Some(signal)) => Exit::Interrupted(signal),
        _ => Exit::StoppedEarly,
    }
}

fn sentence(done: &CompactReport, slack: u64, is_foreign: bool) -> String {
    let free = done.after.free_bytes();
    let pending = free + done.after.untruncated_bytes() + done.after.log_bytes;
    let freed = describe_freed(done);
    match done.stopped {
        None if is_slack_notable(slack, done.after.bytes()) => {
            format!("{freed}, of which --full would free about {}", human::bytes(slack))
        }
        None => freed,
        Some(StopReason::NoSteps) if is_foreign => format!(
            "nothing was changed: this file does not support compaction in steps; {} bytes are in \
             free pages, and `sessctl compact --full --allow-foreign` frees them while the \
             application is stopped",
            format_count(free),
        ),
        Some(StopReason::NoSteps) => format!(
            "nothing was changed: this file does not support compaction in steps; {} bytes are in \
             free pages, and `sessctl compact --full` frees them once{} and enables steps from then on",
            format_count(free),
            describe_slack(slack, done),
        ),
        Some(StopReason::Reader) => format!(
            "{freed}; stopped by a long-running reader; another {} can be freed when it ends",
            human::bytes(pending)
        ),
        Some(why) => {
            format!(
                "{freed}; stopped early ({why}); {} are still in free pages",
                human::bytes(free)
            )
        }
    }
}

fn describe_freed(done: &CompactReport) -> String {
    let size = human::bytes(done.after.bytes());
    let steps = match done.steps {
        0 => return format!("nothing was freed; the database takes {size}"),
        1 => "1 step".to_owned(),
        steps => format!("{} steps", format_count(steps)),
    };
    let freed = human::bytes(done.freed());
    let hold = human::elapsed(done.longest_hold);
    // Writers without a pause leave no moment in which it could be emptied.
    let log = match done.after.log_bytes {
        _ if done.after.untruncated_bytes() > 0 && done.replicator.is_some() => format!(
            ", until the next checkpoint of {} truncates it",
            done.replicator.unwrap_or_default()
        ),
        grown if grown > done.before.log_bytes => {
            format!(
                ", {} of it in the write-ahead log, freed when the last connection closes",
                human::bytes(grown)
            )
        }
        _ => String::new(),
    };
    format!("freed {freed} in {steps} of at most {hold}; the database now takes {size}{log}")
}

fn describe_slack(slack: u64, done: &CompactReport) -> String {
    if !is_slack_notable(slack, done.after.bytes()) {
        return String::new();
    }
    format!(", plus about {} from partly filled pages,", human::bytes(slack))
}
