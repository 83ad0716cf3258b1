//! `sessctl show stat`

use std::path::PathBuf;

use sessctl::app::Housekeeper;
use sessctl::domain::filter::TaskPattern;
use sessctl::domain::port::TaskStat;
use sessctl::domain::session::EndReason;
use sessctl::domain::time::UnixTime;
use sessctl::store::Access;

use super::idle_since;
use crate::cli::args::task;
use crate::cli::context::{Context, print};
use crate::cli::exit::Exit;
use crate::cli::metrics;
use crate::output::FormatName;
use crate::output::record::{Column, Metric, MetricKind, Record, Schema, Value};

/// Count sessions by task and state, with counters
///
/// opened, ended by reason, deleted and refused count since the database was made.
/// peak is the most live sessions that were seen at once: at a purge, at a cycle,
/// now, and in tables of up to 1,000 rows at each open.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl show stat
  sessctl show stat 'im*' -o plain | grep active
  sessctl show stat --metrics-file /var/lib/node_exporter/sessctl.prom")]
pub struct Args {
    /// Only this task; * stands for any text, case does not matter
    #[arg(value_parser = task)]
    task: Option<TaskPattern>,
    /// Write the figures to this file, for node_exporter, and print nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["task", "output", "json"])]
    metrics_file: Option<PathBuf>,
}

type Labels = &'static [(&'static str, &'static str)];

const fn gauge(name: &'static str, help: &'static str, labels: Labels) -> Metric {
    Metric { name, help, kind: MetricKind::Gauge, labels }
}

const fn total(name: &'static str, help: &'static str, labels: Labels) -> Metric {
    Metric { name, help, kind: MetricKind::Counter, labels }
}

const fn state(name: &'static str, labels: Labels) -> Column {
    Column::row(name, name).metric(gauge(
        "sessctl_sessions",
        "Sessions in the table, by state.",
        labels,
    ))
}

const fn ended(name: &'static str, title: &'static str, labels: Labels) -> Column {
    let help = "Sessions that have ended, by reason.";
    Column::row(name, title).metric(total("sessctl_sessions_ended_total", help, labels))
}

const TASK: Column = Column::row("task", "task");
const LIVE: Column = Column::row("live", "live");
const ACTIVE: Column = state("active", &[("state", "active")]);
const IDLE: Column = state("idle", &[("state", "idle")]);
const ABANDONED: Column = state("abandoned", &[("state", "abandoned")]);
const ENDED: Column = state("ended", &[("state", "ended")]);
const OLDEST: Column = Column::row("oldest_idle_seconds", "oldest").metric(gauge(
    "sessctl_session_oldest_idle_seconds",
    "How long the live session that has been unused for the longest has been unused.",
    &[],
));
const PEAK: Column = Column::row("peak", "peak").metric(gauge(
    "sessctl_sessions_peak",
    "Most live sessions that were seen at once.",
    &[],
));
const OPENED: Column = Column::row("opened", "opened").metric(total(
    "sessctl_sessions_opened_total",
    "Sessions that were opened.",
    &[],
));
const CLOSED: Column = ended("ended_closed", "closed", &[("reason", "closed")]);
const EXPIRED: Column = ended("ended_expired", "expired", &[("reason", "expired")]);
const GIVEN_UP: Column = ended("ended_abandoned", "abandoned", &[("reason", "abandoned")]);
const EVICTED: Column = ended("ended_evicted", "evicted", &[("reason", "evicted")]);
const CYCLED: Column = ended("ended_cycled", "cycled", &[("reason", "cycled")]);
const LIFETIME: Column = ended("ended_lifetime", "lifetime", &[("reason", "lifetime")]);
const DELETED: Column = Column::row("deleted", "deleted").metric(total(
    "sessctl_sessions_deleted_total",
    "Rows of ended sessions that were deleted.",
    &[],
));
const REFUSED: Column = Column::row("refused", "refused").metric(total(
    "sessctl_sessions_refused_total",
    "Sessions that were refused.",
    &[],
));

const fn of_tasks(columns: &'static [Column]) -> Schema {
    Schema::many("tasks", columns).labelled("task")
}

/// All figures of tasks.
pub static STAT: Schema = of_tasks(&[
    TASK, LIVE, ACTIVE, IDLE, ABANDONED, ENDED, OLDEST, PEAK, OPENED, CLOSED, EXPIRED, GIVEN_UP,
    EVICTED, CYCLED, LIFETIME, DELETED, REFUSED,
]);

/// Within 80 columns they take two tables: what is there, and
static NOW: Schema = of_tasks(&[TASK, LIVE, ACTIVE, IDLE, ABANDONED, ENDED, OLDEST, PEAK, REFUSED]);

/// what has become of all that were opened.
static EVER: Schema =
    of_tasks(&[TASK, OPENED, CLOSED, EXPIRED, GIVEN_UP, EVICTED, CYCLED, LIFETIME, DELETED]);

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        let keeper = context.open(Access::Read)?;
        if let Some(path) = &self.metrics_file {
            let records = records(&keeper, None, context.now)?;
            metrics::write(path, &[(&STAT, &records)])?;
            return Ok(Exit::Done);
        }
        show(&records(&keeper, self.task.as_ref(), context.now)?, context)?;
        Ok(Exit::Done)
    }
}

/// Writes figures to standard output.
pub fn show(records: &[Record], context: &Context) -> anyhow::Result<()> {
    if context.format() != FormatName::Table {
        return context.answer(&STAT, records);
    }
    if records.is_empty() {
        context.say("no sessions");
        return Ok(());
    }
    context.answer(&NOW, &pick(records, &NOW))?;
    print("\n")?;
    context.answer(&EVER, &pick(records, &EVER))
}

/// The records with the columns of a smaller schema.
fn pick(records: &[Record], schema: &Schema) -> Vec<Record> {
    let value = |record: &Record, name: &str| {
        let place = STAT.columns.iter().position(|column| column.name == name);
        place.map_or(Value::Absent, |place| record.values[place].clone())
    };
    let pick = |record: &Record| {
        let values = schema.columns.iter().map(|column| value(record, column.name)).collect();
        Record { values, ..record.clone() }
    };
    records.iter().map(pick).collect()
}

/// The figures of the tasks that match, as records of [`STAT`].
pub fn records(
    keeper: &Housekeeper,
    task: Option<&TaskPattern>,
    now: UnixTime,
) -> sessctl::Result<Vec<Record>> {
    Ok(keeper.tasks(task, now)?.iter().map(|stat| record(stat, now)).collect())
}

fn record(stat: &TaskStat, now: UnixTime) -> Record {
    let mut values = vec![Value::text(Some(stat.task.as_str())), Value::Count(stat.live_total())];
    values.extend(stat.live.map(Value::Count));
    values.extend([
        Value::Count(stat.ended),
        idle_since(stat.oldest_use, now),
        Value::Count(stat.peak),
        Value::Count(stat.opened),
    ]);
    let ended_by = |reason| stat.ended_by.get(reason).copied().unwrap_or(0);
    values.extend(EndReason::ALL.iter().map(ended_by).map(Value::Count));
    values.extend([Value::Count(stat.deleted), Value::Count(stat.refused)]);
    Record::new([stat.task.as_str(), "sessions"], values)
}
