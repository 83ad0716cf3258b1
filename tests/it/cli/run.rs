//! `sessctl run`: jobs that are due.

use crate::support::{Finished, HOUR, Sandbox, row};

/// With a configuration of these jobs, which all commands read, and which two hosts have
/// had for a day.
fn sandbox(jobs: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("jobs.toml", jobs);
    for host in ["mail1", "mail2"] {
        run_on(host, &sandbox, &["run"]);
    }
    sandbox.jobs_have_waited();
    sandbox
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Finished {
    run_on("mail1", sandbox, args)
}

fn run_on(host: &str, sandbox: &Sandbox, args: &[&str]) -> Finished {
    let args = [&["--config", "jobs.toml"], args].concat();
    Finished(sandbox.command(args).env("SESSCTL_HOST", host).output().unwrap())
}

/// The entries of the ledger, the earliest first: job, outcome, sessions ended.
fn ledger(sandbox: &Sandbox) -> Vec<(String, String, u64)> {
    let runs = run(sandbox, &["show", "runs", "--limit", "0", "--json"]).succeeds().json();
    let text = |run: &serde_json::Value, key: &str| run[key].as_str().unwrap_or("-").to_owned();
    let entry = |run: &serde_json::Value| {
        (text(run, "job"), text(run, "outcome"), run["ended"].as_u64().unwrap())
    };
    runs.as_array().unwrap().iter().rev().map(entry).collect()
}

fn entry(job: &str, outcome: &str, ended: u64) -> (String, String, u64) {
    (job.to_owned(), outcome.to_owned(), ended)
}

const PURGE: &str = "
[[job]]
name = \"tidy\"
every = \"5m\"
do = \"purge\"
";

#[test]
fn due_jobs_run_once_and_print_nothing() {
    let sandbox = sandbox(PURGE);
    sandbox.insert(&row("old").idle(HOUR));
    run(&sandbox, &["run"]).succeeds().is_silent();
    assert_eq!(ledger(&sandbox), [entry("tidy", "done", 1)]);
    sandbox.insert(&row("other").idle(HOUR));
    run(&sandbox, &["run"]).succeeds().is_silent();
    assert_eq!(ledger(&sandbox), [entry("tidy", "done", 1)]);
}

#[test]
fn rows_that_a_cycle_deletes_are_counted() {
    let sandbox = sandbox(
        "[[job]]\nname = \"all\"\nevery = \"1h\"\nlate = \"forever\"\ndo = \"cycle\"\n\
         task = \"*\"\n[policy.imap]\nretention = \"0\"\n",
    );
    sandbox.insert(&row("a"));
    sandbox.insert(&row("b").task("http"));
    let ran = run(&sandbox, &["run", "--json"]).succeeds().json();
    assert_eq!((&ran[0]["ended"], &ran[0]["deleted"]), (&2.into(), &1.into()));
    let runs = run(&sandbox, &["show", "runs", "--json"]).succeeds().json();
    assert_eq!((&runs[0]["ended"], &runs[0]["deleted"]), (&2.into(), &1.into()));
}

#[test]
fn jobs_run_in_the_order_of_the_file() {
    let jobs = "
        [[job]]
        name = \"b\"
        every = \"1h\"
        late = \"forever\"
        do = \"cycle\"
        task = \"http\"
        [[job]]
        name = \"a\"
        every = \"1h\"
        do = \"purge\"
        [[job]]
        name = \"c\"
        every = \"1h\"
        late = \"forever\"
        do = \"cycle\"
        task = \"im*\"
    ";
    let sandbox = sandbox(jobs);
    sandbox.insert(&row("old").idle(HOUR));
    sandbox.insert(&row("in use").task("IMAP"));
    let ran = run(&sandbox, &["run", "--json"]).succeeds().json();
    let names: Vec<&str> =
        ran.as_array().unwrap().iter().map(|run| run["job"].as_str().unwrap()).collect();
    assert_eq!(names, ["b", "a", "c"]);
    let expected = [entry("b", "done", 0), entry("a", "done", 1), entry("c", "done", 1)];
    assert_eq!(ledger(&sandbox), expected);
}

#[test]
fn s9_a_job_that_fails_is_recorded_and_the_others_still_run() {
    // Given a job that cannot do its work, and one that can
    let jobs = format!(
        "[[job]]\nname = \"restart\"\nevery = \"1h\"\nlate = \"forever\"\ndo = \"cycle\"\ntask = \"broken\"\n{PURGE}"
    );
    let sandbox = sandbox(&jobs);
    sandbox.insert(&row("broken").task("broken"));
    sandbox.insert(&row("old").idle(HOUR));
    let trigger = "CREATE TRIGGER no BEFORE UPDATE ON sessions WHEN old.task = 'broken' \
                   BEGIN SELECT raise(ABORT, 'the disk is on fire'); END";
    sandbox.db().execute_batch(trigger).unwrap();
    // When both are due
    let ran = run(&sandbox, &["run"]);
    // Then one line names the job and what was wrong, and the other job has run
    let complaint = ran.is_refused_with(1).stderr();
    assert!(complaint.starts_with("sessctl: job restart: could not write to"), "{complaint}");
    assert!(complaint.contains("the disk is on fire"), "{complaint}");
    assert_eq!(ledger(&sandbox), [entry("restart", "failed", 0), entry("tidy", "done", 1)]);
    let failed = run(&sandbox, &["show", "runs", "--failed", "--json"]).succeeds().json();
    assert_eq!(failed.as_array().unwrap().len(), 1);
    assert!(failed[0]["reason"].as_str().unwrap().contains("the disk is on fire"));
}

#[test]
#[ignore = "needs python3"]
fn a_failed_job_reports_only_its_own_sessions() {
    // Given a purge whose hook fails, and makes the next batch fail, too
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..300, |n| row(&n.to_string()).idle(HOUR));
    let no = "CREATE TRIGGER no BEFORE UPDATE ON sessions BEGIN SELECT raise(ABORT, 'boom'); END";
    sandbox.file("no.sql", no);
    let jobs = "[hooks]\non_end = [\"sh\", \"-c\", \"python3 no.py; exit 1\"]\n";
    let python = "import sqlite3; sqlite3.connect('app.db').executescript(open('no.sql').read())";
    sandbox.file("no.py", python);
    let cycle = "[[job]]\nname = \"other\"\nevery = \"1h\"\nlate = \"forever\"\ndo = \"cycle\"\ntask = \"http\"\n";
    sandbox.file("jobs.toml", format!("{jobs}{PURGE}{cycle}"));
    // Before there is anything to do
    run(&sandbox, &["run"]).succeeds();
    sandbox.jobs_have_waited();
    // When both jobs run
    let mut command = sandbox.command(["--config", "jobs.toml", "run"]);
    command.env("PATH", std::env::var("PATH").unwrap()).env("SESSCTL_HOST", "mail1");
    let ran = Finished(command.output().unwrap());
    // Then the first has failed, ended some, and says so; the second knows of nothing
    let complaint = ran.exits(1).stderr();
    assert!(complaint.contains("job tidy: could not write to \"app.db\": boom"), "{complaint}");
    assert!(complaint.contains("the hook did not receive"), "{complaint}");
    assert!(!complaint.contains("job other"), "{complaint}");
    let ended = sandbox.listed(["--state", "ended"]).len() as u64;
    assert!(0 < ended && ended < 300, "{ended}");
    assert_eq!(ledger(&sandbox), [entry("tidy", "failed", ended), entry("other", "done", 0)]);
}

#[test]
fn d6_a_job_of_another_host_is_skipped_and_the_ledger_says_so() {
    let jobs = "
        [[job]]
        name = \"restart imap\"
        every = \"1h\"
        late = \"forever\"
        do = \"cycle\"
        task = \"imap\"
        host = \"mail1\"
        [[job]]
        name = \"restart all\"
        every = \"1h\"
        late = \"forever\"
        do = \"cycle\"
        task = \"*\"
        enabled = false
    ";
    let sandbox = sandbox(jobs);
    sandbox.insert(&row("a"));
    // When it is due on another host
    run_on("mail2", &sandbox, &["run"]).succeeds().is_silent();
    // Then nothing has happened, and the ledger knows why
    let runs = run(&sandbox, &["show", "runs", "--json"]).succeeds().json();
    assert_eq!(runs[0]["outcome"], "skipped");
    assert_eq!(runs[0]["reason"], "it runs only on host mail1, and this host is mail2");
    assert_eq!(runs[0]["host"], "mail2");
    assert_eq!(sandbox.listed(["--state", "active"]).len(), 1);
    // And its own host runs it all the same, and never the one that is not enabled
    run(&sandbox, &["run"]).succeeds().is_silent();
    let expected = [entry("restart imap", "skipped", 0), entry("restart imap", "done", 1)];
    assert_eq!(ledger(&sandbox), expected);
    let schedule = run_on("mail2", &sandbox, &["show", "schedule", "--json"]).succeeds().json();
    assert_eq!(schedule[0]["note"], "runs only on host mail1, and this host is mail2");
    assert_eq!(schedule[1]["note"], "disabled: enabled = false");
    assert!(schedule[0]["next_at"].is_null() && schedule[1]["next_at"].is_null());
}

#[test]
fn a_guard_refuses_a_job_and_others_still_run() {
    let jobs = format!(
        "[guard]\nmax_rows = 1\n{PURGE}\n[[job]]\nname = \"restart\"\nevery = \"1h\"\nlate = \"forever\"\ndo = \"cycle\"\ntask = \"http\"\n"
    );
    let sandbox = sandbox(&jobs);
    sandbox.insert_all(0..3, |n| row(&n.to_string()).idle(HOUR));
    let ran = run(&sandbox, &["run"]);
    let complaint = ran.is_refused_with(4).stderr();
    assert!(
        complaint.contains("job tidy: the guard refuses this purge: it would end 3 of 3 sessions"),
        "{complaint}"
    );
    assert_eq!(ledger(&sandbox), [entry("tidy", "refused", 0), entry("restart", "done", 0)]);
}

#[test]
fn without_jobs_there_is_nothing_to_run() {
    let sandbox = sandbox("");
    let reason = run(&sandbox, &["run"]).is_refused_with(2).stderr();
    assert!(reason.contains("jobs.toml\" has no [[job]]"), "{reason}");
    let reason = sandbox.run(["run"]).is_refused_with(2).stderr();
    assert!(reason.contains("there is no configuration file: pass one with --config"), "{reason}");
}

#[test]
fn the_schedule_says_when_each_job_runs_next_and_how_its_last_run_came_out() {
    let sandbox = sandbox(PURGE);
    let before = run(&sandbox, &["show", "schedule", "--json"]).succeeds().json();
    assert_eq!(before[0]["note"], "due: the next `sessctl run` runs it");
    assert!(before[0]["last_at"].is_null());
    run(&sandbox, &["run"]).succeeds();
    let after = run(&sandbox, &["show", "schedule", "--json"]).succeeds().json();
    assert_eq!((&after[0]["job"], &after[0]["when"]), (&"tidy".into(), &"every 5m".into()));
    assert_eq!((&after[0]["outcome"], &after[0]["missed"]), (&"done".into(), &0.into()));
    let wait = after[0]["in_seconds"].as_i64().unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
    let last = after[0]["last_at_unix"].as_i64().unwrap();
    let next = after[0]["next_at_unix"].as_i64().unwrap();
    assert!((300..=302).contains(&(next - last)), "{last} {next}");
}

#[test]
fn a_purge_by_hand_is_in_the_ledger_too() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("old").idle(HOUR));
    sandbox.run(["purge", "--task", "imap"]).succeeds();
    sandbox.run(["purge", "--max-percent", "0"]).succeeds();
    let runs = sandbox.run(["show", "runs", "--json"]).succeeds().json();
    let first = &runs[1];
    assert_eq!((&first["do"], &first["task"]), (&"purge".into(), &"imap".into()));
    assert_eq!((&first["outcome"], &first["ended"]), (&"done".into(), &1.into()));
    assert!(first["job"].is_null() && first["reason"].is_null());
    assert_eq!(first["version"], env!("CARGO_PKG_VERSION"));
}
