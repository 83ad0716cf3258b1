//! The report as plain text of 80 columns, for mail.

use std::io;

use super::curves::usual_distance;
use super::growth::as_number;
use super::page::{Bar, Chart, Page, Period, Plot, Point, Section, Series, Table};
use super::scale::whole;
use super::times;
use super::words::shortened;
use crate::cli::context::terminal::filled;
use crate::domain::time_zone::TimeZone;
use crate::output::record::{Column, Record, Value};
use crate::output::sanitize::escape;
use crate::output::sparkline::{Ramp, sparkline};
use crate::output::{self, FormatName, Style, human};

/// Columns of the text.
const WIDTH: usize = 78;
/// Characters of a sparkline.
const SPARKLINE: usize = 56;

impl Page {
    /// # Errors
    /// Never: the text is written to memory.
    pub fn to_text(&self, ramp: Ramp) -> io::Result<String> {
        let mut text = format!("{}\n\n", escape(&self.title));
        for (place, remark) in self.remarks.iter().enumerate() {
            let tone = remark.tone.word();
            let line = if place == 0 {
                escape(&remark.text).into_owned()
            } else {
                format!("* {tone}: {}", escape(&remark.text))
            };
            text.push_str(&paragraph(&line, if place == 0 { "" } else { "  " }));
            if place == 0 {
                text.push('\n');
            }
        }
        for section in &self.sections {
            write_section(&mut text, section, &self.zone, ramp)?;
        }
        text.push('\n');
        for (title, value) in &self.about {
            text.push_str(&paragraph(&format!("{title}: {}", escape(value)), "  "));
        }
        Ok(text)
    }
}

/// A paragraph, whose lines after the first are indented.
fn paragraph(text: &str, indent: &str) -> String {
    let lines = filled(text, WIDTH - indent.len());
    format!("{}\n", lines.replace('\n', &format!("\n{indent}")))
}

fn write_section(
    text: &mut String,
    section: &Section,
    zone: &TimeZone,
    ramp: Ramp,
) -> io::Result<()> {
    text.push_str(&format!("\n{}\n{}\n", section.title, "-".repeat(section.title.len())));
    for sentence in &section.sentences {
        text.push_str(&paragraph(&escape(sentence), ""));
    }
    for chart in &section.charts {
        write_chart(text, chart, zone, ramp)?;
    }
    for table in &section.tables {
        let is_first = section.sentences.is_empty() && section.charts.is_empty();
        text.push_str(if is_first { "" } else { "\n" });
        if table.is_prose {
            table.records.iter().for_each(|record| {
                text.push_str(&paragraph(&format!("* {}", prose(table, record, zone)), "  "));
            });
        } else {
            write_table(text, table, zone)?;
        }
    }
    Ok(())
}

/// A histogram is a table; what changes over time is a sparkline and a sentence.
fn write_chart(text: &mut String, chart: &Chart, zone: &TimeZone, ramp: Ramp) -> io::Result<()> {
    text.push_str(&format!("\n{}\n", escape(&chart.title)));
    match &chart.plot {
        Plot::Histogram { .. } => write_table(text, &chart.table, zone)?,
        Plot::Lines { period, series } => {
            let width = series.iter().map(|series| series.name.len()).max().unwrap_or(0);
            for Series { name, parts, .. } in series {
                let points: Vec<Point> = parts.iter().flatten().copied().collect();
                let line = sparkline(&cells(*period, &points), SPARKLINE, ramp);
                let range = range(chart, &points);
                text.push_str(&format!("  {name:width$}  {line}\n  {:width$}  {range}\n", ""));
            }
        }
        Plot::Bars { period, bars } => {
            let point = |bar: &Bar| Point { at: bar.middle(), value: bar.value };
            let points: Vec<Point> = bars.iter().map(point).collect();
            let line = sparkline(&cells(*period, &points), SPARKLINE, ramp);
            let peak = chart.peak.as_ref().map_or("none", |peak| peak.label.as_str());
            text.push_str(&format!("  {line}\n  at most {peak}\n"));
        }
    }
    Ok(())
}

/// Largest values of stretches of time of the same length, each as long as the usual distance
/// between points or longer, so that only gaps are empty.
fn cells(period: Period, points: &[Point]) -> Vec<Option<f64>> {
    let length = period.to.since(period.from).as_seconds();
    let number = length / usual_distance(points).as_seconds().max(1);
    let number = usize::try_from(number).unwrap_or(0).clamp(1, SPARKLINE);
    let mut cells: Vec<Option<f64>> = vec![None; number];
    for point in points {
        let place = whole(period.place(point.at) * as_number(number as u64) - 0.5);
        let place = usize::try_from(place).unwrap_or(0).min(number - 1);
        cells[place] = Some(cells[place].map_or(point.value, |value| value.max(point.value)));
    }
    cells
}

/// `from 1,204 to 2,400, between 800 and 3,100`
fn range(chart: &Chart, points: &[Point]) -> String {
    let unit = chart.scale.unit;
    let values = points.iter().map(|point| point.value);
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return "unknown".to_owned();
    };
    let (least, most) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max));
    let [first, last, least, most] =
        [first.value, last.value, least, most].map(|value| unit.exact(value));
    format!("from {first} to {last}, between {least} and {most}")
}

fn write_table(text: &mut String, table: &Table, zone: &TimeZone) -> io::Result<()> {
    let records: Vec<Record> = table.records.iter().map(|record| localized(record, zone)).collect();
    let style = Style { width: Some(WIDTH), ..Style::default() };
    let mut lines = Vec::new();
    output::write(FormatName::Table, style, &mut lines, table.schema, None, &records)?;
    text.push_str(&String::from_utf8_lossy(&lines));
    Ok(())
}

/// A record with local times.
fn localized(record: &Record, zone: &TimeZone) -> Record {
    let local = |value: &Value| match value {
        Value::Time(at) => Value::word(times::minute(*at, zone)),
        value => value.clone(),
    };
    Record { values: record.values.iter().map(local).collect(), ..record.clone() }
}

/// The values of a record behind their titles.
fn prose(table: &Table, record: &Record, zone: &TimeZone) -> String {
    let record = localized(record, zone);
    let columns = table.shown_columns();
    let has_value = |place: &usize| record.values[*place] != Value::Absent;
    let is_text = |column: &Column| table.trend != Some(column.name);
    let parts = columns.into_iter().filter(|(place, column)| has_value(place) && is_text(column));
    let parts = parts.map(|(place, column)| {
        format!("{}: {}", column.title, shortened(&human::show(&record.values[place])))
    });
    parts.collect::<Vec<_>>().join(", ")
}
