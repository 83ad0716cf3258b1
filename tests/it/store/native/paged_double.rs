//! Test double: an SQLite file that pretends to be remote and pages its queries.

use std::ops::ControlFlow;

use sessctl::domain::error::Result;
use sessctl::domain::profile::SqlValueRef;
use sessctl::storage::VisitResult;
use sessctl::store::database::sqlite::SqliteFile;
use sessctl::store::database::{BatchResult, Database, Opener, OwnedRow, RowRef};
use sessctl::store::statement::{Parameters, Statement};

/// Rows in a page.
const PAGE: usize = 3;

pub struct PagedDouble(pub SqliteFile);

impl Database for PagedDouble {
    fn display_name(&self) -> &str {
        self.0.display_name()
    }

    fn opener(&self) -> Opener<Self> {
        let open = self.0.opener();
        Box::new(move || open().map(Self))
    }

    fn query(
        &self,
        statement: &Statement,
        visit: &mut dyn FnMut(&dyn RowRef) -> VisitResult,
    ) -> Result<()> {
        self.0.query(statement, visit)
    }

    fn query_pages(
        &self,
        next: &mut dyn FnMut(Option<&dyn RowRef>) -> Statement,
        visit: &mut dyn FnMut(&dyn RowRef) -> VisitResult,
    ) -> Result<()> {
        let mut last: Option<OwnedRow> = None;
        loop {
            let mut page = next(last.as_ref().map(|row| row as &dyn RowRef));
            page.push(" LIMIT ").bind(PAGE);
            let mut rows = Vec::new();
            self.0.query(&page, &mut |row| {
                // No statement has more columns.
                rows.push(OwnedRow((0..24).map(|place| row.value(place).to_value()).collect()));
                Ok(ControlFlow::Continue(()))
            })?;
            for row in &rows {
                if visit(row)?.is_break() {
                    return Ok(());
                }
            }
            if rows.len() < PAGE {
                return Ok(());
            }
            last = rows.pop();
        }
    }

    fn query_all_for_each(
        &self,
        statement: &Statement,
        values: &mut dyn Iterator<Item = Parameters<'_>>,
        visit: &mut dyn FnMut(usize, &dyn RowRef),
    ) -> Result<()> {
        self.0.query_all_for_each(statement, values, visit)
    }

    fn execute_for_rows(
        &mut self,
        statements: &[Statement],
        rows: &mut dyn Iterator<Item = Vec<SqlValueRef<'_>>>,
    ) -> Result<BatchResult> {
        self.0.execute_for_rows(statements, rows)
    }

    fn execute_batch(&mut self, statements: &[Statement]) -> Result<BatchResult> {
        self.0.execute_batch(statements)
    }

    fn is_remote(&self) -> bool {
        true
    }
}
