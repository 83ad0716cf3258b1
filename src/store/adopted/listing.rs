//! Sessions of a framework's table, one by one.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rusqlite::types::ValueRef;

use super::held::Held;
use super::rows::{HANDLE, Reader, digest};
use crate::domain::error::Result;
use crate::domain::filter::Filter;
use crate::domain::port::{Flow, Order, Query, SortKey};
use crate::domain::profile::{Expiry, UserForm};
use crate::domain::session::{Key, Session, State};
use crate::domain::time::UnixTime;
use crate::domain::token::Token;
use crate::store::sql::{Statement, bare, quoted};
use crate::store::transport::{Columns, Transport};

/// Rows that are fetched at once, where they were sorted before.
const CHUNK: usize = 500;

/// The sessions with these keys.
pub(super) fn find(
    database: &impl Transport,
    reader: &Reader,
    keys: &[Key],
) -> Result<Vec<Option<Session>>> {
    let mut sql = reader.select(&reader.whole());
    sql.push(&format!(" WHERE {} = ?1", reader.key));
    let mut found = Vec::with_capacity(keys.len());
    database.look_up(&sql, &mut keys.iter().map(bare), &mut |row| {
        found.push(row.and_then(|row| reader.session(row)));
    })?;
    for (session, key) in found.iter_mut().zip(keys) {
        // Another row may have taken its place.
        *session = session.take().filter(|session| session.key == *key);
    }
    Ok(found)
}

/// The sessions that clients hold these tokens of, in key order.
pub(super) fn by_tokens(
    database: &impl Transport,
    reader: &Reader,
    tokens: &[Token],
) -> Result<Vec<Vec<Session>>> {
    let form = reader.profile.token_form()?;
    let held = |token: &Token| {
        let text = if form.is_hashed { token.id() } else { token.expose().to_owned() };
        format!("{}{text}", form.prefix)
    };
    let held: Vec<String> = tokens.iter().map(held).collect();
    let mut sql = reader.select(&reader.whole());
    let is_token = is_token(reader, &form.column);
    sql.push(&format!(" WHERE {is_token} ORDER BY {}", reader.key));
    let mut found = vec![Vec::new(); tokens.len()];
    let mut values = held.iter().map(|token| ValueRef::Text(token.as_bytes()));
    database.look_up_all(&sql, &mut values, &mut |place, row| {
        found[place].extend(reader.session(row));
    })?;
    Ok(found)
}

/// The condition that a column holds the token `?1`, byte by byte: the text itself, or
/// the whole number that is written like this. What the column's collation or affinity
/// takes for the same, such as `A` for `a` or `01` for 1, is another token; but an index
/// finds rows by these alone, so that where there is one, they come first.
fn is_token(reader: &Reader, column: &str) -> String {
    let name = quoted(column);
    let found = if reader.table.finds_by(column) {
        format!("{name} IN (?1, CAST(?1 AS INTEGER)) AND ")
    } else {
        String::new()
    };
    format!(
        "{found}typeof({name}) IN ('text', 'integer') \
         AND CAST({name} AS TEXT) COLLATE BINARY = ?1"
    )
}

/// The sessions whose handle begins like this, of at most so many ids. All ids are read
/// and hashed. Where the handles of several ids would be the same, each has as many digits
/// as tell it from the others that were found.
pub(super) fn by_handle(
    database: &impl Transport,
    reader: &Reader,
    prefix: &str,
    most: usize,
) -> Result<Vec<Session>> {
    let prefix = prefix.to_ascii_lowercase();
    let mut found: BTreeMap<String, Vec<Key>> = BTreeMap::new();
    reader.each(database, reader.id(), &mut |row| {
        let id = digest(row.value(1)).id();
        if id.starts_with(&prefix)
            && (found.len() < most || found.contains_key(&id))
            && let Some(key) = reader.key_of(row)
        {
            found.entry(id).or_default().push(key);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let ids: Vec<&String> = found.keys().collect();
    let handle = |place: usize| {
        let id = ids[place];
        let neighbours = [place.checked_sub(1), Some(place + 1)];
        let neighbours = neighbours.into_iter().flatten().filter_map(|place| ids.get(place));
        let shared = neighbours.map(|other| shared(id, other)).max().unwrap_or(0);
        id.get(..HANDLE.max(shared + 1)).unwrap_or(id).to_owned()
    };
    let mut sessions = Vec::new();
    for (place, keys) in found.values().enumerate() {
        let named = |session| Session { handle: handle(place), ..session };
        sessions.extend(find(database, reader, keys)?.into_iter().flatten().map(named));
    }
    Ok(sessions)
}

/// How many digits two have in common at their beginning.
fn shared(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count()
}

/// Visits sessions one by one: in key order as they lie, in any other order after a look
/// at all of them that remembers of each what it is sorted by.
pub(super) fn scan(
    database: &impl Transport,
    reader: &Reader,
    query: &Query<'_>,
    held: &Held<'_>,
    visit: &mut dyn FnMut(Session) -> Flow,
) -> Result<()> {
    let task = &reader.profile.task;
    if query.filter.task.as_ref().is_some_and(|pattern| !pattern.matches(task)) {
        return Ok(());
    }
    match query.order.by {
        SortKey::Handle | SortKey::Task | SortKey::Ended => {
            let mut page = |last: Option<&dyn Columns>| in_key_order(reader, query, held, last);
            database.walk(&mut page, &mut |row| match reader.session(row) {
                Some(session) if fits(query, &session) => visit(session),
                _ => Ok(ControlFlow::Continue(())),
            })
        }
        _ => sorted(database, reader, query, held, visit),
    }
}

fn fits(query: &Query<'_>, session: &Session) -> bool {
    let Query { scope, filter, due_only, .. } = query;
    let is_due = || session.expiry.is_some_and(|expiry| expiry.is_over(scope.now));
    filter.matches(session, scope.policies, scope.now) && (!due_only || is_due())
}

/// The rows behind the last one that has been visited.
fn in_key_order(
    reader: &Reader,
    query: &Query<'_>,
    held: &Held<'_>,
    last: Option<&dyn Columns>,
) -> Statement {
    let mut sql = reader.select(&reader.whole());
    sql.push(" WHERE TRUE");
    if query.due_only {
        // What other rows refer to is not deleted.
        sql.push(&held.and_free());
    }
    if let Some(after) = query.after {
        sql.push(&format!(" AND {} > ", reader.key)).bind(after);
    }
    and_user(&mut sql, reader, query.filter);
    reader.in_order(&mut sql, last, query.order.reverse);
    sql
}

/// Lets an index find the rows of one user, where there is one. Each row is looked at
/// again all the same: this may let others pass, too.
fn and_user(sql: &mut Statement, reader: &Reader, filter: &Filter) {
    let source = reader.profile.user.as_ref().map(|user| &user.source);
    let column = source.filter(|source| source.path.is_none()).map(|source| &source.column);
    let (Some(user), Some(column)) = (&filter.user, column) else {
        return;
    };
    let is_plain = reader.profile.user.as_ref().is_some_and(|user| user.form == UserForm::Plain);
    if !is_plain || !reader.table.finds_by(column) {
        return;
    }
    // As text, as a number and as bytes: whatever a user is shown like that is.
    sql.push(&format!(" AND {} IN (", quoted(column))).bind(user.as_str());
    sql.push(", CAST(").bind(user.as_str()).push(" AS NUMERIC), unhex(");
    sql.bind(user.as_str()).push("))");
}

/// What a session is sorted by: a number, then a text.
type Rank = (i64, Option<String>);

fn sorted(
    database: &impl Transport,
    reader: &Reader,
    query: &Query<'_>,
    held: &Held<'_>,
    visit: &mut dyn FnMut(Session) -> Flow,
) -> Result<()> {
    let mut found: Vec<(Rank, Key)> = Vec::new();
    let in_order = Query { order: Order::default(), ..*query };
    let mut page = |last: Option<&dyn Columns>| in_key_order(reader, &in_order, held, last);
    database.walk(&mut page, &mut |row| {
        let session = reader.session(row).filter(|session| fits(query, session));
        found.extend(session.map(|session| (rank(query, &session), session.key)));
        Ok(ControlFlow::Continue(()))
    })?;
    let direction = |order: Ordering| if query.order.reverse { order.reverse() } else { order };
    // The rows came in the order of their keys, and equal ones stay in it.
    found.sort_by(|(one, _), (other, _)| direction(one.cmp(other)));
    for chunk in found.chunks(CHUNK) {
        let keys: Vec<Key> = chunk.iter().map(|(_, key)| key.clone()).collect();
        for session in find(database, reader, &keys)?.into_iter().flatten() {
            // It may have changed meanwhile.
            if fits(query, &session) && visit(session)? == ControlFlow::Break(()) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Times that nobody knows come last, users and clients that nobody knows first.
fn rank(query: &Query<'_>, session: &Session) -> Rank {
    let time = |time: Option<UnixTime>| (time.map_or(i64::MAX, |time| time.0), None);
    match query.order.by {
        SortKey::User => (0, session.user.clone()),
        SortKey::Client => (0, session.client.clone()),
        SortKey::State => {
            let policy = query.scope.policies.of(&session.task);
            (i64::from(policy.state(session, query.scope.now) == State::Expired), None)
        }
        SortKey::Idle | SortKey::LastUsed => time(session.last_used_at),
        SortKey::Created => time(session.created_at),
        SortKey::Expires if session.expiry == Some(Expiry::Over) => (i64::MIN, None),
        SortKey::Expires => time(session.expiry.and_then(Expiry::last_moment)),
        SortKey::Handle | SortKey::Task | SortKey::Ended => (0, None),
    }
}
