mod filter;
mod keys;
mod model;
mod order;
mod pace;
mod screens;
mod tmux;

use sessctl::cli::all_databases::wire::TypedRecord;
use sessctl::cli::session_records::SESSIONS;
use sessctl::cli::show::schedule::SCHEDULE;
use sessctl::cli::show::stat::STAT;
use sessctl::cli::show::users::USERS;
use sessctl::cli::top::live::model::Model;
use sessctl::cli::top::live::parts;
use sessctl::domain::time::{Span, UnixTime};
use sessctl::output::record::{Record, Schema, Severity, Value};

/// 2026-06-15T12:00:00Z
const NOW: UnixTime = UnixTime(1_781_524_800);

/// A record of a schema with some of its values; the first one is its key.
fn record(schema: &'static Schema, values: &[(&str, Value)]) -> TypedRecord {
    let value = |name: &str| values.iter().find(|(known, _)| *known == name);
    let all = schema.columns.iter().map(|column| value(column.name));
    let all = all.map(|found| found.map_or(Value::Absent, |(_, value)| value.clone()));
    let key = values[0].1.bare().unwrap().into_owned();
    TypedRecord::new(schema, Record::new([key], all.collect()))
}

fn text(text: &str) -> Value {
    Value::text(Some(text))
}

fn session(handle: &str, user: &str, idle: i64) -> TypedRecord {
    record(
        &SESSIONS,
        &[
            ("handle", Value::word(handle.to_owned())),
            ("user", text(user)),
            ("task", text("imap")),
            ("client", text("10.0.0.7")),
            ("state", Value::Word("active".into(), Severity::Good)),
            ("idle_seconds", Value::Span(Span::seconds(idle))),
            ("idle_timeout", Value::Span(Span::minutes(30))),
            ("expires_at", Value::Time(UnixTime(NOW.0 + 1_800 - idle))),
        ],
    )
}

fn task(name: &str, live: u64, expired: u64) -> TypedRecord {
    record(
        &STAT,
        &[
            ("task", text(name)),
            ("live", Value::Count(live)),
            ("active", Value::Count(live)),
            ("idle", Value::Count(0)),
            ("abandoned", Value::Count(0)),
            ("expired", Value::Count(expired)),
            ("ended", Value::Count(7)),
            ("oldest_idle_seconds", Value::Span(Span::minutes(25))),
        ],
    )
}

fn user(name: &str, sessions: u64) -> TypedRecord {
    record(
        &USERS,
        &[
            ("user", text(name)),
            ("sessions", Value::Count(sessions)),
            ("active", Value::Count(sessions)),
            ("expired", Value::Count(0)),
            ("oldest_idle_seconds", Value::Span(Span::minutes(20))),
        ],
    )
}

fn job(name: &str, next: i64) -> TypedRecord {
    record(
        &SCHEDULE,
        &[
            ("job", text(name)),
            ("do", Value::word("purge")),
            ("when", text("every 15m")),
            ("next_at", Value::Time(UnixTime(NOW.0 + next))),
        ],
    )
}

fn facts(values: Vec<(&'static str, Value)>) -> TypedRecord {
    TypedRecord::new(&parts::FACTS, parts::facts(values))
}

/// The view of one database, `app.db`, that has been read, with these sessions.
fn model(sessions: Vec<TypedRecord>) -> Model {
    let mut model = Model::new(["app.db".to_owned()], false, NOW);
    fill(&mut model, 0, sessions);
    model
}

fn fill(model: &mut Model, index: usize, sessions: Vec<TypedRecord>) {
    let status =
        facts(vec![("file_bytes", Value::Count(20_200_000)), ("log_bytes", Value::Count(4_120))]);
    let reading = facts(vec![
        ("at", Value::Time(UnixTime(NOW.0 - 12))),
        ("cost_ms", Value::Measure(126.0)),
        ("next_at", Value::Time(UnixTime(NOW.0 + 8))),
    ]);
    model.take(index, parts::STATUS, vec![status]);
    model.take(index, parts::JOBS, vec![job("purge", 250), job("restart", 7_200)]);
    model.take(index, parts::TASKS, vec![task("imap", 1_204, 32), task("http", 96, 0)]);
    model.take(index, parts::SESSIONS, sessions);
    model.take(index, parts::USERS, vec![user("alice", 17), user("bob", 3)]);
    model.take(index, parts::READING, vec![reading]);
}
