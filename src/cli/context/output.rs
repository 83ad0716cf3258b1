//! The answer of a command, on standard output.

use std::io::{self, IsTerminal};
use std::rc::Rc;

use super::settings::Context;
use super::terminal::{PendingListing, stdout, style, unwritten};
use crate::cli::all_databases::worker::RemoteListing;
use crate::config::DatabaseEntry;
use crate::output::record::{Record, Schema};
use crate::output::{self, Format, FormatName, Summary};

/// Records that a terminal shows unless more are requested.
const TERMINAL_ROWS: u64 = 100;

impl Context {
    pub fn requested_format(&self) -> Option<FormatName> {
        if let Some(worker) = self.collector() {
            return worker.instruction.format;
        }
        if self.global.json { Some(FormatName::Json) } else { self.global.output }
    }

    pub fn format(&self) -> FormatName {
        self.requested_format().unwrap_or(FormatName::Table)
    }

    /// Reports whether standard output is to have colors.
    #[cfg(feature = "top")]
    pub fn has_colors(&self) -> bool {
        style(self.global.color).color
    }

    /// Begins a listing on standard output.
    pub fn listing(
        &self,
        schema: &'static Schema,
        head: Option<Summary<'_>>,
    ) -> anyhow::Result<Box<dyn Format>> {
        self.format().check(schema)?;
        if let Some(worker) = self.collector() {
            return Ok(Box::new(RemoteListing::new(Rc::clone(worker), schema)));
        }
        let style = style(self.global.color);
        let mut listing = output::open(self.format(), style, stdout(), schema, head)?;
        listing.set_labels(&self.metric_labels());
        Ok(listing)
    }

    pub fn pending_listing(&self, schema: &'static Schema) -> PendingListing {
        PendingListing {
            format: self.format(),
            style: style(self.global.color),
            schema,
            labels: self.metric_labels(),
            collector: self.collector().cloned(),
        }
    }

    /// Labels of all metrics of this process: those of the database in use, if it has a name.
    pub fn metric_labels(&self) -> Vec<(String, String)> {
        self.entry().ok().flatten().map(DatabaseEntry::metric_labels).unwrap_or_default()
    }

    pub fn write_records(&self, schema: &'static Schema, records: &[Record]) -> anyhow::Result<()> {
        let mut listing = self.listing(schema, None)?;
        for record in records {
            listing.record(record).map_err(unwritten)?;
        }
        Ok(listing.end().map_err(unwritten)?)
    }

    /// Maximum number of records to show: as requested, otherwise as many as people read on a
    /// terminal. Nothing is cut for programs, or in a pipe.
    pub fn row_limit(&self, requested: Option<u64>) -> Option<u64> {
        let is_for_people = self.format() == FormatName::Table && io::stdout().is_terminal();
        requested.or_else(|| is_for_people.then_some(TERMINAL_ROWS))
    }

    /// Reports whether standard output is a terminal and output is not suppressed.
    pub fn is_interactive(&self) -> bool {
        io::stdout().is_terminal() && !self.global.quiet
    }
}
