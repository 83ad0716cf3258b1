//! `sessctl run --watch`: it stays, and nothing that goes wrong ends it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::fake_clock::follow_clock;
use crate::support::processes::{Running, Watch, kill, until};
use crate::support::{HOUR, Sandbox, now, row, run_by};

const TIDY: &str = "[[job]]\nname = \"tidy\"\nevery = \"30s\"\ndo = \"purge\"\n";

/// Starts a watch over jobs.toml.
fn start(sandbox: &Sandbox) -> Watch {
    Watch::start(command(sandbox))
}

/// Starts a watch by another program.
fn start_by(sandbox: &Sandbox, program: &[&str]) -> Watch {
    Watch::start(run_by(program, &command(sandbox)))
}

fn command(sandbox: &Sandbox) -> Command {
    let mut command = sandbox.command(["--config", "jobs.toml", "run", "--watch", "-v"]);
    command.env("SESSCTL_HOST", "mail1");
    command
}

/// Children of a process, including those that have ended but were not waited for.
fn children(pid: u32) -> Vec<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    children.split_whitespace().map(|child| child.parse().unwrap()).collect()
}

/// With a configuration of these jobs, which this host has had for a day.
fn sandbox(jobs: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("jobs.toml", jobs);
    takes_up_jobs(&sandbox);
    sandbox
}

fn takes_up_jobs(sandbox: &Sandbox) {
    let mut run = sandbox.command(["--config", "jobs.toml", "run"]);
    run.env("SESSCTL_HOST", "mail1").output().unwrap();
    sandbox.jobs_have_waited();
}

#[test]
fn it_runs_what_is_due_and_ends_on_a_signal() {
    let sandbox = sandbox(TIDY);
    sandbox.insert(&row("old").idle(HOUR));
    let mut watch = start(&sandbox);
    watch.says("tidy: done; marked 0, ended 1, deleted 0");
    assert_eq!(watch.stop(), Some(143));
    let runs = sandbox.run(["show", "runs", "--json"]).succeeds().json();
    assert_eq!(runs.as_array().unwrap().len(), 1);
}

#[test]
fn it_follows_the_configuration_file_and_survives_a_mistake_in_it() {
    let sandbox = sandbox(TIDY);
    sandbox.insert(&row("a"));
    let mut watch = start(&sandbox);
    watch.says("tidy: done");
    sandbox.file("jobs.toml", "[[job]]\nname = 7\n");
    let complaint = watch.says("jobs.toml");
    assert!(complaint.contains("jobs.toml:2: job.name: "), "{complaint}");
    assert!(complaint.contains("the previous configuration stays in force"), "{complaint}");
    let cycle = "[[job]]\nname = \"restart\"\nat = \"* * *\"\ndo = \"cycle\"\ntask = \"imap\"\n";
    sandbox.file("jobs.toml", cycle);
    watch.says("reloaded the configuration");
    watch.says("restart: done; marked 0, ended 1, deleted 0");
    assert_eq!(watch.stop(), Some(143));
}

#[test]
fn it_reads_the_configuration_at_once_on_a_hang_up_and_survives_a_mistake_in_it() {
    let sandbox = sandbox(TIDY);
    sandbox.insert(&row("a"));
    let mut watch = start_by(&sandbox, &["env", "--default-signal=HUP"]);
    watch.says("tidy: done");
    // Whether anything has changed or not
    watch.signal("-HUP");
    watch.says("reloaded the configuration");
    // A mistake is named each time that somebody asks
    sandbox.file("jobs.toml", "[[job]]\nname = 7\n");
    for _ in 0..2 {
        watch.signal("-HUP");
        let complaint = watch.says("jobs.toml:2: job.name: ");
        assert!(complaint.contains("the previous configuration stays in force"), "{complaint}");
    }
    sandbox.file("jobs.toml", TIDY.replace("tidy", "clean"));
    watch.signal("-HUP");
    watch.says("reloaded the configuration");
    assert_eq!(watch.stop(), Some(143));
}

#[test]
fn it_continues_after_a_sighup_that_it_was_started_to_ignore() {
    let sandbox = sandbox(TIDY);
    let mut watch = start_by(&sandbox, &["env", "--ignore-signal=HUP"]);
    watch.says("tidy: done");
    let status = std::fs::read_to_string(format!("/proc/{}/status", watch.process.id())).unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & 1, 1);
    assert_eq!(watch.stop(), Some(143));
}

#[test]
#[ignore = "needs root"]
fn as_process_1_it_reaps_what_its_hooks_leave_behind_and_ends_on_a_signal() {
    // Given the first process of a container, whose hook leaves two processes behind: one
    // in a session of its own, and one that waits
    let left = "cat > /dev/null; (setsid true &); (read x < gate &); exit 0";
    let hooks = format!("[hooks]\non_end = [\"sh\", \"-c\", \"{left}\"]\n");
    let sandbox = sandbox(&format!("{TIDY}{hooks}"));
    sandbox.fifo("gate");
    sandbox.insert(&row("old").idle(HOUR));
    let container = ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child"];
    let mut watch = start_by(&sandbox, &container);
    // When it has had the answer of its hook, which it gets as elsewhere
    watch.says("tidy: done; marked 0, ended 1, deleted 0");
    let first = children(watch.process.id())[0];
    until(|| children(first).len() == 1);
    // Then it asks for those that have ended, also for one that does so later
    std::fs::write(sandbox.path("gate"), "\n").unwrap();
    until(|| children(first).is_empty());
    kill(first, "-TERM");
    assert_eq!(watch.process.wait().unwrap().code(), Some(143));
}

#[test]
fn it_waits_for_a_database_that_is_not_there_yet() {
    let sandbox = Sandbox::without_database();
    sandbox.file("jobs.toml", TIDY.replace("every = \"30s\"", "at = \"* * *\""));
    let mut watch = start(&sandbox);
    watch.says("no database at \"app.db\"");
    sandbox.run(["init"]).succeeds();
    watch.says("tidy: done");
    assert_eq!(watch.stop(), Some(143));
}

#[test]
fn w5_it_keeps_up_with_an_interval_of_a_second() {
    let sandbox = sandbox(&TIDY.replace("30s", "1s"));
    let mut watch = start(&sandbox);
    for _ in 0..3 {
        watch.says("tidy: done");
    }
    assert_eq!(watch.stop(), Some(143));
    let pauses = "SELECT min(pause) FROM (SELECT started_at - lag(finished_at) OVER (ORDER BY id) \
                  AS pause FROM runs)";
    let least: i64 = sandbox.db().query_row(pauses, [], |row| row.get(0)).unwrap();
    assert!(least >= 1, "{least}");
}

#[test]
fn a_job_that_fails_does_not_end_it() {
    let sandbox = sandbox(&format!(
        "[[job]]\nname = \"restart\"\nevery = \"30s\"\nlate = \"forever\"\ndo = \"cycle\"\ntask = \"imap\"\n{TIDY}"
    ));
    sandbox.insert(&row("a"));
    let trigger = "CREATE TRIGGER no BEFORE UPDATE ON sessions \
                   BEGIN SELECT raise(ABORT, 'the disk is on fire'); END";
    sandbox.db().execute_batch(trigger).unwrap();
    let mut watch = start(&sandbox);
    watch.says("job restart: could not write to \"app.db\"");
    watch.says("tidy: done");
    assert_eq!(watch.stop(), Some(143));
}

#[test]
fn without_jobs_or_with_a_format_it_does_not_begin() {
    let sandbox = sandbox("");
    let watch =
        |args: &[&str]| sandbox.run([&["--config", "jobs.toml", "run", "--watch"], args].concat());
    assert!(watch(&[]).is_refused_with(2).stderr().contains("jobs.toml\" has no [[job]]"));
    sandbox.file("jobs.toml", TIDY);
    assert!(watch(&["--json"]).is_refused_with(2).stderr().contains("--watch"));
}

/// Writes in one step what a clock says that lies by this file.
fn set_clock(sandbox: &Sandbox, time: &str) {
    let new = sandbox.file("clock.new", format!("@{time}\n"));
    std::fs::rename(new, sandbox.path("clock")).unwrap();
}

/// Until a watch has looked at its clock once more.
fn two_ticks() {
    let begun = now();
    until(|| now() >= begun + 3);
}

/// The runs of the ledger by the time that they were planned for, the earliest first.
fn planned(sandbox: &Sandbox) -> Vec<String> {
    let runs = sandbox.run(["show", "runs", "--json"]).succeeds().json();
    let planned = |run: &serde_json::Value| run["planned_at"].as_str().unwrap().to_owned();
    runs.as_array().unwrap().iter().rev().map(planned).collect()
}

#[test]
#[ignore = "needs faketime"]
fn it_follows_the_clock_forward_and_back_and_repeats_nothing() {
    // Given a watch at three in the morning, with jobs at four, and each hour from then on
    let daily = "[[job]]\nname = \"restart\"\nat = \"0 4 *\"\ndo = \"cycle\"\ntask = \"imap\"\n";
    let hourly = "[[job]]\nname = \"tidy\"\nat = \"30 4-23 *\"\ndo = \"purge\"\n";
    let sandbox = Sandbox::new();
    // The guard would end nothing after the clock has moved
    let unguarded = "[guard]\nclock = \"off\"\n";
    sandbox.file("jobs.toml", format!("{unguarded}{daily}{hourly}"));
    set_clock(&sandbox, "2026-06-15 03:00:30");
    let clock = sandbox.path("clock");
    let mut watch = command(&sandbox);
    follow_clock(&clock, &mut watch);
    let mut watch = Watch::start(watch);
    // When the clock is set forward, then what has become due runs
    set_clock(&sandbox, "2026-06-15 04:00:10");
    watch.says("restart: done");
    // When it is set back, then that does not run again, but what comes after it does
    for again in ["2026-06-15 03:58:00", "2026-06-15 04:00:20"] {
        set_clock(&sandbox, again);
        two_ticks();
    }
    set_clock(&sandbox, "2026-06-15 04:30:05");
    watch.says("tidy: done");
    assert_eq!(planned(&sandbox), ["2026-06-15T04:00:00Z", "2026-06-15T04:30:00Z"]);
    // When it had been years ahead, then it stops nothing for ever
    set_clock(&sandbox, "2038-01-01 04:30:05");
    watch.says("tidy: done");
    set_clock(&sandbox, "2026-06-15 05:30:05");
    watch.says("tidy: done");
    assert_eq!(planned(&sandbox).last().unwrap(), "2026-06-15T05:30:00Z");
    assert_eq!(watch.stop(), Some(143));
}

#[test]
fn d9_a_watch_reports_each_session_as_it_ends() {
    let sandbox = sandbox(TIDY);
    sandbox.insert(&row("gone").idle(HOUR));
    let watch = ["--config", "jobs.toml", "run", "--watch", "--each", "-o", "jsonl"];
    let mut command = sandbox.command(watch);
    command.env("SESSCTL_HOST", "mail1").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Running::spawn(&mut command);
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let watch = Watch::attach(child);
    // While it goes on
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let ended: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ended["handle"], row("gone").handle());
    assert_eq!((&ended["end_reason"], &ended["job"]), (&"expired".into(), &"tidy".into()));
    assert_eq!(watch.stop(), Some(143));
}
