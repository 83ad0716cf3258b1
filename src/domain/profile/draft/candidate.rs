//! Columns, and paths in JSON, that may hold a time of the session.

use super::encodings::TimeValues;
use super::names::{TimeHint, time_hint};
use super::observation::{ObservedColumn, ObservedTable, ObservedValues, label};
use crate::domain::profile::definition::ColumnSource;
use crate::domain::profile::timestamp::Timestamp;
use crate::domain::time::UnixTime;

#[derive(Debug, Clone)]
pub(super) struct TimeCandidate {
    pub(super) source: ColumnSource,
    pub(super) hint: Option<TimeHint>,
    pub(super) values: TimeValues,
    pub(super) is_indexed: bool,
}

impl TimeCandidate {
    pub(super) fn label(&self) -> String {
        label(&self.source)
    }

    /// Number of rows in which this time and another are both known, and of those in which
    /// this one is at least `lead` after the other.
    pub(super) fn order(&self, other: &Self, lead: i128) -> (usize, usize) {
        let pairs = self.values.moments.iter().zip(&other.values.moments);
        let pairs: Vec<(Timestamp, Timestamp)> =
            pairs.filter_map(|(own, other)| Some(((*own)?, (*other)?))).collect();
        let after = pairs.iter().filter(|(own, other)| own.0 - other.0 >= lead).count();
        (pairs.len(), after)
    }
}

/// Finds the candidates of a table. A column that alone identifies a row, or refers to another
/// table, holds no time.
pub(super) fn find(table: &ObservedTable, now: UnixTime) -> Vec<TimeCandidate> {
    let is_key = |source: &ColumnSource| {
        source.path.is_none()
            && (table.is_unique(&source.column) || table.reference(&source.column).is_some())
    };
    let candidate = |observed: &ObservedValues| {
        let hint = time_hint(&observed.source);
        if hint == Some(TimeHint::Other) || (hint.is_none() && is_key(&observed.source)) {
            return None;
        }
        let values = if table.rows == 0 {
            let declared = declared(table, &observed.source);
            TimeValues::unseen(hint.map(|_| declared)?)
        } else {
            TimeValues::of(observed, hint.is_some(), now)?
        };
        let is_it = |column: &&ObservedColumn| column.name == observed.source.column;
        let is_indexed = observed.source.path.is_none()
            && table.columns.iter().find(is_it).is_some_and(|column| column.is_indexed);
        Some(TimeCandidate { source: observed.source.clone(), hint, values, is_indexed })
    };
    table.values.iter().filter_map(candidate).collect()
}

fn declared<'a>(table: &'a ObservedTable, source: &ColumnSource) -> &'a str {
    let column = table.columns.iter().find(|column| column.name == source.column);
    column.map_or("", |column| column.declared.as_str())
}
