use std::ops::ControlFlow;

use super::rows::COLUMNS;
use super::table::Native;

use crate::domain::error::Result;
use crate::domain::profile::SqlValueRef;
use crate::storage::raw_row::{Counter, RawRow, TaskName};
use crate::storage::{OnConflict, RowCopy, RowPage, RowRange, WriteResult};
use crate::store::database::{BatchResult, Database, RowRef};
use crate::store::statement::Statement;

/// Rows per INSERT statement: many at once, but far below SQLite's limit on parameters.
const ROWS_PER_STATEMENT: usize = 100;

const UPSERT: &str = " ON CONFLICT DO UPDATE SET user = excluded.user, task = excluded.task, \
     client = excluded.client, created_at = excluded.created_at, \
     last_used_at = excluded.last_used_at, idle_timeout = excluded.idle_timeout, \
     marked_at = excluded.marked_at, ended_at = excluded.ended_at, \
     end_reason = excluded.end_reason, agent = excluded.agent";

/// Condition that keeps a newer row: see [`RawRow::is_newer_than`].
const UNLESS_NEWER: &str = " WHERE NOT (sessions.last_used_at > excluded.last_used_at \
     OR (sessions.ended_at IS NOT NULL AND (excluded.ended_at IS NULL \
     OR sessions.ended_at > excluded.ended_at)))";

impl<T: Database> RowCopy for Native<T> {
    fn read_rows(&self, range: RowRange<'_>) -> Result<RowPage> {
        let mut page = RowPage::default();
        let mut bytes = 0;
        self.database.query(&read_rows(&self.database, range), &mut |row| {
            if bytes >= range.bytes {
                page.has_more = true;
                return Ok(ControlFlow::Break(()));
            }
            let row = raw_row(row);
            bytes += row.size();
            page.rows.push(row);
            Ok(ControlFlow::Continue(()))
        })?;
        page.has_more |= page.rows.len() >= range.rows;
        Ok(page)
    }

    fn upsert_rows(&mut self, rows: &[&RawRow], on_conflict: OnConflict) -> Result<WriteResult> {
        let statements: Vec<Statement> =
            rows.chunks(ROWS_PER_STATEMENT).map(|rows| insert(rows, on_conflict)).collect();
        let applied = self.database.execute_batch(&statements)?;
        self.write_result(&applied)
    }

    fn remove(&mut self, rows: &[&RawRow]) -> Result<WriteResult> {
        let statements: Vec<Statement> = rows.chunks(ROWS_PER_STATEMENT).map(delete).collect();
        let applied = self.database.execute_batch(&statements)?;
        self.write_result(&applied)
    }

    fn read_counters(&self) -> Result<Vec<Counter>> {
        let mut sql = Statement::new("SELECT ");
        for column in ["CAST(task AS BLOB)", "CAST(name AS BLOB)", "value"] {
            let comma = if column == "value" { "" } else { ", " };
            sql.push(&self.database.lossless(column)).push(comma);
        }
        sql.push(" FROM counters ORDER BY task, name");
        sql.is_lossless = true;
        self.database.query_all(&sql, |row| Counter {
            task: blob(row, 0).unwrap_or_default(),
            name: blob(row, 1).unwrap_or_default(),
            value: row.integer(2).unwrap_or(0),
        })
    }

    fn read_task_names(&self) -> Result<Vec<TaskName>> {
        let columns = ["CAST(task AS BLOB)", "created_at"];
        let columns = columns.map(|column| self.database.lossless(column)).join(", ");
        let mut sql = Statement::new("SELECT ");
        sql.push(&columns).push(" FROM task_names ORDER BY task");
        sql.is_lossless = true;
        self.database.query_all(&sql, |row| TaskName {
            task: blob(row, 0).unwrap_or_default(),
            created_at: row.integer(1).unwrap_or(0),
        })
    }

    fn upsert_task_names(&mut self, names: &[TaskName], on_conflict: OnConflict) -> Result<()> {
        let statements: Vec<Statement> =
            names.iter().map(|name| upsert_task_name(name, on_conflict)).collect();
        if !statements.is_empty() {
            self.database.execute_batch(&statements)?;
        }
        Ok(())
    }

    fn set_counters(
        &mut self,
        set: &[&Counter],
        drop: &[&Counter],
        on_conflict: OnConflict,
    ) -> Result<()> {
        let mut statements: Vec<Statement> =
            set.iter().map(|counter| upsert_counter(counter, on_conflict)).collect();
        statements.extend(drop.iter().map(|counter| delete_counter(counter)));
        if !statements.is_empty() {
            self.database.execute_batch(&statements)?;
        }
        Ok(())
    }
}

impl<T: Database> Native<T> {
    fn write_result(&self, applied: &BatchResult) -> Result<WriteResult> {
        Ok(WriteResult {
            rows: applied.rows.iter().sum(),
            timing: applied.timing,
            version: self.database.version()?,
        })
    }
}

/// Text is read as bytes, because it need not be UTF-8.
fn read_rows(database: &impl Database, range: RowRange<'_>) -> Statement {
    let column = |name: &str| {
        let is_text = matches!(name, "user" | "task" | "client" | "end_reason" | "agent");
        database.lossless(&if is_text { format!("CAST({name} AS BLOB)") } else { name.to_owned() })
    };
    let columns: Vec<String> = COLUMNS.split(", ").map(column).collect();
    let mut sql = Statement::new("SELECT ");
    sql.push(&columns.join(", ")).push(" FROM sessions WHERE TRUE");
    if let Some(after) = range.after {
        sql.push(" AND id > ").bind(after);
    }
    if let Some(until) = range.until {
        sql.push(" AND id <= ").bind(until);
    }
    sql.push(" ORDER BY id LIMIT ").bind(range.rows);
    sql.is_lossless = true;
    sql
}

fn raw_row(row: &dyn RowRef) -> RawRow {
    RawRow {
        id: row.text(0).unwrap_or_default(),
        user: blob(row, 1),
        task: blob(row, 2).unwrap_or_default(),
        client: blob(row, 3),
        created_at: row.integer(4).unwrap_or(0),
        last_used_at: row.integer(5).unwrap_or(0),
        idle_timeout: row.integer(6),
        marked_at: row.integer(7),
        ended_at: row.integer(8),
        end_reason: blob(row, 9),
        agent: blob(row, 10),
    }
}

/// The bytes of a value that was read as bytes; `None` for NULL.
fn blob(row: &dyn RowRef, index: usize) -> Option<Vec<u8>> {
    match row.value(index) {
        SqlValueRef::Blob(bytes) => Some(bytes.to_vec()),
        _ => None,
    }
}

fn insert(rows: &[&RawRow], on_conflict: OnConflict) -> Statement {
    let mut sql = Statement::new(&format!("INSERT INTO sessions ({COLUMNS}) VALUES "));
    for (index, row) in rows.iter().enumerate() {
        sql.push(if index > 0 { ", (" } else { "(" }).bind(row.id.as_str()).push(", ");
        bind_text(&mut sql, row.user.as_deref()).push(", ");
        bind_text(&mut sql, Some(&row.task)).push(", ");
        bind_text(&mut sql, row.client.as_deref()).push(", ");
        sql.bind(row.created_at).push(", ").bind(row.last_used_at).push(", ");
        for number in [row.idle_timeout, row.marked_at, row.ended_at] {
            sql.bind(number).push(", ");
        }
        bind_text(&mut sql, row.end_reason.as_deref()).push(", ");
        bind_text(&mut sql, row.agent.as_deref()).push(")");
    }
    sql.push(UPSERT);
    if on_conflict == OnConflict::KeepNewer {
        sql.push(UNLESS_NEWER);
    }
    sql
}

/// Appends a parameter that holds this text, byte for byte.
fn bind_text<'s>(sql: &'s mut Statement, text: Option<&[u8]>) -> &'s mut Statement {
    sql.bind(text.map_or(SqlValueRef::Null, SqlValueRef::Text))
}

fn delete(rows: &[&RawRow]) -> Statement {
    let mut sql = Statement::new("DELETE FROM sessions WHERE id IN (");
    for (index, row) in rows.iter().enumerate() {
        sql.push(if index > 0 { ", " } else { "" }).bind(row.id.as_str());
    }
    sql.push(")");
    sql
}

fn upsert_task_name(name: &TaskName, on_conflict: OnConflict) -> Statement {
    let mut sql = Statement::new("INSERT INTO task_names (task, created_at) VALUES (");
    bind_text(&mut sql, Some(&name.task)).push(", ").bind(name.created_at);
    sql.push(") ON CONFLICT DO UPDATE SET task = excluded.task, created_at = excluded.created_at");
    if on_conflict == OnConflict::KeepNewer {
        sql.push(" WHERE excluded.created_at < created_at");
    }
    sql
}

fn upsert_counter(counter: &Counter, on_conflict: OnConflict) -> Statement {
    let mut sql = Statement::new("INSERT INTO counters (task, name, value) VALUES (");
    bind_text(&mut sql, Some(&counter.task)).push(", ");
    bind_text(&mut sql, Some(&counter.name)).push(", ").bind(counter.value);
    sql.push(") ON CONFLICT DO UPDATE SET task = excluded.task, value = excluded.value");
    if on_conflict == OnConflict::KeepNewer {
        sql.push(" WHERE excluded.value > value");
    }
    sql
}

fn delete_counter(counter: &Counter) -> Statement {
    let mut sql = Statement::new("DELETE FROM counters WHERE task = ");
    bind_text(&mut sql, Some(&counter.task)).push(" AND name = ");
    bind_text(&mut sql, Some(&counter.name));
    sql
}
