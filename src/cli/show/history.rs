//! `sessctl show history`

use std::time::Duration;

use chrono::DateTime;

use crate::app::{Grouping, Period, SessionService, periods};
use crate::cli::all_databases::{Call, ManyDatabases, Work};
use crate::cli::args::Since;
use crate::cli::context::{Context, print};
use crate::cli::exit::Exit;
use crate::cli::locale;
use crate::cli::time_zone::machine_time_zone;
use crate::domain::format::{counted, format_count};
use crate::domain::session::EndReason;
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;
use crate::output::FormatName;
use crate::output::human;
use crate::output::record::{Column, Record, Schema, Value, Visibility};
use crate::output::sparkline::{series, sparkline};
use crate::storage::Sample;

/// Maximum length of a sparkline.
const WIDTH: usize = 50;

/// Show how the figures of the table have changed
///
/// Each purge, each cycle and each `show stat --record` stores a sample in the ledger; a purge with
/// nothing to do stores one at most once an hour. A sample has what the run found, what it did, and
/// the size of the file that it left. After a week there is one sample per hour, after 90 days one
/// per day, and after two years none. A period without a sample shows `-`, and so does a figure
/// that its runs do not know.
///
/// Periods are those of `[schedule] timezone`, by default of the local time zone; weeks begin on
/// Monday. Samples older than 90 days belong to the day of which UTC has the larger part. The lines
/// above the table draw the periods from the first to the last, with the first and the last value.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl show history
  sessctl show history --since 7d --by hour
  sessctl show history --since 2026-01-01 --by month
  sessctl show history -o csv > history.csv")]
pub struct Args {
    /// Show the periods since this time, or of this age
    #[arg(long, value_name = "TIME", default_value = "30d")]
    since: Since,
    /// Length of the periods; sample: each sample by itself
    #[arg(long, value_name = "PERIOD", default_value = "day",
          value_parser = clap::builder::PossibleValuesParser::new(
              ["sample", "hour", "day", "week", "month"]))]
    by: String,
    #[command(flatten)]
    databases: ManyDatabases,
}

const COLUMNS: [Column; 22] = [
    Column::row("period", "period"),
    Column::data("start", "start").time(),
    Column::data("last_sample", "last sample").time(),
    Column::row("runs", "runs"),
    Column::row("live", "live"),
    Column::data("active", "active"),
    Column::data("idle", "idle"),
    Column::data("abandoned", "abandoned"),
    Column::row("expired", "expired"),
    Column::row("rows", "rows"),
    Column::row("ended", "ended"),
    Column::data("ended_closed", "ended: closed"),
    Column::data("ended_expired", "ended: expired"),
    Column::data("ended_abandoned", "ended: abandoned"),
    Column::data("ended_evicted", "ended: evicted"),
    Column::data("ended_cycled", "ended: cycled"),
    Column::data("ended_lifetime", "ended: lifetime"),
    Column::row("deleted", "deleted"),
    Column::row("file_bytes", "file bytes"),
    Column::data("free_bytes", "free bytes"),
    Column::row("longest_hold_ms", "hold, ms").at(Visibility::Filled),
    Column::data("longest_run_ms", "longest run, ms"),
];

pub static HISTORY: Schema = Schema::many("periods", &COLUMNS);

/// Rows for people, which fit 80 columns.
static ROWS: Schema = Schema::many(
    "periods",
    &[
        Column::row("period", "period"),
        Column::row("runs", "runs"),
        Column::row("live", "live"),
        Column::row("expired", "expired"),
        Column::row("rows", "rows"),
        Column::row("ended", "ended"),
        Column::row("deleted", "deleted"),
        Column::row("file", "file"),
        Column::row("longest_hold_ms", "hold, ms"),
    ],
);

impl Args {
    /// The call, if a process for each database serves it.
    ///
    /// # Errors
    /// Options that exclude each other.
    pub fn call(&self, context: &Context) -> anyhow::Result<Option<Call>> {
        let call = || Call::for_all(Work::History, self.databases.parallel());
        Ok(self.databases.is_wanted(context)?.then(call))
    }

    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&HISTORY)?;
        let service = context.open_runs()?;
        let zone = context.config()?.zone.or_machine(machine_time_zone)?;
        let by: Grouping = self.by.parse().unwrap_or(Grouping::Day);
        let since = by.start_of(self.since.read(context.now)?, &zone);
        let mut samples = service.samples(since, UnixTime::MAX)?;
        let future = samples.iter().filter(|sample| sample.at > context.now).count();
        samples.truncate(samples.len() - future);
        warn_of_future(future, context);
        let is_table = context.format() == FormatName::Table && context.collector().is_none();
        if samples.is_empty() && is_table {
            context.print_notice(&self.nothing_found(&service));
            return Ok(Exit::Done);
        }
        let periods = periods(samples, by, context.now, &zone);
        if !is_table {
            let records: Vec<Record> =
                periods.iter().map(|period| record(period, by, &zone)).collect();
            context.write_records(&HISTORY, &records)?;
            return Ok(Exit::Done);
        }
        print(lines(&periods) + "\n")?;
        let rows: Vec<Record> = periods.iter().map(|period| row(period, by, &zone)).collect();
        context.write_records(&ROWS, &rows)?;
        Ok(Exit::Done)
    }

    fn nothing_found(&self, service: &SessionService) -> String {
        format!(
            "sessctl: no sample since {} in the ledger in \"{}\"; the next purge stores one",
            self.since,
            service.ledger_name()
        )
    }
}

fn warn_of_future(samples: usize, context: &Context) {
    if samples > 0 {
        let samples = counted(samples as u64, "sample is", "samples are");
        context.warn(&format!(
            "{samples} from the future, and not shown: the clock was ahead then, or it is behind now"
        ));
    }
}

/// Draws the periods, a line for each figure that has any value.
fn lines(periods: &[Period]) -> String {
    let figures: [(&str, Figure, fn(u64) -> String); 4] = [
        ("live", Sample::live_total, format_count),
        ("expired", |sample| sample.expired, format_count),
        ("deleted", |sample| Some(sample.deleted), format_count),
        ("file", |sample| sample.file_bytes, human::bytes),
    ];
    figures.iter().filter_map(|(name, figure, show)| line(name, periods, *figure, *show)).collect()
}

type Figure = fn(&Sample) -> Option<u64>;

fn line(name: &str, periods: &[Period], figure: Figure, show: fn(u64) -> String) -> Option<String> {
    let values: Vec<Option<u64>> =
        periods.iter().map(|period| period.sample.as_ref().and_then(figure)).collect();
    let known = || values.iter().flatten();
    let (first, last) = (known().next()?, known().last()?);
    let line = sparkline(&series(values.iter().copied()), WIDTH, locale::ramp());
    Some(format!("{name:<8} {line}  {} to {}\n", show(*first), show(*last)))
}

/// Names a period as the wall calendar and the clock do.
fn name(start: UnixTime, by: Grouping, zone: &TimeZone) -> String {
    let wall = start.0.saturating_add(zone.offset_at(start).unwrap_or(0));
    let format = match by {
        Grouping::Sample => "%Y-%m-%d %H:%M:%S",
        Grouping::Hour => "%Y-%m-%d %H:%M",
        Grouping::Day | Grouping::Week => "%Y-%m-%d",
        Grouping::Month => "%Y-%m",
    };
    DateTime::from_timestamp(wall, 0)
        .map(|wall| wall.format(format).to_string())
        .unwrap_or_default()
}

fn record(period: &Period, by: Grouping, zone: &TimeZone) -> Record {
    let name = name(period.start, by, zone);
    let sample = period.sample.as_ref();
    let count = |count: Option<u64>| count.map_or(Value::Absent, Value::Count);
    let known = |figure: Figure| count(sample.and_then(figure));
    let state = |place: usize| count(sample.and_then(|sample| Some(sample.live?[place])));
    let mut values = vec![
        Value::word(name.clone()),
        Value::Time(period.start),
        Value::time(sample.map(|sample| sample.at)),
        known(|sample| Some(sample.runs)),
        known(Sample::live_total),
        state(0),
        state(1),
        state(2),
        known(|sample| sample.expired),
        known(|sample| sample.rows),
        known(|sample| Some(sample.ended())),
    ];
    values.extend(EndReason::ALL.iter().map(|reason| {
        count(sample.map(|sample| sample.ended_by.get(reason).copied().unwrap_or(0)))
    }));
    values.extend([
        known(|sample| Some(sample.deleted)),
        known(|sample| sample.file_bytes),
        known(|sample| sample.free_bytes),
        milliseconds(sample.and_then(|sample| sample.longest_hold)),
        milliseconds(sample.and_then(|sample| sample.duration)),
    ]);
    Record::new(["history".to_owned(), name], values)
}

fn milliseconds(time: Option<Duration>) -> Value {
    time.map_or(Value::Absent, |time| Value::Measure(human::milliseconds(time)))
}

fn row(period: &Period, by: Grouping, zone: &TimeZone) -> Record {
    let mut row = record(period, by, zone).pick(&HISTORY, &ROWS);
    let bytes = period.sample.as_ref().and_then(|sample| sample.file_bytes);
    let file = ROWS.columns.iter().position(|column| column.name == "file");
    if let (Some(bytes), Some(file)) = (bytes, file) {
        row.values[file] = Value::word(human::bytes(bytes));
    }
    row
}
