//! JSON Lines: the objects of [`json`](super::json), one a line and nothing
//! around them.

use std::io;

use super::record::{Record, Schema};
use super::{Format, json};

/// Lines as the records come.
pub(crate) struct Jsonl<W> {
    out: W,
    schema: &'static Schema,
    /// One line at a time, in the same memory.
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
        json::object(&mut self.line, self.schema, record);
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

#[cfg(test)]
mod tests {
    use super::super::FormatName::Jsonl;
    use super::super::sample;

    #[test]
    fn a_record_is_a_line() {
        insta::assert_snapshot!(sample::runs_in(Jsonl), @r#"
        {"started":"2026-06-15T12:00:00Z","started_unix":1781524800,"took_ms":12.5,"complete":true}
        {"started":"2026-06-15T13:00:00Z","started_unix":1781528400,"took_ms":0.25,"complete":false}
        "#);
        insta::assert_snapshot!(sample::session_in(Jsonl), @r#"{"handle":"3f2a91c07d5e","user":"anna.smith","task":"imap","client":"192.0.2.17","state":"idle","idle_seconds":7559,"last_used":"2026-06-15T12:00:00Z","last_used_unix":1781524800,"ended":null,"ended_unix":null}"#);
        assert_eq!(sample::nothing_in(Jsonl), "");
    }
}
