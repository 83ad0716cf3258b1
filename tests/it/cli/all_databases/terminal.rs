//! What people see on a terminal.

use std::process::Command;

use super::{Host, entry};
use crate::support::SESSCTL;

/// Runs a command on a terminal of 80 columns, and returns what it shows, without colors.
fn shown(host: &Host, command: &str) -> String {
    let line = format!("stty rows 24 cols 80; exec '{SESSCTL}' --config c.toml {command}");
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(host.path("."))
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
        .env("TZ", "UTC")
        .env_remove("SESSCTL_DB")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap().replace('\r', "");
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

#[test]
#[ignore = "needs script"]
fn a_purge_ends_with_a_table() {
    let host = Host::new();
    host.add(&entry("gone", "gone.db"));
    insta::assert_snapshot!(shown(&host, "purge --all-databases"), @r#"
    sessctl: gone: no database at "gone.db"; correct the path, or create a database for sessctl's own table with `sessctl init`
    DATABASE  OUTCOME  ENDED  DELETED  LIVE  REASON
    shop      done         2        0     1  -
    blog      done         4        4     0  -
    mail      done         3        3     0  -
    gone      failed       -        -     -  no database at "gone.db"; correct th...
    "#);
    assert_eq!(shown(&host, "purge --all-databases -q").lines().count(), 1);
}

#[test]
#[ignore = "needs script"]
fn a_run_ends_with_a_table_of_jobs() {
    let host = Host::new();
    let nothing = shown(&host, "run");
    assert_eq!(nothing, "nothing is due; `sessctl show schedule` lists the next runs\n");
    host.jobs_have_waited();
    insta::assert_snapshot!(shown(&host, "run"), @r"
    DATABASE  JOB    DO     OUTCOME  MARKED  ENDED  DELETED
    shop      purge  purge  done          0      2        0
    blog      purge  purge  done          0      4        4
    mail      purge  purge  done          0      3        3
    ");
}

#[test]
#[ignore = "needs script"]
fn a_schedule_without_jobs_is_mentioned() {
    let host = Host::with("");
    let none = "no jobs: add a [[job]] to the configuration\n";
    assert_eq!(shown(&host, "show schedule --all-databases"), none);
    assert_eq!(shown(&host, "--db shop show schedule"), none);
    // What jobs a missing database would have, nobody knows.
    host.add(&entry("gone", "gone.db"));
    assert!(!shown(&host, "show schedule --all-databases").contains("no jobs"));
}

#[test]
#[ignore = "needs script"]
fn the_page_of_a_report_fits_the_terminal() {
    let host = Host::new();
    for line in shown(&host, "doctor --all-databases").lines() {
        assert!(line.len() <= 80 || line.starts_with("   fix: "), "{line}");
    }
}
