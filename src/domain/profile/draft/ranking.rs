//! Ranking of tables by how much they look like tables of sessions.

use super::names;
use super::names::TimeHint;
use super::proposal::Draft;
use crate::domain::profile::definition::ColumnSource;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableRank {
    pub points: i32,
    /// Set if the name of the table is a reason.
    pub is_named: bool,
    /// Columns that are reasons, the best first.
    pub columns: Vec<String>,
}

/// Ranks a table by its name and those of its columns; no points: it is not one of sessions.
pub fn rank_by_schema(table: &str, columns: &[String]) -> TableRank {
    let points = names::session_table(table);
    let mut rank = TableRank { points, is_named: points > 2, columns: Vec::new() };
    let source = |column: &String| ColumnSource { column: column.clone(), path: None };
    let first =
        |is: &dyn Fn(&ColumnSource) -> bool| columns.iter().find(|column| is(&source(column)));
    let has = |wanted| move |source: &ColumnSource| names::time_hint(source) == Some(wanted);
    let is_end =
        |source: &ColumnSource| has(TimeHint::Expires)(source) && !names::is_other_end(source);
    let found = [
        (4, first(&is_end)),
        (3, first(&has(TimeHint::Used))),
        (1, first(&has(TimeHint::Created))),
        (2, first(&|source| names::is_token(source))),
        (2, first(&|source| names::is_user(source))),
        (2, first(&|source| names::is_duration(source))),
        (1, first(&|source| names::is_agent(source))),
        (1, first(&|source| names::is_client(source))),
    ];
    for (points, column) in found {
        if let Some(column) = column {
            rank.points += points;
            rank.columns.push(column.clone());
        }
    }
    rank
}

/// Ranks a table by its schema and what was found in it.
pub fn rank(table: &str, draft: &Draft) -> TableRank {
    let mut rank = rank_by_schema(table, &draft.columns);
    if draft.rows == 0 {
        rank.points -= 3;
    }
    if draft.rules.iter().all(|rule| rule.is_suggestion) {
        rank.points -= 6;
    }
    if draft.token.is_some() && draft.user.is_some() {
        rank.points += 1;
    }
    rank
}
