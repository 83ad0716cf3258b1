//! Summary of a purge, as a record and as a sentence.

use crate::app::PurgeReport;
use crate::domain::profile::Profile;
use crate::storage::PurgeMethod;

use crate::domain::format::format_count;
use crate::output::human;
use crate::output::human::milliseconds;
use crate::output::record::{Column, Metric, MetricKind, Record, Schema, Value};

const fn last(name: &'static str, help: &'static str) -> Metric {
    Metric { name, help, kind: MetricKind::Gauge, divisor: 1.0, labels: &[] }
}

/// A duration that the column has in milliseconds.
const fn last_seconds(name: &'static str, help: &'static str) -> Metric {
    Metric { divisor: 1000.0, ..last(name, help) }
}

const DRY_RUN: Column = Column::row("dry_run", "dry run");
const PROFILE: Column = Column::row("profile", "profile");
const MARKED: Column = Column::row("marked", "marked")
    .metric(last("sessctl_purge_marked", "Sessions that the last purge marked as unused."));
const ENDED: Column = Column::row("ended", "ended")
    .metric(last("sessctl_purge_ended", "Sessions that the last purge ended."));
const DELETED: Column = Column::row("deleted", "deleted")
    .metric(last("sessctl_purge_deleted", "Rows that the last purge deleted."));
const LIVE: Column = Column::row("live", "live")
    .metric(last("sessctl_purge_live", "Live sessions that the last purge left."));
const REMAINING: Column = Column::row("remaining", "remaining").metric(last(
    "sessctl_purge_remaining",
    "Rows that were due and that the last purge left for the next.",
));
const UNREADABLE: Column = Column::row("unreadable", "unreadable").metric(last(
    "sessctl_purge_unreadable",
    "Rows that the last purge kept because their times cannot be read.",
));
const REFERENCED: Column = Column::row("referenced", "referenced").metric(last(
    "sessctl_purge_referenced",
    "Rows that were due and that the last purge kept because other rows refer to them.",
));
const REJECTED: Column = Column::row("rejected", "rejected").metric(last(
    "sessctl_purge_rejected",
    "Rows that were due and whose deletion the database rejected in the last purge.",
));
const FUTURE: Column = Column::row("future", "future").metric(last(
    "sessctl_purge_future",
    "Rows that the last purge found used, opened or marked in the future.",
));
const COUNTED: Column = Column::row("counted", "counted");
const BATCHES: Column = Column::row("batches", "batches");
const LONGEST_HOLD: Column =
    Column::row("longest_hold_ms", "longest hold, ms").metric(last_seconds(
        "sessctl_purge_longest_hold_seconds",
        "Longest write transaction of the last purge; other writers have to wait for it.",
    ));
const LOG_PEAK: Column = Column::row("log_peak_bytes", "log peak, bytes").metric(last(
    "sessctl_purge_log_peak_bytes",
    "Most bytes of a write-ahead log in use during the last purge.",
));
const ELAPSED: Column = Column::row("elapsed_ms", "elapsed, ms")
    .metric(last_seconds("sessctl_purge_duration_seconds", "How long the last purge took."));
const METHOD: Column = Column::row("method", "method");
const FREE_BYTES: Column = Column::row("free_bytes", "free bytes");
const ESTIMATED_BYTES: Column = Column::row("estimated_bytes", "estimated bytes");
const ESTIMATED_TIME: Column = Column::row("estimated_ms", "estimated time, ms");
const STOPPED: Column = Column::row("stopped", "stopped");

const SUBJECT: &str = "the summary of a purge";

pub static SUMMARY: Schema = Schema::one(
    SUBJECT,
    &[
        DRY_RUN,
        MARKED,
        ENDED,
        DELETED,
        LIVE,
        REMAINING,
        FUTURE,
        COUNTED,
        BATCHES,
        LONGEST_HOLD,
        LOG_PEAK,
        ELAPSED,
        FREE_BYTES,
        ESTIMATED_BYTES,
        ESTIMATED_TIME,
        STOPPED,
    ],
);

pub static ADOPTED: Schema = Schema::one(
    SUBJECT,
    &[
        DRY_RUN,
        PROFILE,
        MARKED,
        ENDED,
        DELETED,
        LIVE,
        REMAINING,
        UNREADABLE,
        REFERENCED,
        REJECTED,
        FUTURE,
        COUNTED,
        METHOD,
        BATCHES,
        LONGEST_HOLD,
        LOG_PEAK,
        ELAPSED,
        FREE_BYTES,
        ESTIMATED_BYTES,
        ESTIMATED_TIME,
        STOPPED,
    ],
);

pub fn schema(profile: Option<&Profile>) -> &'static Schema {
    if profile.is_some() { &ADOPTED } else { &SUMMARY }
}

pub fn record(summary: &PurgeReport, profile: Option<&Profile>, dry_run: bool) -> Record {
    let done = &summary.done;
    let estimate = summary.estimate.as_deref().copied().unwrap_or_default();
    let counted = |number: Option<u64>| number.map_or(Value::Absent, Value::Count);
    let adopted = |value: Value| profile.is_some().then_some(value);
    let name = profile.map(|profile| Value::word(profile.name.clone()));
    let values = [
        Some(Value::Flag(dry_run)),
        name,
        Some(Value::Count(done.marked)),
        Some(Value::Count(done.ended)),
        Some(Value::Count(done.deleted)),
        Some(Value::Count(summary.live)),
        Some(Value::Count(summary.remaining)),
        adopted(Value::Count(summary.unreadable)),
        adopted(Value::Count(summary.kept.referenced_rows())),
        adopted(Value::Count(summary.kept.rejected)),
        Some(Value::Count(summary.future)),
        Some(Value::Flag(summary.counted)),
        adopted(summary.method.map_or(Value::Absent, |method| Value::word(method.as_str()))),
        Some(Value::Count(done.batches)),
        Some(Value::Measure(milliseconds(done.longest_hold))),
        Some(Value::Count(done.log_peak)),
        Some(Value::Measure(milliseconds(summary.elapsed))),
        Some(counted(summary.usage.as_ref().map(|usage| usage.free_bytes()))),
        Some(counted(estimate.bytes)),
        Some(estimate.time.map_or(Value::Absent, |time| Value::Measure(milliseconds(time)))),
        Some(summary.stopped.map_or(Value::Absent, |stopped| Value::word(stopped.as_str()))),
    ];
    Record::new(["purge"], values.into_iter().flatten().collect())
}

pub fn sentence(summary: &PurgeReport, profile: Option<&Profile>, dry_run: bool) -> String {
    let summary_text = match (profile, dry_run) {
        (None, true) => return describe_preview(summary),
        (None, false) => describe_purged(summary),
        (Some(profile), true) => return describe_deletion_preview(summary, profile),
        (Some(profile), false) => describe_deleted(summary, profile),
    };
    match summary.stopped {
        None => summary_text,
        Some(why) => {
            let least = if summary.counted { "" } else { "at least " };
            let remaining = format_count(summary.remaining);
            let rows = if summary.remaining == 1 { "row is" } else { "rows are" };
            let stopped = match &summary.obstacle {
                Some(obstacle) => format!("stopped early: {obstacle}"),
                None => format!("stopped early ({why})"),
            };
            format!("{summary_text}; {stopped}, {least}{remaining} {rows} still due")
        }
    }
}

fn describe_preview(summary: &PurgeReport) -> String {
    let [ended, deleted, live] = figures(summary);
    let marked = match summary.done.marked {
        0 => String::new(),
        marked => format!("mark {}, ", format_count(marked)),
    };
    format!("would {marked}end {ended} and delete {deleted} sessions, and leave {live} live")
}

fn describe_purged(summary: &PurgeReport) -> String {
    let [ended, deleted, live] = figures(summary);
    let marked = match summary.done.marked {
        0 => String::new(),
        marked => format!("marked {}, ", format_count(marked)),
    };
    let elapsed = human::elapsed(summary.elapsed);
    let remain = if summary.live == 1 { "session remains" } else { "sessions remain" };
    format!(
        "{marked}ended {ended} and deleted {deleted} sessions in {elapsed}; {live} live {remain}"
    )
}

fn describe_deletion_preview(summary: &PurgeReport, profile: &Profile) -> String {
    let deleted = deleted_sessions(summary.done.deleted, profile);
    let live = format_count(summary.live);
    format!("would delete {deleted}, and leave {live}")
}

fn describe_deleted(summary: &PurgeReport, profile: &Profile) -> String {
    let deleted = deleted_sessions(summary.done.deleted, profile);
    let live = format_count(summary.live);
    let elapsed = human::elapsed(summary.elapsed);
    let are = if summary.live == 1 { "is" } else { "are" };
    let rebuilt = match summary.method {
        Some(PurgeMethod::Rebuild) => " by rebuilding the table",
        _ => "",
    };
    format!("deleted {deleted} in {elapsed}{rebuilt}; {live} {are} left")
}

/// Number of deleted sessions: expired ones, unless the configuration ends others as well.
fn deleted_sessions(count: u64, profile: &Profile) -> String {
    let expired = if profile.stricter.ends_live_sessions() { "" } else { "expired " };
    match count {
        1 => format!("1 {expired}session"),
        count => format!("{} {expired}sessions", format_count(count)),
    }
}

fn figures(summary: &PurgeReport) -> [String; 3] {
    [summary.done.ended, summary.done.deleted, summary.live].map(format_count)
}

/// Describes the rows that were kept because they cannot be read; for a framework's table,
/// with an example.
pub fn unreadable(summary: &PurgeReport, dry_run: bool) -> Option<String> {
    let (rows, whose) = match summary.unreadable {
        0 => return None,
        1 => ("1 row".to_owned(), "its"),
        rows => (format!("{} rows", format_count(rows)), "their"),
    };
    let kept = match (dry_run, summary.unreadable) {
        (true, _) => "would be kept",
        (false, 1) => "was kept",
        (false, _) => "were kept",
    };
    Some(match &summary.unreadable_value {
        None => format!("{rows} {kept}: {whose} times cannot be read"),
        Some(value) => format!(
            "{rows} {kept}: {whose} {} cannot be read, such as {}",
            value.input, value.value
        ),
    })
}
