//! Records for the tests of the formats, as the commands would hand them in.

use sessctl::domain::time::{Span, UnixTime};
use sessctl::output::record::{
    Cardinality, Column, Metric, MetricKind, Record, Schema, Severity, Value,
};
use sessctl::output::write;
use sessctl::output::{FormatName, Style, Summary};

const fn session_columns() -> [Column; 8] {
    [
        Column::row("handle", "handle"),
        Column::row("user", "user"),
        Column::row("task", "task"),
        Column::row("client", "client"),
        Column::row("state", "state"),
        Column::row("idle_seconds", "idle"),
        Column::detail("last_used", "last used").time(),
        Column::detail("ended", "ended").time(),
    ]
}

static SESSION_COLUMNS: [Column; 8] = session_columns();

pub static SESSIONS: Schema = Schema {
    subject: "sessions",
    shape: Cardinality::Many,
    columns: &SESSION_COLUMNS,
    children: None,
    label: None,
};

pub static SESSION: Schema = Schema {
    subject: "one session",
    shape: Cardinality::One,
    columns: &SESSION_COLUMNS,
    children: None,
    label: None,
};

const fn in_state(state: &'static [(&'static str, &'static str)]) -> Metric {
    Metric {
        name: "sessctl_sessions",
        help: "Sessions by task and state.",
        kind: MetricKind::Gauge,
        divisor: 1.0,
        labels: state,
    }
}

pub static STAT: Schema = Schema {
    subject: "tasks",
    shape: Cardinality::Many,
    columns: &[
        Column::row("task", "task"),
        Column::row("active", "active").metric(in_state(&[("state", "active")])),
        Column::row("idle", "idle").metric(in_state(&[("state", "idle")])),
        Column::row("oldest_idle_seconds", "oldest").metric(Metric {
            name: "sessctl_oldest_idle_seconds",
            help: "How long the session longest unused has been so.",
            kind: MetricKind::Gauge,
            divisor: 1.0,
            labels: &[],
        }),
    ],
    children: Some((
        "users",
        &Schema {
            subject: "users",
            shape: Cardinality::Many,
            columns: &[Column::row("user", "user"), Column::row("active", "active")],
            children: None,
            label: None,
        },
    )),
    label: Some("task"),
};

static RUNS: Schema = Schema {
    subject: "runs",
    shape: Cardinality::Many,
    columns: &[
        Column::row("started", "started").time(),
        Column::row("took_ms", "ms"),
        Column::row("complete", "complete"),
    ],
    children: None,
    label: None,
};

static SUMMARY: Schema = Schema {
    subject: "the summary",
    shape: Cardinality::One,
    columns: &[Column::row("runs", "runs"), Column::row("since", "since").time()],
    children: None,
    label: None,
};

pub fn session(handle: &str, user: &str, task: &str, client: &str) -> Record {
    Record {
        key: vec![handle.to_owned(), user.to_owned()],
        values: vec![
            Value::Word(handle.to_owned().into(), Severity::Plain),
            Value::Text(user.to_owned()),
            Value::Text(task.to_owned()),
            Value::text((!client.is_empty()).then_some(client)),
            Value::Word("idle".into(), Severity::Warn),
            Value::Span(Span::seconds(7_559)),
            Value::Time(UnixTime(1_781_524_800)),
            Value::Absent,
        ],
        children: Vec::new(),
    }
}

fn sessions() -> Vec<Record> {
    vec![
        session("3f2a91c07d5e", "anna.smith", "imap", "192.0.2.17"),
        session("b81d77e0a942", "a\u{1b}[2J\u{202e}b", "http", ""),
        session(
            "c0ffee00c0de",
            "李雷",
            "http",
            "=HYPERLINK(\"http://x\") says, at length, a client without manners",
        ),
    ]
}

fn user(task: &str, user: &str, active: u64) -> Record {
    Record {
        key: vec![task.to_owned(), "user".to_owned(), user.to_owned()],
        values: vec![Value::text(Some(user)), Value::Count(active)],
        children: Vec::new(),
    }
}

pub fn stat() -> Vec<Record> {
    let task = |name: &str, active, idle, oldest, children| Record {
        key: vec![name.to_owned()],
        values: vec![
            Value::word(name.to_owned()),
            Value::Count(active),
            Value::Count(idle),
            Value::span(oldest),
        ],
        children,
    };
    vec![
        task(
            "imap",
            98_112,
            7,
            Some(Span::hours(76)),
            vec![user("imap", "anna", 3), user("imap", "bo b", 1)],
        ),
        task("say \"hi\"", 0, 0, None, Vec::new()),
    ]
}

fn runs() -> Vec<Record> {
    let run = |started: i64, took, complete| Record {
        key: vec!["run".to_owned(), started.to_string()],
        values: vec![Value::Time(UnixTime(started)), Value::Measure(took), Value::Flag(complete)],
        children: Vec::new(),
    };
    vec![run(1_781_524_800, 12.5, true), run(1_781_528_400, 0.25, false)]
}

fn summary(name: FormatName, records: &[Record]) -> String {
    let record = Record {
        key: Vec::new(),
        values: vec![Value::Count(records.len() as u64), Value::Absent],
        children: Vec::new(),
    };
    let head = Summary { schema: &SUMMARY, record: &record, rows: "last" };
    let mut out = Vec::new();
    write(name, Style::default(), &mut out, &RUNS, Some(head), records).expect("memory takes it");
    String::from_utf8(out).expect("every format is UTF-8")
}

/// Output of the records in a format, without a terminal.
pub fn text(name: FormatName, schema: &'static Schema, records: &[Record]) -> String {
    look(name, Style::default(), schema, records)
}

pub fn look(name: FormatName, style: Style, schema: &'static Schema, records: &[Record]) -> String {
    let mut out = Vec::new();
    write(name, style, &mut out, schema, None, records).expect("memory takes it");
    String::from_utf8(out).expect("every format is UTF-8")
}

pub fn sessions_in(name: FormatName) -> String {
    text(name, &SESSIONS, &sessions())
}

pub fn session_in(name: FormatName) -> String {
    text(name, &SESSION, &sessions()[..1])
}

pub fn stat_in(name: FormatName) -> String {
    text(name, &STAT, &stat())
}

pub fn runs_in(name: FormatName) -> String {
    summary(name, &runs())
}

pub fn no_runs_in(name: FormatName) -> String {
    summary(name, &[])
}

pub fn nothing_in(name: FormatName) -> String {
    text(name, &SESSIONS, &[])
}

fn at(width: Option<usize>, schema: &'static Schema, records: &[Record]) -> String {
    look(FormatName::Table, Style { color: false, width, ..Style::default() }, schema, records)
}

pub fn sessions_at(width: Option<usize>) -> String {
    at(width, &SESSIONS, &sessions())
}

pub fn stat_at(width: Option<usize>) -> String {
    at(width, &STAT, &stat())
}

pub fn session_at(width: Option<usize>) -> String {
    at(width, &SESSION, &sessions()[2..])
}

pub fn colored() -> String {
    let in_color = Style { color: true, width: Some(80), ..Style::default() };
    look(FormatName::Table, in_color, &SESSIONS, &sessions()[..2])
}
