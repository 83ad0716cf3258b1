//! Policies on the table of a framework: stricter than its own rule, or with a retention.

use super::{BETTER_AUTH, LARAVEL, database, left, run, three};
use crate::support::{Sandbox, handle};

/// Sessions of Laravel, which keeps them for eleven years: one is over, the next one has been
/// unused for more than a year, and the others are used now.
fn hoard(policy: &str) -> Sandbox {
    let sandbox = database(&format!(
        "{LARAVEL} INSERT INTO sessions VALUES \
         ('over', 3, '', '', '', 1400000000), \
         ('unused', 2, '', '', '', unixepoch() - 400 * 86400), \
         ('first', 1, '', '', '', unixepoch() - 60), ('second', 1, '', '', '', unixepoch()), \
         ('guest', NULL, '', '', '', unixepoch() - 60), ('another', NULL, '', '', '', unixepoch())"
    ));
    configure(&sandbox, policy);
    sandbox
}

fn configure(sandbox: &Sandbox, policy: &str) {
    let config = format!("profile = \"laravel\"\n[parameters]\nlifetime = \"4000d\"\n{policy}");
    std::fs::write(sandbox.path("c.toml"), config).unwrap();
}

const STRICT: &str = "[policy.laravel]\ntimeout = \"365d\"\nuser_limit = 1\n";

fn with<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&["--config", "c.toml"][..], args].concat()
}

#[test]
fn a_dry_run_names_the_rule_and_the_purge_deletes_the_same_rows() {
    let sandbox = hoard(STRICT);
    let dry = run(&sandbox, with(&["purge", "--dry-run", "--json"])).succeeds().json();
    let sessions = dry["sessions"].as_array().unwrap().iter();
    let mut found: Vec<String> = sessions
        .map(|session| format!("{} {}", session["user"].as_str().unwrap(), session["reason"]))
        .collect();
    found.sort();
    assert_eq!(found, ["1 \"user_limit\"", "2 \"timeout\"", "3 \"expired\""]);
    assert_eq!((&dry["deleted"], &dry["live"]), (&3.into(), &3.into()));
    let listed = run(&sandbox, with(&["list", "--state", "expired", "--json"])).succeeds().json();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    run(&sandbox, with(&["purge"])).succeeds();
    assert_eq!(left(&sandbox, "sessions", "id"), ["another", "guest", "second"]);
    let stat = run(&sandbox, with(&["show", "stat", "--json"])).succeeds().json();
    let ended = ["ended_expired", "ended_evicted", "ended_lifetime"].map(|key| &stat[0][key]);
    assert_eq!(ended, [2, 1, 0]);
}

#[test]
fn without_a_policy_the_rule_of_the_framework_applies_alone() {
    for policy in ["", "[policy]\ntimeout = \"30m\"\nretention = \"24h\"\n"] {
        let sandbox = hoard(policy);
        run(&sandbox, with(&["purge"])).succeeds();
        assert_eq!(left(&sandbox, "sessions", "id").len(), 5, "{policy}");
    }
}

#[test]
fn the_guard_counts_the_sessions_that_a_policy_ends() {
    let sandbox = hoard("");
    run(&sandbox, with(&["purge"])).succeeds();
    configure(&sandbox, STRICT);
    let guarded = run(&sandbox, with(&["purge", "--max-rows", "1"]));
    assert!(guarded.is_refused_with(4).stderr().contains('2'));
    assert_eq!(left(&sandbox, "sessions", "id").len(), 5);
    run(&sandbox, with(&["purge", "--max-rows", "2"])).succeeds();
    assert_eq!(left(&sandbox, "sessions", "id"), ["another", "guest", "second"]);
}

#[test]
fn a_lifetime_counts_from_the_opening() {
    let sandbox = database(&format!(
        "{BETTER_AUTH} INSERT INTO session VALUES \
         ('old', '2999-01-01T00:00:00.000Z', 't1', '2020-01-01T00:00:00.000Z', \
         '2026-01-01T00:00:00.000Z', '', '', 'u'), \
         ('new', '2999-01-01T00:00:00.000Z', 't2', '2998-01-01T00:00:00.000Z', \
         '2998-01-01T00:00:00.000Z', '', '', 'u')"
    ));
    let config = "profile = \"better-auth\"\n[policy]\nlifetime = \"365d\"\n";
    std::fs::write(sandbox.path("c.toml"), config).unwrap();
    let dry = run(&sandbox, with(&["purge", "--dry-run", "--json"])).succeeds().json();
    assert_eq!(dry["sessions"][0]["reason"], "lifetime");
    run(&sandbox, with(&["purge"])).succeeds();
    assert_eq!(left(&sandbox, "session", "id"), ["new"]);
}

#[test]
fn a_retention_keeps_the_rows_of_expired_sessions() {
    let sandbox = three();
    let retain = |retention: &str| {
        let config =
            format!("profile = \"django\"\n[policy.django]\nretention = \"{retention}\"\n");
        std::fs::write(sandbox.path("c.toml"), config).unwrap();
        run(&sandbox, with(&["purge", "--json"])).succeeds().json()
    };
    let kept = retain("forever");
    assert_eq!((&kept["deleted"], &kept["live"]), (&0.into(), &1.into()));
    let listed = run(&sandbox, with(&["list", "--state", "expired", "--json"])).succeeds().json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let shown = run(&sandbox, with(&["show", "session", &handle("key a")])).succeeds().stdout();
    assert!(
        shown.ends_with(
            "It expired at 2020-02-03T04:05:06Z.\nIts row is kept forever, by the retention.\n"
        ),
        "{shown}"
    );
    assert_eq!(retain("36500d")["deleted"], 0);
    assert_eq!(retain("1d")["deleted"], 2);
    assert_eq!(left(&sandbox, "django_session", "session_key"), ["key b"]);
}

#[test]
fn a_key_that_the_table_cannot_follow_is_an_error_where_it_names_the_task() {
    let sandbox = three();
    let config = "profile = \"django\"\n[policy.django]\ntimeout = \"1h\"\n";
    std::fs::write(sandbox.path("c.toml"), config).unwrap();
    for args in [&["purge"][..], &["list"], &["purge", "--dry-run"]] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(run(&sandbox, with(args)).is_refused_with(2).stderr(), @"sessctl: c.toml:3: policy.django.timeout: does not apply to the table of Django: profile django does not know the time of the last use; keys that apply: user_limit, retention; remove the key");
        }
    }
}

#[test]
fn show_config_names_what_applies_and_what_does_not() {
    let sandbox = hoard(
        "[policy]\nlifetime = \"7d\"\nlimit = 9\nuser_limit = 2\n\
         [policy.laravel]\ntimeout = \"1h\"\n",
    );
    run(&sandbox, with(&["list"])).succeeds();
    let shown = run(&sandbox, with(&["show", "config", "-o", "csv"]));
    shown.succeeds();
    let applied: Vec<String> = shown
        .stdout()
        .lines()
        .filter(|line| line.starts_with("sessions."))
        .map(str::to_owned)
        .collect();
    insta::assert_snapshot!(applied.join("\n"), @"
    sessions.timeout,1h,file,c.toml:9
    sessions.user_limit,2,file,c.toml:7
    ");
    insta::assert_snapshot!(shown.stderr(), @"sessctl: warning: no effect on sessions, a table of Laravel: policy.lifetime (line 5): profile laravel does not know the time of the opening; keys that apply: timeout, user_limit, retention; policy.limit (line 6): the application opens its sessions");
}

#[test]
fn a_forecast_names_the_rule_that_ends_a_session() {
    let sandbox = hoard(STRICT);
    let sentences = |id: &str| {
        let shown = run(&sandbox, with(&["show", "session", &handle(id), "--json"]));
        shown.succeeds().json()["outlook"].as_str().unwrap().to_owned()
    };
    let no_job = "No job of the configuration schedules one on this machine.";
    assert_eq!(
        sentences("unused"),
        format!(
            "It is over by the configuration: timeout = 365d; the next purge deletes it. {no_job} \
             Until then Laravel accepts it."
        )
    );
    assert_eq!(
        sentences("first"),
        format!(
            "It is over by the configuration: user_limit = 1; the next purge deletes it. {no_job} \
             Until then Laravel accepts it."
        )
    );
    let live = sentences("second");
    assert!(live.contains(", by the configuration: timeout = 365d."), "{live}");
}

#[test]
fn verbose_names_the_policy_and_the_users_that_it_concerns_are_shown() {
    let sandbox = hoard(STRICT);
    let users = run(&sandbox, with(&["show", "users", "--json"])).succeeds().json();
    let expired = users.as_array().unwrap().iter().map(|user| &user["expired"]);
    let expired: Vec<u64> = expired.filter_map(serde_json::Value::as_u64).collect();
    assert_eq!(expired, [1, 1]);
    insta::assert_snapshot!(run(&sandbox, with(&["purge", "-v"])).succeeds().stderr().lines().nth(1).unwrap(), @"sessctl: the configuration also ends sessions that Laravel accepts: timeout = 365d, user_limit = 1");
}
