//! `sessctl show stat`

use std::path::PathBuf;

use crate::app::SessionService;
use crate::domain::profile::Profile;
use crate::domain::session::{EndReason, SessionState};
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;
use crate::storage::TaskStats;
use crate::store::Access;

use super::adopted;
use super::columns::{
    ABANDONED, ACTIVE, CLOSED, CYCLED, DELETED, ENDED, ENDED_ABANDONED, EVICTED, EXPIRED,
    EXPIRED_NOW, FUTURE, IDLE, LIFETIME, LIVE, OLDEST, OPENED, PEAK, REFUSED, TASK, idle_since,
};
use crate::cli::all_databases::{Call, ManyDatabases, Work};
use crate::cli::args::task;
use crate::cli::context::{Context, print};
use crate::cli::exit::Exit;
use crate::cli::privileges::helper;
use crate::domain::format::format_count;
use crate::output::FormatName;
use crate::output::record::{Column, Record, Schema, Value};
use crate::output::sanitize::escape;

/// Count sessions by task and state, with counters
///
/// live counts the sessions that have neither ended nor are due to end; expired are those that
/// are due and wait for the next purge. oldest is the longest idle time of a session that has
/// not ended. opened, ended by reason, deleted and refused are totals since the database was
/// created. peak is the largest number of sessions, live or due, that were open at the same
/// time, as observed at each purge, at each cycle, now, and, in tables of up to 1,000 rows, at
/// each open.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl show stat
  sessctl show stat 'im*' -o plain | grep active
  sessctl show stat --metrics-file /var/lib/node_exporter/sessctl.prom
  sessctl show stat --record > /dev/null       from cron, between two purges")]
pub struct Args {
    /// Only this task; * matches any text, case is ignored
    #[arg(value_parser = task)]
    task: Option<TaskPattern>,
    /// Write the figures to this file for node_exporter, and print nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["task", "output", "json"])]
    metrics_file: Option<PathBuf>,
    /// Also store the figures in the history of the ledger, for `show history`, as each purge does
    #[arg(long, conflicts_with = "task")]
    pub record: bool,
    #[command(flatten)]
    databases: ManyDatabases,
}

const fn of_tasks(columns: &'static [Column]) -> Schema {
    Schema::many("tasks", columns).with_label("task")
}

pub static STAT: Schema = of_tasks(&[
    TASK,
    LIVE,
    ACTIVE,
    IDLE,
    ABANDONED,
    EXPIRED_NOW,
    ENDED,
    OLDEST,
    PEAK,
    OPENED,
    CLOSED,
    EXPIRED,
    ENDED_ABANDONED,
    EVICTED,
    CYCLED,
    LIFETIME,
    DELETED,
    REFUSED,
    FUTURE,
]);

/// Schema of the current state: 80 columns do not hold all figures in one table.
static CURRENT: Schema =
    of_tasks(&[TASK, LIVE, ACTIVE, IDLE, ABANDONED, EXPIRED_NOW, ENDED, OLDEST, PEAK, REFUSED]);

static TOTALS: Schema =
    of_tasks(&[TASK, OPENED, CLOSED, EXPIRED, ENDED_ABANDONED, EVICTED, CYCLED, LIFETIME, DELETED]);

impl Args {
    /// The call, if a process for each database serves it.
    ///
    /// # Errors
    /// Options that exclude each other.
    pub fn call(&self, context: &Context) -> anyhow::Result<Option<Call>> {
        let call = || Call::for_all(Work::Stat, self.databases.parallel());
        let call = || call().with_files(self.metrics_file.as_deref(), None);
        Ok(self.databases.is_wanted(context)?.then(call))
    }

    pub fn privileged_files(&self, context: &Context) -> helper::Args {
        helper::Args::new(context.own_metrics_file(self.metrics_file.as_deref()), None)
    }

    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        if let Some(path) = &self.metrics_file {
            let mut service = context.open(self.access())?;
            let stats = service.tasks(None, context.now)?;
            self.record(&mut service, &stats, context)?;
            let records = records_of(&stats, service.profile(), context.now);
            context.write_metrics(path, &[(schema(&service), &records)])?;
            return Ok(Exit::Done);
        }
        let has_heading = context.format() == FormatName::Table && context.is_interactive();
        let mut service = if has_heading {
            context.open_quietly(self.access())?
        } else {
            context.open(self.access())?
        };
        let stats = service.tasks(self.task.as_ref(), context.now)?;
        self.record(&mut service, &stats, context)?;
        if context.format() == FormatName::Table {
            let future = stats.iter().map(|stat| stat.future).sum();
            if let Some(sentence) = future_rows_warning(future) {
                context.warn(&sentence);
            }
        }
        match service.profile() {
            None => show(&records_of(&stats, None, context.now), context)?,
            Some(profile) => {
                if has_heading {
                    print(escape(&adopted::heading(&stats, profile)).into_owned() + "\n")?;
                }
                if stats.is_empty() && context.format() == FormatName::Table {
                    context.print_notice("no sessions");
                }
                let records = records_of(&stats, Some(profile), context.now);
                context.write_records(&adopted::STAT, &records)?;
            }
        }
        Ok(Exit::Done)
    }
}

impl Args {
    const fn access(&self) -> Access {
        if self.record { Access::Write } else { Access::Read }
    }

    /// Stores a sample, if it is wanted.
    fn record(
        &self,
        service: &mut SessionService,
        stats: &[TaskStats],
        context: &Context,
    ) -> crate::Result<()> {
        if self.record { service.record_reading(stats, context.now) } else { Ok(()) }
    }
}

pub fn show(records: &[Record], context: &Context) -> anyhow::Result<()> {
    if context.format() != FormatName::Table {
        return context.write_records(&STAT, records);
    }
    if records.is_empty() {
        context.print_notice("no sessions");
        return Ok(());
    }
    let pick = |schema: &Schema| -> Vec<Record> {
        records.iter().map(|record| record.pick(&STAT, schema)).collect()
    };
    context.write_records(&CURRENT, &pick(&CURRENT))?;
    print("\n")?;
    context.write_records(&TOTALS, &pick(&TOTALS))
}

pub fn future_rows_warning(rows: u64) -> Option<String> {
    let were = match rows {
        0 => return None,
        1 => "1 row was".to_owned(),
        rows => format!("{} rows were", format_count(rows)),
    };
    Some(format!(
        "{were} used, opened or marked in the future: the clock was ahead then, or it is behind now"
    ))
}

pub fn schema(service: &SessionService) -> &'static Schema {
    if service.profile().is_some() { &adopted::STAT } else { &STAT }
}

pub fn records(
    service: &SessionService,
    task: Option<&TaskPattern>,
    now: UnixTime,
) -> crate::Result<Vec<Record>> {
    Ok(records_of(&service.tasks(task, now)?, service.profile(), now))
}

fn records_of(stats: &[TaskStats], profile: Option<&Profile>, now: UnixTime) -> Vec<Record> {
    let record = |stat: &TaskStats| match profile {
        None => record(stat, now),
        Some(profile) => adopted::record(stat, profile, now),
    };
    stats.iter().map(record).collect()
}

fn record(stat: &TaskStats, now: UnixTime) -> Record {
    let mut values = vec![Value::text(Some(stat.task.as_str())), Value::Count(stat.live_total())];
    let states = [
        SessionState::Active,
        SessionState::Idle,
        SessionState::Abandoned,
        SessionState::Expired,
        SessionState::Ended,
    ];
    values.extend(states.map(|state| Value::Count(stat.in_state(state))));
    values.extend([
        idle_since(stat.oldest_use, now),
        Value::Count(stat.peak),
        Value::Count(stat.opened),
    ]);
    let ended_by = |reason| stat.ended_by.get(reason).copied().unwrap_or(0);
    values.extend(EndReason::ALL.iter().map(ended_by).map(Value::Count));
    values.extend([stat.deleted, stat.refused, stat.future].map(Value::Count));
    Record::new([stat.task.as_str(), "sessions"], values)
}
