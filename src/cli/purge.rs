//! `sessctl purge`

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sessctl::Error;
use sessctl::app::{Housekeeper, Plan, PurgeRequest, Summary};
use sessctl::domain::filter::TaskPattern;
use sessctl::domain::guard::Guard;
use sessctl::domain::time::UnixTime;
use sessctl::domain::zone::Zone;
use sessctl::store::Access;

use super::args::{Moment, duration, percent, task};
use super::context::{Context, print, unwritten};
use super::exit::{Exit, unless_gone};
use super::interrupt::{Interrupt, Signal};
use super::list::{TABLE_ROWS, remainder};
use super::show::stat;
use super::waiting::waiting;
use super::{clock, metrics, records};
use crate::output::people::{self, milliseconds, thousands};
use crate::output::record::{Column, Metric, MetricKind, Record, Schema, Value};
use crate::output::{FormatName, Head};

/// End and delete what is due
///
/// Live sessions that are due under the policy of their task end; rows of ended
/// sessions go when their retention is over. The table is walked in short write
/// transactions, so that the application goes on; the run can be interrupted at
/// any moment and the next one finds what is left. Off a terminal it says nothing
/// when all went well, unless a format is asked for.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl purge --dry-run                      what would happen, and why
  sessctl purge --dry-run --at '2026-12-24 18:00'
  sessctl purge --max-percent 50 --json        end nothing if it were more than half
  15 * * * * sessctl --db /var/lib/app.db purge")]
pub struct Args {
    /// List what would happen and why; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Only this task; * stands for any text, case does not matter
    #[arg(long, value_name = "TASK", value_parser = task)]
    task: Option<TaskPattern>,
    /// End nothing if it were more than this share of the live sessions
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    max_percent: Option<f64>,
    /// End nothing if it were more sessions than this; 0: no cap
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
    /// Stop after this time, with exit code 3 if work remains
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    run_time: Option<Duration>,
    /// Wait up to this time for another purge that is at work; without it, leave at
    /// once with exit code 11
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "dry_run")]
    wait: Option<Duration>,
    /// With --dry-run: what would happen to the rows as they are now if it were
    /// another moment
    #[arg(long, value_name = "TIME", requires = "dry_run")]
    at: Option<Moment>,
    /// Afterwards write the figures of show stat and of this run to a file, for
    /// node_exporter
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    metrics_file: Option<PathBuf>,
}

/// A figure of the last purge.
const fn last(name: &'static str, help: &'static str) -> Metric {
    Metric { name, help, kind: MetricKind::Gauge, labels: &[] }
}

static SUMMARY: Schema = Schema::one(
    "the summary of a purge",
    &[
        Column::row("dry_run", "dry run"),
        Column::row("marked", "marked")
            .metric(last("sessctl_purge_marked", "Sessions that the last purge marked as unused.")),
        Column::row("ended", "ended")
            .metric(last("sessctl_purge_ended", "Sessions that the last purge ended.")),
        Column::row("deleted", "deleted")
            .metric(last("sessctl_purge_deleted", "Rows that the last purge deleted.")),
        Column::row("live", "live")
            .metric(last("sessctl_purge_live", "Live sessions that the last purge left.")),
        Column::row("remaining", "remaining").metric(last(
            "sessctl_purge_remaining",
            "Rows that were due and that the last purge left for the next.",
        )),
        Column::row("batches", "batches"),
        Column::row("longest_hold_ms", "longest hold, ms").metric(last(
            "sessctl_purge_longest_hold_milliseconds",
            "Longest time for which the last purge held up other writers.",
        )),
        Column::row("elapsed_ms", "elapsed, ms")
            .metric(last("sessctl_purge_elapsed_milliseconds", "How long the last purge took.")),
        Column::row("stopped", "stopped"),
    ],
);

/// What a collector also wants to know: whether purges still run at all.
static RUN: Schema = Schema::one(
    "the time of a purge",
    &[Column::row("time", "time")
        .metric(last("sessctl_purge_time_seconds", "When the last purge ran."))],
);

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        if let Some(format) = context.asked_format() {
            format.check(if self.dry_run { &records::DUE } else { &SUMMARY })?;
        }
        let request = self.request(context)?;
        if self.dry_run {
            let now = self.at.map(|at| at.read(&Zone::Local)).transpose()?.unwrap_or(context.now);
            return dry_run(&request, now, context);
        }
        let mut keeper = context.open(Access::Write)?;
        let interrupt = Interrupt::listen()?;
        let is_held = |purged: &_| matches!(purged, Err(Error::Held { .. }));
        let purged = waiting(self.wait, &interrupt, is_held, || {
            // After a wait it is later.
            let now = if self.wait.is_some() { clock::now() } else { context.now };
            keeper.purge(&request, now, &mut |_| interrupt.go_on())
        });
        if purged.is_err() {
            // What ended before the failure stays ended.
            context.untold(&mut keeper);
        }
        let summary = match (purged, interrupt.signal()) {
            (Err(Error::Guard(refusal)), _) if context.asked_format().is_some() => {
                unless_gone(answer(&Summary::refused(&refusal), context))?;
                return Err(Error::Guard(refusal).into());
            }
            // It was told to stop while it waited for another one.
            (Err(Error::Held { .. }), Some(signal)) => return Ok(Exit::Interrupted(signal)),
            (purged, _) => purged?,
        };
        // Whatever fails from here on, the purge has taken place.
        if let Some(untold) = &summary.untold {
            context.say_untold(untold);
        }
        unless_gone(answer(&summary, context))?;
        if let Some(path) = &self.metrics_file {
            write_metrics(path, &keeper, &summary, context.now)?;
        }
        keeper.drop_runs(context.config()?.keep_runs, context.now)?;
        Ok(exit(&summary, interrupt.signal()))
    }

    fn request(&self, context: &Context) -> anyhow::Result<PurgeRequest> {
        let guard = context.config()?.guard;
        Ok(PurgeRequest {
            guard: Guard {
                max_percent: self.max_percent.unwrap_or(guard.max_percent),
                max_rows: self.max_rows.unwrap_or(guard.max_rows),
            },
            task: self.task.clone(),
            run_time: self.run_time,
            ..PurgeRequest::default()
        })
    }
}

fn exit(summary: &Summary, signal: Option<Signal>) -> Exit {
    match (summary.stopped, signal) {
        (None, _) if summary.untold.is_none() => Exit::Done,
        (Some(_), Some(signal)) => Exit::Interrupted(signal),
        _ => Exit::StoppedEarly,
    }
}

fn write_metrics(
    path: &Path,
    keeper: &Housekeeper,
    summary: &Summary,
    now: UnixTime,
) -> anyhow::Result<()> {
    let time = Value::Count(now.0.unsigned_abs());
    metrics::write(
        path,
        &[
            (&stat::STAT, &stat::records(keeper, None, now)?),
            (&SUMMARY, &[record(summary, false)]),
            (&RUN, &[Record::new(["purge"], vec![time])]),
        ],
    )
}

fn answer(summary: &Summary, context: &Context) -> anyhow::Result<()> {
    if context.global.quiet {
        return Ok(());
    }
    if context.asked_format().is_some() {
        return context.answer(&SUMMARY, &[record(summary, false)]);
    }
    if context.is_interactive() {
        print(sentence(summary, false) + "\n")?;
    } else if context.global.verbose || summary.stopped.is_some() {
        context.say(&sentence(summary, false));
    }
    Ok(())
}

fn dry_run(request: &PurgeRequest, now: UnixTime, context: &Context) -> anyhow::Result<Exit> {
    let keeper = context.open(Access::Read)?;
    let plan = keeper.plan(request, now)?;
    if !context.global.quiet {
        let shown = list_due(&keeper, request, now, context, &plan)?;
        let due = plan.due;
        if shown < due {
            context.say(&remainder(shown, due, "sessions that are due", false));
        }
        if context.format() == FormatName::Table {
            context.say(&sentence(&plan.summary, true));
        }
    }
    match plan.guard {
        Ok(()) => Ok(Exit::Done),
        Err(refusal) => {
            context.say(&format!("the guard would refuse this run: it {refusal}"));
            Ok(Exit::Refused)
        }
    }
}

fn list_due(
    keeper: &Housekeeper,
    request: &PurgeRequest,
    now: UnixTime,
    context: &Context,
    plan: &Plan,
) -> anyhow::Result<u64> {
    let most = if context.format() == FormatName::Table { TABLE_ROWS } else { u64::MAX };
    let summary = record(&plan.summary, true);
    let head = Head { schema: &SUMMARY, record: &summary, rows: "sessions" };
    let mut listing = context.listing(&records::DUE, Some(head))?;
    let mut shown = 0;
    keeper.due(request.task.as_ref(), now, &mut |session, verdict| {
        listing.record(&records::due(&session, verdict, now)).map_err(unwritten)?;
        shown += 1;
        Ok(if shown < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    listing.end().map_err(unwritten)?;
    Ok(shown)
}

fn record(summary: &Summary, dry_run: bool) -> Record {
    let done = &summary.done;
    let values = vec![
        Value::Flag(dry_run),
        Value::Count(done.marked),
        Value::Count(done.ended),
        Value::Count(done.deleted),
        Value::Count(summary.live),
        Value::Count(summary.remaining),
        Value::Count(done.batches),
        Value::Measure(milliseconds(done.longest_hold)),
        Value::Measure(milliseconds(summary.elapsed)),
        summary.stopped.map_or(Value::Absent, |stopped| Value::word(stopped.as_str())),
    ];
    Record::new(["purge"], values)
}

fn sentence(summary: &Summary, dry_run: bool) -> String {
    let done = &summary.done;
    let [ended, deleted, live] = [done.ended, done.deleted, summary.live].map(thousands);
    let marked = match done.marked {
        0 => String::new(),
        marked => format!("mark{} {}, ", if dry_run { "" } else { "ed" }, thousands(marked)),
    };
    if dry_run {
        return format!(
            "would {marked}end {ended} and delete {deleted} sessions, and leave {live} live"
        );
    }
    let elapsed = people::measure(milliseconds(summary.elapsed));
    let done = format!(
        "{marked}ended {ended} and deleted {deleted} sessions in {elapsed} ms; {live} are left live"
    );
    match summary.stopped {
        None => done,
        Some(why) => {
            format!("{done}; stopped by {why}, {} rows are still due", thousands(summary.remaining))
        }
    }
}
