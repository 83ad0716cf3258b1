//! The records of a reader that no other command has.

use crate::app::SessionService;
use crate::domain::time::UnixTime;
use crate::output::human::milliseconds;
use crate::output::record::{Column, Record, Schema, Value};
use crate::storage::{RunOutcome, RunRecord, Sample};

/// Names of the parts of the view.
pub const TASKS: &str = "tasks";
pub const USERS: &str = "users";
pub const SESSIONS: &str = "sessions";
pub const JOBS: &str = "jobs";
pub const RUNS: &str = "runs";
pub const SAMPLES_READ: &str = "samples";
/// Facts that cost little: they are read often.
pub const STATUS: &str = "status";
/// The end of a reading of the figures that need a scan.
pub const READING: &str = "reading";

/// Facts about the database, its unfinished run, and the reading itself.
pub static FACTS: Schema = Schema::one(
    "facts",
    &[
        Column::data("at", "at"),
        Column::data("table", "table"),
        Column::data("file_bytes", "file"),
        Column::data("log_bytes", "log"),
        Column::data("work", "work"),
        Column::data("by", "by"),
        Column::data("pid", "pid"),
        Column::data("started_at", "started"),
        Column::data("fraction", "fraction"),
        Column::data("marked", "marked"),
        Column::data("ended", "ended"),
        Column::data("deleted", "deleted"),
        Column::data("last_hold_ms", "hold"),
        Column::data("longest_hold_ms", "longest hold"),
        Column::data("purge_log_bytes", "log of the purge"),
        Column::data("cost_ms", "cost"),
        Column::data("next_at", "next"),
        Column::data("fault", "fault"),
    ],
);

/// Figures of earlier times.
pub static SAMPLES: Schema = Schema::many(
    "samples",
    &[
        Column::data("at", "at"),
        Column::data("live", "live"),
        Column::data("expired", "expired"),
        Column::data("file_bytes", "file"),
    ],
);

/// Builds a record of [`FACTS`] from some of its values.
pub fn facts(values: impl IntoIterator<Item = (&'static str, Value)>) -> Record {
    let mut all = vec![Value::Absent; FACTS.columns.len()];
    for (name, value) in values {
        if let Some(place) = FACTS.columns.iter().position(|column| column.name == name) {
            all[place] = value;
        }
    }
    Record::new(["facts"], all)
}

/// The facts of the run that is under way.
pub fn run_facts(run: &RunRecord) -> Vec<(&'static str, Value)> {
    let mut facts = vec![
        ("work", Value::text(Some(run.job.as_deref().unwrap_or(&run.work)))),
        ("by", Value::text(Some(run.origin.person()).filter(|person| !person.is_empty()))),
        ("pid", Value::Number(run.origin.pid.into())),
        ("started_at", Value::Time(run.started)),
        ("marked", Value::Count(run.marked)),
        ("ended", Value::Count(run.ended)),
        ("deleted", Value::Count(run.deleted)),
    ];
    if let Some(heartbeat) = run.heartbeat {
        facts.extend([
            ("fraction", Value::Measure(heartbeat.fraction)),
            ("last_hold_ms", Value::Measure(milliseconds(heartbeat.last_hold))),
            ("longest_hold_ms", Value::Measure(milliseconds(heartbeat.longest_hold))),
            ("purge_log_bytes", Value::Count(heartbeat.log_bytes)),
        ]);
    }
    facts
}

pub fn is_running(run: &RunRecord) -> bool {
    run.outcome == RunOutcome::Running
}

pub fn sample(sample: &Sample) -> Record {
    let count = |count: Option<u64>| count.map_or(Value::Absent, Value::Count);
    let values = vec![
        Value::Time(sample.at),
        count(sample.live_total()),
        count(sample.expired),
        count(sample.file_bytes),
    ];
    Record::new(["sample".to_owned(), sample.at.0.to_string()], values)
}

/// Describes whose table it is.
pub fn table_title(service: &SessionService) -> Option<String> {
    service.profile().map(|profile| format!("{} ({})", profile.table, profile.title))
}

/// Start of the time that sparklines show.
pub fn a_day_before(now: UnixTime) -> UnixTime {
    UnixTime(now.0 - 86_400)
}
