//! Report: a record with several listings.

use std::io;

use super::format::{FormatName, UnsupportedFormat};
use super::record::{Record, Schema};
use super::{json, plain};

pub struct ReportSection {
    pub name: &'static str,
    pub schema: &'static Schema,
    pub records: Vec<Record>,
}

impl FormatName {
    /// Checks that the format supports reports, before a command does its work.
    ///
    /// # Errors
    /// Formats with a single kind of row.
    pub fn check_report(self, schema: &Schema) -> Result<(), UnsupportedFormat> {
        match self {
            Self::Csv | Self::Prometheus => Err(UnsupportedFormat::of_report(self, schema.subject)),
            Self::Table | Self::Plain | Self::Json | Self::Jsonl => Ok(()),
        }
    }
}

/// Writes a report: an object in JSON, or the facts of all its records in `plain`. Commands
/// print the human-readable form themselves.
///
/// # Errors
/// If the output cannot be written.
pub fn write_report(
    name: FormatName,
    mut out: impl io::Write,
    schema: &'static Schema,
    record: &Record,
    sections: &[ReportSection],
) -> io::Result<()> {
    out.write_all(report_text(name, schema, record, sections).as_bytes())?;
    out.flush()
}

/// The text of a report.
pub fn report_text(
    name: FormatName,
    schema: &'static Schema,
    record: &Record,
    sections: &[ReportSection],
) -> String {
    match name {
        FormatName::Plain => facts(schema, record, sections),
        FormatName::Json => object(schema, record, sections, "\n"),
        _ => object(schema, record, sections, ""),
    }
}

fn facts(schema: &Schema, record: &Record, sections: &[ReportSection]) -> String {
    let mut text = plain::facts(schema, record);
    for section in sections {
        for record in &section.records {
            text.push_str(&plain::facts(section.schema, record));
        }
    }
    text
}

/// Each record on a line of its own, or all of them on one.
fn object(schema: &Schema, record: &Record, sections: &[ReportSection], line: &str) -> String {
    let mut text = String::from("{");
    json::members(&mut text, schema, record);
    for ReportSection { name, schema, records } in sections {
        text.extend([",", line, "\"", name, "\":["]);
        for (place, record) in records.iter().enumerate() {
            text.extend([if place == 0 { "" } else { "," }, line]);
            json::object(&mut text, schema, record);
        }
        text.extend([if records.is_empty() { "" } else { line }, "]"]);
    }
    text.push_str("}\n");
    text
}
