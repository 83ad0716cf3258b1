//! The report as sentences, charts and tables, independent of how it is written.

use super::scale::Scale;
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;
use crate::output::record::{Column, Record, Schema, Value, Visibility};

/// Report on a database, or on several.
pub struct Page {
    pub title: String,
    /// Facts about the report itself: the period, the time, the program.
    pub about: Vec<(&'static str, String)>,
    /// The most important facts; the first of them is the headline.
    pub remarks: Vec<Remark>,
    pub sections: Vec<Section>,
    pub zone: TimeZone,
}

/// Sentence with a judgment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub tone: Tone,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    Neutral,
    Good,
    Warning,
    Bad,
}

impl Tone {
    /// Word that says in text what the color says.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Neutral => "note",
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "problem",
        }
    }
}

impl Remark {
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }
}

#[derive(Default)]
pub struct Section {
    /// Key of its records in JSON, and anchor in the page.
    pub name: &'static str,
    pub title: &'static str,
    pub sentences: Vec<String>,
    pub charts: Vec<Chart>,
    pub tables: Vec<Table>,
}

impl Section {
    pub fn new(name: &'static str, title: &'static str) -> Self {
        Self { name, title, ..Self::default() }
    }

    /// Tables of its charts, and the others.
    pub fn all_tables(&self) -> impl Iterator<Item = &Table> {
        self.charts.iter().map(|chart| &chart.table).chain(&self.tables)
    }

    #[must_use]
    pub fn sentence(mut self, sentence: impl Into<String>) -> Self {
        self.sentences.push(sentence.into());
        self
    }
}

pub struct Table {
    /// Key of its records in JSON.
    pub name: &'static str,
    pub caption: String,
    pub schema: &'static Schema,
    pub records: Vec<Record>,
    /// Column whose numbers are also shown as bars.
    pub bars: Option<&'static str>,
    /// Column whose numbers, with blanks between them, are shown as a curve.
    pub trend: Option<&'static str>,
    /// Set if its texts are long: plain text has each record as a paragraph.
    pub is_prose: bool,
}

impl Table {
    pub const fn new(
        name: &'static str,
        caption: String,
        schema: &'static Schema,
        records: Vec<Record>,
    ) -> Self {
        Self { name, caption, schema, records, bars: None, trend: None, is_prose: false }
    }

    /// Columns for people, without those that have no value.
    pub fn shown_columns(&self) -> Vec<(usize, &'static Column)> {
        let has_value = |place: usize| {
            self.records.iter().any(|record| !matches!(record.values[place], Value::Absent))
        };
        let columns = self.schema.columns.iter().enumerate();
        columns
            .filter(|(place, column)| {
                column.place != Visibility::Data && (*place == 0 || has_value(*place))
            })
            .collect()
    }
}

pub struct Chart {
    pub title: String,
    /// The course of its values in words.
    pub description: String,
    pub scale: Scale,
    pub plot: Plot,
    /// Label of its largest value.
    pub peak: Option<Peak>,
    /// Values of the series.
    pub table: Table,
}

pub enum Plot {
    Lines { period: Period, series: Vec<Series> },
    Bars { period: Period, bars: Vec<Bar> },
    Histogram { bins: Vec<Bin>, marker: Option<Marker> },
}

/// Time that a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: UnixTime,
    pub to: UnixTime,
}

impl Period {
    /// Place of a moment, from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "times of a chart are close to each other")]
    pub fn place(&self, at: UnixTime) -> f64 {
        let length = self.to.since(self.from).as_seconds().max(1) as f64;
        (at.since(self.from).as_seconds() as f64 / length).clamp(0.0, 1.0)
    }
}

/// Curve, with gaps between its parts.
pub struct Series {
    pub name: &'static str,
    pub style: SeriesStyle,
    pub parts: Vec<Vec<Point>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub at: UnixTime,
    pub value: f64,
}

/// Look of a curve or of a part of a bar: color, and dashes or hatching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeriesStyle {
    First,
    Second,
}

impl SeriesStyle {
    pub const fn class(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }
}

/// Bar over a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    pub from: UnixTime,
    pub to: UnixTime,
    pub value: f64,
}

impl Bar {
    pub const fn middle(&self) -> UnixTime {
        UnixTime(i64::midpoint(self.from.0, self.to.0))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Bin {
    /// End of its range; `None`: there is none.
    pub limit: Option<String>,
    /// Values of the first and of the second style, one above the other.
    pub values: [f64; 2],
}

/// Labeled line between two bins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Number of bins before it.
    pub after: usize,
    pub label: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Peak {
    /// Place in the chart, from 0 to 1.
    pub place: f64,
    pub value: f64,
    pub label: String,
}
