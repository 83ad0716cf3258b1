//! Samples as rows of tables and as points of charts.

use super::buckets::{Bucket, Grouping, group};
use super::curves::{MAX_POINTS, parts, thin, usual_distance};
use super::figures::Figures;
use super::growth::as_number;
use super::page::{Bar, Peak, Period, Point, Table};
use super::scale::Unit;
use super::times;
use crate::domain::session::EndReason;
use crate::domain::time::{Span, UnixTime};
use crate::output::human;
use crate::output::record::{Column, Record, Schema, Value};
use crate::storage::Sample;

static ALL: Schema = Schema::many(
    "samples",
    &[
        Column::row("at", "until").time(),
        Column::row("live", "live"),
        Column::row("expired", "expired"),
        Column::row("rows", "rows"),
        Column::row("runs", "runs"),
        Column::row("ended", "ended"),
        Column::row("deleted", "deleted"),
        Column::row("duration_ms", "duration, ms"),
        Column::row("longest_hold_ms", "longest hold, ms"),
        Column::row("file_bytes", "file bytes"),
        Column::row("free_bytes", "free bytes"),
    ],
);

/// Rows with the values of some columns.
pub fn table(
    figures: &Figures,
    name: &'static str,
    caption: &str,
    schema: &'static Schema,
) -> Table {
    let grouping = Grouping::of(&figures.samples);
    let buckets = group(&figures.samples, grouping, &figures.zone);
    let records = buckets.iter().map(|bucket| record(bucket, grouping).pick(&ALL, schema));
    let caption = match grouping {
        Grouping::Sample => caption.to_owned(),
        grouping => format!("{caption}, {}", grouping.words()),
    };
    Table::new(name, caption, schema, records.collect())
}

fn record(bucket: &Bucket, grouping: Grouping) -> Record {
    let Bucket { period, sample } = bucket;
    let at = if grouping == Grouping::Sample { sample.at } else { period.from };
    let count = |count: Option<u64>| count.map_or(Value::Absent, Value::Count);
    let milliseconds = |time: Option<std::time::Duration>| {
        time.map_or(Value::Absent, |time| Value::Measure(human::milliseconds(time)))
    };
    let values = vec![
        Value::Time(at),
        count(sample.live_total()),
        count(sample.expired),
        count(sample.rows),
        Value::Count(sample.runs),
        Value::Count(sample.ended()),
        Value::Count(sample.deleted),
        milliseconds(sample.duration),
        milliseconds(sample.longest_hold),
        count(sample.file_bytes),
        count(sample.free_bytes),
    ];
    Record::new(["samples".to_owned(), at.to_string()], values)
}

/// Period that charts show: from the first sample on, or the whole one.
pub fn period(figures: &Figures) -> Period {
    let first = figures.samples.first().map_or(figures.since, |sample| sample.at);
    // A single sample is not the edge of its chart.
    let from = first.max(figures.since).min(UnixTime(figures.now.0 - 3_600));
    Period { from, to: figures.now }
}

/// Parts of the curve of a figure, and its value now.
pub fn curve(
    figures: &Figures,
    now: Option<u64>,
    of: impl Fn(&Sample) -> Option<u64>,
) -> Vec<Vec<Point>> {
    let point = |at: UnixTime, value: u64| Point { at, value: as_number(value) };
    let samples = figures.samples.iter();
    let mut points: Vec<Point> =
        samples.filter_map(|sample| Some(point(sample.at, of(sample)?))).collect();
    points.extend(now.map(|now| point(figures.now, now)));
    let connected = parts(&points, figures.now);
    let share = |part: &[Point]| MAX_POINTS * part.len() / points.len();
    connected.iter().map(|part| thin(part, share(part))).collect()
}

pub fn largest(parts: &[Vec<Point>]) -> f64 {
    parts.iter().flatten().map(|point| point.value).fold(0.0, f64::max)
}

/// Bars of a figure of each run or of each group of runs.
pub fn bars(figures: &Figures, of: impl Fn(&Sample) -> Option<f64>) -> Vec<Bar> {
    let grouping = Grouping::of(&figures.samples);
    let buckets = group(&figures.samples, grouping, &figures.zone);
    let period = period(figures);
    // Runs are moments: their bars are as wide as the distances between them, within reason.
    let widest = Span::seconds(period.to.since(period.from).as_seconds() / 40);
    let points: Vec<Point> =
        figures.samples.iter().map(|sample| Point { at: sample.at, value: 0.0 }).collect();
    let half = usual_distance(&points).min(widest).as_seconds() / 2;
    let bar = |bucket: &Bucket| {
        let Period { from, to } = bucket.period;
        let value = of(&bucket.sample)?;
        Some(match grouping {
            Grouping::Sample => {
                Bar { from: UnixTime(from.0 - half), to: UnixTime(to.0 + half), value }
            }
            _ => Bar { from, to, value },
        })
    };
    buckets.iter().filter_map(bar).collect()
}

/// Label of the largest bar.
pub fn peak(figures: &Figures, bars: &[Bar], unit: Unit) -> Option<Peak> {
    let largest = bars.iter().max_by(|one, other| one.value.total_cmp(&other.value))?;
    let middle = largest.middle();
    (largest.value > 0.0).then(|| Peak {
        place: period(figures).place(middle),
        value: largest.value,
        label: format!(
            "{}, {}",
            unit.exact(largest.value),
            times::short_day(middle, &figures.zone)
        ),
    })
}

/// Sums of ended sessions over all samples, by reason.
pub fn ended_by(samples: &[Sample]) -> Vec<(EndReason, u64)> {
    let sum = |reason: &EndReason| {
        samples.iter().filter_map(|sample| sample.ended_by.get(reason)).sum::<u64>()
    };
    let sums = EndReason::ALL.iter().map(|reason| (*reason, sum(reason)));
    sums.filter(|(_, count)| *count > 0).collect()
}

/// Sentence in place of a chart without a history.
pub fn absence(figures: &Figures) -> Option<String> {
    if !figures.has_ledger {
        return Some("The history is unknown: its ledger cannot be read.".to_owned());
    }
    figures.samples.is_empty().then(|| {
        format!(
            "There is no history since {} yet: each purge records one sample; so does `sessctl show \
             stat --record`, which a job or cron may call each hour.",
            times::minute(figures.since, &figures.zone)
        )
    })
}
