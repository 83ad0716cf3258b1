//! The text exposition format, version 0.0.4, as node_exporter's textfile
//! collector reads it: a metric's samples stand together under one heading,
//! and none has a timestamp, which the collector would refuse.

use std::collections::HashSet;
use std::io;

use super::format::Format;
use super::record::{Column, Metric, MetricKind, Record, Schema, Value};
use super::sanitize;

/// The samples of one schema, which are written at the end.
pub struct Prometheus<W> {
    out: W,
    schema: &'static Schema,
    metrics: Metrics,
}

/// Samples by metric: those of one must not be interrupted, and records come one by one.
#[derive(Default)]
pub struct Metrics {
    /// Labels of all metrics, as they are written.
    common: Vec<String>,
    families: Vec<Family>,
    seen: HashSet<String>,
}

struct Family {
    metric: &'static Metric,
    samples: String,
}

pub fn serves(schema: &Schema) -> bool {
    schema.columns.iter().any(|column| column.metric.is_some())
        || schema.children.is_some_and(|(_, child)| serves(child))
}

impl Metrics {
    /// Sets the labels of the metrics of the records that follow.
    pub fn set_labels(&mut self, labels: &[(String, String)]) {
        self.common = labels.iter().map(|(name, value)| label((name, value))).collect();
    }

    /// Adds the samples of a record. Those of a metric that several schemas have stand together.
    pub fn add(&mut self, schema: &'static Schema, record: &Record) {
        for (column, value) in schema.columns.iter().zip(&record.values) {
            self.sample(schema, record, column, value);
        }
        if let Some((_, schema)) = schema.children {
            for child in &record.children {
                self.add(schema, child);
            }
        }
    }

    /// A series that is there already stays as it is: the collector refuses a
    /// file that holds one twice, and with it everything else in the file.
    fn sample(&mut self, schema: &Schema, record: &Record, column: &'static Column, value: &Value) {
        let (Some(metric), Some(number)) = (&column.metric, number(value, column.metric)) else {
            return;
        };
        let series = format!("{}{}", metric.name, self.labels(schema, record, metric));
        let line = format!("{series} {number}\n");
        if self.seen.insert(series) {
            self.family(metric).samples.push_str(&line);
        }
    }

    /// The common labels first, then the record's own one, then those of the column.
    fn labels(&self, schema: &Schema, record: &Record, metric: &Metric) -> String {
        let own = schema.label.zip(record.key.first().map(String::as_str));
        let own = own.into_iter().chain(metric.labels.iter().copied()).map(label);
        let labels: Vec<String> = self.common.iter().cloned().chain(own).collect();
        if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) }
    }

    fn family(&mut self, metric: &'static Metric) -> &mut Family {
        let known = self.families.iter().position(|family| family.metric.name == metric.name);
        let place = known.unwrap_or_else(|| {
            self.families.push(Family { metric, samples: String::new() });
            self.families.len() - 1
        });
        &mut self.families[place]
    }

    /// The text of figures with these labels.
    ///
    /// # Errors
    /// None that a text in memory could have.
    pub fn text(
        figures: &[(&'static Schema, &[Record])],
        labels: &[(String, String)],
    ) -> io::Result<Vec<u8>> {
        let mut all = Self::default();
        all.set_labels(labels);
        for (schema, records) in figures {
            for record in *records {
                all.add(schema, record);
            }
        }
        let mut text = Vec::new();
        all.write(&mut text)?;
        Ok(text)
    }

    /// Writes each metric with its samples.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn write(&self, mut out: impl io::Write) -> io::Result<()> {
        for Family { metric, samples } in &self.families {
            let kind = match metric.kind {
                MetricKind::Gauge => "gauge",
                MetricKind::Counter => "counter",
            };
            let help = sanitize::escape(metric.help).replace('\\', "\\\\");
            write!(out, "# HELP {} {help}\n# TYPE {} {kind}\n{samples}", metric.name, metric.name)?;
        }
        Ok(())
    }
}

impl<W: io::Write> Prometheus<W> {
    pub fn new(out: W, schema: &'static Schema) -> Self {
        Self { out, schema, metrics: Metrics::default() }
    }
}

impl<W: io::Write> Format for Prometheus<W> {
    fn set_labels(&mut self, labels: &[(String, String)]) {
        self.metrics.set_labels(labels);
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.metrics.add(self.schema, record);
        Ok(())
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.metrics.write(&mut self.out)?;
        self.out.flush()
    }
}

fn label((name, value): (&str, &str)) -> String {
    format!("{name}=\"{}\"", sanitize::label(value))
}

fn number(value: &Value, metric: Option<Metric>) -> Option<String> {
    let number = whole_number(value)?;
    match metric.map_or(1.0, |metric| metric.divisor) {
        1.0 => Some(number),
        divisor => Some((number.parse::<f64>().ok()? / divisor).to_string()),
    }
}

fn whole_number(value: &Value) -> Option<String> {
    match value {
        Value::Absent | Value::Text(_) | Value::Named { .. } | Value::Word(..) => None,
        Value::Count(number) | Value::Number(number) => Some(number.to_string()),
        Value::Measure(measure) => Some(measure.to_string()),
        Value::Flag(flag) => Some(u8::from(*flag).to_string()),
        Value::Span(span) => Some(span.as_seconds().to_string()),
        Value::Time(time) => Some(time.0.to_string()),
    }
}
