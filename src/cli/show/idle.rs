//! `sessctl show stat --idle`

pub mod drawing;

use crate::Error;
use crate::app::SessionService;
use crate::domain::format::permille;
use crate::domain::idle_times::{IdleRange, IdleTimes};
use crate::domain::task::TaskPattern;
use crate::domain::time::Span;
use crate::store::Access;

use super::columns::{TASK, future_rows_warning};
use crate::cli::context::{Context, print};
use crate::cli::exit::Exit;
use crate::output::FormatName;
use crate::output::record::{Column, Record, Schema, Value};

/// Schema of the ranges. Sessions without a known last use are in a record without limits.
pub static IDLE: Schema = Schema::many(
    "ranges",
    &[
        TASK,
        Column::row("over_seconds", "over"),
        Column::row("up_to_seconds", "up to"),
        Column::row("sessions", "sessions"),
        Column::row("live", "live"),
        Column::row("expired", "expired"),
        Column::row("would_end", "would end"),
        Column::row("would_end_percent", "%"),
        Column::data("timeout_seconds", "timeout"),
    ],
);

pub(super) fn run(task: Option<&TaskPattern>, context: &Context) -> anyhow::Result<Exit> {
    context.format().check(&IDLE)?;
    let service = context.open(Access::Read)?;
    let Some(tasks) = service.idle_times(task, context.now)? else {
        return Err(unknown_use(&service).into());
    };
    if context.format() != FormatName::Table || context.collector().is_some() {
        let records: Vec<Record> = tasks.iter().flat_map(records).collect();
        context.write_records(&IDLE, &records)?;
        return Ok(Exit::Done);
    }
    if let Some(sentence) = future_rows_warning(tasks.iter().map(|times| times.future).sum()) {
        context.warn(&format!("{sentence}; they count as used now"));
    }
    let shown: Vec<&IdleTimes> = tasks.iter().filter(|times| times.sessions() > 0).collect();
    if shown.is_empty() {
        context.print_notice("no sessions");
        return Ok(Exit::Done);
    }
    let style = context.style();
    let pages: Vec<String> = shown.into_iter().map(|times| drawing::page(times, style)).collect();
    print(pages.join("\n"))?;
    Ok(Exit::Done)
}

/// The error for a table that does not record the last use.
fn unknown_use(service: &SessionService) -> Error {
    let table = service.profile().map_or("sessions", |profile| &profile.table);
    Error::Refused(format!(
        "{table} does not record when a session was last used, so nobody knows for how long it \
         has been unused; to see when the sessions expire, use `sessctl list --sort expires`"
    ))
}

fn records(times: &IdleTimes) -> Vec<Record> {
    let ranges = times.ranges.iter().zip(times.longer_unused());
    let mut records: Vec<Record> =
        ranges.map(|(range, longer)| record(times, range, longer)).collect();
    if times.unknown > 0 {
        records.push(record_of_unknown(times));
    }
    records
}

fn record(times: &IdleTimes, range: &IdleRange, longer: u64) -> Record {
    let IdleRange { over, up_to, live, expired } = *range;
    let percent = up_to.and_then(|_| permille(longer, times.sessions()));
    #[expect(clippy::cast_precision_loss, reason = "it is no more than a thousand")]
    let percent = percent.map(|permille| Value::Measure(permille as f64 / 10.0));
    let values = vec![
        Value::text(Some(times.task.as_str())),
        Value::Span(over),
        Value::span(up_to),
        Value::Count(range.sessions()),
        Value::Count(live),
        Value::Count(expired),
        up_to.map_or(Value::Absent, |_| Value::Count(longer)),
        percent.unwrap_or(Value::Absent),
        Value::span(times.timeout),
    ];
    let name = up_to.map_or("longer".to_owned(), |limit: Span| limit.to_string());
    Record::new([times.task.clone(), "idle".to_owned(), name], values)
}

fn record_of_unknown(times: &IdleTimes) -> Record {
    let mut values = vec![Value::Absent; IDLE.columns.len()];
    values[0] = Value::text(Some(times.task.as_str()));
    values[3] = Value::Count(times.unknown);
    Record::new([times.task.as_str(), "idle", "unknown"], values)
}
