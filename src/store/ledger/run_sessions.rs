//! Sessions that runs have ended.

use std::collections::HashSet;

use super::runs::insert_run_if_missing;
use crate::domain::error::Result;
use crate::storage::{EndRequest, EndedSession, MAX_NAMED_SESSIONS, RunOutcome, RunProgress};
use crate::store::database::Database;
use crate::store::statement::Statement;

pub(super) fn record(database: &mut impl Database, progress: &RunProgress<'_>) -> Result<()> {
    let list = list(progress.sessions.iter().map(|session| (session, None)));
    database.execute_batch(&statements(progress, &list, ""))?;
    Ok(())
}

/// Statements that record the sessions of these requests, for the same transaction, before it
/// ends them: those that have ended in the meantime are left out.
pub fn record_before_end(progress: &RunProgress<'_>, requests: &[EndRequest]) -> [Statement; 3] {
    // Several tokens may have the same session.
    let mut seen = HashSet::new();
    let keys = requests.iter().map(|request| request.key.text());
    let sessions = progress.sessions.iter().zip(keys).filter(|(_, key)| seen.insert(*key));
    let list = list(sessions);
    statements(
        progress,
        &list,
        " JOIN sessions ON sessions.id = json_extract(value, '$[3]') AND sessions.ended_at IS NULL",
    )
}

fn list<'s>(sessions: impl Iterator<Item = (&'s EndedSession, Option<&'s str>)>) -> String {
    let rows = sessions.map(|(session, key)| {
        let EndedSession { handle, user, is_deleted } = session;
        serde_json::json!([handle, user, u8::from(*is_deleted), key])
    });
    serde_json::Value::Array(rows.collect()).to_string()
}

/// Statements that insert the run if it is missing, name sessions of the list as long as there is
/// room, and add them all to the counts. `join` restricts the list.
fn statements(progress: &RunProgress<'_>, list: &str, join: &str) -> [Statement; 3] {
    let RunProgress { holder, run, outcome, at, .. } = *progress;
    let insert = insert_run_if_missing(holder, run, outcome);
    let name = Statement::new(&format!(
        "INSERT INTO run_sessions (run, handle, user) \
         SELECT runs.id, json_extract(value, '$[0]'), json_extract(value, '$[1]') \
         FROM runs JOIN json_each(?2) AS listed{join} \
         WHERE holder = ?1 AND named + listed.key < ?3 ON CONFLICT DO NOTHING"
    ))
    .with(holder)
    .with(list)
    .with(MAX_NAMED_SESSIONS);
    let finished = (outcome != RunOutcome::Running).then_some(at);
    let count = Statement::new(&format!(
        "UPDATE runs SET progress_at = ?3, finished_at = ?4, \
         ended = ended + (SELECT count(*) FROM json_each(?2){join}), \
         deleted = deleted + (SELECT coalesce(sum(json_extract(value, '$[2]')), 0) \
         FROM json_each(?2){join}), \
         named = (SELECT count(*) FROM run_sessions WHERE run = runs.id) WHERE holder = ?1"
    ))
    .with(holder)
    .with(list)
    .with(at)
    .with(finished);
    [insert, name, count]
}
