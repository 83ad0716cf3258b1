//! JSON: an object for one record, an array for many; and JSON Lines. Each record of an array
//! has a line to itself, so that listings compare line by line and none is
//! ever held in memory.

use std::fmt::{self, Write as _};
use std::io;

use super::format::{Format, Summary};
use super::record::{Cardinality, Column, Record, Schema, Value};
use super::sanitize;

/// JSON document, written as the records arrive.
pub(crate) struct Json<W> {
    out: W,
    schema: &'static Schema,
    /// Separators before the next record, and after the last.
    before: &'static str,
    after: &'static str,
    empty: &'static str,
    text: String,
}

impl<W: io::Write> Json<W> {
    pub(crate) fn open(
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
pub(crate) struct Jsonl<W> {
    out: W,
    schema: &'static Schema,
    line: String,
}

impl<W: io::Write> Jsonl<W> {
    pub(crate) fn new(out: W, schema: &'static Schema) -> Self {
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
pub(crate) fn object(text: &mut String, schema: &Schema, record: &Record) {
    text.push('{');
    members(text, schema, record);
    text.push('}');
}

/// Writes the members of a record's object.
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
        Value::Text(name) => sanitize::json_string(text, name),
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

#[cfg(test)]
mod tests {
    use super::super::FormatName::{self, Json};
    use super::super::tests::sample;

    #[test]
    fn many_are_an_array_and_one_is_an_object() {
        insta::assert_snapshot!(sample::sessions_in(Json), @r#"
        [
        {"handle":"3f2a91c07d5e","user":"anna.smith","task":"imap","client":"192.0.2.17","state":"idle","idle_seconds":7559,"last_used":"2026-06-15T12:00:00Z","last_used_unix":1781524800,"ended":null,"ended_unix":null},
        {"handle":"b81d77e0a942","user":"a\u001b[2J\u202eb","task":"http","client":null,"state":"idle","idle_seconds":7559,"last_used":"2026-06-15T12:00:00Z","last_used_unix":1781524800,"ended":null,"ended_unix":null},
        {"handle":"c0ffee00c0de","user":"李雷","task":"http","client":"=HYPERLINK(\"http://x\") says, at length, a client without manners","state":"idle","idle_seconds":7559,"last_used":"2026-06-15T12:00:00Z","last_used_unix":1781524800,"ended":null,"ended_unix":null}
        ]
        "#);
        insta::assert_snapshot!(sample::stat_in(Json), @r#"
        [
        {"task":"imap","active":98112,"idle":7,"oldest_idle_seconds":273600,"users":[{"user":"anna","active":3},{"user":"bo b","active":1}]},
        {"task":"say \"hi\"","active":0,"idle":0,"oldest_idle_seconds":null,"users":[]}
        ]
        "#);
        insta::assert_snapshot!(sample::session_in(Json), @r#"{"handle":"3f2a91c07d5e","user":"anna.smith","task":"imap","client":"192.0.2.17","state":"idle","idle_seconds":7559,"last_used":"2026-06-15T12:00:00Z","last_used_unix":1781524800,"ended":null,"ended_unix":null}"#);
        assert_eq!(sample::nothing_in(Json), "[]\n");
    }

    #[test]
    fn a_summary_holds_the_listing() {
        insta::assert_snapshot!(sample::runs_in(Json), @r#"
        {"runs":2,"since":null,"since_unix":null,"last":[
        {"started":"2026-06-15T12:00:00Z","started_unix":1781524800,"took_ms":12.5,"complete":true},
        {"started":"2026-06-15T13:00:00Z","started_unix":1781528400,"took_ms":0.25,"complete":false}
        ]}
        "#);
        insta::assert_snapshot!(sample::no_runs_in(Json), @r#"{"runs":0,"since":null,"since_unix":null,"last":[]}"#);
    }

    #[test]
    fn a_record_of_jsonl_is_a_line() {
        insta::assert_snapshot!(sample::runs_in(FormatName::Jsonl), @r#"
        {"started":"2026-06-15T12:00:00Z","started_unix":1781524800,"took_ms":12.5,"complete":true}
        {"started":"2026-06-15T13:00:00Z","started_unix":1781528400,"took_ms":0.25,"complete":false}
        "#);
        insta::assert_snapshot!(sample::session_in(FormatName::Jsonl), @r#"{"handle":"3f2a91c07d5e","user":"anna.smith","task":"imap","client":"192.0.2.17","state":"idle","idle_seconds":7559,"last_used":"2026-06-15T12:00:00Z","last_used_unix":1781524800,"ended":null,"ended_unix":null}"#);
        assert_eq!(sample::nothing_in(FormatName::Jsonl), "");
    }
}
