//! `--log`: a line for each run.

use std::fs;
use std::os::unix::fs::symlink;
use std::rc::Rc;

use sessctl::cli::all_databases::events::{RunEvents, RunResult, Unit};
use sessctl::cli::all_databases::log::RunLog;
use sessctl::domain::time::UnixTime;

use super::{Host, entry};
use crate::support::processes::{Watch, until};
use crate::support::{HOUR, Sandbox, row};

/// The lines of a log, without what varies.
fn lines(text: &str) -> Vec<String> {
    let settled = |line: &str| {
        let (time, rest) = line.split_once(' ').unwrap();
        assert_eq!(time.len(), "2026-11-30T03:15:00Z".len(), "{line}");
        let (before, after) = rest.split_once("seconds=").unwrap();
        let seconds: String = after.chars().take_while(|c| !c.is_whitespace()).collect();
        assert!(seconds.parse::<f64>().is_ok(), "{line}");
        format!("{before}seconds=…{}", &after[seconds.len()..])
    };
    text.lines().map(settled).collect()
}

#[test]
fn each_run_has_a_line() {
    let host = Host::new();
    host.add(&entry("gone", "gone.db"));
    host.run("run --log runs.log").exits(10);
    host.jobs_have_waited();
    host.run("run --log runs.log").exits(10);
    host.run("--db blog purge --log runs.log").succeeds().is_silent();
    let log = fs::read_to_string(host.path("runs.log")).unwrap();
    insta::assert_snapshot!(lines(&log).join("\n"), @r#"
    database=gone job=- outcome=failed marked=0 ended=0 deleted=0 seconds=… reason="no database at \"gone.db\"; correct the path, or create a database for sessctl's own table with `sessctl init`"
    database=shop job=purge outcome=done marked=0 ended=2 deleted=0 seconds=…
    database=blog job=purge outcome=done marked=0 ended=4 deleted=4 seconds=…
    database=mail job=purge outcome=done marked=0 ended=3 deleted=3 seconds=…
    database=gone job=- outcome=failed marked=0 ended=0 deleted=0 seconds=… reason="no database at \"gone.db\"; correct the path, or create a database for sessctl's own table with `sessctl init`"
    database=blog job=purge outcome=done marked=0 ended=0 deleted=0 seconds=…
    "#);
}

#[test]
fn a_log_that_was_renamed_is_begun_again() {
    let host = Host::new();
    host.run("purge --all-databases --log runs.log").succeeds();
    fs::rename(host.path("runs.log"), host.path("runs.log.1")).unwrap();
    host.run("purge --all-databases --log runs.log").succeeds();
    let lines = |name: &str| fs::read_to_string(host.path(name)).unwrap().lines().count();
    assert_eq!((lines("runs.log.1"), lines("runs.log")), (3, 3));
}

#[test]
fn a_database_without_a_name_has_its_path() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("due").idle(HOUR));
    let purged = sandbox.run(["purge", "--log", "runs.log", "--json"]).succeeds().json();
    assert_eq!(purged["ended"], 1);
    sandbox.run(["--db", "gone.db", "purge", "--log", "runs.log"]).is_refused_with(10);
    let log = fs::read_to_string(sandbox.path("runs.log")).unwrap();
    let log = lines(&log);
    assert_eq!(
        log[0],
        "database=app.db job=purge outcome=done marked=0 ended=1 deleted=0 seconds=…"
    );
    assert!(log[1].starts_with("database=gone.db job=- outcome=failed "), "{}", log[1]);
    assert!(
        log[1]
            .ends_with("reason=\"no database at \\\"gone.db\\\"; correct the path, or create a database for sessctl's own table with `sessctl init`\""),
        "{}",
        log[1]
    );
}

#[test]
fn a_log_that_cannot_be_written_is_a_failure_but_the_work_is_done() {
    let sandbox = Sandbox::new();
    symlink("elsewhere", sandbox.path("link")).unwrap();
    sandbox.fifo("fifo");
    for path in ["link", "fifo", "no/such/directory", ".", "/dev/full"] {
        sandbox.insert(&row(path).idle(HOUR));
        let purged = sandbox.run(["purge", "--log", path]);
        let said = purged.exits(1).stderr();
        assert!(said.starts_with("sessctl: could not write "), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(
            said.contains(": it is a symbolic link; pass the path of"),
            path == "link",
            "{said}"
        );
        assert_eq!(sandbox.listed(["--state", "active,expired"]), [""; 0]);
    }
    assert!(!sandbox.path("elsewhere").exists());
}

#[test]
fn a_log_that_cannot_be_written_is_reported_once_for_all_databases() {
    let host = Host::new();
    let purged = host.run("purge --all-databases --log no/such/directory/log");
    let said = purged.exits(1).stderr();
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_watch_logs_a_failure_once() {
    let sandbox = Sandbox::without_database();
    sandbox.file("c.toml", "[[job]]\nname = \"tidy\"\nevery = \"1h\"\ndo = \"purge\"\n");
    let args = ["--config", "c.toml", "run", "--watch", "--log", "runs.log"];
    let mut watch = Watch::start(sandbox.command(args));
    watch.says("no database at \"app.db\"");
    until(|| fs::read_to_string(sandbox.path("runs.log")).is_ok_and(|log| log.ends_with('\n')));
    assert_eq!(watch.stop(), Some(143));
    let log = fs::read_to_string(sandbox.path("runs.log")).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains(" database=app.db job=- outcome=failed "), "{log}");
}

#[test]
fn names_with_spaces_and_quotes_stay_one_value() {
    let host = Host::with("[[job]]\nname = 'a \"b\" c'\nevery = \"1h\"\ndo = \"purge\"\n");
    host.run("run").succeeds();
    host.jobs_have_waited();
    host.run("run --log runs.log").succeeds();
    let log = fs::read_to_string(host.path("runs.log")).unwrap();
    assert!(log.lines().all(|line| line.contains(r#" job="a \"b\" c" "#)), "{log}");
}

#[test]
fn a_database_that_fails_beside_jobs_of_others_has_a_line_and_its_own_duration() {
    let sandbox = Sandbox::without_database();
    let mut log = RunLog::new(&sandbox.path("runs.log"), None, Rc::default());
    let result = |exit_code, outcome: &str, seconds: i64| RunResult {
        started: UnixTime(1_781_524_800),
        finished: UnixTime(1_781_524_800 + seconds),
        outcome: outcome.to_owned(),
        exit_code,
        marked: 0,
        ended: 0,
        deleted: 0,
        reason: None,
    };
    let database = |name: &str| Unit::Database { name: name.to_owned() };
    // Its start was not noticed before its end.
    let job = Unit::Job { database: Some("shop".to_owned()), job: "purge".to_owned() };
    log.started(&job);
    log.ended(&job, &result(11, "failed", 5));
    log.ended(&database("gone"), &result(10, "failed", 7));
    log.ended(&database("shop"), &result(11, "failed", 5));
    log.ended(&Unit::All, &result(10, "failed", 9));
    let text = fs::read_to_string(sandbox.path("runs.log")).unwrap();
    insta::assert_snapshot!(text, @r#"
    2026-06-15T12:00:00Z database=shop job=purge outcome=failed marked=0 ended=0 deleted=0 seconds=5.0
    2026-06-15T12:00:00Z database=gone job=- outcome=failed marked=0 ended=0 deleted=0 seconds=7.0
    "#);
}
