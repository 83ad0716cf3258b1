//! The report as plain text of 80 columns, for mail.

use std::io;

use super::page::{Chart, Page, Plot, Section, Series, Table};
use super::times;
use super::words::shortened;
use crate::cli::context::terminal::filled;
use crate::domain::time_zone::TimeZone;
use crate::output::record::{Column, Record, Value};
use crate::output::sanitize::escape;
use crate::output::{self, FormatName, Style, human};

/// Columns of the text.
const WIDTH: usize = 78;

impl Page {
    /// # Errors
    /// Never: the text is written to memory.
    pub fn to_text(&self) -> io::Result<String> {
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
            write_section(&mut text, section, &self.zone)?;
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

fn write_section(text: &mut String, section: &Section, zone: &TimeZone) -> io::Result<()> {
    text.push_str(&format!("\n{}\n{}\n", section.title, "-".repeat(section.title.len())));
    for sentence in &section.sentences {
        text.push_str(&paragraph(&escape(sentence), ""));
    }
    for chart in &section.charts {
        write_chart(text, chart, zone)?;
    }
    for table in &section.tables {
        text.push('\n');
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

/// A histogram is a table; what changes over time, its first, smallest, largest and last value.
fn write_chart(text: &mut String, chart: &Chart, zone: &TimeZone) -> io::Result<()> {
    match &chart.plot {
        Plot::Histogram { .. } => {
            text.push_str(&format!("\n{}\n", escape(&chart.title)));
            write_table(text, &chart.table, zone)
        }
        Plot::Lines { series, .. } => {
            text.push_str(&format!("\n{}\n", escape(&chart.title)));
            let width = series.iter().map(|series| series.name.len()).max().unwrap_or(0);
            for series in series {
                text.push_str(&range(chart, series, width));
            }
            Ok(())
        }
        Plot::Bars { .. } => {
            text.push_str(&paragraph(&escape(&chart.description), ""));
            Ok(())
        }
    }
}

/// `live     from 1,204 to 2,400, between 800 and 3,100`
fn range(chart: &Chart, series: &Series, width: usize) -> String {
    let unit = chart.scale.unit;
    let points: Vec<f64> = series.parts.iter().flatten().map(|point| point.value).collect();
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return format!("  {:width$}  unknown\n", series.name);
    };
    let least = points.iter().copied().fold(f64::INFINITY, f64::min);
    let most = points.iter().copied().fold(0.0, f64::max);
    let [first, last, least, most] = [*first, *last, least, most].map(|value| unit.exact(value));
    format!("  {:width$}  from {first} to {last}, between {least} and {most}\n", series.name)
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
