//! Distribution of the times for which the sessions of a framework's table have been unused.

use std::ops::ControlFlow;

use super::reader::TableReader;
use super::stats::{RowLayout, last_use};
use crate::domain::error::Result;
use crate::domain::idle_times::IdleTimes;
use crate::domain::policy::UserExcess;
use crate::domain::profile::Standing;
use crate::storage::PolicyContext;
use crate::store::database::Database;

/// Counts the sessions of all rows; those that are not live are expired, as in the other figures.
pub(super) fn count(
    database: &impl Database,
    reader: &TableReader,
    scope: &PolicyContext<'_>,
    excess: &UserExcess,
    mut times: IdleTimes,
) -> Result<IdleTimes> {
    let layout = RowLayout::of(reader, excess, None);
    reader.for_each_row(database, &layout.columns, &mut |row| {
        if let Some((_, standing)) = layout.judge(reader, row, excess, scope.now) {
            let used = last_use(reader, row, layout.inputs_at);
            times.add(used.map(|used| scope.now.since(used)), standing != Standing::Live);
            times.count_future(used, scope.now);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(times)
}
