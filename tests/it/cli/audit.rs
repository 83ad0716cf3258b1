//! Who has ended which sessions, and why: the record of cycles, closes and purges.

use std::process::Stdio;

use serde_json::Value;

use super::adopted::{self, three};
use crate::support::processes::until;
use crate::support::{Finished, HOUR, MINUTE, Sandbox, feed, handles, row};

/// Ten sessions of alice and two of bob.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..10, |n| row(&n.to_string()).idle(MINUTE));
    sandbox.insert(&row("bob").user("bob").idle(MINUTE));
    sandbox.insert(&row("bob too").user("bob").task("http").idle(MINUTE));
    sandbox
}

/// Runs the command as sudo does for carol.
fn by_sudo(sandbox: &Sandbox, args: &[&str]) -> Finished {
    let mut command = sandbox.command(args.iter().copied());
    command.env("SUDO_UID", "4711").env("SUDO_USER", "carol");
    Finished(command.output().unwrap())
}

fn runs(sandbox: &Sandbox, args: &[&str]) -> Vec<Value> {
    let args = [&["show", "runs", "--json"], args].concat();
    sandbox.run(args).json().as_array().unwrap().clone()
}

#[track_caller]
fn the_run(sandbox: &Sandbox, args: &[&str]) -> Value {
    let runs = runs(sandbox, args);
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs[0].clone()
}

fn close(sandbox: &Sandbox, args: &[&str], tokens: &[String]) -> Finished {
    feed(sandbox.command([&["close"], args].concat()), tokens.join("\n"))
}

#[test]
fn a_cycle_is_on_record_with_who_what_and_why() {
    let sandbox = sandbox();
    let args = ["cycle", "--user", "bob", "--why", "laptop stolen", "-q"];
    by_sudo(&sandbox, &args).succeeds().is_silent();
    let run = the_run(&sandbox, &[]);
    assert_eq!(run["do"], "cycle");
    assert_eq!(run["outcome"], "done");
    assert_eq!(run["sudo_user"], "carol");
    assert_eq!(run["selection"], "--user bob");
    assert_eq!(run["why"], "laptop stolen");
    assert_eq!((&run["ended"], &run["named"]), (&2.into(), &2.into()));
    assert!(run["host"].is_string() && run["user"].is_string() && run["took_seconds"].is_i64());
}

#[test]
fn a_session_leads_to_the_run_that_ended_it() {
    let sandbox = sandbox();
    let handle = row("bob").handle();
    by_sudo(&sandbox, &["cycle", "imap", "--why", "new certificates", "-q"]).succeeds();
    by_sudo(&sandbox, &["cycle", "http", "-q"]).succeeds();
    // By the handle, a prefix in any case, and a longer handle
    for handle in [&handle, &handle[..4].to_uppercase(), &format!("{handle}0a")] {
        let run = the_run(&sandbox, &["--session", handle]);
        assert_eq!(run["why"], "new certificates", "{handle}");
    }
    let ran = sandbox.run(["show", "runs", "--session", &handle]);
    let shown = ran.succeeds().stdout();
    let has_line = |title: &str, value: &str| {
        shown.lines().any(|line| line.strip_prefix(title).is_some_and(|rest| rest.trim() == value))
    };
    assert!(has_line("sudo user", "carol") && has_line("selection", "--task imap"), "{shown}");
    assert!(has_line("why", "new certificates") && has_line("ended", "11"), "{shown}");
    // By the user, both
    let by_user = runs(&sandbox, &["--user", "bob"]);
    assert_eq!(by_user.len(), 2);
    assert_eq!(runs(&sandbox, &["--user", "alice"]).len(), 1);
    // And the session itself names the run
    let shown = sandbox.run(["show", "session", &handle]).succeeds().stdout();
    assert!(shown.contains("Ended by run 1: cycle --task imap by carol as "), "{shown}");
    assert!(shown.contains(": new certificates."), "{shown}");
}

#[test]
fn what_is_not_found_is_said_with_the_place() {
    let sandbox = sandbox();
    let ran = sandbox.run(["show", "runs"]);
    ran.succeeds();
    assert_eq!(ran.stderr(), "sessctl: no run in the ledger in \"app.db\"\n");
    sandbox.run(["show", "runs", "-q"]).succeeds().is_silent();
    let ran = sandbox.run(["show", "runs", "--do", "cycle", "--json"]);
    assert_eq!(ran.succeeds().stdout(), "[]\n");
    assert_eq!(ran.stderr(), "sessctl: no matching run in the ledger in \"app.db\"\n");
    let ran = sandbox.run(["show", "runs", "--session", &row("bob").handle()]);
    ran.exits(5);
    assert!(ran.stderr().contains("that ended session"), "{}", ran.stderr());
    assert!(ran.stderr().contains("at most 1,000 for each run"), "{}", ran.stderr());
    sandbox.run(["show", "runs", "--session", "xyz"]).is_refused_with(2);
}

#[test]
fn the_closes_of_one_command_are_one_run() {
    let sandbox = Sandbox::new();
    let tokens: Vec<String> = (0..600).map(|n| format!("token {n}")).collect();
    sandbox.insert_all(0..600, |n| row(&format!("token {n}")).idle(MINUTE));
    // The first token twice, and one that nobody has
    let mut given = tokens.clone();
    given.extend(["token 0".to_owned(), "nobody's".to_owned()]);
    close(&sandbox, &["--why", "logout", "-q"], &given).exits(5);
    let run = the_run(&sandbox, &[]);
    assert_eq!((&run["do"], &run["outcome"]), (&"close".into(), &"done".into()));
    assert_eq!((&run["ended"], &run["named"]), (&600.into(), &600.into()));
    assert_eq!((&run["why"], &run["selection"]), (&"logout".into(), &Value::Null));
    assert_eq!(runs(&sandbox, &["--session", &row("token 599").handle()]).len(), 1);
    // A close that ends nothing leaves no record
    close(&sandbox, &["-q"], &tokens[..1]).exits(5);
    assert_eq!(runs(&sandbox, &[]).len(), 1);
}

#[test]
fn a_close_that_fails_midway_is_partial() {
    let sandbox = sandbox();
    let config = sandbox.file("policy.toml", "[policy]\nretention = \"0\"\n");
    let mut command = sandbox.command(["--config", config.to_str().unwrap(), "close"]);
    command.env("SUDO_UID", "4711");
    // A line that is too long to be a token fails, after a batch of its own
    feed(command, format!("bob\n{}\n", "x".repeat(5_000))).exits(2);
    let run = the_run(&sandbox, &[]);
    assert_eq!((&run["outcome"], &run["ended"]), (&"partial".into(), &1.into()));
    assert_eq!(run["deleted"], 1);
    assert_eq!(run["sudo_user"], "4711");
    assert!(run["reason"].is_string());
}

#[test]
fn a_run_names_a_thousand_sessions_at_most() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..1_300, |n| row(&n.to_string()).idle(MINUTE));
    sandbox.run(["cycle", "--all", "-q"]).succeeds();
    let run = the_run(&sandbox, &[]);
    assert_eq!((&run["ended"], &run["named"]), (&1_300.into(), &1_000.into()));
    assert_eq!(run["selection"], "--all");
    let count = "SELECT count(*) FROM run_sessions";
    let rows: i64 = sandbox.db().query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1_000);
}

#[test]
fn a_run_that_is_killed_is_lost_and_names_what_it_ended() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..5_000, |n| row(&n.to_string()).idle(MINUTE));
    // Nobody reads its output, so it stops at some point
    let mut command = sandbox.command(["cycle", "--all", "-o", "jsonl"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let progress = || -> (i64, i64) {
        let ended = "SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL";
        let ended = sandbox.db().query_row(ended, [], |row| row.get(0)).unwrap();
        let recorded = "SELECT coalesce(sum(ended), 0) FROM runs";
        (ended, sandbox.db().query_row(recorded, [], |row| row.get(0)).unwrap())
    };
    until(|| progress().0 > 0);
    child.kill().unwrap();
    child.wait().unwrap();
    let (ended, recorded) = progress();
    assert!(ended < 5_000, "{ended}");
    assert_eq!(ended, recorded);
    let run = the_run(&sandbox, &["--failed"]);
    assert_eq!((&run["outcome"], &run["ended"]), (&"lost".into(), &ended.into()));
    assert_eq!(run["named"], ended.min(1_000));
}

#[test]
fn a_purge_names_no_sessions_but_has_its_reason() {
    let sandbox = sandbox();
    sandbox.insert(&row("due").idle(3 * HOUR));
    by_sudo(&sandbox, &["purge", "--task", "imap", "--why", "before the backup"]).succeeds();
    let run = the_run(&sandbox, &["--do", "purge"]);
    assert_eq!((&run["ended"], &run["named"]), (&1.into(), &0.into()));
    assert_eq!(
        (&run["selection"], &run["why"]),
        (&"--task imap".into(), &"before the backup".into())
    );
    assert_eq!(run["sudo_user"], "carol");
    let named = "SELECT count(*) FROM run_sessions";
    assert_eq!(sandbox.db().query_row(named, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[test]
fn a_job_records_its_keys_and_its_reason() {
    let sandbox = sandbox();
    sandbox.file(
        "jobs.toml",
        "[[job]]\nname = \"restart\"\nevery = \"1m\"\ndo = \"cycle\"\ntask = \"im*\"\nuser = [\"alice\", \"bob\"]\nlate = \"forever\"\n\
         why = \"memory leak\"\n",
    );
    let run = || sandbox.run(["--config", "jobs.toml", "run"]).succeeds().is_silent().stdout();
    run();
    sandbox.jobs_have_waited();
    run();
    let record = the_run(&sandbox, &["--session", &row("bob").handle()]);
    assert_eq!((&record["job"], &record["do"]), (&"restart".into(), &"cycle".into()));
    assert_eq!(record["selection"], "task = \"im*\", user = \"alice\" \"bob\"");
    assert_eq!((&record["why"], &record["named"]), (&"memory leak".into(), &11.into()));
    let table = sandbox.run(["show", "runs"]).succeeds().stdout();
    assert!(table.contains("cycle: restart") && table.contains("memory leak"), "{table}");
    let config = sandbox.run(["--config", "jobs.toml", "show", "config"]).succeeds().stdout();
    assert!(config.contains("memory leak"), "{config}");
}

#[test]
fn the_ledger_of_a_frameworks_table_names_sessions_too() {
    let sandbox = three();
    let handle =
        handles(&adopted::run(&sandbox, ["list", "--state", "active", "--json"]).json())[0].clone();
    adopted::run(&sandbox, ["cycle", "--all", "--why", "leaked", "-q"]).succeeds();
    let ran = adopted::run(&sandbox, ["show", "runs", "--json"]);
    let run = ran.succeeds().json()[0].clone();
    assert_eq!((&run["do"], &run["why"]), (&"cycle".into(), &"leaked".into()));
    assert_eq!((&run["ended"], &run["deleted"], &run["named"]), (&1.into(), &1.into(), &1.into()));
    let ran = adopted::run(&sandbox, ["show", "runs", "--session", &handle, "--json"]);
    assert_eq!(ran.succeeds().json()[0]["run"], run["run"]);
    let ran = adopted::run(&sandbox, ["show", "runs", "--do", "close"]);
    let said = ran.succeeds().stderr();
    assert!(
        said.contains("in the ledger in \"/") && said.contains("/state/sessctl/app.db-"),
        "{said}"
    );
}

#[test]
fn a_state_that_cannot_be_kept_stops_no_cycle() {
    let sandbox = three();
    let ran = sandbox.run(["cycle", "--all", "-q"]);
    ran.succeeds();
    assert!(ran.stderr().contains("this run is not recorded or counted"), "{}", ran.stderr());
    assert_eq!(sandbox.run(["list", "--state", "active", "--json"]).stdout(), "[]\n");
}

#[test]
fn a_reason_is_a_line_of_some_length() {
    let sandbox = sandbox();
    for why in ["", " ", &"x".repeat(501)] {
        sandbox.run(["cycle", "--all", "--why", why]).is_refused_with(2);
    }
    sandbox
        .file("jobs.toml", "[[job]]\nname = \"a\"\nat = \"1 * *\"\ndo = \"purge\"\nwhy = \"\"\n");
    let ran = sandbox.run(["--config", "jobs.toml", "purge"]);
    let refused = ran.is_refused_with(2).stderr();
    assert!(refused.contains("job.why: must not be empty"), "{refused}");
    assert_eq!(sandbox.listed([]).len(), 12);
}

#[test]
fn hostile_reasons_are_escaped() {
    let sandbox = sandbox();
    sandbox.run(["cycle", "--all", "--why", "a\u{1b}[31mb", "-q"]).succeeds();
    let shown = sandbox.run(["show", "runs"]).succeeds().stdout();
    assert!(!shown.contains('\u{1b}') && shown.contains("[31mb"), "{shown}");
}

#[test]
fn old_runs_take_their_sessions_with_them() {
    let sandbox = sandbox();
    let keep = sandbox.file("keep.toml", "[ledger]\nkeep = \"1d\"\n");
    sandbox.run(["cycle", "imap", "-q"]).succeeds();
    sandbox.db().execute("UPDATE runs SET started_at = started_at - 2 * 86400", []).unwrap();
    sandbox.db().execute_batch(crate::support::MANY_RUNS).unwrap();
    let keep = keep.to_str().unwrap();
    let close = sandbox.command(["--config", keep, "close"]);
    feed(close, "bob too").succeeds().is_silent();
    assert_eq!(runs(&sandbox, &["--do", "cycle"]), [Value::Null; 0]);
    let named = "SELECT group_concat(handle) FROM run_sessions";
    let named: String = sandbox.db().query_row(named, [], |row| row.get(0)).unwrap();
    assert_eq!(named, row("bob too").handle());
}
