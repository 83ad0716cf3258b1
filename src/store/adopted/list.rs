//! Sessions of a framework's table, one by one.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::blocking_references::BlockingReferences;
use super::reader::{HANDLE_DIGITS, TableReader};
use crate::domain::error::Result;
use crate::domain::filter::{Filter, recency};
use crate::domain::policy::UserExcess;
use crate::domain::profile::{Expiry, SqlValueRef, Standing, UserForm, values_shown_as};
use crate::domain::session::{Session, SessionKey, SessionState};
use crate::domain::time::UnixTime;
use crate::domain::token::Token;
use crate::storage::{Order, ScanResult, SessionQuery, SortKey, VisitResult};
use crate::store::database::{Database, RowRef};
use crate::store::statement::{Parameters, Statement, quoted};

const ROWS_PER_FETCH: usize = 500;

pub(super) fn find(
    database: &impl Database,
    reader: &TableReader,
    keys: &[SessionKey],
) -> Result<Vec<Option<Session>>> {
    let mut sql = reader.select(&reader.session_columns());
    sql.push(&format!(" WHERE {}", reader.key.is_bound()));
    let mut found = Vec::with_capacity(keys.len());
    database.query_each(&sql, &mut keys.iter().map(Parameters::Key), &mut |row| {
        found.push(row.and_then(|row| reader.session(row)));
    })?;
    for (session, key) in found.iter_mut().zip(keys) {
        // Another row may have reused the row id.
        *session = session.take().filter(|session| session.key == *key);
    }
    Ok(found)
}

/// Finds the sessions of these tokens: by one column after the other, and in key order. A session
/// whose token is in several columns is found once.
pub(super) fn by_tokens(
    database: &impl Database,
    reader: &TableReader,
    tokens: &[Token],
) -> Result<Vec<Vec<Session>>> {
    let mut found: Vec<Vec<Session>> = vec![Vec::new(); tokens.len()];
    for form in reader.profile.token_forms()? {
        let stored = |token: &Token| {
            let text = if form.is_hashed { token.id() } else { token.expose().to_owned() };
            format!("{}{text}", form.prefix)
        };
        let stored: Vec<String> = tokens.iter().map(stored).collect();
        let mut sql = reader.select(&reader.session_columns());
        let is_token = is_token(reader, &form.column);
        sql.push(&format!(" WHERE {is_token} ORDER BY {}", reader.key.order("ASC")));
        let mut values =
            stored.iter().map(|token| Parameters::One(SqlValueRef::Text(token.as_bytes())));
        database.query_all_for_each(&sql, &mut values, &mut |index, row| {
            let is_new = |session: &Session| found[index].iter().all(|it| it.key != session.key);
            let session = reader.session(row).filter(is_new);
            found[index].extend(session);
        })?;
    }
    Ok(found)
}

/// The condition that a column holds the token `?1`, byte by byte: the text itself, or
/// the whole number that is written like this. What the column's collation or affinity
/// takes for the same, such as `A` for `a` or `01` for 1, is another token; but an index
/// finds rows by these alone, so that where there is one, they come first.
fn is_token(reader: &TableReader, column: &str) -> String {
    let name = quoted(column);
    let found = if reader.table.is_indexed(column) {
        format!("{name} IN (?1, CAST(?1 AS INTEGER)) AND ")
    } else {
        String::new()
    };
    format!(
        "{found}typeof({name}) IN ('text', 'integer') \
         AND CAST({name} AS TEXT) COLLATE BINARY = ?1"
    )
}

/// Finds the sessions whose handle has a prefix, for at most `most` ids. All ids are read
/// and hashed. Handles that collide are extended until they differ.
pub(super) fn by_handle(
    database: &impl Database,
    reader: &TableReader,
    prefix: &str,
    most: usize,
) -> Result<Vec<Session>> {
    let prefix = prefix.to_ascii_lowercase();
    let mut found: BTreeMap<String, Vec<SessionKey>> = BTreeMap::new();
    reader.for_each_row(database, reader.id(), &mut |row| {
        let id = reader.id_digest_at(row, reader.after_key()).id();
        if id.starts_with(&prefix)
            && (found.len() < most || found.contains_key(&id))
            && let Some(key) = reader.key_of(row)
        {
            found.entry(id).or_default().push(key);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let ids: Vec<&String> = found.keys().collect();
    let handle = |index: usize| {
        let id = ids[index];
        let neighbors = [index.checked_sub(1), Some(index + 1)];
        let neighbors = neighbors.into_iter().flatten().filter_map(|index| ids.get(index));
        let shared = neighbors.map(|other| common_prefix_length(id, other)).max().unwrap_or(0);
        id.get(..HANDLE_DIGITS.max(shared + 1)).unwrap_or(id).to_owned()
    };
    let mut sessions = Vec::new();
    for (index, keys) in found.values().enumerate() {
        let named = |session| Session { handle: handle(index), ..session };
        sessions.extend(find(database, reader, keys)?.into_iter().flatten().map(named));
    }
    Ok(sessions)
}

fn common_prefix_length(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count()
}

/// In key order as stored; in any other order after a first scan that collects the sort keys.
pub(super) fn scan(
    database: &impl Database,
    reader: &TableReader,
    query: &SessionQuery<'_>,
    blocking: &BlockingReferences<'_>,
    excess: &UserExcess,
    visit: &mut dyn FnMut(Session) -> VisitResult,
) -> Result<ScanResult> {
    let task = &reader.profile.task;
    let mut scanned = ScanResult::default();
    if query.filter.task.as_ref().is_some_and(|pattern| !pattern.matches(task)) {
        return Ok(scanned);
    }
    match query.order.by {
        SortKey::Handle | SortKey::Task | SortKey::Ended => {
            let mut page = |last: Option<&dyn RowRef>| in_key_order(reader, query, blocking, last);
            database.query_pages(&mut page, &mut |row| match reader
                .session(row)
                .map(|session| excess.mark(session))
                .filter(|session| is_match(query, session, &mut scanned))
            {
                Some(session) => visit(session),
                None => Ok(ControlFlow::Continue(())),
            })?;
        }
        _ => scan_sorted(database, reader, query, blocking, excess, &mut scanned, visit)?,
    }
    Ok(scanned)
}

/// A session for which it is unknown is counted in `scanned`.
fn is_match(query: &SessionQuery<'_>, session: &Session, scanned: &mut ScanResult) -> bool {
    let SessionQuery { scope, filter, due_only, .. } = query;
    if *due_only && session.standing(scope.now).and_then(Standing::deletion_reason).is_none() {
        return false;
    }
    let might_fit = filter.might_match(session, scope.policies, scope.now);
    scanned.unreadable_users += u64::from(might_fit);
    filter.matches(session, scope.policies, scope.now)
}

fn in_key_order(
    reader: &TableReader,
    query: &SessionQuery<'_>,
    blocking: &BlockingReferences<'_>,
    last: Option<&dyn RowRef>,
) -> Statement {
    let mut sql = reader.select(&reader.session_columns());
    sql.push(" WHERE TRUE");
    if query.due_only {
        // What other rows refer to is not deleted.
        sql.push(&blocking.and_unreferenced());
    }
    if let Some(after) = query.after {
        reader.key.push_compared(sql.push(" AND "), ">", after);
    }
    if let Some(last) = reader.last_row_id.get() {
        sql.push(&format!(" AND {} <= ", reader.key)).bind(last);
    }
    and_user(&mut sql, reader, query.filter);
    reader.order_by_key(&mut sql, last, query.order.reverse);
    sql
}

/// Adds a condition by which an index finds the rows of some users. Each row is filtered
/// again afterwards: the condition may select more rows, but never excludes a row with this
/// user. Columns and indexes with custom collations are not used, nor are users that stand
/// for any number of values.
pub fn and_user(sql: &mut Statement, reader: &TableReader, filter: &Filter) {
    let user = reader.profile.user.as_ref().filter(|user| user.form == UserForm::Plain);
    let Some(column) = user.filter(|user| user.paths.is_empty()).map(|user| &user.column) else {
        return;
    };
    let collation = reader.table.index_collation(column);
    let values: Option<Vec<_>> = filter.users.iter().map(|user| values_shown_as(user)).collect();
    let values = values.map(|values| values.concat()).filter(|values| !values.is_empty());
    let Some((collation, values)) = collation.zip(values) else {
        return;
    };
    sql.push(&format!(" AND {} COLLATE {collation} IN (", quoted(column)));
    for (index, value) in values.iter().enumerate() {
        sql.push(if index > 0 { ", " } else { "" }).bind(value.raw());
    }
    sql.push(")");
}

type Rank = (i64, Option<String>);

fn scan_sorted(
    database: &impl Database,
    reader: &TableReader,
    query: &SessionQuery<'_>,
    blocking: &BlockingReferences<'_>,
    excess: &UserExcess,
    scanned: &mut ScanResult,
    visit: &mut dyn FnMut(Session) -> VisitResult,
) -> Result<()> {
    let mut found: Vec<(Rank, SessionKey)> = Vec::new();
    let in_order = SessionQuery { order: Order::default(), ..*query };
    let mut page = |last: Option<&dyn RowRef>| in_key_order(reader, &in_order, blocking, last);
    database.query_pages(&mut page, &mut |row| {
        let session = reader.session(row).map(|session| excess.mark(session));
        let session = session.filter(|session| is_match(query, session, scanned));
        found.extend(session.map(|session| (rank(reader, query, &session), session.key)));
        Ok(ControlFlow::Continue(()))
    })?;
    let direction = |order: Ordering| if query.order.reverse { order.reverse() } else { order };
    // The rows came in the order of their keys, and equal ones stay in it.
    found.sort_by(|(one, _), (other, _)| direction(one.cmp(other)));
    for chunk in found.chunks(ROWS_PER_FETCH) {
        let keys: Vec<SessionKey> = chunk.iter().map(|(_, key)| key.clone()).collect();
        let found = find(database, reader, &keys)?.into_iter().flatten();
        for session in found.map(|session| excess.mark(session)) {
            // The row may have changed in between.
            if is_match(query, &session, &mut ScanResult::default())
                && visit(session)? == ControlFlow::Break(())
            {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Unknown times sort last, unknown users, clients and agents first.
fn rank(reader: &TableReader, query: &SessionQuery<'_>, session: &Session) -> Rank {
    let time = |time: Option<UnixTime>| (time.map_or(i64::MAX, |time| time.0), None);
    match query.order.by {
        SortKey::User => (0, session.user.clone()),
        SortKey::Client => (0, session.client.clone()),
        SortKey::Agent => (0, session.agent.clone()),
        SortKey::State => {
            let policy = query.scope.policies.for_task(&session.task);
            (i64::from(policy.state(session, query.scope.now) == SessionState::Expired), None)
        }
        SortKey::Idle => time(recency(Some(&reader.profile), session)),
        SortKey::LastUsed => time(session.last_used_at),
        SortKey::Created => time(session.created_at),
        SortKey::Expires if session.expiry == Some(Expiry::Expired) => (i64::MIN, None),
        SortKey::Expires => time(query.scope.policies.for_task(&session.task).expires_at(session)),
        SortKey::Handle | SortKey::Task | SortKey::Ended => (0, None),
    }
}
