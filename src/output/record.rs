//! Output of a command, independent of its format: records of named values, described by a
//! schema.

use std::borrow::Cow;

use crate::domain::time::{Span, UnixTime};

/// Value of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value: an empty cell, `null`.
    Absent,
    /// Text from a database row or from a user: it may hold anything.
    Text(String),
    /// Word chosen by sessctl, with its color.
    Word(Cow<'static, str>, Severity),
    /// Count.
    Count(u64),
    /// A number that names something, such as a process.
    Number(u64),
    /// A measurement, such as milliseconds; never infinite.
    Measure(f64),
    /// Yes or no.
    Flag(bool),
    /// A length of time; its column's name ends in `_seconds` where it is one
    /// of a session's, and people read `2h05m`.
    Span(Span),
    /// A time: RFC 3339 in UTC, and also `<name>_unix` in the formats
    /// that programs read (csv, json, jsonl).
    Time(UnixTime),
}

/// Color of a word on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Default color.
    Plain,
    /// In use.
    Good,
    /// Needs attention.
    Warn,
    /// Error.
    Bad,
    /// Ended or irrelevant.
    Dim,
}

/// Visibility of a column in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Shown in rows and in blocks.
    Row,
    /// Shown only in blocks of one line per value.
    Detail,
}

/// Name of a value, with its properties in each format.
#[derive(Debug)]
pub struct Column {
    /// Key in JSON, header in CSV, last word in `plain`.
    pub name: &'static str,
    /// Header in a table.
    pub title: &'static str,
    /// Visibility in a table.
    pub place: Visibility,
    /// Set for times: csv and json add a column in unix seconds, even without any value.
    pub time: bool,
    /// Prometheus metric, if any.
    pub metric: Option<Metric>,
}

/// Prometheus metric with one time series per record.
#[derive(Debug)]
pub struct Metric {
    /// Name of the metric; columns that share it are adjacent in the schema and differ in
    /// their labels.
    pub name: &'static str,
    /// Help text.
    pub help: &'static str,
    /// Type of the metric.
    pub kind: MetricKind,
    /// Labels of this column, in addition to those of the record.
    pub labels: &'static [(&'static str, &'static str)],
}

/// Prometheus metric types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Goes up and down.
    Gauge,
    /// Only grows.
    Counter,
}

/// Number of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// Exactly one: an object in JSON, a line for each value in a table.
    One,
    /// Any number: an array in JSON, a row for each in a table.
    Many,
}

/// Schema of a command's records.
#[derive(Debug)]
pub struct Schema {
    /// Plural noun for the records, for messages.
    pub subject: &'static str,
    /// Number of records.
    pub shape: Cardinality,
    /// Columns, in order.
    pub columns: &'static [Column],
    /// Key in JSON and schema of nested records. Their columns share the parent's names or are
    /// added to them.
    pub children: Option<(&'static str, &'static Schema)>,
    /// The Prometheus label that holds the first part of a record's key.
    pub label: Option<&'static str>,
}

/// Record: a value for each column of its schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Prefix of the column's name in `plain`, joined by dots: `["imap", "sessions"]` gives
    /// `imap.sessions.active 3`.
    pub key: Vec<String>,
    /// The values, in the order of the schema's columns.
    pub values: Vec<Value>,
    /// The records within this one.
    pub children: Vec<Record>,
}

impl Schema {
    /// Creates a schema for any number of records.
    pub const fn many(subject: &'static str, columns: &'static [Column]) -> Self {
        Self { subject, shape: Cardinality::Many, columns, children: None, label: None }
    }

    /// Creates a schema for exactly one record.
    pub const fn one(subject: &'static str, columns: &'static [Column]) -> Self {
        Self { subject, shape: Cardinality::One, columns, children: None, label: None }
    }

    /// Adds nested records.
    pub const fn with_children(self, key: &'static str, children: &'static Self) -> Self {
        Self { children: Some((key, children)), ..self }
    }

    /// Adds a Prometheus label.
    pub const fn with_label(self, label: &'static str) -> Self {
        Self { label: Some(label), ..self }
    }
}

impl Record {
    /// A record that holds no others.
    pub fn new(key: impl IntoIterator<Item = impl Into<String>>, values: Vec<Value>) -> Self {
        let key = key.into_iter().map(Into::into).collect();
        Self { key, values, children: Vec::new() }
    }

    /// Returns the values of another schema's columns; columns that are missing here have no
    /// value.
    pub fn pick(&self, own: &Schema, schema: &Schema) -> Self {
        let value = |name: &str| {
            let place = own.columns.iter().position(|column| column.name == name);
            place.map_or(Value::Absent, |place| self.values[place].clone())
        };
        let values = schema.columns.iter().map(|column| value(column.name)).collect();
        Self { values, ..self.clone() }
    }
}

impl Column {
    /// A column that tables show in rows.
    pub const fn row(name: &'static str, title: &'static str) -> Self {
        Self { name, title, place: Visibility::Row, time: false, metric: None }
    }

    /// A column that tables show where a record stands alone.
    pub const fn detail(name: &'static str, title: &'static str) -> Self {
        Self { name, title, place: Visibility::Detail, time: false, metric: None }
    }

    /// Sets the visibility.
    pub const fn at(self, place: Visibility) -> Self {
        Self { place, ..self }
    }

    /// Marks a column of times.
    pub const fn time(self) -> Self {
        Self { time: true, ..self }
    }

    /// Adds a Prometheus metric.
    pub const fn metric(self, metric: Metric) -> Self {
        Self { metric: Some(metric), ..self }
    }
}

impl Value {
    /// Creates a text, or no value.
    pub fn text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Absent, |text| Self::Text(text.into()))
    }

    /// Creates a time, or no value.
    pub fn time(time: Option<UnixTime>) -> Self {
        time.map_or(Self::Absent, Self::Time)
    }

    /// Creates a span, or no value.
    pub fn span(span: Option<Span>) -> Self {
        span.map_or(Self::Absent, Self::Span)
    }

    /// Formats the value for programs: plain numbers, spans in seconds, times in RFC 3339.
    /// Text is not escaped yet.
    pub fn bare(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Absent => return None,
            Self::Text(text) => Cow::from(text),
            Self::Word(word, _) => Cow::from(word.as_ref()),
            Self::Count(number) | Self::Number(number) => Cow::from(number.to_string()),
            Self::Measure(measure) => Cow::from(measure.to_string()),
            Self::Flag(flag) => Cow::from(flag.to_string()),
            Self::Span(span) => Cow::from(span.as_seconds().to_string()),
            Self::Time(time) => Cow::from(time.to_string()),
        })
    }

    /// A word without a colour.
    pub fn word(word: impl Into<Cow<'static, str>>) -> Self {
        Self::Word(word.into(), Severity::Plain)
    }
}
