use crate::domain::profile::StricterRules;
use crate::domain::session::{End, Session, SessionKey};
use crate::domain::time::{Span, UnixTime};
use crate::storage::NewSession;
use crate::store::database::RowRef;
use crate::store::statement::Statement;

/// Digits of the key that are displayed and typed, if they are enough to tell sessions apart.
pub(super) const HANDLE_DIGITS: usize = 12;

/// Columns that [`session`] reads.
pub(super) const COLUMNS: &str = "id, user, task, client, created_at, last_used_at, idle_timeout, \
                       marked_at, ended_at, end_reason, agent";

/// Inserts a row, where a condition holds that has to follow, after the values of further
/// columns, if there are any.
pub(super) fn insert_row(session: &NewSession, more_columns: &str) -> Statement {
    Statement::new(&format!(
        "INSERT INTO sessions (id, user, task, client, created_at, last_used_at, \
         idle_timeout, agent{more_columns}) SELECT ?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7",
    ))
    .with(&session.key)
    .with(session.user.as_deref())
    .with(session.task.as_str())
    .with(session.client.as_deref())
    .with(session.created_at)
    .with(session.idle_timeout)
    .with(session.agent.as_deref())
}

/// Reads a row of [`COLUMNS`] with the reason for which it is about to end.
pub(super) fn ended_session(row: &dyn RowRef, at: UnixTime) -> Option<Session> {
    let reason = row.text(COLUMNS.split(',').count())?.parse().ok()?;
    Some(Session { end: Some(End { at, reason }), ..session(row) })
}

/// Reads a row of [`COLUMNS`].
pub(super) fn session(row: &dyn RowRef) -> Session {
    let time = |column| row.integer(column).map(UnixTime);
    let id = row.text(0).unwrap_or_default();
    let reason = row.text(9).and_then(|word| word.parse().ok());
    Session {
        handle: id.get(..HANDLE_DIGITS).unwrap_or(&id).to_owned(),
        key: SessionKey::Text(id.into()),
        user: row.text(1),
        user_name: None,
        is_user_unreadable: false,
        task: row.text(2).unwrap_or_default(),
        client: row.text(3),
        agent: row.text(10),
        created_at: time(4),
        last_used_at: time(5),
        idle_timeout: row.integer(6).map(Span::seconds),
        marked_at: time(7),
        end: time(8).zip(reason).map(|(at, reason)| End { at, reason }),
        expiry: None,
        stricter: StricterRules::default(),
        exceeds_user_limit: false,
    }
}
