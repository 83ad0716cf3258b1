//! RFC 4180, for spreadsheets; lines end as the system's other tools end them.

use std::borrow::Cow;
use std::io;

use super::flatten::RowFlattener;
use super::format::Format;
use super::record::{Column, Record, Schema, Value};
use super::sanitize;

/// A header, even when nothing follows, and a row for each record and each
/// record within one.
pub struct Csv<W: io::Write> {
    out: csv::Writer<W>,
    flattener: RowFlattener,
}

impl<W: io::Write> Csv<W> {
    pub fn open(out: W, schema: &'static Schema) -> io::Result<Self> {
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
        Some(Value::Text(text) | Value::Named { id: text, .. }) => sanitize::csv_cell(text),
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
