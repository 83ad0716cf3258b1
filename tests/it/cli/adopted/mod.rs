//! The tables of frameworks: what each command says and does where the table is not
//! sessctl's own.

mod close;
mod compact;
mod django_time_zone;
mod end_sessions;
mod foreign_keys;
mod hostile_schemas;
mod profile_check;
mod profile_draft;
mod read_only;
mod refused;
mod several_columns;
mod shared_state;
mod show_profiles;
mod state;
mod state_failures;
mod stricter;
mod survivors;
mod table_option;
mod user_names;

use std::process::Command;

use crate::support::{Finished, JOBS_HAVE_WAITED, Sandbox, feed, handle};

pub const DJANGO: &str =
    "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
                      session_data text NOT NULL, expire_date datetime NOT NULL);
     CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date);";

pub const LARAVEL: &str = "CREATE TABLE sessions (id varchar not null, user_id integer, \
                       ip_address varchar, user_agent text, payload text not null, \
                       last_activity integer not null, primary key (id));";

const GITEA: &str = "CREATE TABLE session (key TEXT PRIMARY KEY NOT NULL, data BLOB NULL, \
                     expiry INTEGER NULL);";

const BETTER_AUTH: &str = "CREATE TABLE session (id text not null primary key, \
     expiresAt date not null, token text not null unique, createdAt date not null, \
     updatedAt date not null, ipAddress text, userAgent text, userId text not null);";

/// Long over, and far from being over: the tests need no clock.
const OVER: &str = "2020-02-03 04:05:06.789000";
const VALID: &str = "2999-12-31 23:59:59";

/// A database with these tables and rows, of another program than sessctl.
fn database(sql: &str) -> Sandbox {
    let sandbox = Sandbox::without_database();
    sandbox.db().execute_batch(sql).unwrap();
    sandbox
}

/// Django's two weeks, in seconds.
const TWO_WEEKS: i64 = 14 * 24 * 60 * 60;

/// Django's table, with the sessions of these keys and times, which last for two weeks and
/// are in UTC.
fn django(sessions: &[(&str, &str)]) -> Sandbox {
    django_lasting(TWO_WEEKS, sessions)
}

/// Returns a database with sessions that were signed this many seconds before they expire.
fn django_lasting(seconds: i64, sessions: &[(&str, &str)]) -> Sandbox {
    let sandbox = database(DJANGO);
    for (key, over) in sessions {
        insert_signed(&sandbox, key, "e30", over, seconds);
    }
    sandbox
}

/// Inserts a session whose data was signed this many seconds before its expiry.
fn insert_signed(sandbox: &Sandbox, key: &str, data: &str, over: &str, seconds: i64) {
    let db = sandbox.db();
    let unixepoch = "SELECT ifnull(unixepoch(?1), 0)";
    let at: i64 = db.query_row(unixepoch, [over], |row| row.get(0)).unwrap();
    let payload = format!("{data}:{}:YzDF", in_base_62((at - seconds).max(1)));
    let insert = "INSERT INTO django_session VALUES (?1, ?2, ?3)";
    db.execute(insert, [key, &payload, over]).unwrap();
}

/// A number as Django's signer writes the moment of a signature.
fn in_base_62(mut number: i64) -> String {
    let digits: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let mut text = String::new();
    while number > 0 {
        text.insert(0, digits[usize::try_from(number % 62).unwrap()]);
        number /= 62;
    }
    text
}

/// Creates two expired sessions and a live one.
pub(super) fn three() -> Sandbox {
    django(&[("key a", OVER), ("key b", VALID), ("key c", "2021-01-01 00:00:00")])
}

fn laravel() -> Sandbox {
    database(&format!(
        "{LARAVEL} INSERT INTO sessions VALUES ('old', 7, '203.0.113.5', 'x', 'p', 1500000000), \
         ('older', NULL, '203.0.113.6', 'x', 'p', 1400000000)"
    ))
}

/// Returns the command with a state directory.
fn command<'a>(sandbox: &Sandbox, args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = sandbox.command(args);
    command.env("STATE_DIRECTORY", sandbox.path("state/sessctl"));
    command
}

pub(super) fn run<'a>(sandbox: &Sandbox, args: impl IntoIterator<Item = &'a str>) -> Finished {
    Finished(command(sandbox, args).output().unwrap())
}

fn run_with_input<'a>(
    sandbox: &Sandbox,
    args: impl IntoIterator<Item = &'a str>,
    input: &str,
) -> Finished {
    feed(command(sandbox, args), input)
}

/// The ids that are left in a table.
fn left(sandbox: &Sandbox, table: &str, id: &str) -> Vec<String> {
    let db = sandbox.db();
    let mut all = db.prepare(&format!("SELECT {id} FROM {table} ORDER BY {id}")).unwrap();
    all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Dates the jobs in the state files back by a day, so that they are due.
fn jobs_have_waited(sandbox: &Sandbox) {
    let folder = sandbox.path("state/sessctl");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ext| ext == "db") {
            let state = rusqlite::Connection::open(path).unwrap();
            state.execute_batch(&JOBS_HAVE_WAITED.join(";")).unwrap();
        }
    }
}

/// The schema of the application's file, its stamps among it.
fn schema(sandbox: &Sandbox) -> Vec<String> {
    let db = sandbox.db();
    let mut all = db.prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY 1").unwrap();
    let all = all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap);
    let stamp = |name: &str| -> String {
        let sql = format!("SELECT cast({name} AS text) FROM pragma_{name}");
        db.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    all.chain(["application_id", "user_version", "journal_mode"].map(stamp)).collect()
}

const LIFETIME: [&str; 4] = ["--profile", "laravel", "--param", "lifetime=2h"];

#[test]
fn a_list_of_an_earlier_time_says_what_it_cannot_leave_out() {
    let sandbox = laravel();
    let listed = |more: &[&'static str]| {
        run(&sandbox, [&LIFETIME[..], &["list"], more].concat()).succeeds().stderr()
    };
    let said = listed(&["--at", "2010-01-01T00:00:00Z"]);
    assert!(
        said.starts_with("sessctl: note: the table has no creation times, so sessions that were ")
            && said.contains("opened after 2010-01-01"),
        "{said}"
    );
    assert_eq!(listed(&["--at", "2999-01-01T00:00:00Z"]), "");
    assert_eq!(listed(&["--at", "2010-01-01T00:00:00Z", "-q"]), "");
}

#[test]
fn an_ended_session_leads_to_the_runs() {
    let sandbox = laravel();
    let ran = run(&sandbox, [&LIFETIME[..], &["show", "session", "abcdef"]].concat());
    assert_eq!(
        ran.exits(5).stderr(),
        "sessctl: no session with handle abcdef; `sessctl show runs --session abcdef` shows \
         whether a cycle ended it\n"
    );
}

#[test]
fn a_scheduled_call_without_a_parameter_that_it_needs_is_warned_of() {
    let sandbox = laravel();
    let print = ["schedule", "print", "cron"];
    let said = run(&sandbox, print).succeeds().stderr();
    assert!(
        said.starts_with(
            "sessctl: warning: the scheduled call would fail: profile laravel needs --param \
             lifetime=2h"
        ),
        "{said}"
    );
    assert_eq!(run(&sandbox, [&LIFETIME[..], &print].concat()).succeeds().stderr(), "");
}
