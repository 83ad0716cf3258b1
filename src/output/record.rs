//! What a command has to say, before any format has seen it: records of named
//! values, described by a schema.

use std::borrow::Cow;

use crate::domain::time::{Span, UnixTime};

/// One value of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// There is none: an empty cell, `null`.
    Absent,
    /// Text from a database row or from a user: it may hold anything.
    Text(String),
    /// A word of sessctl's own, with the colour that it deserves.
    Word(Cow<'static, str>, Severity),
    /// How many.
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
    /// A moment: RFC 3339 in UTC, and beside it `<name>_unix` in the formats
    /// that programs read (csv, json, jsonl).
    Time(UnixTime),
}

/// How a word looks on a terminal that has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// As the terminal has it.
    Plain,
    /// In use, well.
    Good,
    /// Wants a style.
    Warn,
    /// Should not be.
    Bad,
    /// Over, or beside the point.
    Dim,
}

/// Where a table shows a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// In rows, and where one record stands alone.
    Row,
    /// Only where one record stands alone, a line for each value.
    Detail,
}

/// A value's name and what the formats know about it.
#[derive(Debug)]
pub(crate) struct Column {
    /// Its key in JSON, its header in CSV, its last word in `plain`.
    pub(crate) name: &'static str,
    /// Its header in a table.
    pub(crate) title: &'static str,
    /// Where a table shows it.
    pub(crate) place: Visibility,
    /// Whether its values are moments: csv and json give it a second name even
    /// where it has no value, or nothing at all has been listed.
    pub(crate) time: bool,
    /// What Prometheus calls it, if it is a figure to watch.
    pub(crate) metric: Option<Metric>,
}

/// One Prometheus time series for each record.
#[derive(Debug)]
pub(crate) struct Metric {
    /// The metric's name; columns that share it stand beside one another in
    /// the schema and differ in their labels.
    pub(crate) name: &'static str,
    /// What it means.
    pub(crate) help: &'static str,
    /// Whether it only ever grows.
    pub(crate) kind: MetricKind,
    /// The labels of this column, besides those of the record.
    pub(crate) labels: &'static [(&'static str, &'static str)],
}

/// Prometheus' metric types, as far as they are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetricKind {
    /// Goes up and down.
    Gauge,
    /// Only grows.
    Counter,
}

/// How many records there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cardinality {
    /// Exactly one: an object in JSON, a line for each value in a table.
    One,
    /// Any number: an array in JSON, a row for each in a table.
    Many,
}

/// The columns of a command's records.
#[derive(Debug)]
pub(crate) struct Schema {
    /// What the records are, in the plural, for sentences about them.
    pub(crate) subject: &'static str,
    /// One or many.
    pub(crate) shape: Cardinality,
    /// The columns, in their order.
    pub(crate) columns: &'static [Column],
    /// The records that a record may hold, and their key in JSON. Their
    /// columns' names are among the parent's or stand beside them.
    pub(crate) children: Option<(&'static str, &'static Schema)>,
    /// The Prometheus label that holds the first part of a record's key.
    pub(crate) label: Option<&'static str>,
}

/// One record: a value for each column of its schema.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// What `plain` writes before the column's name, joined by dots:
    /// `["imap", "sessions"]` gives `imap.sessions.active 3`.
    pub(crate) key: Vec<String>,
    /// The values, in the order of the schema's columns.
    pub(crate) values: Vec<Value>,
    /// The records within this one.
    pub(crate) children: Vec<Record>,
}

impl Schema {
    /// Of any number of records.
    pub(crate) const fn many(subject: &'static str, columns: &'static [Column]) -> Self {
        Self { subject, shape: Cardinality::Many, columns, children: None, label: None }
    }

    /// Of exactly one record.
    pub(crate) const fn one(subject: &'static str, columns: &'static [Column]) -> Self {
        Self { subject, shape: Cardinality::One, columns, children: None, label: None }
    }

    /// The same, with records within each record.
    pub(crate) const fn with_children(self, key: &'static str, children: &'static Self) -> Self {
        Self { children: Some((key, children)), ..self }
    }

    /// The same, with a Prometheus label.
    pub(crate) const fn with_label(self, label: &'static str) -> Self {
        Self { label: Some(label), ..self }
    }
}

impl Record {
    /// A record that holds no others.
    pub(crate) fn new(
        key: impl IntoIterator<Item = impl Into<String>>,
        values: Vec<Value>,
    ) -> Self {
        let key = key.into_iter().map(Into::into).collect();
        Self { key, values, children: Vec::new() }
    }

    /// The same with the columns of another schema: nothing where its own has none of
    /// that name.
    pub(crate) fn pick(&self, own: &Schema, schema: &Schema) -> Self {
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
    pub(crate) const fn row(name: &'static str, title: &'static str) -> Self {
        Self { name, title, place: Visibility::Row, time: false, metric: None }
    }

    /// A column that tables show where a record stands alone.
    pub(crate) const fn detail(name: &'static str, title: &'static str) -> Self {
        Self { name, title, place: Visibility::Detail, time: false, metric: None }
    }

    /// The same column, shown elsewhere.
    pub(crate) const fn at(self, place: Visibility) -> Self {
        Self { place, ..self }
    }

    /// The same column, of moments.
    pub(crate) const fn time(self) -> Self {
        Self { time: true, ..self }
    }

    /// The same column, watched by Prometheus.
    pub(crate) const fn metric(self, metric: Metric) -> Self {
        Self { metric: Some(metric), ..self }
    }
}

impl Value {
    /// The text, or nothing where there is none.
    pub(crate) fn text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Absent, |text| Self::Text(text.into()))
    }

    /// The moment, or nothing where there is none.
    pub(crate) fn time(time: Option<UnixTime>) -> Self {
        time.map_or(Self::Absent, Self::Time)
    }

    /// The span, or nothing where there is none.
    pub(crate) fn span(span: Option<Span>) -> Self {
        span.map_or(Self::Absent, Self::Span)
    }

    /// As programs read it: bare numbers, spans in seconds, moments in
    /// RFC 3339. Text is as it came and still to be made harmless.
    pub(crate) fn bare(&self) -> Option<Cow<'_, str>> {
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
    pub(crate) fn word(word: impl Into<Cow<'static, str>>) -> Self {
        Self::Word(word.into(), Severity::Plain)
    }
}
