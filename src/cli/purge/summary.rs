//! What a purge has done, as a record and in words.

use sessctl::app::Summary;

use crate::output::people::{self, milliseconds, thousands};
use crate::output::record::{Column, Metric, MetricKind, Record, Schema, Value};

/// A figure of the last purge.
const fn last(name: &'static str, help: &'static str) -> Metric {
    Metric { name, help, kind: MetricKind::Gauge, labels: &[] }
}

pub static SUMMARY: Schema = Schema::one(
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
        Column::row("counted", "counted"),
        Column::row("batches", "batches"),
        Column::row("longest_hold_ms", "longest hold, ms").metric(last(
            "sessctl_purge_longest_hold_milliseconds",
            "Longest time for which the last purge held up other writers.",
        )),
        Column::row("log_peak_bytes", "log peak, bytes").metric(last(
            "sessctl_purge_log_peak_bytes",
            "Most bytes of a write-ahead log in use during the last purge.",
        )),
        Column::row("elapsed_ms", "elapsed, ms")
            .metric(last("sessctl_purge_elapsed_milliseconds", "How long the last purge took.")),
        Column::row("stopped", "stopped"),
    ],
);

/// What a collector also wants to know: whether purges still run at all.
pub static RUN: Schema = Schema::one(
    "the time of a purge",
    &[Column::row("time", "time")
        .metric(last("sessctl_purge_time_seconds", "When the last purge ran."))],
);

pub fn record(summary: &Summary, dry_run: bool) -> Record {
    let done = &summary.done;
    let values = vec![
        Value::Flag(dry_run),
        Value::Count(done.marked),
        Value::Count(done.ended),
        Value::Count(done.deleted),
        Value::Count(summary.live),
        Value::Count(summary.remaining),
        Value::Flag(summary.counted),
        Value::Count(done.batches),
        Value::Measure(milliseconds(done.longest_hold)),
        Value::Count(done.log_peak),
        Value::Measure(milliseconds(summary.elapsed)),
        summary.stopped.map_or(Value::Absent, |stopped| Value::word(stopped.as_str())),
    ];
    Record::new(["purge"], values)
}

pub fn sentence(summary: &Summary, dry_run: bool) -> String {
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
            let least = if summary.counted { "" } else { "at least " };
            let remaining = thousands(summary.remaining);
            format!("{done}; stopped by {why}, {least}{remaining} rows are still due")
        }
    }
}
