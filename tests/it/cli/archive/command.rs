//! `--archive`, and `sessctl restore`.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};

use serde_json::Value;

use crate::support::{HOUR, Sandbox, row, set_mode};

/// Three due sessions and one that is not, in a table whose ended rows are deleted at once.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("c.toml", "[policy]\nretention = \"0\"");
    for name in ["a", "b", "c"] {
        sandbox.insert(&row(name).user(name).idle(HOUR));
    }
    sandbox.insert(&row("live").user("a"));
    sandbox
}

fn dump(sandbox: &Sandbox) -> Vec<String> {
    let db = sandbox.db();
    let mut rows = db.prepare("SELECT * FROM sessions ORDER BY id").unwrap();
    let count = rows.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let values = (0..count).map(|at| format!("{:?}", row.get_ref_unwrap(at)));
        Ok(values.collect::<Vec<_>>().join(" "))
    };
    rows.query_map([], row).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

fn lines(sandbox: &Sandbox, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(sandbox.path(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const PURGE: [&str; 5] = ["--config", "c.toml", "purge", "--archive", "a.jsonl"];

#[test]
fn a_purge_saves_each_row_that_goes_and_a_restore_puts_it_back() {
    for file in ["a.jsonl", "a.jsonl.zst"] {
        let sandbox = sandbox();
        let before = dump(&sandbox);
        sandbox.run(["--config", "c.toml", "purge", "--archive", file]).succeeds().is_silent();
        assert_eq!(dump(&sandbox).len(), 1);
        assert_eq!(fs::metadata(sandbox.path(file)).unwrap().mode() & 0o777, 0o600);
        let would = sandbox.run(["restore", file, "--dry-run"]);
        assert_eq!(would.succeeds().stderr(), "would restore 3 sessions\n");
        assert_eq!(dump(&sandbox).len(), 1);
        sandbox.run(["restore", file]).succeeds().is_silent();
        assert_eq!(dump(&sandbox), before);
        let again = sandbox.run(["restore", file, "--json"]).succeeds().json();
        assert_eq!((&again["restored"], &again["existing"]), (&0.into(), &3.into()));
        assert_eq!(dump(&sandbox), before);
    }
}

#[test]
fn a_line_says_which_session_went_from_where_and_why() {
    let sandbox = sandbox();
    sandbox.run(PURGE).succeeds();
    let lines = lines(&sandbox, "a.jsonl");
    let users: Vec<&str> = lines.iter().map(|line| line["user"].as_str().unwrap()).collect();
    assert_eq!(users.len(), 3);
    let first = &lines[0];
    assert_eq!((&first["run"], &first["reason"]), (&"purge".into(), &"expired".into()));
    assert_eq!(first["table"], "sessions");
    assert_eq!(first["database"], sandbox.path("app.db").display().to_string());
    assert!(first["row"]["id"].as_str().unwrap().starts_with(first["session"].as_str().unwrap()));
}

#[test]
fn a_wrong_cycle_is_undone_and_later_ends_are_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("one").user("alice"));
    sandbox.insert(&row("two").user("bob"));
    let before = dump(&sandbox);
    sandbox.run(["cycle", "--all", "--archive", "a.jsonl"]).succeeds();
    let lines = lines(&sandbox, "a.jsonl");
    assert!(lines.iter().all(|line| line["changed"]["end_reason"] == "cycled"));
    assert!(lines.iter().all(|line| line["reason"] == "cycled"));
    let undone = sandbox.run(["restore", "a.jsonl", "-v"]);
    assert_eq!(undone.succeeds().stderr(), "restored 2 sessions\n");
    assert_eq!(dump(&sandbox), before);
    // One that has ended again since is not as the run left it.
    let ended =
        "UPDATE sessions SET ended_at = 1781524800, end_reason = 'closed' WHERE user = 'bob'";
    sandbox.db().execute_batch(ended).unwrap();
    let again = sandbox.run(["restore", "a.jsonl", "-v"]);
    assert_eq!(again.succeeds().stderr(), "restored 0 sessions; 2 exist\n");
    let closed = "SELECT count(*) FROM sessions WHERE end_reason = 'closed'";
    assert_eq!(sandbox.db().query_row(closed, [], |row| row.get::<_, i64>(0)), Ok(1));
}

#[test]
fn the_latest_row_of_a_session_counts() {
    let sandbox = Sandbox::new();
    sandbox.file("c.toml", "[policy]\nretention = \"0\"");
    sandbox.insert(&row("one").client("old"));
    sandbox.run(["--config", "c.toml", "cycle", "--all", "--archive", "a.jsonl"]).succeeds();
    sandbox.insert(&row("one").client("new"));
    sandbox.run(["--config", "c.toml", "cycle", "--all", "--archive", "a.jsonl"]).succeeds();
    let restored = sandbox.run(["restore", "a.jsonl", "-v"]);
    assert_eq!(restored.succeeds().stderr(), "restored 1 session\n");
    let client = "SELECT client FROM sessions";
    assert_eq!(sandbox.db().query_row(client, [], |row| row.get(0)), Ok("new".to_owned()));
}

#[test]
fn a_user_or_a_session_is_restored_alone() {
    let sandbox = sandbox();
    sandbox.run(PURGE).succeeds();
    let restored = sandbox.run(["restore", "a.jsonl", "--user", "b", "-v"]);
    assert_eq!(
        restored.succeeds().stderr(),
        "restored 1 session; 1 is due again at the next purge\n"
    );
    let handle =
        lines(&sandbox, "a.jsonl").iter().find(|line| line["user"] == "c").unwrap()["session"]
            .as_str()
            .unwrap()
            .to_owned();
    sandbox.run(["restore", "a.jsonl", "--session", &handle]).succeeds();
    assert_eq!(dump(&sandbox).len(), 3);
    let none = sandbox.run(["restore", "a.jsonl", "--user", "nobody"]);
    assert_eq!(none.exits(5).stderr(), "sessctl: no session of user \"nobody\" in \"a.jsonl\"\n");
    sandbox.run(["restore", "a.jsonl", "--session", "0000"]).exits(5);
    sandbox.run(["restore", "a.jsonl", "--session", "xyz"]).exits(2);
}

#[test]
fn rows_of_another_table_or_database_are_not_restored() {
    let sandbox = sandbox();
    sandbox.run(PURGE).succeeds();
    fs::rename(sandbox.path("app.db"), sandbox.path("moved.db")).unwrap();
    let refused = sandbox.run(["--db", "moved.db", "restore", "a.jsonl"]);
    let text = refused.exits(4).stderr();
    assert!(text.contains("app.db") && text.contains("moved.db"), "{text}");
    let moved = sandbox.run(["--db", "moved.db", "restore", "a.jsonl", "--any-database", "-v"]);
    assert!(moved.succeeds().stderr().starts_with("restored 3 sessions"));
    sandbox.file("b.jsonl", "{\"a\":1}\n");
    let other = sandbox.run(["--db", "moved.db", "restore", "b.jsonl"]);
    assert!(other.exits(1).stderr().contains("not an archive"));
    sandbox.run(["--db", "moved.db", "restore", "none.jsonl"]).exits(2);
}

#[test]
fn a_table_that_lacks_a_column_of_the_rows_is_refused_and_a_new_column_has_its_default() {
    let sandbox = Sandbox::without_database();
    let django = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
                  session_data text NOT NULL, expire_date datetime NOT NULL, extra text);
                  INSERT INTO django_session VALUES ('a', 'data', '2020-02-03 04:05:06.789000', 'x')";
    sandbox.db().execute_batch(django).unwrap();
    let run = |words: &[&str]| {
        sandbox.run([&["--profile", "django", "--state-dir", "state"], words].concat())
    };
    fs::create_dir(sandbox.path("state")).unwrap();
    run(&["purge", "--archive", "a.jsonl"]).succeeds();
    let change = |sql: &str| sandbox.db().execute_batch(sql).unwrap();
    change("ALTER TABLE django_session RENAME extra TO other");
    let refused = run(&["restore", "a.jsonl"]);
    assert!(refused.exits(4).stderr().contains("no longer has the column extra"));
    change("ALTER TABLE django_session RENAME other TO extra");
    change("ALTER TABLE django_session ADD more integer DEFAULT 7");
    run(&["restore", "a.jsonl"]).succeeds();
    let rows = "SELECT session_key || extra || more FROM django_session";
    assert_eq!(sandbox.db().query_row(rows, [], |row| row.get(0)), Ok("ax7".to_owned()));
}

#[test]
fn an_incomplete_end_is_reported_by_a_restore_and_cut_off_by_the_next_run() {
    for file in ["a.jsonl", "a.jsonl.zst"] {
        let sandbox = sandbox();
        sandbox.run(["--config", "c.toml", "purge", "--archive", file]).succeeds();
        let whole = fs::read(sandbox.path(file)).unwrap();
        // Given the beginning of another append
        let mut archive = OpenOptions::new().append(true).open(sandbox.path(file)).unwrap();
        archive.write_all(&whole[..whole.len() / 2]).unwrap();
        let half = fs::read(sandbox.path(file)).unwrap();
        let last_line = whole[..whole.len() / 2].iter().rposition(|byte| *byte == b'\n');
        let restored = sandbox.run(["restore", file, "-v"]);
        let text = restored.succeeds().stderr();
        assert!(
            text.contains("ends in an incomplete row") && text.contains("restored 3"),
            "{text}"
        );
        assert_eq!(fs::read(sandbox.path(file)).unwrap(), half);
        sandbox.run(["--config", "c.toml", "purge", "--archive", file]).succeeds();
        let repaired = fs::read(sandbox.path(file)).unwrap();
        let kept = whole.len() + last_line.filter(|_| file == "a.jsonl").map_or(0, |at| at + 1);
        assert_eq!(repaired[..kept], half[..kept]);
        let restored = sandbox.run(["restore", file, "-v"]);
        assert!(restored.succeeds().stderr().starts_with("restored 3 sessions"));
    }
}

#[test]
fn a_file_that_is_no_archive_is_not_written_and_no_session_ends() {
    let sandbox = sandbox();
    let before = dump(&sandbox);
    sandbox.file("a.jsonl", "something else\n");
    let failed = sandbox.run(PURGE);
    let text = failed.exits(1).stderr();
    assert!(text.contains("\"a.jsonl\"") && text.contains("not an archive of sessctl"), "{text}");
    assert_eq!(fs::read_to_string(sandbox.path("a.jsonl")).unwrap(), "something else\n");
    assert_eq!(dump(&sandbox), before);
}

#[test]
fn links_devices_missing_directories_and_files_of_others_stop_the_run() {
    let sandbox = sandbox();
    let before = dump(&sandbox);
    symlink("elsewhere.jsonl", sandbox.path("link.jsonl")).unwrap();
    sandbox.file("open.jsonl", "");
    set_mode(&sandbox.path("open.jsonl"), 0o666);
    sandbox.fifo("pipe.jsonl");
    for (file, why) in [
        ("link.jsonl", "it is a symbolic link"),
        ("open.jsonl", "other users may write to it"),
        ("pipe.jsonl", "it is not a regular file"),
        ("none/a.jsonl", "there is no directory \"none\""),
    ] {
        let failed = sandbox.run(["--config", "c.toml", "purge", "--archive", file]);
        let text = failed.exits(1).stderr();
        assert!(text.contains(file) && text.contains(why), "{text}");
    }
    assert_eq!(dump(&sandbox), before);
    assert!(!sandbox.path("elsewhere.jsonl").exists());
}

#[test]
fn a_file_size_limit_stops_the_run_and_keeps_the_rows() {
    let sandbox = sandbox();
    let before = dump(&sandbox);
    let mut command =
        sandbox.command_by(&["env", "--ignore-signal=XFSZ", "prlimit", "--fsize=100000"], PURGE);
    // Given an archive that is almost as long as a file may be
    let line = "{\"archive\":1,\"at\":\"2026-06-15T12:00:00Z\"}\n";
    sandbox.file("a.jsonl", line.repeat(99_990 / line.len()));
    set_mode(&sandbox.path("a.jsonl"), 0o600);
    let length = fs::metadata(sandbox.path("a.jsonl")).unwrap().len();
    let failed = command.output().unwrap();
    let text = String::from_utf8(failed.stderr).unwrap();
    assert!(text.contains("could not archive rows in \"a.jsonl\""), "{text}");
    assert_eq!(failed.status.code(), Some(1), "{text}");
    assert_eq!(dump(&sandbox), before);
    assert_eq!(fs::metadata(sandbox.path("a.jsonl")).unwrap().len(), length);
}

#[test]
fn a_dry_run_says_where_the_rows_would_go() {
    let sandbox = sandbox();
    let would = sandbox.run(["purge", "--dry-run", "--archive", "a-%Y.jsonl"]);
    assert!(would.succeeds().stderr().contains("the rows would be archived in \"a-20"));
    let would = sandbox.run(["cycle", "--all", "--dry-run", "--archive", "a.jsonl"]);
    assert!(would.succeeds().stderr().contains("the rows would be archived in \"a.jsonl\""));
    assert!(!sandbox.path("a.jsonl").exists());
    for invalid in ["a.json", "%d.jsonl"] {
        let usage = sandbox.run(["purge", "--archive", invalid]);
        let invalid = format!("sessctl: invalid --archive \"{invalid}\": ");
        assert!(usage.exits(2).stderr().starts_with(&invalid), "{}", usage.stderr());
    }
}

#[test]
fn two_purges_of_two_databases_share_an_archive() {
    let sandbox = sandbox();
    let before = dump(&sandbox);
    fs::copy(sandbox.path("app.db"), sandbox.path("other.db")).unwrap();
    sandbox.run(PURGE).succeeds();
    sandbox.run([&["--db", "other.db"], &PURGE[..]].concat()).succeeds();
    assert_eq!(lines(&sandbox, "a.jsonl").len(), 6);
    let restored = sandbox.run(["restore", "a.jsonl", "-v"]);
    assert!(restored.succeeds().stderr().starts_with("restored 3 sessions"));
    assert_eq!(dump(&sandbox), before);
}
