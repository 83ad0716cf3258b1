//! `--metrics-file`: figures for node_exporter's textfile collector.

use std::path::Path;

use super::context::Context;
use super::exit::{eprint_line, exit_code_of_error};
use super::priority::Priority;
use crate::domain::time::UnixTime;
use crate::output::record::{Column, Metric, MetricKind, Record, Schema, Value};
use crate::output::sanitize::escape;

/// Outcomes of a command, with the exit codes for which they stand.
const OUTCOMES: [(&str, &[u8]); 4] =
    [("done", &[0]), ("partial", &[3, 129, 130, 143]), ("refused", &[4]), ("busy", &[11])];

/// The last call of `purge`, in its metrics file.
pub static PURGE: Schema = Schema::one("the last purge", &PURGE_COLUMNS);

/// The last call of `run`, in its metrics file.
pub static RUN: Schema = Schema::one("the last call of run", &RUN_COLUMNS);

static PURGE_COLUMNS: [Column; 8] = columns([
    ("sessctl_purge_last_run_timestamp_seconds", "Unix time of the last purge."),
    ("sessctl_purge_last_success_timestamp_seconds", "Unix time of the last purge that was done."),
    ("sessctl_purge_last_exit_code", "Exit code of the last purge."),
    ("sessctl_purge_last_outcome", "1 for the outcome of the last purge, 0 for the others."),
]);

static RUN_COLUMNS: [Column; 8] = columns([
    ("sessctl_run_last_call_timestamp_seconds", "Unix time of the last call of sessctl run."),
    (
        "sessctl_run_last_success_timestamp_seconds",
        "Unix time of the last call of sessctl run in which nothing failed.",
    ),
    ("sessctl_run_last_exit_code", "Exit code of the last call of sessctl run."),
    (
        "sessctl_run_last_outcome",
        "1 for the outcome of the last call of sessctl run, 0 for others.",
    ),
]);

const fn columns(metrics: [(&'static str, &'static str); 4]) -> [Column; 8] {
    let [time, success, code, outcome] = metrics;
    [
        gauge("time", time, &[]),
        gauge("success", success, &[]),
        gauge("exit_code", code, &[]),
        gauge("done", outcome, &[("outcome", "done")]),
        gauge("partial", outcome, &[("outcome", "partial")]),
        gauge("refused", outcome, &[("outcome", "refused")]),
        gauge("busy", outcome, &[("outcome", "busy")]),
        gauge("failed", outcome, &[("outcome", "failed")]),
    ]
}

/// A column that only metrics show.
pub const fn gauge(
    column: &'static str,
    (name, help): (&'static str, &'static str),
    labels: &'static [(&'static str, &'static str)],
) -> Column {
    let kind = MetricKind::Gauge;
    Column::data(column, column).metric(Metric { name, help, kind, divisor: 1.0, labels })
}

/// The call of a command that ended with an exit code.
pub fn call(exit_code: u8, now: UnixTime) -> Record {
    let outcome = OUTCOMES.iter().position(|(_, codes)| codes.contains(&exit_code));
    let outcome = outcome.unwrap_or(OUTCOMES.len());
    let mut values = vec![
        Value::Time(now),
        Value::time(Some(now).filter(|_| exit_code == 0)),
        Value::Count(exit_code.into()),
    ];
    values.extend((0..=OUTCOMES.len()).map(|each| Value::Count((each == outcome).into())));
    Record::new(["call"], values)
}

/// Records a command that failed before it could write its figures: the time, the exit code and
/// the outcome. A failure to do so is printed.
pub fn note_failure(
    path: &Path,
    schema: &'static Schema,
    error: &anyhow::Error,
    context: &Context,
) {
    if context.take_written_metrics() {
        return;
    }
    let call = call(exit_code_of_error(error), context.now);
    if let Err(fault) = context.write_metrics(path, &[(schema, &[call])]) {
        eprint_line(Priority::Error, &escape(&format!("sessctl: {fault:#}")));
    }
}
