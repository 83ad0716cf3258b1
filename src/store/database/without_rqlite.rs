//! Placeholder for the client of rqlite, in builds without it: no value of its types exists.

use super::sqlite::Access;
use super::{BatchResult, Database, Opener, RowRef};
use crate::domain::error::Result;
use crate::domain::profile::SqlValueRef;
use crate::storage::VisitResult;
use crate::storage::consistency::ReadFreshness;
use crate::store::cluster::Cluster;
use crate::store::statement::{Parameters, Statement};

pub mod address {
    pub fn parse_certificates(_pem: &[u8]) -> Option<Vec<Vec<u8>>> {
        None
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedState {}

pub struct Rqlite(SharedState);

impl Rqlite {
    pub const fn new(cluster: &Cluster, _access: Access) -> Self {
        match cluster.shared {}
    }

    #[must_use]
    pub const fn with_receipts(self) -> Self {
        match self.0 {}
    }

    #[must_use]
    pub const fn with_quick_reads(self) -> Self {
        match self.0 {}
    }

    pub const fn freshness(&self) -> ReadFreshness {
        match self.0 {}
    }
}

impl Database for Rqlite {
    fn display_name(&self) -> &str {
        match self.0 {}
    }

    fn opener(&self) -> Opener<Self> {
        match self.0 {}
    }

    fn query(
        &self,
        _statement: &Statement,
        _visit: &mut dyn FnMut(&dyn RowRef) -> VisitResult,
    ) -> Result<()> {
        match self.0 {}
    }

    fn query_all_for_each(
        &self,
        _statement: &Statement,
        _values: &mut dyn Iterator<Item = Parameters<'_>>,
        _visit: &mut dyn FnMut(usize, &dyn RowRef),
    ) -> Result<()> {
        match self.0 {}
    }

    fn execute_for_rows(
        &mut self,
        _statements: &[Statement],
        _rows: &mut dyn Iterator<Item = Vec<SqlValueRef<'_>>>,
    ) -> Result<BatchResult> {
        match self.0 {}
    }

    fn execute_batch(&mut self, _statements: &[Statement]) -> Result<BatchResult> {
        match self.0 {}
    }
}
