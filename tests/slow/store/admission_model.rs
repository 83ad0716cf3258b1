//! The rules of admission as they are written: one after the other, over a list of
//! sessions.

use sessctl::domain::policy::{ExpiryMode, OverflowPolicy, Policies, Policy};
use sessctl::domain::profile::StricterRules;
use sessctl::domain::session::{End, EndReason, Session};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::storage::{LimitScope, NewSession};

/// The result of an opening.
pub struct Answer {
    pub outcome: Result<(), LimitScope>,
    /// Sessions that were due before the limits were checked.
    pub over: Vec<Session>,
    pub evicted: Option<Session>,
}

/// Selects the sessions that a limit counts.
type Whose<'w> = &'w dyn Fn(&Session) -> bool;

/// Opens a session, if the limits leave room or can be made to.
pub fn open_limited(rows: &mut Vec<Session>, new: &NewSession, policies: &Policies) -> Answer {
    let (now, policy) = (new.created_at, policies.for_task(&new.task));
    let licence = policies.licence_of(&new.task);
    let is_licensed = |row: &Session| {
        row.end.is_none() && licence.is_some_and(|licence| licence.covers(&row.task))
    };
    let of_user =
        |row: &Session| is_in_task(row, new) && new.user.is_some() && row.user == new.user;
    let counts = |row: &Session| match (policy.limit, policy.user_limit) {
        (0, 0) => false,
        (0, _) => of_user(row),
        (_, _) => is_in_task(row, new),
    };
    let mut over = end(rows, now, policies, |row| {
        let when_full = licence.filter(|_| is_licensed(row))?.when_full;
        is_over(row, policies.for_task(&row.task), when_full, now)
    });
    over.extend(end(rows, now, policies, |row| {
        counts(row).then(|| is_over(row, policy, policy.when_full, now)).flatten()
    }));

    let limits: [(LimitScope, u64, OverflowPolicy, Whose<'_>); 3] = [
        (LimitScope::User, policy.user_limit, policy.when_full, &of_user),
        (LimitScope::Task, policy.limit, policy.when_full, &|row| is_in_task(row, new)),
        match licence {
            Some(licence) => (LimitScope::Licence, licence.limit, licence.when_full, &is_licensed),
            None => (LimitScope::Licence, 0, OverflowPolicy::Refuse, &is_licensed),
        },
    ];
    let is_full = |(_, limit, _, whose): &(LimitScope, u64, OverflowPolicy, Whose<'_>)| {
        *limit > 0 && rows.iter().filter(|row| whose(row)).count() as u64 >= *limit
    };
    let mut evicted = None;
    if let Some((full, _, when_full, whose)) = limits.into_iter().find(is_full) {
        let may_go = rows.iter().filter(|row| whose(row)).filter(|row| match when_full {
            OverflowPolicy::EvictIdle => is_unused_for(row, row.idle_timeout, now),
            OverflowPolicy::EvictLru => true,
            OverflowPolicy::Refuse => false,
        });
        let since = |row: &&Session| match when_full {
            OverflowPolicy::EvictIdle => {
                row.last_used_at.zip(row.idle_timeout).map(|(used, timeout)| used.plus(timeout))
            }
            OverflowPolicy::EvictLru | OverflowPolicy::Refuse => None,
        };
        let Some(chosen) = may_go.min_by_key(|row| (since(row), row.last_used_at, row.key.clone()))
        else {
            return Answer { outcome: Err(full), over, evicted: None };
        };
        let key = chosen.key.clone();
        let is_it = |row: &Session| (row.key == key).then_some(EndReason::Evicted);
        evicted = end(rows, now, policies, is_it).pop();
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

/// The reason for which a session ends before the count.
fn is_over(
    row: &Session,
    policy: &Policy,
    when_full: OverflowPolicy,
    now: UnixTime,
) -> Option<EndReason> {
    let is_idle = is_unused_for(row, row.idle_timeout, now);
    let is_abandoned = is_idle && is_unused_for(row, Some(policy.abandoned), now);
    match (when_full, policy.expire) {
        (OverflowPolicy::Refuse, ExpiryMode::Timeout) if is_idle => {
            return Some(EndReason::Expired);
        }
        (OverflowPolicy::EvictIdle, ExpiryMode::Timeout | ExpiryMode::Abandoned)
        | (OverflowPolicy::Refuse, ExpiryMode::Abandoned)
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

/// Ends sessions for the given reasons, and returns them as ended.
fn end(
    rows: &mut Vec<Session>,
    at: UnixTime,
    policies: &Policies,
    reason: impl Fn(&Session) -> Option<EndReason>,
) -> Vec<Session> {
    let mut ended = Vec::new();
    rows.retain_mut(|row| {
        let Some(reason) = reason(row) else { return true };
        row.end = Some(End { at, reason });
        ended.push(row.clone());
        policies.for_task(&row.task).retention != Some(Span::ZERO)
    });
    ended
}

fn opened(new: &NewSession) -> Session {
    let id = new.key.text().expect("a native key");
    Session {
        key: new.key.clone(),
        handle: id[..12].to_owned(),
        user: new.user.clone(),
        user_name: None,
        is_user_unreadable: false,
        task: new.task.clone(),
        client: new.client.clone(),
        agent: None,
        created_at: Some(new.created_at),
        last_used_at: Some(new.created_at),
        idle_timeout: new.idle_timeout,
        marked_at: None,
        end: None,
        expiry: None,
        stricter: StricterRules::default(),
        exceeds_user_limit: false,
    }
}
