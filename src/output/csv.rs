//! RFC 4180, for spreadsheets; lines end as the system's other tools end them.

use std::borrow::Cow;
use std::io;

use super::flatten::RowFlattener;
use super::format::Format;
use super::record::{Column, Record, Schema, Value};
use super::sanitize;

/// A header, even when nothing follows, and a row for each record and each
/// record within one.
pub(crate) struct Csv<W: io::Write> {
    out: csv::Writer<W>,
    flattener: RowFlattener,
}

impl<W: io::Write> Csv<W> {
    pub(crate) fn open(out: W, schema: &'static Schema) -> io::Result<Self> {
        let mut csv =
            Self { out: csv::Writer::from_writer(out), flattener: RowFlattener::new(schema) };
        let header = csv.flattener.columns.iter().flat_map(|column| names(column));
        csv.out
            .write_record(header.map(|name| name.into_owned().into_bytes()))
            .map_err(io_error)?;
        Ok(csv)
    }
}

impl<W: io::Write> Format for Csv<W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        for row in self.flattener.filled_rows(record) {
            let cells = self.flattener.columns.iter().zip(row);
            let cells = cells.flat_map(|(column, value)| cells_of(column, value));
            self.out
                .write_record(cells.map(|cell| cell.into_owned().into_bytes()))
                .map_err(io_error)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

/// A column of moments stands as two.
fn names(column: &Column) -> impl Iterator<Item = Cow<'static, str>> {
    let unix = column.time.then(|| Cow::from(format!("{}_unix", column.name)));
    std::iter::once(Cow::from(column.name)).chain(unix)
}

fn cells_of<'v>(column: &Column, value: Option<&'v Value>) -> impl Iterator<Item = Cow<'v, str>> {
    let cell = match value {
        Some(Value::Text(text)) => sanitize::csv_cell(text),
        Some(Value::Word(word, _)) => sanitize::csv_cell(word),
        Some(value) => value.bare().unwrap_or_default(),
        None => Cow::default(),
    };
    let unix = column.time.then(|| match value {
        Some(Value::Time(time)) => Cow::from(time.0.to_string()),
        _ => Cow::default(),
    });
    std::iter::once(cell).chain(unix)
}

/// The error beneath, whose kind tells a reader that has gone from a full disk.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::FormatName::Csv;
    use super::super::tests::sample;

    #[test]
    fn a_header_and_rows_of_its_width() {
        insta::assert_snapshot!(sample::sessions_in(Csv), @r#"
        handle,user,task,client,state,idle_seconds,last_used,last_used_unix,ended,ended_unix
        3f2a91c07d5e,anna.smith,imap,192.0.2.17,idle,7559,2026-06-15T12:00:00Z,1781524800,,
        b81d77e0a942,a\u{1b}[2J\u{202e}b,http,,idle,7559,2026-06-15T12:00:00Z,1781524800,,
        c0ffee00c0de,李雷,http,"'=HYPERLINK(""http://x"") says, at length, a client without manners",idle,7559,2026-06-15T12:00:00Z,1781524800,,
        "#);
        insta::assert_snapshot!(sample::stat_in(Csv), @r#"
        task,user,active,idle,oldest_idle_seconds
        imap,,98112,7,273600
        imap,anna,3,7,273600
        imap,bo b,1,7,273600
        "say ""hi""",,0,0,
        "#);
        insta::assert_snapshot!(sample::runs_in(Csv), @r#"
        started,started_unix,took_ms,complete
        2026-06-15T12:00:00Z,1781524800,12.5,true
        2026-06-15T13:00:00Z,1781528400,0.25,false
        "#);
        insta::assert_snapshot!(sample::nothing_in(Csv), @r#"handle,user,task,client,state,idle_seconds,last_used,last_used_unix,ended,ended_unix"#);
    }
}
