//! Deleting rows of a framework's table: those that are still what they were when they
//! were seen.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;

use super::rows::Reader;
use crate::domain::error::Result;
use crate::domain::port::{Ending, Settled, Sighting};
use crate::domain::profile::Dependent;
use crate::domain::session::{End, EndReason, Key, Session};
use crate::domain::time::UnixTime;
use crate::store::sql::{bare, datum, quoted};
use crate::store::transport::{Applied, Transport};

/// The statements that delete one row and what goes with it, in their order: the
/// session is the last.
#[derive(Debug)]
pub(super) struct Deletion {
    dependents: Vec<String>,
    session: String,
}

impl Deletion {
    /// Of rows that are exactly as they were seen.
    pub(super) fn as_seen(reader: &Reader) -> Self {
        Self::of(reader, &reader.as_seen())
    }

    /// Of rows that have still the same id.
    pub(super) fn of_key(reader: &Reader) -> Self {
        Self::of(reader, &reader.of_key())
    }

    fn of(reader: &Reader, condition: &str) -> Self {
        let table = reader.table();
        let dependent = |dependent: &Dependent| {
            let child = quoted(&dependent.table);
            let (column, named) = (quoted(&dependent.column), quoted(&dependent.references));
            // The column may take 1e3 for 1000, or A for a: the ids do not.
            format!(
                "DELETE FROM {child} WHERE {column} = (SELECT {named} FROM {table} \
                 WHERE {condition}) AND CAST({column} AS TEXT) COLLATE BINARY = \
                 (SELECT CAST({named} AS TEXT) FROM {table} WHERE {condition})"
            )
        };
        Self {
            dependents: reader.profile.dependents.iter().map(dependent).collect(),
            session: format!("DELETE FROM {table} WHERE {condition}"),
        }
    }

    /// All of them.
    pub(super) fn statements(&self) -> Vec<&str> {
        let dependents = self.dependents.iter().map(String::as_str);
        dependents.chain([self.session.as_str()]).collect()
    }
}

/// Deletes rows that were found due.
pub(super) fn settle(
    database: &mut impl Transport,
    reader: &Reader,
    deletion: &Deletion,
    seen: &[Sighting],
    now: UnixTime,
    tell: bool,
) -> Result<Settled> {
    if seen.is_empty() {
        return Ok(Settled::default());
    }
    let mut statements = deletion.statements();
    let telling = format!("{} RETURNING {}", deletion.session, reader.whole());
    if tell {
        statements.pop();
        statements.push(&telling);
    }
    let mut rows = seen.iter().map(|row| {
        let values = row.values.iter().map(datum);
        std::iter::once(bare(&row.key)).chain(values).collect::<Vec<ValueRef<'_>>>()
    });
    let applied = database.apply_rows(&statements, &mut rows)?;
    let deleted = of_sessions(&applied.rows, statements.len()).sum();
    let end = Some(End { at: now, reason: EndReason::Expired });
    let told = applied.answers.iter().flatten().filter_map(|row| reader.session(row));
    let told = told.map(|session| Session { end, ..session }).collect();
    let Applied { hold, commit, waited, .. } = applied;
    Ok(Settled { marked: 0, ended: deleted, deleted, hold, commit, waited, told, untold: 0 })
}

/// Deletes the sessions with these keys. Answers for each whether it was there, and how
/// many have gone for which reason.
pub(super) fn end(
    database: &mut impl Transport,
    deletion: &Deletion,
    endings: &[Ending],
) -> Result<(Vec<bool>, BTreeMap<EndReason, u64>)> {
    let statements = deletion.statements();
    let mut rows = endings.iter().map(|ending| match &ending.key {
        Key::Row(_, id) => vec![bare(&ending.key), bare(id)],
        key => vec![bare(key)],
    });
    let applied = database.apply_rows(&statements, &mut rows)?;
    let done: Vec<bool> =
        of_sessions(&applied.rows, statements.len()).map(|rows| rows > 0).collect();
    let mut gone = BTreeMap::new();
    for (ending, _) in endings.iter().zip(&done).filter(|(_, done)| **done) {
        *gone.entry(ending.end.reason).or_default() += 1;
    }
    Ok((done, gone))
}

/// Of what all statements have done, what those have that delete the session itself.
fn of_sessions(rows: &[u64], statements: usize) -> impl Iterator<Item = u64> {
    rows.iter().copied().skip(statements - 1).step_by(statements)
}
