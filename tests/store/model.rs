//! Admission once more, as its rules are written: one after the other, over a
//! list of sessions.

use sessctl::domain::policy::{Expire, Policy, WhenFull};
use sessctl::domain::port::{Full, NewSession};
use sessctl::domain::session::{End, EndReason, Session};
use sessctl::domain::time::{Span, UnixTime};

/// What became of a session that wanted to open.
pub struct Answer {
    pub outcome: Result<(), Full>,
    /// Those that were over before anybody was counted.
    pub over: Vec<Session>,
    pub evicted: Option<Session>,
}

/// Opens a session, if the limits leave room or can be made to.
pub fn admit(rows: &mut Vec<Session>, new: &NewSession, policy: &Policy) -> Answer {
    let now = new.created_at;
    let of_user =
        |row: &Session| is_in_task(row, new) && new.user.is_some() && row.user == new.user;
    let counts = |row: &Session| if policy.limit > 0 { is_in_task(row, new) } else { of_user(row) };
    let reason = |row: &Session| counts(row).then(|| is_over(row, policy, now)).flatten();
    let over = end(rows, now, policy, reason);

    let live = |whose: &dyn Fn(&Session) -> bool| rows.iter().filter(|row| whose(row)).count();
    let is_full = |limit: u64, live: usize| limit > 0 && live as u64 >= limit;
    let full = if is_full(policy.user_limit, live(&of_user)) {
        Some(Full::User)
    } else if is_full(policy.limit, live(&|row| is_in_task(row, new))) {
        Some(Full::Task)
    } else {
        None
    };
    let mut evicted = None;
    if let Some(full) = full {
        let pool = rows.iter().filter(|row| match full {
            Full::User => of_user(row),
            Full::Task => is_in_task(row, new),
        });
        let may_go = pool.filter(|row| match policy.when_full {
            WhenFull::EvictIdle => is_unused_for(row, row.idle_timeout, now),
            WhenFull::EvictLru => true,
            WhenFull::Refuse => false,
        });
        let Some(chosen) = may_go.min_by_key(|row| (row.last_used_at, row.key.clone())) else {
            return Answer { outcome: Err(full), over, evicted: None };
        };
        let key = chosen.key.clone();
        let is_it = |row: &Session| (row.key == key).then_some(EndReason::Evicted);
        evicted = end(rows, now, policy, is_it).pop();
    }
    rows.push(opened(new));
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    Answer { outcome: Ok(()), over, evicted }
}

/// A live session of the task.
fn is_in_task(row: &Session, new: &NewSession) -> bool {
    row.end.is_none() && row.task.eq_ignore_ascii_case(&new.task)
}

fn is_unused_for(row: &Session, span: Option<Span>, now: UnixTime) -> bool {
    span.is_some_and(|span| now.0 - row.last_used_at.unwrap().0 > span.as_seconds())
}

/// Why a session ends before anybody is counted.
fn is_over(row: &Session, policy: &Policy, now: UnixTime) -> Option<EndReason> {
    let is_idle = is_unused_for(row, row.idle_timeout, now);
    let is_abandoned = is_idle && is_unused_for(row, Some(policy.abandoned), now);
    match (policy.when_full, policy.expire) {
        (WhenFull::Refuse, Expire::Timeout) if is_idle => return Some(EndReason::Expired),
        (WhenFull::EvictIdle, Expire::Timeout | Expire::Abandoned)
        | (WhenFull::Refuse, Expire::Abandoned)
            if is_abandoned =>
        {
            return Some(EndReason::Abandoned);
        }
        _ => {}
    }
    let age = now.0 - row.created_at.unwrap().0;
    let is_old = policy.lifetime.is_some_and(|lifetime| age > lifetime.as_seconds());
    is_old.then_some(EndReason::Lifetime)
}

/// Ends sessions for the reasons that are given, and answers them as they ended.
fn end(
    rows: &mut Vec<Session>,
    at: UnixTime,
    policy: &Policy,
    reason: impl Fn(&Session) -> Option<EndReason>,
) -> Vec<Session> {
    let mut ended = Vec::new();
    rows.retain_mut(|row| {
        let Some(reason) = reason(row) else { return true };
        row.end = Some(End { at, reason });
        ended.push(row.clone());
        policy.retention != Some(Span::ZERO)
    });
    ended
}

fn opened(new: &NewSession) -> Session {
    let id = new.key.text().expect("a native key");
    Session {
        key: new.key.clone(),
        handle: id[..12].to_owned(),
        user: new.user.clone(),
        is_user_unreadable: false,
        task: new.task.clone(),
        client: new.client.clone(),
        created_at: Some(new.created_at),
        last_used_at: Some(new.created_at),
        idle_timeout: new.idle_timeout,
        marked_at: None,
        end: None,
        expiry: None,
    }
}
