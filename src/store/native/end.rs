//! Ending sessions by their keys.

use super::stats;
use crate::domain::error::Result;
use crate::storage::EndRequest;
use crate::store::database::Database;
use crate::store::statement::Statement;

/// Ends live sessions after other statements, in one batch. Reports whether each took effect.
pub(super) fn end(
    database: &mut impl Database,
    requests: &[EndRequest],
    before: Vec<Statement>,
) -> Result<Vec<bool>> {
    let mut statements = before;
    statements.reserve(requests.len());
    let mut end_statements = Vec::with_capacity(requests.len());
    for request in requests {
        if request.keep_row {
            statements.push(end_row(request));
        } else {
            statements.extend([stats::count_row_deleted_at_end(request), delete_live_row(request)]);
        }
        end_statements.push(statements.len() - 1);
    }
    let rows = database.execute_batch(&statements)?.rows;
    Ok(end_statements.iter().map(|at| rows[*at] > 0).collect())
}

fn end_row(request: &EndRequest) -> Statement {
    Statement::new(
        "UPDATE sessions SET ended_at = ?2, end_reason = ?3 WHERE id = ?1 AND ended_at IS NULL",
    )
    .with(&request.key)
    .with(request.end.at)
    .with(request.end.reason.as_str())
}

fn delete_live_row(request: &EndRequest) -> Statement {
    Statement::new("DELETE FROM sessions WHERE id = ?1 AND ended_at IS NULL").with(&request.key)
}
