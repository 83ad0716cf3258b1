//! The file of `--metrics-file` of several databases.

use std::path::Path;

use super::call::{Target, Work};
use super::wire::TypedRecord;
use crate::cli::metrics_file::{self, Success};
use crate::cli::{clock, metrics, replace};
use crate::output::Metrics;
use crate::output::record::Schema;

/// Bytes of figures that are held.
const MAX_FIGURES: usize = 256 << 20;

/// Figures of each database, until all are there.
pub struct Figures {
    /// Schema of the metrics that say how a command came out, if it is one that has them.
    call: Option<&'static Schema>,
    records: Vec<Vec<TypedRecord>>,
    held: usize,
}

impl Figures {
    pub fn new(work: Work, databases: usize) -> Self {
        let call = match work {
            Work::Purge { .. } => Some(&metrics::PURGE),
            Work::Run { .. } => Some(&metrics::RUN),
            _ => None,
        };
        Self { call, records: (0..databases).map(|_| Vec::new()).collect(), held: 0 }
    }

    pub fn add(&mut self, index: usize, figures: TypedRecord, bytes: usize) {
        self.held += bytes;
        if self.held <= MAX_FIGURES {
            self.records[index].push(figures);
        }
    }

    /// Notes how a worker has ended, if it has not said so.
    pub fn end(&mut self, index: usize, exit_code: u8) {
        let Some(schema) = self.call else { return };
        let has_said = |figures: &TypedRecord| std::ptr::eq(figures.schema, schema);
        if !self.records[index].iter().any(has_said) {
            let call = metrics::call(exit_code, clock::now());
            self.records[index].push(TypedRecord::new(schema, call));
        }
    }

    /// Replaces the file. The times of the last success of a database that has none now stay.
    ///
    /// # Errors
    /// Errors of [`replace`](replace::replace).
    pub fn write(&self, path: &Path, targets: &[Target]) -> anyhow::Result<()> {
        let mut all = Metrics::default();
        for (target, records) in targets.iter().zip(&self.records) {
            all.set_labels(&target.labels);
            for TypedRecord { schema, record } in records {
                all.add(schema, record);
            }
        }
        let mut text = Vec::new();
        all.write(&mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let old = metrics_file::read(path).unwrap_or_default();
        let is_known = |series: &str| {
            targets.iter().filter_map(|target| target.name.as_ref()).any(|name| {
                // The label of the database comes first.
                series.contains(&format!("{{database=\"{name}\""))
            })
        };
        let kept = metrics_file::last_successes(&old).filter(|kept| is_known(kept.series));
        replace::replace(path, with_successes(text, kept).as_bytes())
    }
}

/// Adds samples that the text does not have, each to its metric.
fn with_successes<'t>(mut text: String, kept: impl Iterator<Item = Success<'t>>) -> String {
    for Success { name, series, line } in kept {
        let has_series =
            |known: &str| known.strip_prefix(series).is_some_and(|rest| rest.starts_with(' '));
        if text.lines().any(has_series) {
            continue;
        }
        let heading = format!("# TYPE {name} gauge\n");
        if let Some(place) = text.find(&heading) {
            text.insert_str(place + heading.len(), &format!("{line}\n"));
        } else {
            text.extend([heading.as_str(), line, "\n"]);
        }
    }
    text
}
