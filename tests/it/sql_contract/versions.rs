//! Files that this version must leave alone, and files that it must migrate first.

use sessctl::store::Access;

use crate::support::{DAY, Sandbox, row};

/// Every command that works on the database.
const COMMANDS: [&[&str]; 15] = [
    &["init"],
    &["purge"],
    &["purge", "--dry-run"],
    &["list"],
    &["show", "stat"],
    &["show", "tasks"],
    &["show", "users"],
    &["show", "session", "abcd"],
    &["cycle", "imap"],
    &["cycle", "--session", "abcd"],
    &["cycle", "--all", "--dry-run"],
    &["open", "--user", "alice", "--task", "imap"],
    &["touch"],
    &["close"],
    &["show", "stat", "--metrics-file", "metrics.prom"],
];

/// Asserts that each command refuses the file, and leaves file and directory unchanged.
#[track_caller]
fn every_command_refuses(sandbox: &Sandbox, why: &str) {
    let files = || {
        let folder = std::fs::read_dir(sandbox.path("")).unwrap();
        let mut names: Vec<_> = folder.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        (names, std::fs::read(sandbox.path("app.db")).unwrap())
    };
    let before = files();
    for command in COMMANDS {
        let ran = sandbox.run_with_input(command.iter().copied(), "token\n");
        ran.exits(10);
        assert_eq!(ran.stdout(), "", "{command:?}");
        let said = ran.stderr();
        assert!(said.contains(why), "{command:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{command:?}: {said}");
        assert!(files() == before, "{command:?} has changed something");
    }
}

#[test]
fn a_newer_version_is_refused_by_every_command_and_untouched() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("theirs"));
    sandbox.db().pragma_update(None, "user_version", 2).unwrap();
    every_command_refuses(&sandbox, "version 2, newer than this program's 1; update sessctl");
}

#[test]
fn another_program_s_database_is_refused_by_every_command_and_untouched() {
    let sandbox = Sandbox::without_database();
    let theirs = "CREATE TABLE sessions (id TEXT); PRAGMA user_version = 1;";
    sandbox.db().execute_batch(theirs).unwrap();
    // Whether it is a framework's, all but init look as well.
    every_command_refuses(&sandbox, "\"app.db\" cannot be used: it ");
}

/// Creates a database with the schema that preceded the ledger, and with rows.
fn without_a_ledger() -> Sandbox {
    let sandbox = Sandbox::without_database();
    let db = sandbox.db();
    db.execute_batch(include_str!("../../../migrations/0001_sessions.sql")).unwrap();
    db.execute_batch("PRAGMA application_id = 1935897708; PRAGMA user_version = 1").unwrap();
    row("live").insert(&db);
    row("over").idle(DAY).ended(DAY / 2, "cycled").insert(&db);
    db.execute("INSERT INTO counters VALUES ('imap', 'deleted.closed', 7)", []).unwrap();
    sandbox
}

/// The whole of these tables, as text.
fn rows(sandbox: &Sandbox, sql: &str) -> Vec<String> {
    let db = sandbox.db();
    let mut statement = db.prepare(sql).unwrap();
    let columns = statement.column_count();
    let text = |row: &rusqlite::Row<'_>| {
        let values = (0..columns).map(|place| row.get::<_, rusqlite::types::Value>(place));
        Ok(format!("{:?}", values.collect::<rusqlite::Result<Vec<_>>>()?))
    };
    statement.query_map([], text).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

const KEPT: [&str; 2] = [
    "SELECT id, user, task, client, created_at, last_used_at, idle_timeout, marked_at, ended_at, \
     end_reason FROM sessions ORDER BY id",
    "SELECT * FROM counters ORDER BY task, name",
];
const SCHEMA: &str = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name";
const STAMP: &str = "SELECT application_id, user_version \
                     FROM pragma_application_id, pragma_user_version";

#[test]
fn a_database_of_an_older_version_is_refused_with_advice_and_untouched() {
    let sandbox = without_a_ledger();
    let before = std::fs::read(sandbox.path("app.db")).unwrap();
    for command in COMMANDS.iter().filter(|command| command[0] != "init") {
        let ran = sandbox.run_with_input(command.iter().copied(), "token\n");
        ran.exits(10);
        let said = ran.stderr();
        assert!(said.contains("upgrade it with `sessctl init`"), "{command:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{command:?}: {said}");
        assert!(std::fs::read(sandbox.path("app.db")).unwrap() == before, "{command:?}");
    }
    for access in [Access::Read, Access::Write] {
        let refusal = sessctl::store::open(sandbox.path("app.db"), access).err().unwrap();
        assert!(refusal.to_string().contains("no table \"runs\""), "{refusal}");
    }
}

#[test]
fn init_brings_an_older_program_s_database_up_to_date_and_keeps_what_it_holds() {
    // Given what an older program has left
    let sandbox = without_a_ledger();
    let before = KEPT.map(|sql| rows(&sandbox, sql));
    // When it is set up, once and again
    for _ in 0..2 {
        sandbox.run(["init"]).succeeds().is_silent();
        // Then it is what a new one is, with all that it held
        assert_eq!(KEPT.map(|sql| rows(&sandbox, sql)), before);
        assert_eq!(rows(&sandbox, SCHEMA), rows(&Sandbox::new(), SCHEMA));
        assert_eq!(rows(&sandbox, STAMP), ["[Integer(1935897708), Integer(1)]"]);
    }
    sandbox.run(["purge"]).succeeds();
    assert_eq!(rows(&sandbox, "SELECT outcome FROM runs"), ["[Text(\"done\")]"]);
}

#[test]
fn an_upgrade_does_not_wait_for_open_connections() {
    // Given an application that goes on writing to the file
    let sandbox = without_a_ledger();
    let application = sandbox.db();
    row("before").insert(&application);
    // When it is set up meanwhile
    sandbox.run(["init"]).succeeds().is_silent();
    // Then neither has lost anything
    row("after").insert(&application);
    assert_eq!(rows(&sandbox, "SELECT id FROM sessions").len(), 4);
    sandbox.run(["list"]).succeeds();
}
