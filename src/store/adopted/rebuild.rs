//! Rebuilding the content of a framework's table in an SQLite file.
//!
//! SQLite empties a table without touching its rows if it has no triggers and takes no part in
//! foreign keys.

use std::ops::ControlFlow;
use std::time::Duration;

use super::adopted_table::Adopted;
use super::blocking_references::BlockingReferences;
use super::copy_plan::CopyPlan;
use super::foreign_keys::foreign_keys_to;
use super::key_spread::KeySpread;
use super::reader::TableReader;
use super::scan::ScanCounter;
use super::{stats, triggers};
use crate::domain::error::Result;
use crate::domain::session::EndReason;
use crate::storage::{
    CopiedTable, Cursor, DueScan, PolicyContext, PurgeBatchResult, RebuildObstacle, RebuildStep,
    SampledRows, ScanLimits, TableRebuild,
};
use crate::store::database::sqlite::SqliteFile;
use crate::store::database::sqlite::rebuild::Replacement;
use crate::store::database::{Database, RowRef, memory};
use crate::store::statement::Statement;

/// Part (1/n) of the available memory for the copy and the page cache.
const MEMORY_SHARE: u64 = 4;

fn schema_obstacle(
    database: &impl Database,
    reader: &TableReader,
) -> Result<Option<RebuildObstacle>> {
    let name = reader.table.name.as_str();
    if !reader.profile.dependents.is_empty() {
        return Ok(Some(RebuildObstacle::Dependents));
    }
    if !triggers::trigger_names(database, name)?.is_empty() {
        return Ok(Some(RebuildObstacle::Triggers));
    }
    let own = Statement::new("SELECT 1 FROM pragma_foreign_key_list(?1)").with(name);
    let refers = database.query_first(&own, |_| ())?.is_some();
    let is_referred_to = !foreign_keys_to(database, name)?.is_empty();
    Ok((refers || is_referred_to).then_some(RebuildObstacle::ForeignKeys))
}

impl TableRebuild for Adopted<SqliteFile> {
    fn start_copy(&mut self, scope: &PolicyContext<'_>) -> RebuildStep<SampledRows> {
        self.drop_copy()?;
        self.reader.profile.may_delete()?;
        if !stats::is_in_scope(&self.reader, scope) {
            return Ok(ControlFlow::Break(RebuildObstacle::FewDue));
        }
        if self.reader.profile.stricter.ends_live_sessions() {
            return Ok(ControlFlow::Break(RebuildObstacle::StricterRules));
        }
        let sample = self.ensure_valid()?;
        if let Some(obstacle) = schema_obstacle(&self.database, &self.reader)? {
            return Ok(ControlFlow::Break(obstacle));
        }
        self.start_scan_budget()?;
        let plan = CopyPlan::of(&self.database, &self.reader)?;
        let max = memory::available().map_or(u64::MAX, |bytes| bytes / MEMORY_SHARE);
        let max = max.saturating_sub(self.database.max_cache()?);
        let started = self.database.start_copy(&plan.create, max)?;
        self.copy = Some(plan);
        let even = || sample.rows.iter().filter(|row| row.is_evenly_spaced);
        let due = even().filter(|row| self.reader.is_due(&row.raw(), scope.now));
        let sampled = SampledRows { rows: even().count() as u64, due: due.count() as u64 };
        Ok(started.map_continue(|()| sampled))
    }

    fn copy_rows(
        &mut self,
        scope: &PolicyContext<'_>,
        after: Option<&Cursor>,
        time: Duration,
    ) -> RebuildStep<DueScan> {
        let Some(plan) = &self.copy else {
            return Ok(ControlFlow::Break(RebuildObstacle::Unsupported));
        };
        let reader = &self.reader;
        let spread = KeySpread::of(&self.database, reader)?;
        let none = BlockingReferences(&[]);
        let mut counter = ScanCounter::new(scope, ScanLimits { time, ..ScanLimits::ALL }, &none);
        let mut scan = reader.select(&reader.snapshot_columns());
        if let Some(Cursor::Key(after)) = after {
            reader.key.push_compared(scan.push(" WHERE "), ">", after);
        }
        reader.order_by_key(&mut scan, None, false);
        let mut visit = |row: &dyn RowRef| {
            let is_due = counter.add_row(reader, row);
            let key = if counter.is_done() { reader.key_of(row) } else { None };
            (!is_due, counter.stop_at(key.map(Cursor::Key)))
        };
        let version = match self.database.copy_rows(&scan, &plan.copy, &mut visit)? {
            ControlFlow::Continue(version) => version,
            ControlFlow::Break(obstacle) => return Ok(ControlFlow::Break(obstacle)),
        };
        let fraction = match &counter.last {
            Some(Cursor::Key(key)) => spread.position(key),
            _ => 1.0,
        };
        let found = counter.into_scan(&self.database, reader, &none)?;
        Ok(ControlFlow::Continue(DueScan { fraction, version, ..found }))
    }

    fn replace_rows(&mut self, copied: CopiedTable) -> RebuildStep<PurgeBatchResult> {
        let Some(plan) = self.copy.take() else {
            return Ok(ControlFlow::Break(RebuildObstacle::Unsupported));
        };
        let replacement = Replacement {
            version: copied.version,
            empty: format!("DELETE FROM {}", self.reader.table()),
            fill: plan.fill,
            count_equal: plan.count_equal,
            sequence: plan.sequence,
            rows: copied.rows,
            copied: copied.rows.saturating_sub(copied.due),
        };
        let replaced = self.database.replace_rows(&replacement)?;
        if replaced.is_continue() {
            let gone = [(EndReason::Expired, copied.due)];
            self.state.record_deleted(&self.reader.profile.task, gone);
        }
        let (ended, deleted) = (copied.due, copied.due);
        Ok(replaced.map_continue(|timing| PurgeBatchResult {
            ended,
            deleted,
            timing,
            ..PurgeBatchResult::default()
        }))
    }

    fn drop_copy(&mut self) -> Result<()> {
        self.copy = None;
        self.database.drop_copy()
    }
}
