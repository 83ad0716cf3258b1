//! JSON: an object for one record, an array for many; and JSON Lines. Each record of an array
//! has a line to itself, so that listings compare line by line and none is
//! ever held in memory.

use std::fmt::{self, Write as _};
use std::io;

use super::format::{Format, Summary};
use super::record::{Cardinality, Column, Record, Schema, Value};
use super::sanitize;

/// JSON document, written as the records arrive.
pub struct Json<W> {
    out: W,
    schema: &'static Schema,
    before: &'static str,
    after: &'static str,
    empty: &'static str,
    text: String,
}

impl<W: io::Write> Json<W> {
    pub fn open(
        mut out: W,
        schema: &'static Schema,
        head: Option<Summary<'_>>,
    ) -> io::Result<Self> {
        let (before, after, empty) = match (head, schema.shape) {
            (Some(head), _) => {
                let mut text = String::from("{");
                members(&mut text, head.schema, head.record);
                write!(out, "{text},\"{}\":[", head.rows)?;
                ("\n", "\n]}\n", "]}\n")
            }
            (None, Cardinality::Many) => {
                out.write_all(b"[")?;
                ("\n", "\n]\n", "]\n")
            }
            (None, Cardinality::One) => ("", "\n", ""),
        };
        Ok(Self { out, schema, before, after, empty, text: String::new() })
    }
}

impl<W: io::Write> Format for Json<W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.text.clear();
        self.text.push_str(self.before);
        object(&mut self.text, self.schema, record);
        self.out.write_all(self.text.as_bytes())?;
        self.before = ",\n";
        self.empty = self.after;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.out.write_all(self.empty.as_bytes())?;
        self.out.flush()
    }
}

/// JSON Lines, written as the records arrive.
pub struct Jsonl<W> {
    out: W,
    schema: &'static Schema,
    line: String,
}

impl<W: io::Write> Jsonl<W> {
    pub fn new(out: W, schema: &'static Schema) -> Self {
        Self { out, schema, line: String::new() }
    }
}

impl<W: io::Write> Format for Jsonl<W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.line.clear();
        object(&mut self.line, self.schema, record);
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a record on one line, for json and jsonl. The keys are sessctl's own and need no
/// escapes.
pub fn object(text: &mut String, schema: &Schema, record: &Record) {
    text.push('{');
    members(text, schema, record);
    text.push('}');
}

pub(super) fn members(text: &mut String, schema: &Schema, record: &Record) {
    for (place, (column, value)) in schema.columns.iter().zip(&record.values).enumerate() {
        text.push_str(if place == 0 { "\"" } else { ",\"" });
        member(text, column, value);
    }
    let Some((key, schema)) = schema.children else {
        return;
    };
    text.extend([",\"", key, "\":["]);
    for (place, child) in record.children.iter().enumerate() {
        text.push_str(if place == 0 { "" } else { "," });
        object(text, schema, child);
    }
    text.push(']');
}

/// Writes a member. A time has two keys, one for the text and one for unix seconds; both are
/// null if it is absent.
fn member(text: &mut String, column: &Column, value: &Value) {
    text.extend([column.name, "\":"]);
    json(text, value);
    if column.time {
        text.extend([",\"", column.name, "_unix\":"]);
        match value {
            Value::Time(time) => put(text, time.0),
            _ => text.push_str("null"),
        }
    }
}

fn json(text: &mut String, value: &Value) {
    match value {
        Value::Absent => text.push_str("null"),
        Value::Text(name) | Value::Named { id: name, .. } => sanitize::json_string(text, name),
        Value::Word(word, _) => sanitize::json_string(text, word),
        Value::Count(number) | Value::Number(number) => put(text, number),
        Value::Measure(measure) => put(text, serde_json::Value::from(*measure)),
        Value::Flag(flag) => put(text, flag),
        Value::Span(span) => put(text, span.as_seconds()),
        Value::Time(time) => {
            text.push('"');
            put(text, time);
            text.push('"');
        }
    }
}

/// A String takes whatever is written to it.
fn put(text: &mut String, value: impl fmt::Display) {
    let _ = write!(text, "{value}");
}
