//! Operations on many keys in one statement, which receives the keys as a JSON array.

use std::collections::{HashMap, HashSet};

use super::rows::{COLUMNS, session};
use crate::domain::error::Result;
use crate::domain::session::{Session, SessionKey};
use crate::domain::time::UnixTime;
use crate::storage::{TouchedRows, WriteTiming};
use crate::store::database::{Database, RowRef};
use crate::store::statement::Statement;

const KEY_IN_LIST: &str = " WHERE id IN (SELECT value FROM json_each(?1))";

pub(super) fn find(
    database: &impl Database,
    keys: &[SessionKey],
    is_linearizable: bool,
) -> Result<Vec<Option<Session>>> {
    let sql = format!("SELECT {COLUMNS} FROM sessions{KEY_IN_LIST}");
    let is_quick = !is_linearizable;
    let statement =
        Statement { is_linearizable, is_quick, ..Statement::new(&sql).with(json_list(keys)) };
    let found = database.query_all(&statement, session)?.into_iter();
    let found: HashMap<SessionKey, Session> =
        found.map(|session| (session.key.clone(), session)).collect();
    Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
}

pub(super) fn touch_rows(
    database: &mut impl Database,
    keys: &[SessionKey],
    now: UnixTime,
) -> Result<TouchedRows> {
    let list = json_list(keys);
    let statement = |sql: &str| {
        let sql = format!("{sql}{KEY_IN_LIST} AND ended_at IS NULL");
        Statement::new(&sql).with(list.as_str())
    };
    let renew = "UPDATE sessions SET last_used_at = max(last_used_at, ?2), marked_at = NULL";
    // A node would not hand on what an UPDATE with a list in it returns.
    let statements = [statement(renew).with(now), statement("SELECT id FROM sessions")];
    let applied = database.execute_batch(&statements)?;
    let rows = applied.answers.iter().flatten();
    let renewed: HashSet<SessionKey> =
        rows.filter_map(|row| row.text(0).map(|id| SessionKey::Text(id.into()))).collect();
    let done = keys.iter().map(|key| renewed.contains(key)).collect();
    let work = applied.timing.hold.saturating_sub(applied.timing.commit);
    Ok(TouchedRows { done, timing: WriteTiming::of_hold(work) })
}

fn json_list(keys: &[SessionKey]) -> String {
    let text = |key: &SessionKey| key.text().map(serde_json::Value::from);
    serde_json::Value::Array(keys.iter().filter_map(text).collect()).to_string()
}
