//! Tests of `purge --dry-run --set`.

use rusqlite::Connection;

use crate::support::{HOUR, MINUTE, Sandbox, fixtures, handles, row};

/// imap: unused for 10, 20 and 40 minutes, two of them with timeouts of their own; http: 20.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for row in [
        row("a").idle(10 * MINUTE),
        row("b").timeout(Some(HOUR)).idle(20 * MINUTE),
        row("c").timeout(None).idle(40 * MINUTE),
        row("d").task("http").idle(20 * MINUTE),
    ] {
        sandbox.insert(&row);
    }
    sandbox
}

fn dry_run(sandbox: &Sandbox, options: &[&'static str]) -> (u64, String) {
    let ran = sandbox.run([&["purge", "--dry-run", "--json"], options].concat());
    let ended = ran.succeeds().json()["ended"].as_u64().unwrap();
    (ended, ran.stderr().lines().nth(1).unwrap_or_default().to_owned())
}

#[test]
fn open_sessions_are_evaluated_as_if_they_had_been_granted_the_timeout() {
    let sandbox = sandbox();
    assert_eq!(dry_run(&sandbox, &[]).0, 0);
    let (ended, said) = dry_run(&sandbox, &["--set", "policy.timeout=15m"]);
    assert_eq!(ended, 3);
    assert_eq!(
        said,
        "under the present policies, 0 sessions would end; open sessions are evaluated as if they \
         had been granted the changed timeout"
    );
    assert_eq!(dry_run(&sandbox, &["--set", "policy.http.timeout=15m"]).0, 1);
    assert_eq!(dry_run(&sandbox, &["--set", "policy.timeout=15m", "--task", "imap"]).0, 2);
    let twice = ["--set", "policy.timeout=5m", "--set", "policy.imap.timeout=30m"];
    assert_eq!(dry_run(&sandbox, &twice).0, 2);
    assert_eq!(dry_run(&sandbox, &["--set", "policy.timeout=15m", "--at", "+10m"]).0, 4);
}

#[test]
fn bounds_change_the_timeouts_beyond_them() {
    let sandbox = sandbox();
    // Granted: 30 minutes, an hour, none, 30 minutes.
    let (ended, said) = dry_run(&sandbox, &["--set", "policy.max_timeout=35m"]);
    assert_eq!(ended, 1);
    assert!(said.ends_with("as if their timeouts had been granted within the changed bounds"));
    let both = ["--set", "policy.max_timeout=15m", "--set", "policy.timeout=15m"];
    assert_eq!(dry_run(&sandbox, &both).0, 3);
    // A longer timeout ends none, whatever it does to others.
    assert_eq!(dry_run(&sandbox, &["--set", "policy.timeout=never"]).0, 0);
}

#[test]
fn the_list_has_the_sessions_that_would_end_and_the_table_compares() {
    let sandbox = sandbox();
    let set = ["purge", "--dry-run", "--set", "policy.imap.timeout=15m"];
    let listed = sandbox.run([&set[..], &["--json"]].concat()).succeeds().json();
    let mut expected = vec![row("b").handle(), row("c").handle()];
    expected.sort();
    assert_eq!(handles(&listed["sessions"]), expected);
    let table = sandbox.run(set).succeeds().stdout();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("would end 2 and delete 0 sessions, and leave 2 live"));
    assert!(lines.next().unwrap().starts_with("under the present policies, 0 sessions would end"));
    // Nothing has changed.
    assert_eq!(
        sandbox.run(["list", "--state", "active", "--json"]).json().as_array().unwrap().len(),
        4
    );
}

#[test]
fn the_sessions_that_end_are_those_that_show_stat_counts() {
    let sandbox = sandbox();
    let plain = sandbox.run(["show", "stat", "--idle", "imap", "-o", "plain"]).succeeds().stdout();
    for (limit, option) in [("15m", "policy.timeout=15m"), ("30m", "policy.timeout=30m")] {
        let (ended, _) = dry_run(&sandbox, &["--task", "imap", "--set", option]);
        assert!(plain.contains(&format!("imap.idle.{limit}.would_end {ended}\n")), "{plain}");
    }
}

#[test]
fn mistakes_are_named() {
    let sandbox = sandbox();
    for (setting, expected) in [
        (
            "policy.tiemout=15m",
            "invalid --set \"policy.tiemout=15m\": unknown key; did you mean policy.timeout?",
        ),
        (
            "policy.imap.tiemout=15m",
            "invalid --set \"policy.imap.tiemout=15m\": unknown key; did you mean \
             policy.imap.timeout?",
        ),
        ("guard.max_rows=1", "invalid --set \"guard.max_rows=1\": only policies can be changed: "),
        (
            "policy.min_timeout=2h",
            "--set policy.min_timeout=2h: policy.timeout: \"30m\" is less than min_timeout = \"2h\"",
        ),
    ] {
        let ran = sandbox.run(["purge", "--dry-run", "--set", setting]);
        let said = ran.exits(2).stderr();
        assert!(said.starts_with(&format!("sessctl: {expected}")), "{said}");
    }
    let ran = sandbox.run(["purge", "--set", "policy.timeout=15m"]);
    assert!(ran.exits(2).stderr().contains("--dry-run"));
    let ran = sandbox.run(["purge", "--dry-run", "--set", "policy.imapp.timeout=15m"]);
    let said = ran.succeeds().stderr();
    assert!(said.contains("--set policy.imapp.timeout=15m: the database has never held"), "{said}");
}

#[test]
fn a_framework_table_follows_what_it_can() {
    let sandbox = Sandbox::without_database();
    let db = Connection::open(sandbox.path("app.db")).unwrap();
    db.execute_batch(&fixtures::named("laravel").sql).unwrap();
    let now = crate::support::now();
    db.execute("UPDATE sessions SET last_activity = ?1 - 60 * (rowid * 20)", [now]).unwrap();
    let run = |setting: &'static str| {
        let options = ["purge", "--dry-run", "--param", "lifetime=2h", "--set", setting];
        sandbox.run(options).succeeds().stdout() + &sandbox.run(options).stderr()
    };
    // Unused for 20, 40 and 60 minutes.
    let page = run("policy.timeout=35m");
    assert!(page.starts_with("would delete 2 sessions, and leave 1\n"), "{page}");
    assert!(page.contains("under the present policies, 0 sessions would be deleted\n"), "{page}");
    assert!(run("policy.laravel.timeout=30m").starts_with("would delete 2 sessions"));
    // As in the file, it is taken for a default of other tables.
    let page = run("policy.timeout=30m");
    assert!(page.contains("set the key under [policy.laravel]"), "{page}");
    let page = run("policy.expire=never");
    assert!(page.contains("--set policy.expire=never has no effect on sessions: "), "{page}");
}

#[test]
fn each_database_of_a_configuration_is_evaluated() {
    let sandbox = sandbox();
    let config = "[[database]]\nname = \"one\"\npath = \"app.db\"\n";
    sandbox.file("c.toml", config);
    let all = ["--config", "c.toml", "purge", "--dry-run", "--all-databases"];
    let set = ["--set", "policy.timeout=15m", "-o", "csv"];
    let ran = sandbox.run([&all[..], &set[..]].concat());
    let csv = ran.succeeds().stdout();
    assert!(csv.lines().nth(1).unwrap().starts_with("one,"), "{csv}");
    assert!(csv.contains(",3,"), "{csv}");
    assert!(ran.stderr().contains("one: under the present policies, 0 sessions would end"));
}
