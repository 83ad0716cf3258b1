//! Output formats: records in, bytes out.
//!
//! A format is one file and a line in [`open`]. None of them looks at the
//! environment or the terminal; whoever opens one says what it may use.

mod csv;
mod grid;
pub(crate) mod human;
mod json;
mod jsonl;
mod plain;
mod prometheus;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod sanitize;
mod table;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod sample;

use std::str::FromStr;
use std::{fmt, io};

use clap::ValueEnum;

use record::{Record, Schema};

/// What `-o` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    /// For people: aligned columns that fit the terminal
    Table,
    /// One fact a line, for grep
    Plain,
    /// For spreadsheets, with a header
    Csv,
    /// One object, or an array of them
    Json,
    /// One object a line
    Jsonl,
    /// For node_exporter's textfile collector
    Prometheus,
}

/// What the output may use of the place it goes to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Style {
    /// Whether it shows colours.
    pub(crate) colour: bool,
    /// Its columns; none where it is no terminal.
    pub(crate) width: Option<usize>,
}

/// A summary ahead of a listing. The formats that have one kind of row only
/// (table, csv, jsonl, prometheus) leave it out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary<'a> {
    /// Its columns; [`Shape::One`](record::Shape::One).
    pub(crate) schema: &'static Schema,
    /// Its values.
    pub(crate) record: &'a Record,
    /// The key in JSON under which the listing follows.
    pub(crate) rows: &'static str,
}

/// A listing under way.
pub(crate) trait Format {
    /// Takes the next record.
    ///
    /// # Errors
    /// Where the output cannot be written, as after `| head` has gone.
    fn record(&mut self, record: &Record) -> io::Result<()>;

    /// Hands on what has been written so far, for a reader that waits for it.
    /// The formats that need all records before they write hand on nothing.
    ///
    /// # Errors
    /// Where the output cannot be written.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Writes what is still owed and flushes.
    ///
    /// # Errors
    /// Where the output cannot be written.
    fn end(self: Box<Self>) -> io::Result<()>;
}

/// There is nothing in these records that a format could say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no prometheus form for {subject}: it serves the figures of show stat; \
     choose table, plain, csv, json or jsonl"
)]
pub(crate) struct UnsupportedFormat {
    /// What the records are.
    pub(crate) subject: &'static str,
}

impl FormatName {
    /// Whether the format can say anything about such records: for a command
    /// to ask before it does its work.
    ///
    /// # Errors
    /// For prometheus, where no column is a metric.
    pub(crate) fn check(self, schema: &Schema) -> Result<(), UnsupportedFormat> {
        if self == Self::Prometheus && !prometheus::serves(schema) {
            return Err(UnsupportedFormat { subject: schema.subject });
        }
        Ok(())
    }
}

impl fmt::Display for FormatName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "table",
            Self::Plain => "plain",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Prometheus => "prometheus",
        })
    }
}

impl FromStr for FormatName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        <Self as ValueEnum>::from_str(text, false)
    }
}

/// Begins a listing. `out` is best buffered; it is flushed at the end.
///
/// # Errors
/// Where the output cannot be written; with [`UnsupportedFormat`] inside, before anything
/// is written, where [`FormatName::check`] would have said so.
pub(crate) fn open<'w>(
    name: FormatName,
    look: Style,
    out: impl io::Write + 'w,
    schema: &'static Schema,
    head: Option<Summary<'_>>,
) -> io::Result<Box<dyn Format + 'w>> {
    name.check(schema).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    Ok(match name {
        FormatName::Table => Box::new(table::Table::new(out, look, schema)),
        FormatName::Plain => Box::new(plain::Plain::new(out, schema, head)),
        FormatName::Csv => Box::new(csv::Csv::open(out, schema)?),
        FormatName::Json => Box::new(json::Json::open(out, schema, head)?),
        FormatName::Jsonl => Box::new(jsonl::Jsonl::new(out, schema)),
        FormatName::Prometheus => Box::new(prometheus::Prometheus::new(out, schema)),
    })
}

/// Writes a listing that is all there: any number of records, or the one.
///
/// # Errors
/// As [`open`].
pub(crate) fn write<'r>(
    name: FormatName,
    look: Style,
    out: impl io::Write,
    schema: &'static Schema,
    head: Option<Summary<'_>>,
    records: impl IntoIterator<Item = &'r Record>,
) -> io::Result<()> {
    let mut listing = open(name, look, out, schema, head)?;
    for record in records {
        listing.record(record)?;
    }
    listing.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_called_what_the_command_line_calls_it() {
        for name in FormatName::value_variants() {
            assert_eq!(name.to_string().parse(), Ok(*name));
        }
        assert!("yaml".parse::<FormatName>().is_err());
    }

    /// `| head` after it has read enough.
    struct Gone;

    impl io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_told_from_other_failures() {
        for name in FormatName::value_variants() {
            let written =
                write(*name, Style::default(), Gone, &sample::STAT, None, &sample::stat());
            let kind = written.map_err(|error| error.kind());
            assert_eq!(kind, Err(io::ErrorKind::BrokenPipe), "{name}");
        }
    }
}
