//! Output formats: records in, bytes out.
//!
//! A format is one file and a line in [`open`]. None of them looks at the environment or the
//! terminal: the caller passes the [`Style`].

mod csv;
mod flatten;
mod format;
pub mod human;
mod json;
mod layout;
mod plain;
mod prometheus;
pub mod record;
pub mod report;
pub mod sanitize;
pub mod sparkline;
mod table;

use std::io;

use record::{Record, Schema};

pub use format::{Format, FormatName, Style, Summary, UnsupportedFormat};
pub use prometheus::Metrics;

impl FormatName {
    /// Checks that the format supports these records, before a command does its work.
    ///
    /// # Errors
    /// For prometheus, if no column is a metric.
    pub fn check(self, schema: &Schema) -> Result<(), UnsupportedFormat> {
        if self == Self::Prometheus && !prometheus::serves(schema) {
            return Err(UnsupportedFormat::without_metrics(schema.subject));
        }
        Ok(())
    }
}

/// Begins a listing. `out` is best buffered; it is flushed at the end.
///
/// # Errors
/// If the output cannot be written; with [`UnsupportedFormat`] inside, before anything
/// is written, where [`FormatName::check`] would have said so.
pub fn open<'w>(
    name: FormatName,
    style: Style,
    out: impl io::Write + 'w,
    schema: &'static Schema,
    head: Option<Summary<'_>>,
) -> io::Result<Box<dyn Format + 'w>> {
    name.check(schema).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    Ok(match name {
        FormatName::Table => Box::new(table::Table::new(out, style, schema)),
        FormatName::Plain => Box::new(plain::Plain::new(out, schema, head)),
        FormatName::Csv => Box::new(csv::Csv::open(out, schema)?),
        FormatName::Json => Box::new(json::Json::open(out, schema, head)?),
        FormatName::Jsonl => Box::new(json::Jsonl::new(out, schema)),
        FormatName::Prometheus => Box::new(prometheus::Prometheus::new(out, schema)),
    })
}

/// Writes a listing that is all there: any number of records, or the one.
///
/// # Errors
/// Errors of [`open`].
pub fn write<'r>(
    name: FormatName,
    style: Style,
    out: impl io::Write,
    schema: &'static Schema,
    head: Option<Summary<'_>>,
    records: impl IntoIterator<Item = &'r Record>,
) -> io::Result<()> {
    let mut listing = open(name, style, out, schema, head)?;
    for record in records {
        listing.record(record)?;
    }
    listing.end()
}
