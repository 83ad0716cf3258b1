//! Deleting rows of a framework's table that are identical to their snapshot and not blocked
//! by references.

use std::collections::BTreeMap;

use super::blocking_references::{BlockingReference, BlockingReferences};
use super::delete_batch::{BatchOutcome, Partial, Plan, Rows, execute_batch};
use super::list;
use super::reader::TableReader;
use super::referencing_tables::ReferencingTables;
use super::same_row::REINSERTED;
use super::values::id_digest;
use crate::domain::error::Error;
use crate::domain::profile::{Dependent, DependentAction, SqlValue, SqlValueRef};
use crate::domain::session::{End, EndReason, Session, SessionKey};
use crate::domain::time::UnixTime;
use crate::storage::{EndRequest, KeptRows, PurgeBatchResult, RejectedRow, RowSnapshot};
use crate::store::database::{BatchResult, Database, RowRef};
use crate::store::statement::{Statement, key_values, quoted};

const IGNORED_REASON: &str = "a trigger of the application kept the row";

const REINSERTED_REASON: &str = "a trigger of the application inserted the row again";

/// Statements that delete one row and its dependents, in order.
#[derive(Debug)]
pub(super) struct DeleteStatements {
    dependents: Vec<Statement>,
    session: Statement,
    /// Returns why the row is still there, if it is: the index of the blocking reference, or -1.
    probe: Option<Statement>,
    condition: String,
    blocking: Vec<BlockingReference>,
    /// Each deletion scans a whole table.
    is_slow: bool,
}

impl DeleteStatements {
    pub(super) fn if_unchanged(reader: &TableReader, references: &ReferencingTables) -> Self {
        Self::of(reader, &reader.unchanged_condition(), references)
    }

    /// Deletes a row only if it still has the same id.
    pub(super) fn by_key(reader: &TableReader, references: &ReferencingTables) -> Self {
        Self::of(reader, &reader.same_key_condition(), references)
    }

    fn of(reader: &TableReader, snapshots: &str, references: &ReferencingTables) -> Self {
        let table = reader.table();
        let blocking = BlockingReferences(&references.blocking);
        let condition = format!("{snapshots}{}", blocking.and_unreferenced());
        let dependents = reader.profile.dependents.iter();
        let probe = || {
            let why = blocking.blocking_index("-1");
            let mut probe = format!("SELECT {why} FROM {table} WHERE {snapshots}");
            if references.has_triggers {
                probe.push_str(" UNION ALL ");
                probe.push_str(&reader.same_session());
            }
            Statement::new(&probe)
        };
        Self {
            dependents: dependents.map(|one| delete_dependents(one, &table, &condition)).collect(),
            session: Statement::new(&format!("DELETE FROM {table} WHERE {condition}")),
            probe: (references.has_triggers || blocking.is_possible()).then(probe),
            condition,
            blocking: references.blocking.clone(),
            is_slow: references.unindexed.iter().any(|table| table.is_large),
        }
    }

    pub(super) fn changes(&self) -> Vec<Statement> {
        self.dependents.iter().chain([&self.session]).cloned().collect()
    }

    fn plan(&self) -> Plan {
        let statements: Vec<Statement> =
            self.changes().into_iter().chain(self.probe.clone()).collect();
        let session = self.dependents.len();
        Plan {
            statements,
            session,
            ended_row: None,
            probe: self.probe.as_ref().map(|_| session + 1),
        }
    }

    fn plan_with_rows(&self, reader: &TableReader, is_remote: bool) -> Plan {
        let mut plan = self.plan();
        if is_remote {
            // rqlite supports RETURNING only in statements that it can parse, and it cannot
            // parse these: a preceding SELECT returns the rows to be deleted.
            let mut session = reader.select(&reader.session_columns());
            session.push(&format!(" WHERE {}", self.condition));
            plan.statements.insert(0, session);
            let behind = |index: usize| index + 1;
            return Plan {
                session: plan.session + 1,
                ended_row: Some(0),
                probe: plan.probe.map(behind),
                ..plan
            };
        }
        let telling = format!("{} RETURNING {}", self.session.sql, reader.session_columns());
        plan.statements[plan.session] = reader.lossless_statement(&telling);
        Plan { ended_row: Some(plan.session), ..plan }
    }

    fn is_self_reference(&self) -> bool {
        self.blocking.iter().any(|holder| holder.is_self_reference)
    }

    fn purge_plan(&self, reader: &TableReader, is_remote: bool, return_ended: bool) -> Plan {
        if return_ended { self.plan_with_rows(reader, is_remote) } else { self.plan() }
    }

    /// Collects the rows that were kept. `handle` names each of them.
    fn kept_rows(
        &self,
        plan: &Plan,
        run: &BatchOutcome,
        handle: impl Fn(usize) -> String,
    ) -> KeptRows {
        let mut kept = KeptRows::default();
        for (index, why) in &run.rejected {
            kept.reject(|| RejectedRow { handle: handle(*index), why: why.clone() });
        }
        let count = plan.statements.len();
        let answers = run.applied.answers.chunks(count).enumerate();
        for (index, answers) in answers {
            let answer = plan.probe.and_then(|probe| answers.get(probe)?.first());
            let Some(why) = answer.and_then(|row| row.integer(0)) else {
                continue;
            };
            let deleted = run.applied.rows.get(index * count + plan.session);
            let mut reject = |why: &str| {
                kept.reject(|| RejectedRow { handle: handle(index), why: why.to_owned() });
            };
            match usize::try_from(why).ok().and_then(|why| self.blocking.get(why)) {
                Some(holder) => kept.refer(&holder.referrer, 1),
                // It has changed since it was seen.
                None if why == REINSERTED && deleted == Some(&0) => {}
                None if deleted.is_some_and(|rows| *rows > 0) => reject(REINSERTED_REASON),
                None => reject(IGNORED_REASON),
            }
        }
        kept
    }
}

fn delete_dependents(dependent: &Dependent, table: &str, condition: &str) -> Statement {
    let Dependent { table: child, columns, references, action } = dependent;
    let child = quoted(child);
    let change = match action {
        DependentAction::Delete => format!("DELETE FROM {child}"),
        DependentAction::SetNull => {
            let set = columns.iter().map(|column| format!("{} = NULL", quoted(column)));
            format!("UPDATE {child} SET {}", set.collect::<Vec<String>>().join(", "))
        }
    };
    // The column may take 1e3 for 1000, or A for a: the ids do not.
    let same = columns.iter().zip(references).map(|(column, named)| {
        let (column, named) = (quoted(column), quoted(named));
        format!(
            "{column} = (SELECT {named} FROM {table} WHERE {condition}) \
             AND CAST({column} AS TEXT) COLLATE BINARY = \
             (SELECT CAST({named} AS TEXT) FROM {table} WHERE {condition})"
        )
    });
    let same: Vec<String> = same.collect();
    Statement::new(&format!("{change} WHERE {}", same.join(" AND ")))
}

pub(super) fn apply_purge(
    database: &mut impl Database,
    reader: &TableReader,
    deletion: &DeleteStatements,
    snapshots: &[RowSnapshot],
    now: UnixTime,
    return_ended: bool,
) -> Partial<(PurgeBatchResult, KeptRows)> {
    if snapshots.is_empty() {
        return (<(PurgeBatchResult, KeptRows)>::default(), Ok(()));
    }
    let plan = deletion.purge_plan(reader, database.is_remote(), return_ended);
    // A session that refers to another usually sorts after it.
    let is_reversed = deletion.is_self_reference();
    let at =
        |index: usize| &snapshots[if is_reversed { snapshots.len() - 1 - index } else { index }];
    let row = |index: usize| {
        let row = at(index);
        let values = row.values.iter().map(SqlValue::raw);
        key_values(&row.key).chain(values).collect::<Vec<SqlValueRef<'_>>>()
    };
    let mut rows = Rows { count: snapshots.len(), row: &row, chunk: None };
    let (run, outcome) = execute_batch(database, &plan.statements, &mut rows);
    let deleted = run.done(&plan).filter(|done| *done).count() as u64;
    let mut ended_by = BTreeMap::new();
    for (index, _) in run.done(&plan).enumerate().filter(|(_, done)| *done) {
        *ended_by.entry(at(index).reason).or_default() += 1;
    }
    let end = |index: usize| End { at: now, reason: at(index).reason };
    let ended_sessions = ended_sessions(&run, &plan, reader, end);
    let kept = deletion.kept_rows(&plan, &run, |index| {
        let id = at(index).values.iter().take(reader.id_width()).map(SqlValue::raw);
        id_digest(&id.collect::<Vec<_>>()).handle()
    });
    let BatchResult { timing, response_lost, .. } = run.applied;
    // Some of the missing rows may have been deleted by the request whose response was lost.
    let left = (snapshots.len() as u64).saturating_sub(deleted + kept.rows());
    let unreported = if return_ended && response_lost { left } else { 0 };
    // Rows that do not fit are left to the next scan, with fewer rows.
    let is_cut_short = deleted > 0 && matches!(outcome, Err(Error::DiskFull { .. }));
    let outcome = if is_cut_short { Ok(()) } else { outcome };
    let result = PurgeBatchResult {
        marked: 0,
        ended: deleted,
        ended_by,
        deleted,
        timing,
        ended_sessions,
        unreported,
        is_cut_short,
    };
    ((result, kept), outcome)
}

/// Sessions of the rows that were deleted, read by the statement before the deletion.
fn ended_sessions(
    run: &BatchOutcome,
    plan: &Plan,
    reader: &TableReader,
    end: impl Fn(usize) -> End,
) -> Vec<Session> {
    let answers = run.applied.answers.chunks(plan.statements.len()).zip(run.done(plan));
    let rows = answers.enumerate().filter(|(_, (_, done))| *done);
    rows.filter_map(|(index, (answers, _))| {
        let session = reader.session(answers.get(plan.ended_row?)?.first()?)?;
        Some(Session { end: Some(end(index)), ..session })
    })
    .collect()
}

/// Handle of a session that was kept. A primary key need not contain its id.
fn handle_of(database: &impl Database, reader: &TableReader, key: &SessionKey) -> String {
    let id = match key {
        SessionKey::Row(_, id) => id,
        key => {
            let found = list::find(database, reader, std::slice::from_ref(key));
            let session = found.ok().and_then(|found| found.into_iter().flatten().next());
            if let Some(session) = session {
                return session.handle;
            }
            key
        }
    };
    id_digest(&key_values(id).collect::<Vec<_>>()).handle()
}

#[derive(Default)]
pub(super) struct Ended {
    /// For each processed session: it existed and was deleted.
    pub(super) done: Vec<bool>,
    pub(super) gone: BTreeMap<EndReason, u64>,
    pub(super) kept: KeptRows,
}

pub(super) fn end(
    database: &mut impl Database,
    reader: &TableReader,
    deletion: &DeleteStatements,
    endings: &[EndRequest],
) -> Partial<Ended> {
    let plan = deletion.plan();
    let row = |index: usize| match &endings[index].key {
        key @ SessionKey::Row(_, id) => key_values(key).chain(key_values(id)).collect(),
        key => key_values(key).collect(),
    };
    let chunk = deletion.is_slow.then_some(1);
    let (run, outcome) = execute_batch(
        database,
        &plan.statements,
        &mut Rows { count: endings.len(), row: &row, chunk },
    );
    let kept =
        deletion.kept_rows(&plan, &run, |index| handle_of(database, reader, &endings[index].key));
    // A session that existed a moment ago was deleted by the request whose response was lost.
    let was_lost = run.applied.response_lost && kept.rows() == 0;
    let done: Vec<bool> = run.done(&plan).map(|done| done || was_lost).collect();
    let mut gone = BTreeMap::new();
    for (ending, _) in endings.iter().zip(&done).filter(|(_, done)| **done) {
        *gone.entry(ending.end.reason).or_default() += 1;
    }
    (Ended { done, gone, kept }, outcome)
}
