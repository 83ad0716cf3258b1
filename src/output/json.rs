//! JSON: an object for one record, an array for many. Each record of an array
//! has a line to itself, so that listings compare line by line and none is
//! ever held in memory.

use std::io;

use super::record::{Column, Record, Schema, Shape, Value};
use super::{Format, Head, harmless};

/// The document, written as the records come.
pub(crate) struct Json<W> {
    out: W,
    schema: &'static Schema,
    /// What stands before the next record, and after the last.
    before: &'static str,
    after: &'static str,
    empty: &'static str,
}

impl<W: io::Write> Json<W> {
    pub(crate) fn open(
        mut out: W,
        schema: &'static Schema,
        head: Option<Head<'_>>,
    ) -> io::Result<Self> {
        let (before, after, empty) = match (head, schema.shape) {
            (Some(head), _) => {
                let rows = harmless::json_string(head.rows);
                let mut members = members(head.schema, head.record);
                members.push(format!("{rows}:["));
                write!(out, "{{{}", members.join(","))?;
                ("\n", "\n]}\n", "]}\n")
            }
            (None, Shape::Many) => {
                out.write_all(b"[")?;
                ("\n", "\n]\n", "]\n")
            }
            (None, Shape::One) => ("", "\n", ""),
        };
        Ok(Self { out, schema, before, after, empty })
    }
}

impl<W: io::Write> Format for Json<W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        write!(self.out, "{}{}", self.before, object(self.schema, record))?;
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

/// A record on one line; json and jsonl have it from here.
pub(crate) fn object(schema: &Schema, record: &Record) -> String {
    format!("{{{}}}", members(schema, record).join(","))
}

fn members(schema: &Schema, record: &Record) -> Vec<String> {
    let values = schema.columns.iter().zip(&record.values);
    let mut members: Vec<String> =
        values.flat_map(|(column, value)| members_of(column, value)).collect();
    if let Some((key, schema)) = schema.children {
        let children: Vec<_> = record.children.iter().map(|child| object(schema, child)).collect();
        members.push(format!("{}:[{}]", harmless::json_string(key), children.join(",")));
    }
    members
}

/// A moment has two names, a number for programs to reckon with beside the
/// text; both are null where there is none.
fn members_of(column: &Column, value: &Value) -> impl Iterator<Item = String> + use<> {
    let member = format!("{}:{}", harmless::json_string(column.name), json(value));
    let unix = column.time.then(|| {
        let name = harmless::json_string(&format!("{}_unix", column.name));
        match value {
            Value::Time(time) => format!("{name}:{}", time.0),
            _ => format!("{name}:null"),
        }
    });
    std::iter::once(member).chain(unix)
}

fn json(value: &Value) -> String {
    match value {
        Value::Absent => "null".to_owned(),
        Value::Text(text) => harmless::json_string(text),
        Value::Word(word, _) => harmless::json_string(word),
        Value::Count(count) => count.to_string(),
        Value::Measure(measure) => serde_json::Value::from(*measure).to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Span(span) => span.as_seconds().to_string(),
        Value::Time(time) => harmless::json_string(&time.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::FormatName::Json;
    use super::super::sample;

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
}
