//! Sessions as records, for every command that shows some.

use crate::domain::agent::short_agent;
use crate::domain::policy::{Policies, Verdict};
use crate::domain::profile::{Expiry, Profile, Standing, StricterRule};
use crate::domain::session::{End, Session, SessionState};
use crate::domain::time::UnixTime;

use crate::output::record::{Column, Record, Schema, Severity, Value, Visibility, concat};

const HANDLE: Column = Column::row("handle", "handle");
const USER: Column = Column::row("user", "user");
/// Last column of a framework's table, whose users have an id and perhaps a name.
pub const USER_NAME: Column = Column::data("user_name", "user name");
const TASK: Column = Column::row("task", "task");
const CLIENT: Column = Column::row("client", "client");
/// Agent: in full for programs, by the name of the program for people.
const AGENT: Column = Column::row("agent", "agent").at(Visibility::Filled);
const STATE: Column = Column::row("state", "state");
const CREATED: Column = Column::detail("created_at", "created").time();
const LAST_USED: Column = Column::detail("last_used_at", "last used").time();
const IDLE: Column = Column::row("idle_seconds", "idle");
const TIMEOUT: Column = Column::row("idle_timeout", "timeout");
const EXPIRES: Column = Column::detail("expires_at", "expires").time();
const MARKED: Column = Column::detail("marked_at", "marked").time();
const ENDED: Column = Column::detail("ended_at", "ended").time();
const ENDED_BY: Column = Column::row("end_reason", "ended by");

const COLUMNS: [Column; 14] = [
    HANDLE, USER, TASK, CLIENT, AGENT, STATE, CREATED, LAST_USED, IDLE, TIMEOUT, EXPIRES, MARKED,
    ENDED, ENDED_BY,
];

const FACTS: [Column; 3] = [
    Column::row("eligible_since", "eligible").time(),
    Column::row("next_purge_at", "next purge").time(),
    Column::row("kept_until", "kept until").time(),
];

const FORECAST: [Column; 1] = [Column::row("outlook", "outlook")];

pub static SESSIONS: Schema = Schema::many("sessions", &COLUMNS);

pub static SESSIONS_OF_JOBS: Schema =
    Schema::many("sessions", &concat::<15>(&COLUMNS, &[Column::row("job", "job")]));

/// Columns of sessions of a framework's table, which has one task and keeps no ended rows.
/// Beside the names of users, only the visibility of columns differs.
const ADOPTED_COLUMNS: [Column; 15] = [
    HANDLE,
    USER,
    TASK.at(Visibility::Detail),
    CLIENT,
    AGENT,
    STATE,
    CREATED,
    LAST_USED,
    IDLE,
    TIMEOUT.at(Visibility::Detail),
    EXPIRES.at(Visibility::Row),
    MARKED,
    ENDED,
    ENDED_BY.at(Visibility::Detail),
    USER_NAME,
];

static ADOPTED_SESSIONS: Schema = Schema::many("sessions", &ADOPTED_COLUMNS);

pub fn sessions_schema(profile: Option<&Profile>) -> &'static Schema {
    if profile.is_some() { &ADOPTED_SESSIONS } else { &SESSIONS }
}

/// Column with what outlives the end of a session, where the profile of its table says so.
pub const SURVIVES: Column = Column::detail("survives", "survives");

static ADOPTED_CYCLED: Schema =
    Schema::many("sessions", &concat::<16>(&ADOPTED_COLUMNS, &[SURVIVES]));

/// Schema of sessions that a cycle ends; in a framework's table they have [`SURVIVES`].
pub fn cycled_schema(profile: Option<&Profile>) -> &'static Schema {
    if profile.is_some() { &ADOPTED_CYCLED } else { &SESSIONS }
}

pub static SESSION_FACTS: Schema = Schema::one("a session", &concat::<17>(&COLUMNS, &FACTS));

static ADOPTED_FACTS: Schema = Schema::one(
    "a session",
    &[
        HANDLE, USER, TASK, CLIENT, AGENT, STATE, CREATED, LAST_USED, IDLE, EXPIRES, FACTS[0],
        FACTS[1],
    ],
);

pub fn facts_schema(profile: Option<&Profile>) -> &'static Schema {
    if profile.is_some() { &ADOPTED_FACTS } else { &SESSION_FACTS }
}

pub static SESSION: Schema =
    Schema::one("a session", &concat::<18>(SESSION_FACTS.columns, &FORECAST));

static ADOPTED_SESSION: Schema =
    Schema::one("a session", &concat::<19>(SESSION.columns, &[USER_NAME]));

pub fn session_schema(profile: Option<&Profile>) -> &'static Schema {
    if profile.is_some() { &ADOPTED_SESSION } else { &SESSION }
}

/// A session as of `now`: an end that comes later has not come yet.
pub fn session(session: &Session, policies: &Policies, now: UnixTime) -> Record {
    let policy = policies.for_task(&session.task);
    let has_ended = session.has_ended(now);
    let end = session.end.filter(|_| has_ended);
    let values = vec![
        Value::word(session.handle.clone()),
        user(session),
        Value::text(Some(session.task.as_str())),
        Value::text(session.client.as_deref()),
        agent(session),
        state_of(session, policy.state(session, now)),
        Value::time(session.created_at),
        Value::time(session.last_used_at),
        // What is over is not idle.
        Value::span(session.idle(now).filter(|_| !has_ended)),
        Value::span(session.idle_timeout),
        Value::time(policy.expires_at(session).filter(|_| !has_ended)),
        Value::time(session.marked_at),
        Value::time(end.map(|end| end.at)),
        end.map_or(Value::Absent, |end| Value::word(end.reason.as_str())),
    ];
    Record::new(key(session), values)
}

/// A session that would end, as it is before that, and the reason.
pub fn ending(session: &Session, policies: &Policies, end: End) -> Record {
    let session = Session { end: None, ..session.clone() };
    let mut record = self::session(&session, policies, end.at);
    record.values.pop();
    record.values.push(Value::word(end.reason.as_str()));
    record
}

/// A session as it was before it ended, its end, and the job that has ended it, if one has.
pub fn ended(session: &Session, policies: &Policies, end: End, job: Option<&str>) -> Record {
    let mut record = ending(session, policies, end);
    let at = record.values.len() - 2;
    record.values[at] = Value::time(Some(end.at));
    record.values.extend(job.map(|job| Value::text(Some(job))));
    record
}

const ACTION: Column = Column::row("action", "action");
const REASON: Column = Column::row("reason", "reason");

pub static DUE: Schema = Schema::many(
    "sessions that are due",
    &[HANDLE, ACTION, REASON, USER, TASK, CLIENT, AGENT, IDLE, LAST_USED, ENDED],
);

static ADOPTED_DUE: Schema = Schema::many(
    "sessions that are due",
    &[
        HANDLE,
        ACTION,
        REASON,
        USER,
        TASK.at(Visibility::Detail),
        CLIENT,
        AGENT,
        IDLE,
        LAST_USED,
        ENDED,
        EXPIRES.at(Visibility::Row),
        USER_NAME,
    ],
);

pub fn due_schema(profile: Option<&Profile>) -> &'static Schema {
    if profile.is_some() { &ADOPTED_DUE } else { &DUE }
}

pub fn due(session: &Session, verdict: Verdict, now: UnixTime) -> Record {
    let (action, reason) = match verdict {
        Verdict::Keep => ("keep", Value::Absent),
        Verdict::Mark(_) => ("mark", Value::word("unused")),
        Verdict::End(reason) => ("end", Value::word(reason.as_str())),
        Verdict::Discard(reason) if session.expiry.is_some() => (
            "delete",
            Value::word(rule(session, now).map_or(reason.as_str(), StricterRule::as_str)),
        ),
        Verdict::Discard(reason) => ("end and delete", Value::word(reason.as_str())),
        Verdict::Delete => ("delete", Value::word("retention")),
    };
    let mut values = vec![
        Value::word(session.handle.clone()),
        Value::word(action),
        reason,
        user(session),
        Value::text(Some(session.task.as_str())),
        Value::text(session.client.as_deref()),
        agent(session),
        Value::span(session.idle(now)),
        Value::time(session.last_used_at),
        Value::time(session.end.map(|end| end.at)),
    ];
    if let Some(times) = session.times() {
        values.push(Value::time(session.stricter.last_moment(&times)));
        values.push(user_name(session));
    }
    Record::new(key(session), values)
}

/// Rule of the configuration by which a session is due that the framework accepts.
fn rule(session: &Session, now: UnixTime) -> Option<StricterRule> {
    match session.standing(now)? {
        Standing::Due(rule) => Some(rule),
        Standing::Live | Standing::Expired | Standing::Retained => None,
    }
}

/// The session's user, by name if that is known.
fn user(session: &Session) -> Value {
    Value::user(session.user.as_deref(), session.user_name.as_deref())
}

fn agent(session: &Session) -> Value {
    Value::shortened(session.agent.as_deref(), short_agent)
}

/// Record with the agent in full, for a session that stands alone.
pub fn with_full_agent(mut record: Record, session: &Session) -> Record {
    let place = COLUMNS.iter().position(|column| column.name == AGENT.name);
    if let Some(value) = place.and_then(|place| record.values.get_mut(place)) {
        *value = Value::text(session.agent.as_deref());
    }
    record
}

fn user_name(session: &Session) -> Value {
    Value::text(session.user_name.as_deref())
}

/// Record for the columns of a framework's table, which has names of users.
pub fn with_user_name(mut record: Record, session: &Session) -> Record {
    record.values.extend(session.expiry.is_some().then(|| user_name(session)));
    record
}

fn key(session: &Session) -> Vec<String> {
    vec!["session".to_owned(), session.handle.clone()]
}

/// State of a session; one whose times cannot be read counts as active.
fn state_of(session: &Session, found: SessionState) -> Value {
    if found == SessionState::Active && session.expiry == Some(Expiry::Unknown) {
        return Value::Word("unreadable".into(), Severity::Bad);
    }
    state(found)
}

fn state(state: SessionState) -> Value {
    let tone = match state {
        SessionState::Active => Severity::Good,
        SessionState::Idle => Severity::Warn,
        SessionState::Abandoned | SessionState::Expired => Severity::Bad,
        SessionState::Ended => Severity::Dim,
    };
    Value::Word(state.as_str().into(), tone)
}
