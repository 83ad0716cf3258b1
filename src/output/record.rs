//! Output of a command, independent of its format: records of named values, described by a
//! schema.

use std::borrow::Cow;

use crate::domain::time::{Span, UnixTime};

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value: an empty cell, `null`.
    Absent,
    /// Text from a database row or from a user: it may hold anything.
    Text(String),
    /// User with a name, or another text with a short form: people see the name, and programs read
    /// the id.
    Named {
        id: String,
        name: String,
    },
    /// Word chosen by sessctl, with its color.
    Word(Cow<'static, str>, Severity),
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Plain,
    Good,
    Warn,
    Bad,
    /// Ended or irrelevant.
    Dim,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Shown in rows and in blocks.
    Row,
    /// Shown like these, but only if a record has a value there other than the count 0, and in
    /// rows only if they have room for it.
    Filled,
    /// Shown only in blocks of one line per value.
    Detail,
    /// Shown in no table: only in the formats that programs read.
    Data,
}

#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Key in JSON, header in CSV, last word in `plain`.
    pub name: &'static str,
    pub title: &'static str,
    pub place: Visibility,
    /// Set for times: csv and json add a column in unix seconds, even without any value.
    pub time: bool,
    pub metric: Option<Metric>,
}

/// Prometheus metric with one time series per record.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Name of the metric; columns that share it are adjacent in the schema and differ in
    /// their labels.
    pub name: &'static str,
    pub help: &'static str,
    pub kind: MetricKind,
    /// Number by which the column's value is divided: 1000 for milliseconds, as metrics are in
    /// seconds.
    pub divisor: f64,
    /// Labels of this column, in addition to those of the record.
    pub labels: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    Gauge,
    Counter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// Exactly one: an object in JSON, a line for each value in a table.
    One,
    /// Any number: an array in JSON, a row for each in a table.
    Many,
}

#[derive(Debug)]
pub struct Schema {
    /// Plural noun for the records, for messages.
    pub subject: &'static str,
    pub shape: Cardinality,
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
    pub values: Vec<Value>,
    /// The records within this one.
    pub children: Vec<Record>,
}

impl Schema {
    pub const fn many(subject: &'static str, columns: &'static [Column]) -> Self {
        Self { subject, shape: Cardinality::Many, columns, children: None, label: None }
    }

    pub const fn one(subject: &'static str, columns: &'static [Column]) -> Self {
        Self { subject, shape: Cardinality::One, columns, children: None, label: None }
    }

    /// A text that tells schemas apart: the subject and the names of the columns.
    pub fn signature(&self) -> String {
        let columns: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        format!("{}: {}", self.subject, columns.join(" "))
    }

    pub const fn with_children(self, key: &'static str, children: &'static Self) -> Self {
        Self { children: Some((key, children)), ..self }
    }

    pub const fn with_label(self, label: &'static str) -> Self {
        Self { label: Some(label), ..self }
    }
}

/// Returns the columns of two lists, in order; `N` is the sum of their lengths.
pub const fn concat<const N: usize>(first: &[Column], second: &[Column]) -> [Column; N] {
    assert!(first.len() + second.len() == N, "N is not the number of columns");
    let mut all = [first[0]; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    all
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
        Self { name, title, place: Visibility::Detail, ..Self::row(name, title) }
    }

    /// A column that no table shows.
    pub const fn data(name: &'static str, title: &'static str) -> Self {
        Self { place: Visibility::Data, ..Self::row(name, title) }
    }

    pub const fn at(self, place: Visibility) -> Self {
        Self { place, ..self }
    }

    pub const fn time(self) -> Self {
        Self { time: true, ..self }
    }

    pub const fn metric(self, metric: Metric) -> Self {
        Self { metric: Some(metric), ..self }
    }
}

impl Value {
    pub fn text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Absent, |text| Self::Text(text.into()))
    }

    /// A text for programs, with a short form for people.
    pub fn shortened(text: Option<&str>, short: impl FnOnce(&str) -> String) -> Self {
        text.map_or(Self::Absent, |text| Self::Named { id: text.to_owned(), name: short(text) })
    }

    /// A user by the name, if it is known, and else by the id.
    pub fn user(id: Option<&str>, name: Option<&str>) -> Self {
        match (id, name) {
            (Some(id), Some(name)) => Self::Named { id: id.to_owned(), name: name.to_owned() },
            (id, _) => Self::text(id),
        }
    }

    pub fn time(time: Option<UnixTime>) -> Self {
        time.map_or(Self::Absent, Self::Time)
    }

    pub fn span(span: Option<Span>) -> Self {
        span.map_or(Self::Absent, Self::Span)
    }

    /// Formats the value for programs: plain numbers, spans in seconds, times in RFC 3339.
    /// Text is not escaped yet.
    pub fn bare(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Absent => return None,
            Self::Text(text) | Self::Named { id: text, .. } => Cow::from(text),
            Self::Word(word, _) => Cow::from(word.as_ref()),
            Self::Count(number) | Self::Number(number) => Cow::from(number.to_string()),
            Self::Measure(measure) => Cow::from(measure.to_string()),
            Self::Flag(flag) => Cow::from(flag.to_string()),
            Self::Span(span) => Cow::from(span.as_seconds().to_string()),
            Self::Time(time) => Cow::from(time.to_string()),
        })
    }

    /// A word without a color.
    pub fn word(word: impl Into<Cow<'static, str>>) -> Self {
        Self::Word(word.into(), Severity::Plain)
    }
}
