//! Names of formats, and the interface of each.

use std::str::FromStr;
use std::{fmt, io};

use clap::ValueEnum;

use super::record::{Record, Schema};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// Aligned columns that fit the terminal
    Table,
    /// One fact per line, for grep
    Plain,
    /// Comma-separated values with a header, for spreadsheets
    Csv,
    /// One JSON object, or an array of objects
    Json,
    /// One JSON object per line
    Jsonl,
    /// Metrics for node_exporter's textfile collector
    Prometheus,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    pub color: bool,
    /// Columns of the terminal; `None`: not a terminal.
    pub width: Option<usize>,
    /// Set if the output may contain characters other than ASCII, such as blocks.
    pub unicode: bool,
}

/// A summary ahead of a listing. The formats that have one kind of row only
/// (table, csv, jsonl, prometheus) leave it out.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    pub schema: &'static Schema,
    pub record: &'a Record,
    /// Key in JSON under which the listing follows.
    pub rows: &'static str,
}

pub trait Format {
    /// Sets the labels of the metrics of the records that follow: which database they are about.
    /// Other formats than Prometheus ignore them.
    fn set_labels(&mut self, _labels: &[(String, String)]) {}

    /// Takes the next record.
    ///
    /// # Errors
    /// If the output cannot be written, for example after `| head` has exited.
    fn record(&mut self, record: &Record) -> io::Result<()>;

    /// Flushes the records so far, for a reader that waits for them. Formats that need all
    /// records before they write do nothing.
    ///
    /// # Errors
    /// If the output cannot be written.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Writes the rest and flushes.
    ///
    /// # Errors
    /// If the output cannot be written.
    fn end(self: Box<Self>) -> io::Result<()>;
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("-o {format} is not available for {subject}{reason}; use {choices}")]
pub struct UnsupportedFormat {
    format: FormatName,
    subject: &'static str,
    reason: &'static str,
    choices: &'static str,
}

impl UnsupportedFormat {
    /// No column of the records is a metric.
    pub const fn without_metrics(subject: &'static str) -> Self {
        Self {
            format: FormatName::Prometheus,
            subject,
            reason: ", only for show stat and purge",
            choices: "table, plain, csv, json or jsonl",
        }
    }

    /// A page is written for people.
    pub const fn of_page(format: FormatName) -> Self {
        let choices = "plain or json, or no format for a page in HTML";
        Self { format, subject: "the report", reason: "", choices }
    }

    /// A report holds several kinds of rows.
    pub const fn of_report(format: FormatName, subject: &'static str) -> Self {
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
