//! Plain format: one fact per line, for grep: `imap.sessions.active 3`.

use std::fmt::Write as _;
use std::io;

use super::format::{Format, Summary};
use super::record::{Record, Schema};
use super::sanitize;

pub struct Plain<W> {
    out: W,
    schema: &'static Schema,
    last: String,
}

impl<W: io::Write> Plain<W> {
    pub fn new(out: W, schema: &'static Schema, head: Option<Summary<'_>>) -> Self {
        let last = head.map_or_else(String::new, |head| facts(head.schema, head.record));
        Self { out, schema, last }
    }
}

impl<W: io::Write> Format for Plain<W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.out.write_all(facts(self.schema, record).as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.out.write_all(self.last.as_bytes())?;
        self.out.flush()
    }
}

pub(super) fn facts(schema: &Schema, record: &Record) -> String {
    let mut lines = String::new();
    add(&mut lines, schema, record);
    lines
}

fn add(lines: &mut String, schema: &Schema, record: &Record) {
    let mut key = String::new();
    for part in &record.key {
        key.push_str(&sanitize::key_part(part));
        key.push('.');
    }
    for (column, value) in schema.columns.iter().zip(&record.values) {
        if let Some(value) = value.bare() {
            // A String takes whatever is written to it.
            let _ = writeln!(lines, "{key}{} {}", column.name, sanitize::escape(&value));
        }
    }
    if let Some((_, schema)) = schema.children {
        for child in &record.children {
            add(lines, schema, child);
        }
    }
}
