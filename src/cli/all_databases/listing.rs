//! One listing of the records of several databases.

use super::call::Target;
use super::wire::TypedRecord;
use crate::cli::context::{Context, stdout, unwritten};
use crate::cli::exit::is_broken_pipe;
use crate::output::record::{Column, Record, Schema, Value};
use crate::output::{Format, FormatName, Metrics};

pub const DATABASE: Column = Column::row("database", "database");

/// Returns a schema of these columns behind that of the database. It is never freed: a process
/// makes few.
pub fn with_database(
    subject: &'static str,
    columns: impl IntoIterator<Item = &'static Column>,
) -> &'static Schema {
    let mut all = vec![DATABASE];
    for column in columns {
        if all.iter().all(|known| known.name != column.name) {
            all.push(*column);
        }
    }
    Box::leak(Box::new(Schema::many(subject, all.leak())))
}

/// A listing on standard output that begins with its first record.
pub struct Listing<'a> {
    context: &'a Context,
    schema: &'static Schema,
    out: Option<Box<dyn Format>>,
    metrics: Metrics,
    failure: Option<anyhow::Error>,
    pub count: usize,
}

impl<'a> Listing<'a> {
    pub fn new(context: &'a Context, schema: &'static Schema) -> Self {
        let metrics = Metrics::default();
        Self { context, schema, out: None, metrics, failure: None, count: 0 }
    }

    /// Adds a record of a database. Columns that it does not have stay empty.
    pub fn add(&mut self, target: &Target, typed: &TypedRecord) {
        let TypedRecord { schema, record } = typed;
        self.count += 1;
        if self.context.format() == FormatName::Prometheus {
            self.metrics.set_labels(&target.labels);
            return self.metrics.add(schema, record);
        }
        self.write(target, &record.key, |name| typed.value(name));
    }

    /// Adds a record of a database, with these values of its columns.
    pub fn add_with(&mut self, target: &Target, key: &[&str], value: impl Fn(&str) -> Value) {
        self.count += 1;
        self.write(target, &key.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>(), value);
    }

    fn write(&mut self, target: &Target, key: &[String], value: impl Fn(&str) -> Value) {
        let columns = self.schema.columns.iter().skip(1);
        let name = Value::text(target.name.as_deref());
        let values = std::iter::once(name).chain(columns.map(|column| value(column.name)));
        let key = target.name.iter().chain(key);
        let record = Record::new(key, values.collect());
        self.try_write(|out| out.record(&record));
    }

    /// Shows what is there to a reader that waits for it.
    pub fn flush(&mut self) {
        self.try_write(|out| out.flush());
    }

    fn try_write(&mut self, write: impl FnOnce(&mut dyn Format) -> std::io::Result<()>) {
        if self.failure.is_some() {
            return;
        }
        let out = match self.out.take() {
            Some(out) => Ok(out),
            None => self.context.listing(self.schema, None),
        };
        let written = out.and_then(|mut out| {
            write(out.as_mut()).map_err(unwritten)?;
            self.out = Some(out);
            Ok(())
        });
        self.failure = written.err();
    }

    /// Completes the listing, also an empty one.
    ///
    /// # Errors
    /// If it could not be written, unless its reader is gone.
    pub fn finish(mut self) -> anyhow::Result<()> {
        if self.context.format() == FormatName::Prometheus {
            return Ok(self.metrics.write(stdout()).map_err(unwritten)?);
        }
        self.try_write(|_| Ok(()));
        let ended = match (self.failure, self.out) {
            (Some(failure), _) => Err(failure),
            (None, Some(out)) => out.end().map_err(|error| unwritten(error).into()),
            (None, None) => Ok(()),
        };
        match ended {
            Err(error) if is_broken_pipe(&error) => Ok(()),
            ended => ended,
        }
    }
}
