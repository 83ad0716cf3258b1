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
use crate::store::sql::{Statement, bare, datum, quoted};
use crate::store::transport::{Applied, Transport};

/// The most bytes that one request to a cluster is to have. It becomes an entry of a log
/// that all nodes write before anybody goes on, the application's writes among them.
const REQUEST: usize = 256 << 10;

/// The statements that delete one row and what goes with it, in their order: the
/// session is the last.
#[derive(Debug)]
pub(super) struct Deletion {
    dependents: Vec<Statement>,
    session: Statement,
    condition: String,
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
            Statement::new(&format!(
                "DELETE FROM {child} WHERE {column} = (SELECT {named} FROM {table} \
                 WHERE {condition}) AND CAST({column} AS TEXT) COLLATE BINARY = \
                 (SELECT CAST({named} AS TEXT) FROM {table} WHERE {condition})"
            ))
        };
        Self {
            dependents: reader.profile.dependents.iter().map(dependent).collect(),
            session: Statement::new(&format!("DELETE FROM {table} WHERE {condition}")),
            condition: condition.to_owned(),
        }
    }

    /// All of them.
    pub(super) fn statements(&self) -> Vec<Statement> {
        self.dependents.iter().chain([&self.session]).cloned().collect()
    }

    /// All of them, of which the last one answers the row that it deletes.
    fn telling(&self, reader: &Reader) -> Vec<Statement> {
        let session = format!("{} RETURNING {}", self.session.sql, reader.whole());
        self.dependents.iter().cloned().chain([reader.exact(&session)]).collect()
    }

    /// All of them, after one that answers the row that will be deleted: rqlite lets a
    /// change answer rows only where it can parse it, and these it cannot.
    fn told_before(&self, reader: &Reader) -> Vec<Statement> {
        let mut session = reader.select(&reader.whole());
        session.push(&format!(" WHERE {}", self.condition));
        std::iter::once(session).chain(self.statements()).collect()
    }
}

/// What was done, and what kept the rest from being done.
pub(super) type Done<T> = (T, Result<()>);

/// Deletes rows that were found due.
pub(super) fn settle(
    database: &mut impl Transport,
    reader: &Reader,
    deletion: &Deletion,
    seen: &[Sighting],
    now: UnixTime,
    tell: bool,
) -> Done<Settled> {
    if seen.is_empty() {
        return (Settled::default(), Ok(()));
    }
    let statements = match (tell, database.is_far()) {
        (false, _) => deletion.statements(),
        (true, false) => deletion.telling(reader),
        (true, true) => deletion.told_before(reader),
    };
    let rows = seen.iter().map(|row| {
        let values = row.values.iter().map(datum);
        std::iter::once(bare(&row.key)).chain(values).collect::<Vec<ValueRef<'_>>>()
    });
    let (applied, outcome) = apply(database, &statements, rows);
    let deleted: u64 = of_sessions(&applied.rows, statements.len()).sum();
    let end = Some(End { at: now, reason: EndReason::Expired });
    let told = applied.answers.iter().flatten().filter_map(|row| reader.session(row));
    let told = told.map(|session| Session { end, ..session }).collect();
    let Applied { hold, commit, waited, answers_lost, .. } = applied;
    // Some of those that were not found may have gone by the request whose answer was lost.
    let gone =
        if tell && answers_lost { seen.len() as u64 - deleted.min(seen.len() as u64) } else { 0 };
    let settled =
        Settled { marked: 0, ended: deleted, deleted, hold, commit, waited, told, untold: gone };
    (settled, outcome)
}

/// Deletes the sessions with these keys. Answers for each of those that it came to
/// whether it was there, and how many have gone for which reason.
pub(super) fn end(
    database: &mut impl Transport,
    deletion: &Deletion,
    endings: &[Ending],
) -> Done<(Vec<bool>, BTreeMap<EndReason, u64>)> {
    let statements = deletion.statements();
    let rows = endings.iter().map(|ending| match &ending.key {
        Key::Row(_, id) => vec![bare(&ending.key), bare(id)],
        key => vec![bare(key)],
    });
    let (applied, outcome) = apply(database, &statements, rows);
    // What was there a moment ago and is gone, has gone by the request whose answer was
    // lost.
    let is_done = |rows| rows > 0 || applied.answers_lost;
    let done: Vec<bool> = of_sessions(&applied.rows, statements.len()).map(is_done).collect();
    let mut gone = BTreeMap::new();
    for (ending, _) in endings.iter().zip(&done).filter(|(_, done)| **done) {
        *gone.entry(ending.end.reason).or_default() += 1;
    }
    ((done, gone), outcome)
}

/// Runs the statements for each of these rows: in a file all of them at once, on a
/// cluster in requests of bounded size, each row being a matter of its own.
fn apply<'r>(
    database: &mut impl Transport,
    statements: &[Statement],
    rows: impl Iterator<Item = Vec<ValueRef<'r>>>,
) -> Done<Applied> {
    let mut rows = rows.peekable();
    let most = if database.is_far() { REQUEST } else { usize::MAX };
    let mut all = Applied::default();
    while rows.peek().is_some() {
        let mut bytes = 0;
        let mut request = std::iter::from_fn(|| {
            let is_full = |row: &Vec<_>, bytes| bytes > 0 && bytes + length(statements, row) > most;
            let row = rows.next_if(|row| !is_full(row, bytes))?;
            bytes += length(statements, &row);
            Some(row)
        });
        match database.apply_rows(statements, &mut request) {
            Ok(applied) => {
                all.rows.extend(applied.rows);
                all.answers.extend(applied.answers);
                all.answers_lost |= applied.answers_lost;
                all.hold += applied.hold;
                all.commit += applied.commit;
                all.waited += applied.waited;
            }
            Err(error) => return (all, Err(error)),
        }
    }
    (all, Ok(()))
}

/// How many bytes a request has for one row, about.
fn length(statements: &[Statement], row: &[ValueRef<'_>]) -> usize {
    let value = |value: &ValueRef<'_>| match value {
        ValueRef::Text(bytes) => bytes.len() + 4,
        ValueRef::Blob(bytes) => 2 * bytes.len() + 4,
        _ => 20,
    };
    let values: usize = row.iter().map(value).sum();
    statements.iter().map(|statement| statement.sql.len() + values).sum()
}

/// Of what all statements have done, what those have that delete the session itself.
fn of_sessions(rows: &[u64], statements: usize) -> impl Iterator<Item = u64> {
    rows.iter().copied().skip(statements - 1).step_by(statements)
}
