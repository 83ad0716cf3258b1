//! Finding what identifies a session.

use super::names;
use super::observation::ObservedTable;
use crate::domain::profile::definition::ColumnSource;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftId {
    /// Columns; empty: only the row id.
    pub columns: Vec<String>,
    pub evidence: String,
}

/// Chooses the primary key, else a unique index, the one with the fewest columns first; columns
/// with NULL are not unique. If there is none, rows are told apart by the row id.
pub(super) fn find(table: &ObservedTable) -> DraftId {
    let has_nulls = |column: &String| {
        table.column(column).is_some_and(|values| values.present().count() < values.values.len())
    };
    let usable = || table.unique_keys.iter().filter(|key| !key.iter().any(has_nulls));
    let chosen = usable().find(|key| key.len() == 1).or_else(|| usable().next());
    match chosen {
        Some(key) => {
            let is_primary = table.has_primary_key && table.unique_keys.first() == Some(key);
            let by = if is_primary { "the primary key" } else { "a unique index" };
            let what =
                if key.len() == 1 { "a session" } else { "a session by all of these columns" };
            let evidence = format!("{by} identifies {what}");
            DraftId { columns: key.clone(), evidence }
        }
        None => DraftId { columns: Vec::new(), evidence: without_key(table) },
    }
}

fn without_key(table: &ObservedTable) -> String {
    let reason = "no column is unique by the schema, so SQLite's row id identifies a session; its \
                  values change when the file is vacuumed";
    let named = table.values.iter().find(|observed| {
        let ColumnSource { column, path } = &observed.source;
        let is_named = names::is_token(&observed.source) || column.eq_ignore_ascii_case("id");
        let is_distinct = observed.distinct() == table.rows && table.rows > 1;
        path.is_none() && is_named && is_distinct
    });
    match named {
        None => reason.to_owned(),
        Some(observed) => format!(
            "{reason}. In the sample, all values of {0} differ: if the application makes sure of \
             that, name it instead",
            observed.source.column
        ),
    }
}
