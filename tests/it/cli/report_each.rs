//! Reports of the sessions that a purge or a run ends, one by one.

use std::io::{BufRead, BufReader};

use crate::support::processes::Running;
use crate::support::{Finished, HOUR, MINUTE, Sandbox, handles, row};

/// Creates two expired sessions, one of them with control characters in its name, and a live one.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for row in [
        row("gone").idle(HOUR + 20),
        row("odd").user("bo\u{1b}[2Jb").task("http").client("10.1.0.9:443").idle(2 * HOUR + 20),
        row("live").idle(MINUTE),
    ] {
        sandbox.insert(&row);
    }
    sandbox
}

/// Two jobs, which have waited for long enough: one that says nothing of reports, and one
/// that reports where it is told.
fn with_jobs(each: &str) -> Sandbox {
    let sandbox = sandbox();
    sandbox.file(
        "jobs.toml",
        format!(
            "[[job]]\nname = \"tidy\"\nevery = \"30m\"\ndo = \"purge\"\ntask = \"http\"\n\
             [[job]]\nname = \"restart\"\nevery = \"1h\"\nlate = \"forever\"\ndo = \"cycle\"\ntask = \"imap\"\n{each}\n"
        ),
    );
    sandbox.run(["--config", "jobs.toml", "run", "-q"]).succeeds();
    sandbox.jobs_have_waited();
    sandbox
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Finished {
    sandbox.run([&["--config", "jobs.toml", "run"], args].concat())
}

fn sorted(mut handles: Vec<String>) -> Vec<String> {
    handles.sort();
    handles
}

#[test]
fn d9_a_purge_reports_each_session_in_every_format() {
    let gone = row("gone").handle();
    // For people, a line like that of a cycle, with the reason
    let table = sandbox().run(["purge", "--each"]).succeeds().stdout();
    let line = table.lines().find(|line| line.starts_with(&gone)).unwrap();
    assert_eq!(line, format!("{gone}  imap  alice  10.0.0.7  idle 1h  expired"));
    assert!(table.contains(r"  http  bo\u{1b}[2Jb  10.1.0.9:443  idle 2h  expired"), "{table}");
    assert_eq!(table.lines().count(), 2);
    // For programs, all that a list has, as of the moment before the end
    let rows = sandbox().run(["purge", "--each", "--json"]).succeeds().json();
    assert_eq!(sorted(handles(&rows)), sorted(vec![row("gone").handle(), row("odd").handle()]));
    for row in rows.as_array().unwrap() {
        assert_eq!((&row["state"], &row["end_reason"]), (&"expired".into(), &"expired".into()));
        assert!(row["ended_at_unix"].is_i64() && row["idle_seconds"].is_i64(), "{row}");
    }
    let csv = sandbox().run(["purge", "--each", "-o", "csv"]).succeeds().stdout();
    assert!(csv.starts_with("handle,user,task,client,agent,state,"), "{csv}");
    assert_eq!(csv.lines().count(), 3);
    let jsonl = sandbox().run(["purge", "--each", "-o", "jsonl"]).succeeds().stdout();
    assert_eq!(jsonl.lines().count(), 2);
    let plain = sandbox().run(["purge", "--each", "-o", "plain"]).succeeds().stdout();
    assert!(plain.contains(&format!("session.{gone}.end_reason expired\n")), "{plain}");
}

#[test]
fn d9_without_each_a_purge_off_a_terminal_stays_silent() {
    sandbox().run(["purge"]).succeeds().is_silent();
    sandbox().run(["purge", "--each", "-q"]).succeeds().is_silent();
    with_jobs("").run(["--config", "jobs.toml", "run"]).succeeds().is_silent();
}

#[test]
fn d9_in_the_system_log_what_is_answered_stays_what_it_was() {
    let summary = sandbox().run(["purge", "--each=syslog", "--json"]).json();
    assert_eq!(summary["ended"], 2);
    // And where there is no such log, the sessions have ended, and that is said
    let ran = sandbox().run(["purge", "--each=syslog"]);
    if std::path::Path::new("/dev/log").exists() {
        ran.succeeds().is_silent();
    } else {
        let said = ran.exits(3).stderr();
        assert!(
            said.contains("did not receive 2 ended sessions: there is no system log at /dev/log"),
            "{said}"
        );
    }
}

#[test]
fn d9_where_nothing_ends_the_answer_is_empty_and_complete() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("live"));
    assert_eq!(sandbox.run(["purge", "--each", "--json"]).succeeds().stdout(), "[]\n");
    sandbox.run(["purge", "--each"]).succeeds().is_silent();
    // Also where it is refused
    let refused = self::sandbox().run(["purge", "--each", "--json", "--max-percent", "1"]);
    assert_eq!(refused.exits(4).stdout(), "[]\n");
}

#[test]
fn d9_a_session_whose_row_goes_at_once_is_reported_and_one_that_ended_before_is_not() {
    let sandbox = sandbox();
    sandbox.insert(&row("before").idle(3 * HOUR).ended(2 * HOUR, "closed"));
    sandbox.file("sessctl.toml", "[policy]\nretention = \"0\"\n");
    let purge = ["--config", "sessctl.toml", "purge", "--each", "-o", "jsonl"];
    assert_eq!(sandbox.run(purge).succeeds().stdout().lines().count(), 2);
    assert_eq!(sandbox.listed([]), [row("live").handle()]);
}

#[test]
fn d9_a_run_reports_the_sessions_of_all_its_jobs_under_one_header() {
    let sandbox = with_jobs("");
    let csv = run(&sandbox, &["--each", "-o", "csv"]).succeeds().stdout();
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].starts_with("handle,") && lines[0].ends_with(",end_reason,job"), "{csv}");
    let ends = |end: &str| lines.iter().filter(|line| line.ends_with(end)).count();
    assert_eq!((lines.len(), ends(",expired,tidy"), ends(",cycled,restart")), (3, 1, 1));
    // What is not asked for as a listing is one document all the same
    let rows = run(&with_jobs(""), &["--each", "--json"]).succeeds().json();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    // And with nothing due, too
    assert_eq!(run(&sandbox, &["--each", "--json"]).succeeds().stdout(), "[]\n");
}

#[test]
fn d9_a_job_reports_where_its_key_says() {
    let sandbox = with_jobs("each = \"stdout\"");
    // Only what that job ends
    let lines = run(&sandbox, &[]).succeeds().stdout();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(lines.lines().all(|line| line.ends_with("  cycled  job restart")), "{lines}");
    // In the system's log, the runs are the answer
    let runs = run(&with_jobs("each = \"syslog\""), &["--json"]).json();
    assert_eq!(runs[1]["ended"], 1);
    // As they are where the job is not enabled
    let runs = run(&with_jobs("each = \"stdout\"\nenabled = false"), &["--json"]).json();
    assert_eq!(runs[0]["job"], "tidy");
}

#[test]
fn d9_the_report_destination_of_a_job_does_not_affect_its_history() {
    let sandbox = with_jobs("");
    run(&sandbox, &[]).succeeds();
    let histories = || -> i64 {
        let count = "SELECT count(*) FROM job_histories";
        sandbox.db().query_row(count, [], |row| row.get(0)).unwrap()
    };
    let before = histories();
    let text = std::fs::read_to_string(sandbox.path("jobs.toml")).unwrap();
    sandbox.file("jobs.toml", text + "each = \"syslog\"\n");
    run(&sandbox, &[]).succeeds().is_silent();
    assert_eq!(histories(), before);
    let shown = sandbox.run(["--config", "jobs.toml", "show", "config", "-o", "plain"]).stdout();
    assert!(shown.contains("syslog"), "{shown}");
}

#[test]
fn d9_another_place_for_reports_is_refused() {
    let sandbox = sandbox();
    assert!(sandbox.run(["purge", "--each=mail"]).exits(2).stderr().contains("syslog"));
    sandbox.run(["purge", "--each", "-o", "prometheus"]).is_refused_with(2);
    assert_eq!(sandbox.run(["purge", "--each", "--dry-run"]).exits(2).stdout(), "");
    sandbox.file(
        "jobs.toml",
        "[[job]]\nname = \"tidy\"\nevery = \"30m\"\ndo = \"purge\"\neach = \"mail\"\n",
    );
    let said = run(&sandbox, &[]).is_refused_with(2).stderr();
    assert!(said.contains("jobs.toml:5: job.each: ") && said.contains("syslog"), "{said}");
    assert_eq!(sandbox.listed(["--state", "ended"]).len(), 0);
}

#[test]
fn d9_a_reader_that_has_gone_stops_no_work() {
    for args in [&["purge", "--each"][..], &["purge", "--each", "-o", "jsonl"]] {
        let sandbox = Sandbox::new();
        sandbox.insert_all(0..5_000, |n| row(&n.to_string()).idle(HOUR));
        let command = sandbox.command(args.iter().copied());
        let mut child = Running::start(command);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'));
        let ran = child.finish();
        assert_eq!(ran.succeeds().stderr(), "");
        assert_eq!(sandbox.listed(["--ended-by", "expired"]).len(), 5_000);
    }
}

#[test]
fn a_cycle_that_its_guard_refuses_answers_nothing() {
    let refused =
        sandbox().run(["cycle", "--all", "--state", "active,expired", "--json", "--max-rows", "1"]);
    assert_eq!(refused.exits(4).stdout(), "");
}
