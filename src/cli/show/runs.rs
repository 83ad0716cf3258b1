//! `sessctl show runs`

use std::ops::ControlFlow;

use crate::storage::{RunOutcome, RunQuery, RunRecord};

use crate::cli::context::{Context, unwritten};
use crate::cli::exit::Exit;
use crate::output::record::{Column, Record, Schema, Severity, Value};

/// Runs that are shown unless more are asked for.
const LAST: u64 = 20;

/// Show the last runs of purges and jobs, most recent first
///
/// A cycle that does not belong to a job appears only if its guard refused it. The lateness of
/// a run is the time from its planned to its actual start.
///
/// Outcomes: partial (stopped early, or a hook failed), refused (by the guard), skipped (the
/// job belongs to another host, or a cycle was late by more than its `late`), lost (the
/// process died).
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl show runs --limit 5
  sessctl show runs --job 'restart imap' --failed
  sessctl show runs --json | jq '.[0].outcome'")]
pub struct Args {
    /// Only runs of this job
    #[arg(long, value_name = "NAME")]
    job: Option<String>,
    /// Only runs that were partial, refused, failed or lost
    #[arg(long)]
    failed: bool,
    /// Show at most N runs; 0: all
    #[arg(long, value_name = "N", default_value_t = LAST)]
    limit: u64,
}

static RUNS: Schema = Schema::many(
    "runs",
    &[
        Column::row("run", "run"),
        Column::row("job", "job"),
        Column::row("do", "do"),
        Column::detail("task", "task"),
        Column::detail("planned_at", "planned").time(),
        Column::row("started_at", "started").time(),
        Column::row("late_seconds", "late"),
        Column::detail("missed", "missed"),
        Column::detail("finished_at", "finished").time(),
        Column::row("took_seconds", "took"),
        Column::row("outcome", "outcome"),
        Column::row("marked", "marked"),
        Column::row("ended", "ended"),
        Column::row("deleted", "deleted"),
        Column::row("reason", "reason"),
        Column::detail("host", "host"),
        Column::detail("pid", "process"),
        Column::detail("user", "user"),
        Column::detail("version", "version"),
    ],
);

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&RUNS)?;
        let service = context.open_runs()?;
        let query = RunQuery {
            job: self.job.clone(),
            failures: self.failed,
            limit: Some(self.limit).filter(|limit| *limit > 0),
            ..RunQuery::default()
        };
        let mut listing = context.listing(&RUNS, None)?;
        let mut shown = 0;
        service.runs(&query, context.now, &mut |run| {
            shown += 1;
            listing.record(&record(&run)).map_err(unwritten)?;
            Ok(ControlFlow::Continue(()))
        })?;
        listing.end().map_err(unwritten)?;
        if shown == 0 && context.is_interactive() {
            context.print_notice("no runs");
        }
        Ok(Exit::Done)
    }
}

fn record(run: &RunRecord) -> Record {
    // The figures of an unfinished run are unknown.
    let is_known =
        !matches!(run.outcome, RunOutcome::Running | RunOutcome::Lost) || run.finished.is_some();
    let done = |count| if is_known { Value::Count(count) } else { Value::Absent };
    let values = vec![
        Value::Number(run.id.unsigned_abs()),
        Value::text(run.job.as_deref()),
        Value::word(run.work.clone()),
        Value::text(run.task.as_deref()),
        Value::Time(run.planned),
        Value::Time(run.started),
        Value::Span(run.started.since(run.planned)),
        Value::Count(run.missed),
        Value::time(run.finished),
        Value::span(run.finished.map(|finished| finished.since(run.started))),
        outcome(run.outcome),
        done(run.marked),
        done(run.ended),
        done(run.deleted),
        Value::text(run.reason.as_deref()),
        Value::text(Some(run.origin.host.as_str())),
        Value::Number(run.origin.pid.into()),
        Value::text(Some(run.origin.user.as_str()).filter(|user| !user.is_empty())),
        Value::text(Some(run.origin.version.as_str())),
    ];
    Record::new(["run".to_owned(), run.id.to_string()], values)
}

pub(super) fn outcome(outcome: RunOutcome) -> Value {
    let tone = match outcome {
        RunOutcome::Running => Severity::Plain,
        RunOutcome::Done => Severity::Good,
        RunOutcome::Skipped => Severity::Dim,
        RunOutcome::Partial | RunOutcome::Refused => Severity::Warn,
        RunOutcome::Failed | RunOutcome::Lost => Severity::Bad,
    };
    Value::Word(outcome.as_str().into(), tone)
}
