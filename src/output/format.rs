//! Names of formats, and the interface of each.

use std::str::FromStr;
use std::{fmt, io};

use clap::ValueEnum;

use super::record::{Record, Schema};

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

/// A format that has no form for certain records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{format} cannot show {subject}{reason}; choose {choices}")]
pub(crate) struct UnsupportedFormat {
    format: FormatName,
    subject: &'static str,
    reason: &'static str,
    choices: &'static str,
}

impl UnsupportedFormat {
    /// No column of the records is a metric.
    pub(crate) const fn without_metrics(subject: &'static str) -> Self {
        Self {
            format: FormatName::Prometheus,
            subject,
            reason: ": it is for the figures of show stat",
            choices: "table, plain, csv, json or jsonl",
        }
    }

    /// A report holds several kinds of rows.
    pub(crate) const fn of_report(format: FormatName, subject: &'static str) -> Self {
        Self { format, subject, reason: "", choices: "table, plain, json or jsonl" }
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
