//! What a framework's table does not take, and tables that no profile fits.

use std::process::Stdio;

use super::{
    DJANGO, GITEA, LARAVEL, VALID, command, database, django, laravel, left, run, run_with_input,
    three,
};
use crate::fixture::{Ran, Sandbox};

/// Each is refused with this code, in one line; nothing changes.
#[track_caller]
fn refuses(sandbox: &Sandbox, args: &[&str], code: i32) -> String {
    let before = sandbox.files();
    let ran = run_with_input(sandbox, args.iter().copied(), "token\n");
    let reason = ran.is_refused_with(code).stderr();
    assert!(sandbox.files() == before, "{args:?} changed a file");
    reason.strip_prefix("sessctl: ").unwrap().trim_end().to_owned()
}

#[test]
fn what_is_the_applications_part_is_refused() {
    let sandbox = three();
    insta::assert_snapshot!(refuses(&sandbox, &["open", "--user", "u", "--task", "django"], 4), @"");
    insta::assert_snapshot!(refuses(&sandbox, &["touch"], 4), @"");
    insta::assert_snapshot!(refuses(&sandbox, &["compact"], 4), @"");
    insta::assert_snapshot!(refuses(&sandbox, &["compact", "--full"], 4), @"");
    insta::assert_snapshot!(refuses(&sandbox, &["init"], 10), @"");
}

#[test]
fn a_touch_is_refused_before_it_waits_for_a_token() {
    let sandbox = three();
    let mut child = command(&sandbox, ["touch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Nothing is written there, and it stays open.
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    Ran(output).is_refused_with(4);
}

#[test]
fn a_table_for_looking_only_is_looked_at() {
    let sandbox =
        database(&format!("{GITEA} INSERT INTO session VALUES ('k1', x'00', 1400000000)"));
    let with = ["--profile", "gitea", "--param", "lifetime=1d"];
    insta::assert_snapshot!(refuses(&sandbox, &[&with[..], &["purge"]].concat(), 4), @"");
    for verb in [&["cycle", "--all"][..], &["cycle", "gitea"], &["close"]] {
        refuses(&sandbox, &[&with[..], verb].concat(), 4);
    }
    let dry = run(&sandbox, [&with[..], &["purge", "--dry-run", "--json"]].concat());
    assert_eq!(dry.succeeds().json()["deleted"], 1);
    assert_eq!(left(&sandbox, "session", "key"), ["k1"]);
}

#[test]
fn another_table_than_the_profile_describes_is_refused_with_the_difference() {
    let sandbox = database("CREATE TABLE django_session (session_key, expires, data)");
    insta::assert_snapshot!(refuses(&sandbox, &["--profile", "django", "list"], 4), @"");
    insta::assert_snapshot!(refuses(&sandbox, &["list"], 10), @"");
    insta::assert_snapshot!(refuses(&sandbox, &["--profile", "rails", "--param", "lifetime=30d", "list"], 10), @"");
}

#[test]
fn two_tables_that_fit_leave_a_choice() {
    let sandbox = database(&format!(
        "{DJANGO} CREATE TABLE tower_sessions (id text primary key not null, data blob not null, \
         expiry_date integer not null)"
    ));
    insta::assert_snapshot!(refuses(&sandbox, &["list"], 2), @"");
    run(&sandbox, ["--profile", "django", "list"]).succeeds();
}

#[test]
fn values_that_are_no_times_of_the_profile_keep_everything() {
    let sandbox = django(&[("a", "1500000000"), ("b", "1500000001"), ("c", VALID)]);
    insta::assert_snapshot!(refuses(&sandbox, &["--profile", "django", "purge"], 4), @"");
    assert_eq!(left(&sandbox, "django_session", "session_key").len(), 3);
}

#[test]
fn what_only_the_application_knows_has_to_be_said() {
    let sandbox = laravel();
    insta::assert_snapshot!(refuses(&sandbox, &["list"], 2), @"");
    insta::assert_snapshot!(refuses(&sandbox, &["--profile", "laravel", "purge"], 2), @"");
    let with = |param: &str| refuses(&sandbox, &["--param", param, "list"], 2);
    insta::assert_snapshot!(with("lifetime"), @"");
    insta::assert_snapshot!(with("lifetime=120"), @"");
    insta::assert_snapshot!(with("age=2h"), @"");
    let ran = run(&sandbox, ["--param", "lifetime=2h", "purge", "--json"]);
    assert_eq!(ran.succeeds().json()["deleted"], 2);
    assert_eq!(LARAVEL.matches("last_activity").count(), 1);
}

#[test]
fn a_table_of_sessctls_own_takes_no_parameters() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(refuses(&sandbox, &["--param", "lifetime=2h", "list"], 2), @"");
    insta::assert_snapshot!(refuses(&sandbox, &["--profile", "django", "list"], 10), @"");
}

#[test]
fn a_profile_that_is_not_there_is_a_mistake_of_usage() {
    let sandbox = three();
    insta::assert_snapshot!(refuses(&sandbox, &["--profile", "djano", "list"], 2), @"");
    insta::assert_snapshot!(refuses(&sandbox, &["--profile", "no.toml", "list"], 2), @"");
    sandbox.file("bad.toml", "name = \"mine\"\ncolour = 3\n");
    let reason = refuses(&sandbox, &["--profile", "./bad.toml", "list"], 2);
    assert!(reason.starts_with("./bad.toml:"), "{reason}");
}
