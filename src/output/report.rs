//! Report: a record with several listings.

use std::io;

use super::format::{FormatName, UnsupportedFormat};
use super::record::{Record, Schema};
use super::{json, plain};

pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) schema: &'static Schema,
    pub(crate) records: Vec<Record>,
}

impl FormatName {
    /// Checks that the format supports reports, before a command does its work.
    ///
    /// # Errors
    /// Formats with a single kind of row.
    pub(crate) fn check_report(self, schema: &Schema) -> Result<(), UnsupportedFormat> {
        match self {
            Self::Csv | Self::Prometheus => Err(UnsupportedFormat::of_report(self, schema.subject)),
            Self::Table | Self::Plain | Self::Json | Self::Jsonl => Ok(()),
        }
    }
}

/// Writes a report: an object in JSON, or the facts of all its records in `plain`. Commands
/// print the human-readable form themselves.
///
/// # Errors
/// If the output cannot be written.
pub(crate) fn write_report(
    name: FormatName,
    mut out: impl io::Write,
    schema: &'static Schema,
    record: &Record,
    sections: &[Section],
) -> io::Result<()> {
    let text = match name {
        FormatName::Plain => facts(schema, record, sections),
        FormatName::Json => object(schema, record, sections, "\n"),
        _ => object(schema, record, sections, ""),
    };
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn facts(schema: &Schema, record: &Record, sections: &[Section]) -> String {
    let mut text = plain::facts(schema, record);
    for section in sections {
        for record in &section.records {
            text.push_str(&plain::facts(section.schema, record));
        }
    }
    text
}

/// Each record on a line of its own, or all of them on one.
fn object(schema: &Schema, record: &Record, sections: &[Section], line: &str) -> String {
    let mut text = String::from("{");
    json::members(&mut text, schema, record);
    for Section { name, schema, records } in sections {
        text.extend([",", line, "\"", name, "\":["]);
        for (place, record) in records.iter().enumerate() {
            text.extend([if place == 0 { "" } else { "," }, line]);
            json::object(&mut text, schema, record);
        }
        text.extend([if records.is_empty() { "" } else { line }, "]"]);
    }
    text.push_str("}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn report(name: FormatName) -> String {
        let sections = [
            Section { name: "none", schema: &sample::SESSIONS, records: Vec::new() },
            Section { name: "tasks", schema: &sample::STAT, records: sample::stat() },
        ];
        let session = sample::session("3f2a91c07d5e", "a\u{1b}b", "imap", "192.0.2.17");
        let mut out = Vec::new();
        write_report(name, &mut out, &sample::SESSION, &session, &sections).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_report_is_an_object_with_lists_in_it() {
        insta::assert_snapshot!(report(FormatName::Json), @r#"
        {"handle":"3f2a91c07d5e","user":"a\u001bb","task":"imap","client":"192.0.2.17","state":"idle","idle_seconds":7559,"last_used":"2026-06-15T12:00:00Z","last_used_unix":1781524800,"ended":null,"ended_unix":null,
        "none":[],
        "tasks":[
        {"task":"imap","active":98112,"idle":7,"oldest_idle_seconds":273600,"users":[{"user":"anna","active":3},{"user":"bo b","active":1}]},
        {"task":"say \"hi\"","active":0,"idle":0,"oldest_idle_seconds":null,"users":[]}
        ]}
        "#);
        let json: serde_json::Value = serde_json::from_str(&report(FormatName::Json)).unwrap();
        assert_eq!(json["none"], serde_json::json!([]));
        let line = report(FormatName::Jsonl);
        assert_eq!(line.lines().count(), 1);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), json);
        assert!(report(FormatName::Plain).contains("imap.active 98112\n"));
        for none in [FormatName::Csv, FormatName::Prometheus] {
            assert!(none.check_report(&sample::SESSION).is_err());
        }
    }
}
