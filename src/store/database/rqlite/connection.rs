use std::time::Duration;

use super::client::{Client, NodeResponse, Request};
use super::json;
use super::json::StatementResult;
use crate::domain::error::{Error, Result};
use crate::domain::profile::SqlValue;
use crate::storage::WriteTiming;
use crate::storage::consistency::{Consistency, ReadFreshness};
use crate::store::cluster::Cluster;
use crate::store::database::sqlite::Access;
use crate::store::database::{BatchResult, OwnedRow};
use crate::store::statement::{Parameters, Statement};

/// Read consistency level of linearizable reads, supported by all versions.
const STRONG: &str = "strong";

pub struct Rqlite {
    pub(super) client: Client,
    pub(super) consistency: Consistency,
    pub(super) quick: Consistency,
    pub(super) has_receipts: bool,
    /// `total_changes()` of the node after the last write.
    pub(super) changes: Option<i64>,
    /// Number of detected writes of other clients.
    pub(super) foreign: i64,
}

impl Rqlite {
    /// Creates a client; sends nothing.
    pub fn new(cluster: &Cluster, access: Access) -> Self {
        let [consistency, quick] = match access {
            Access::Read => [cluster.consistency; 2],
            // A new leader may not have carried out yet what its predecessor acknowledged: at
            // level `weak` it shows an old table, or an empty one, and a purge would pass over
            // rows that are due. What is about to change is never looked at on one node alone.
            Access::Write => [Consistency::Linearizable, Consistency::Weak],
        };
        Self {
            client: Client::new(cluster),
            consistency,
            quick,
            has_receipts: false,
            changes: None,
            foreign: 0,
        }
    }

    #[must_use]
    pub fn with_receipts(self) -> Self {
        Self { has_receipts: true, ..self }
    }

    #[must_use]
    pub fn with_quick_reads(self) -> Self {
        Self { consistency: self.quick, ..self }
    }

    pub fn freshness(&self) -> ReadFreshness {
        self.client.freshness()
    }

    pub(super) fn send(
        &self,
        path: &str,
        body: &str,
        writes: bool,
        is_lossless: impl Fn(usize) -> bool,
    ) -> Result<NodeResponse> {
        self.client.execute(Request { path, body, writes }, is_lossless)
    }

    pub(super) fn query_path<'s>(
        &self,
        statements: impl IntoIterator<Item = &'s Statement> + Clone,
    ) -> String {
        let is_linearizable =
            statements.clone().into_iter().any(|statement| statement.is_linearizable);
        let is_quick = statements.into_iter().all(|statement| statement.is_quick);
        let level = match if is_quick { self.quick } else { self.consistency } {
            _ if is_linearizable => STRONG,
            Consistency::Weak => "weak",
            // Some versions treat `linearizable` as `weak`.
            Consistency::Linearizable => STRONG,
            Consistency::None => "none",
        };
        format!("/db/query?timings&transaction&level={level}")
    }

    pub(super) fn read(&self, statements: &[Statement]) -> Result<Vec<StatementResult>> {
        let body = json::encode_statements(statements);
        let path = if statements.iter().any(explains_a_change) {
            // The query endpoint rejects EXPLAIN of a change.
            "/db/request?timings".to_owned()
        } else {
            self.query_path(statements)
        };
        let is_lossless = |place: usize| statements.get(place).is_some_and(|sql| sql.is_lossless);
        let response = self.send(&path, &body, false, is_lossless)?;
        response.outcome.map_err(|why| self.error("read", why))
    }

    /// Runs a query once for each value, in one request.
    pub(super) fn read_for_each(
        &self,
        statement: &Statement,
        values: &mut dyn Iterator<Item = Parameters<'_>>,
    ) -> Result<Vec<StatementResult>> {
        let one = |row: Parameters<'_>| json::encode_statement(&statement.sql, row.iter());
        let elements: Vec<_> = values.map(one).collect();
        if elements.is_empty() {
            // rqlite rejects an empty batch.
            return Ok(Vec::new());
        }
        let body = serde_json::Value::Array(elements).to_string();
        let path = self.query_path([statement]);
        let response = self.send(&path, &body, false, |_| statement.is_lossless)?;
        response.outcome.map_err(|why| self.error("read", why))
    }

    pub(super) fn write(&mut self, statements: &[Statement]) -> Result<NodeResponse> {
        let is_lossless = |place: usize| statements.get(place).is_some_and(|sql| sql.is_lossless);
        self.write_body(&json::encode_statements(statements), is_lossless)
    }

    pub(super) fn write_body(
        &mut self,
        body: &str,
        is_lossless: impl Fn(usize) -> bool,
    ) -> Result<NodeResponse> {
        self.send("/db/request?transaction&timings", body, true, is_lossless)
    }

    pub(super) fn error(&self, doing: &str, why: String) -> Error {
        let place = self.client.display_name();
        if ["disk image is malformed", "malformed database"].iter().any(|it| why.contains(it)) {
            return Error::Corrupt { at: place.to_owned(), detail: why };
        }
        Error::failed(format!("{doing} \"{place}\""), why)
    }

    /// Detects writes of other clients from `total_changes()` of the node.
    pub(super) fn observe_changes(&mut self, before: Option<i64>, after: Option<i64>) {
        if self.changes.is_some() && self.changes != before {
            self.foreign += 1;
        }
        self.changes = after;
    }

    pub(super) fn execute_once(&mut self, statements: &[Statement]) -> Result<BatchResult> {
        let written = self.write(statements)?;
        self.batch_result(written)
    }

    pub(super) fn batch_result(&self, response: NodeResponse) -> Result<BatchResult> {
        let NodeResponse { outcome, is_in_doubt, hold } = response;
        let results = outcome.map_err(|why| {
            if is_in_doubt {
                // The first attempt may have caused the error of the second.
                Error::OutcomeUnknown { at: self.client.display_name().to_owned(), why }
            } else {
                self.error("write to", why)
            }
        })?;
        let work: f64 = results.iter().map(|result| result.time).sum();
        let work = Duration::try_from_secs_f64(work).unwrap_or_default();
        // The time outside the statements counts as that of the commit.
        let commit = hold.saturating_sub(work);
        let timing = WriteTiming { hold, commit, ..WriteTiming::default() };
        let rows = results.iter().map(|result| result.rows).collect();
        let answers = results.into_iter().map(|result| result.answers).collect();
        let response_lost = is_in_doubt;
        Ok(BatchResult { rows, answers, response_lost, timing, ..BatchResult::default() })
    }
}

fn explains_a_change(statement: &Statement) -> bool {
    let explained = statement.sql.strip_prefix("EXPLAIN ");
    explained.is_some_and(|sql| !sql.starts_with("QUERY PLAN SELECT") && !sql.starts_with("SELECT"))
}

impl OwnedRow {
    /// Approximate size of its values in bytes.
    pub(super) fn bytes(&self) -> usize {
        let bytes = |value: &SqlValue| match value {
            SqlValue::Text(bytes) | SqlValue::Blob(bytes) => bytes.len() + 8,
            _ => 8,
        };
        self.0.iter().map(bytes).sum()
    }
}
