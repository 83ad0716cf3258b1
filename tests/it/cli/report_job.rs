//! Jobs with `do = "report"`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::{Finished, HOUR, Sandbox, row, set_mode};

/// A database with a job that is due, whose report goes to this path in the sandbox.
fn due(file: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("live"));
    sandbox.insert(&row("due").idle(HOUR));
    let file = sandbox.path(file);
    let job = format!(
        "[[job]]\nname = \"weekly\"\nevery = \"1h\"\ndo = \"report\"\nfile = \"{}\"\n",
        file.display()
    );
    sandbox.file("jobs.toml", job);
    run(&sandbox, &["run"]).succeeds();
    sandbox.jobs_have_waited();
    sandbox
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Finished {
    sandbox.run([&["--config", "jobs.toml"], args].concat())
}

fn last_run(sandbox: &Sandbox) -> serde_json::Value {
    let runs = run(sandbox, &["show", "runs", "--do", "report", "--json"]).succeeds().json();
    runs[0].clone()
}

fn mode(sandbox: &Sandbox, file: &str) -> u32 {
    fs::metadata(sandbox.path(file)).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_due_job_writes_the_page_and_says_nothing() {
    let sandbox = due("report.html");
    run(&sandbox, &["run"]).succeeds().is_silent();
    let page = fs::read_to_string(sandbox.path("report.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert_eq!(mode(&sandbox, "report.html"), 0o644);
    let last = last_run(&sandbox);
    assert_eq!((&last["job"], &last["outcome"]), (&"weekly".into(), &"done".into()));
    assert!(last["ended"].is_null());
    // It is not due any more, and nothing was ended.
    fs::remove_file(sandbox.path("report.html")).unwrap();
    run(&sandbox, &["run"]).succeeds().is_silent();
    assert!(!sandbox.path("report.html").exists());
    assert_eq!(sandbox.listed(["--state", "expired"]).len(), 1);
}

#[test]
fn a_name_that_ends_in_txt_gets_plain_text() {
    let sandbox = due("report-%Y.txt");
    let told = run(&sandbox, &["run", "-v"]).succeeds().stderr();
    let files = sandbox.files();
    let name = files.keys().find(|name| name.starts_with("report-2")).unwrap();
    assert_eq!(name.rsplit_once('.').unwrap().1, "txt");
    let text = String::from_utf8(files[name].clone()).unwrap();
    assert!(text.starts_with("Sessions in "), "{text}");
    assert!(told.contains("weekly: done: wrote \"/"), "{told}");
}

#[test]
fn a_file_keeps_its_permissions() {
    let sandbox = due("report.html");
    sandbox.file("report.html", "old");
    set_mode(&sandbox.path("report.html"), 0o640);
    run(&sandbox, &["run"]).succeeds();
    assert_eq!(mode(&sandbox, "report.html"), 0o640);
    assert!(fs::read_to_string(sandbox.path("report.html")).unwrap().starts_with("<!DOCTYPE"));
}

#[test]
fn a_report_that_cannot_be_written_is_a_failure_with_its_reason() {
    let sandbox = due("missing/report.html");
    let path = sandbox.path("missing");
    let why = format!(
        "could not write the report \"{0}/report.html\": there is no directory \"{0}\"",
        path.display()
    );
    let told = run(&sandbox, &["run"]).exits(1).stderr();
    assert_eq!(told, format!("sessctl: job weekly: {why}\n"));
    let last = last_run(&sandbox);
    assert_eq!((&last["outcome"], &last["reason"]), (&"failed".into(), &why.into()));
    // It is reported once, and not each minute.
    run(&sandbox, &["run"]).succeeds().is_silent();
}

#[test]
fn a_link_is_not_replaced() {
    let sandbox = due("report.html");
    sandbox.file("target.html", "precious");
    symlink("target.html", sandbox.path("report.html")).unwrap();
    let told = run(&sandbox, &["run"]).exits(1).stderr();
    assert!(told.contains("it is a link, and only a regular file is replaced"), "{told}");
    assert_eq!(fs::read_to_string(sandbox.path("target.html")).unwrap(), "precious");
}

#[test]
fn a_path_with_a_name_needs_a_database_with_one() {
    let sandbox = due("%{database}.html");
    let told = run(&sandbox, &["run"]).exits(1).stderr();
    assert!(told.contains("name it in a [[database]]"), "{told}");
}

#[test]
fn the_commands_on_jobs_show_a_report() {
    let sandbox = due("report.html");
    let shown = run(&sandbox, &["show", "schedule", "--json"]).succeeds().json();
    assert_eq!((&shown[0]["do"], &shown[0]["task"]), (&"report".into(), &().into()));
    let units = run(&sandbox, &["schedule", "print", "systemd"]).succeeds().stdout();
    let directory = sandbox.path("report.html");
    let directory = directory.parent().unwrap().display();
    assert!(units.contains(&format!("ReadWritePaths={directory}")), "{units}");
    let jobs = run(&sandbox, &["run", "--json"]).succeeds().json();
    assert_eq!((&jobs[0]["do"], &jobs[0]["outcome"]), (&"report".into(), &"done".into()));
    let metrics = run(&sandbox, &["show", "schedule", "-o", "prometheus"]).succeeds().stdout();
    assert!(metrics.contains("sessctl_job_last_outcome{name=\"weekly\",outcome=\"done\"} 1"));
}

#[test]
#[ignore = "needs strace"]
fn a_full_disk_leaves_the_old_report() {
    let sandbox = due("report.html");
    sandbox.file("report.html", "old");
    let strace =
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=write:error=ENOSPC:when=1+"];
    // The other writes of the run are those of SQLite, which uses pwrite64.
    let args = ["--config", "jobs.toml", "run"];
    let failed = Finished(sandbox.command_by(&strace, args).output().unwrap());
    failed.exits(1);
    assert_eq!(fs::read_to_string(sandbox.path("report.html")).unwrap(), "old");
    let last = last_run(&sandbox);
    let reason = last["reason"].as_str().unwrap();
    assert!(reason.contains("No space left on device"), "{reason}");
    assert!(!sandbox.files().keys().any(|name| name.starts_with(".tmp")));
}
