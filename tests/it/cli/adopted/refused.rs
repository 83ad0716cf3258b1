//! Commands that a framework's table does not support, and tables that no profile fits.

use std::process::Stdio;

use super::{
    DJANGO, GITEA, LARAVEL, VALID, command, database, django, laravel, left, run, run_with_input,
    three,
};
use crate::support::Sandbox;
use crate::support::processes::Running;

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
fn operations_reserved_to_the_application_are_refused() {
    let sandbox = three();
    insta::assert_snapshot!(refuses(&sandbox, &["open", "--user", "u", "--task", "django"], 4), @"refused: django_session is a table of Django (profile django): its application opens the sessions");
    insta::assert_snapshot!(refuses(&sandbox, &["touch"], 4), @"refused: django_session is a table of Django (profile django): its application records the use of the sessions");
    insta::assert_snapshot!(refuses(&sandbox, &["compact"], 4), @"refused: django_session is a table of Django (profile django): the file belongs to its application; let the application execute VACUUM, or pass --allow-foreign");
    insta::assert_snapshot!(refuses(&sandbox, &["compact", "--full"], 4), @"refused: django_session is a table of Django (profile django): the file belongs to its application; let the application execute VACUUM, or pass --allow-foreign");
    insta::assert_snapshot!(refuses(&sandbox, &["init"], 10), @r#""app.db" cannot be used: it belongs to another program: it contains the tables django_session"#);
}

#[test]
fn a_touch_is_refused_before_it_waits_for_a_token() {
    let sandbox = three();
    let mut touch = command(&sandbox, ["touch"]);
    touch.stdin(Stdio::piped());
    let mut touch = Running::start(touch);
    // Nothing is written there, and it stays open.
    let stdin = touch.stdin.take();
    touch.finish().is_refused_with(4);
    drop(stdin);
}

#[test]
fn a_read_only_table_is_listed() {
    let sandbox =
        database(&format!("{GITEA} INSERT INTO session VALUES ('k1', x'00', 1400000000)"));
    let with = ["--profile", "gitea", "--param", "lifetime=1d"];
    insta::assert_snapshot!(refuses(&sandbox, &[&with[..], &["purge"]].concat(), 4), @"refused: profile gitea is read-only, so nothing is deleted from session: the profile is based on Gitea's source code and was never tested on a real table; Gitea itself purges, see GC_INTERVAL_TIME");
    for verb in [&["cycle", "--all"][..], &["cycle", "gitea"], &["close"]] {
        refuses(&sandbox, &[&with[..], verb].concat(), 4);
    }
    let dry = run(&sandbox, [&with[..], &["purge", "--dry-run", "--json"]].concat());
    assert_eq!(dry.exits(4).json()["deleted"], 1);
    assert!(
        dry.stderr().contains("this purge would be refused: profile gitea is"),
        "{}",
        dry.stderr()
    );
    assert_eq!(left(&sandbox, "session", "key"), ["k1"]);
}

#[test]
fn another_table_than_the_profile_describes_is_refused_with_the_difference() {
    let sandbox = database("CREATE TABLE django_session (session_key, expires, data)");
    insta::assert_snapshot!(refuses(&sandbox, &["--profile", "django", "list"], 4), @"refused: django_session is not a table of Django: it lacks session_data, expire_date; it has unexpected columns expires, data (profile django); `sessctl profile draft --db app.db --table django_session > own.toml` writes a profile for it");
    insta::assert_snapshot!(refuses(&sandbox, &["list"], 10), @r#""app.db" cannot be used: it contains the table django_session, which is not a session table that sessctl recognizes; `sessctl profile draft --db app.db --table django_session > own.toml` writes a profile for it"#);
    insta::assert_snapshot!(refuses(&sandbox, &["--profile", "rails", "--param", "lifetime=30d", "list"], 10), @r#""app.db" cannot be used: it has no table sessions; it has django_session; `sessctl profile draft --db app.db --table django_session > own.toml` writes a profile for it"#);
}

#[test]
fn two_matching_tables_require_a_profile() {
    let sandbox = database(&format!(
        "{DJANGO} CREATE TABLE tower_sessions (id text primary key not null, data blob not null, \
         expiry_date integer not null)"
    ));
    insta::assert_snapshot!(refuses(&sandbox, &["list"], 2), @r#"cannot tell which table in "app.db" holds the sessions: django_session: django, tower_sessions: tower-sessions; select one with --table django_session or --table tower_sessions"#);
    run(&sandbox, ["--profile", "django", "list"]).succeeds();
}

#[test]
fn values_in_another_encoding_prevent_every_deletion() {
    let sandbox = django(&[("a", "1500000000"), ("b", "1500000001"), ("c", VALID)]);
    let ran = run(&sandbox, ["--profile", "django", "purge"]);
    insta::assert_snapshot!(ran.is_refused_with(4).stderr(), @"sessctl: refused: 2 of 3 values of expire_date in django_session are not times in the format of profile django: 2 integer, such as 1500000000 and 1500000001; `sessctl profile check django` shows the values");
    let planned = run(&sandbox, ["--profile", "django", "purge", "--dry-run"]);
    assert_eq!(planned.is_refused_with(4).stderr(), ran.stderr());
    assert_eq!(planned.stdout(), "");
    let runs = run(&sandbox, ["show", "runs", "--profile", "django", "--json"]).succeeds().json();
    assert_eq!(runs[0]["outcome"], "refused");
    assert_eq!(left(&sandbox, "django_session", "session_key").len(), 3);
}

#[test]
fn a_missing_parameter_is_asked_for_where_the_profile_is_named() {
    let sandbox = laravel();
    let entry = "[[database]]\nname = \"shop\"\npath = \"app.db\"\n";
    sandbox.file("named.toml", format!("{entry}profile = \"laravel\"\n"));
    sandbox.file("detected.toml", entry);
    sandbox.file("one.toml", "profile = \"laravel\"\n");
    let with =
        |config: &str, args: &[&str]| refuses(&sandbox, &[&["--config", config], args].concat(), 2);
    insta::assert_snapshot!(with("named.toml", &["--db", "shop", "list"]), @r#"named.toml:4: profile laravel needs parameters = { lifetime = "2h" } (SESSION_LIFETIME in the application's .env, a number of minutes)"#);
    insta::assert_snapshot!(with("detected.toml", &["--db", "shop", "purge"]), @r#"detected.toml:2: profile laravel needs parameters = { lifetime = "2h" } (SESSION_LIFETIME in the application's .env, a number of minutes)"#);
    insta::assert_snapshot!(with("one.toml", &["list"]), @r#"one.toml:1: profile laravel needs parameters = { lifetime = "2h" } (SESSION_LIFETIME in the application's .env, a number of minutes)"#);
    insta::assert_snapshot!(with("named.toml", &["--db", "shop", "--profile", "laravel", "list"]), @"profile laravel needs --param lifetime=2h (SESSION_LIFETIME in the application's .env, a number of minutes)");
}

#[test]
fn a_parameter_that_only_the_application_knows_is_required() {
    let sandbox = laravel();
    insta::assert_snapshot!(refuses(&sandbox, &["list"], 2), @"profile laravel needs --param lifetime=2h (SESSION_LIFETIME in the application's .env, a number of minutes)");
    insta::assert_snapshot!(refuses(&sandbox, &["--profile", "laravel", "purge"], 2), @"profile laravel needs --param lifetime=2h (SESSION_LIFETIME in the application's .env, a number of minutes)");
    let with = |param: &str| refuses(&sandbox, &["--param", param, "list"], 2);
    insta::assert_snapshot!(with("lifetime"), @r#"invalid --param "lifetime": use NAME=VALUE"#);
    insta::assert_snapshot!(with("lifetime=120"), @r#"--param lifetime=120: "120" has no unit: use 120s, 120m, 120h or 120d"#);
    insta::assert_snapshot!(with("age=2h"), @r#"profile laravel takes no parameter "age": it takes lifetime"#);
    let ran = run(&sandbox, ["--param", "lifetime=2h", "purge", "--json"]);
    assert_eq!(ran.succeeds().json()["deleted"], 2);
    assert_eq!(LARAVEL.matches("last_activity").count(), 1);
}

#[test]
fn a_lifetime_under_a_minute_is_refused_wherever_it_was_given() {
    let sandbox = laravel();
    let with =
        |param: &str, verb: &[&str]| refuses(&sandbox, &[&["--param", param], verb].concat(), 2);
    insta::assert_snapshot!(with("lifetime=0", &["purge"]), @r#"--param lifetime=0: a lifetime of "0" would expire almost every session; the minimum of a parameter is "1m" (a profile of your own can set a shorter one itself: lifetime = "0")"#);
    for short in ["0s", "0m", "59s"] {
        for verb in [&["purge", "--dry-run"][..], &["cycle", "--all"], &["list"]] {
            with(&format!("lifetime={short}"), verb);
        }
    }
    for (profile, column) in [("rails", "updated_at"), ("gitea", "expiry")] {
        let args = ["--profile", profile, "--param", "lifetime=1s", "profile", "check", profile];
        let reason = refuses(&sandbox, &args, 2);
        assert!(reason.contains("a lifetime of \"1s\""), "{column}: {reason}");
    }
    sandbox.file("sessctl.toml", "profile = \"laravel\"\n\n[parameters]\nlifetime = \"30s\"\n");
    let reason = refuses(&sandbox, &["--config", "sessctl.toml", "purge"], 2);
    assert!(reason.starts_with("sessctl.toml:4: parameters.lifetime: a lifetime of"), "{reason}");
    run(&sandbox, ["--param", "lifetime=1m", "purge", "--dry-run"]).succeeds();
}

#[test]
fn a_profile_of_ones_own_may_state_a_lifetime_under_a_minute() {
    let sandbox = laravel();
    let profile = |lifetime: &str, parameter: &str| {
        format!(
            "name = \"mine\"\ntable = \"sessions\"\nid = \"id\"\ncolumns = [\"id\", \"user_id\", \
             \"ip_address\", \"user_agent\", \"payload\", \"last_activity\"]\n\
             [times.last_activity]\nencoding = \"unix\"\nunit = \"seconds\"\n\
             [[expired]]\nafter = \"last_activity\"\nboundary = \"<\"\nlifetime = {lifetime}\n{parameter}"
        )
    };
    let parameter = "[parameters.idle]\nabout = \"app.ini\"\nexample = \"5m\"\n";
    sandbox.file("asks.toml", profile("{ parameter = \"idle\" }", parameter));
    let reason = refuses(&sandbox, &["--profile", "./asks.toml", "--param", "idle=0", "purge"], 2);
    assert!(reason.starts_with("--param idle=0: a lifetime of"), "{reason}");
    sandbox.file("states.toml", profile("\"30s\"", ""));
    let ran = run(&sandbox, ["--profile", "./states.toml", "purge", "--json"]);
    assert_eq!(ran.succeeds().json()["deleted"], 2);
}

#[test]
fn what_a_profile_does_not_describe_is_selected_by_its_handle() {
    let sandbox = database(DJANGO);
    let profile = "name = \"mine\"\ntable = \"django_session\"\nid = \"session_key\"\n\
                   columns = [\"session_key\", \"session_data\", \"expire_date\"]\n\
                   [times.expire_date]\nencoding = \"text\"\nseparator = \" \"\n\
                   decimals = [0, 6]\nzone = \"none\"\ntimezone = \"UTC\"\n\
                   [[expired]]\nat = \"expire_date\"\nboundary = \"<\"\n";
    sandbox.file("mine.toml", profile);
    let with = |args: &[&str], code| {
        refuses(&sandbox, &[&["--profile", "./mine.toml"], args].concat(), code)
    };
    insta::assert_snapshot!(with(&["list", "--user", "alice"], 2), @r#"the table "django_session" has no user of a session; it has: expiry"#);
    insta::assert_snapshot!(with(&["close"], 4), @"refused: profile mine does not say how to find the row of a token in django_session; to end a session, use `sessctl cycle --session HANDLE`");
}

#[test]
fn a_value_that_does_not_fit_is_named_where_it_was_given() {
    let sandbox = laravel();
    sandbox.file("sessctl.toml", "profile = \"laravel\"\n\n[parameters]\nlifetime = \"120\"\n");
    let with =
        |args: &[&str]| refuses(&sandbox, &[&["--config", "sessctl.toml"], args].concat(), 2);
    insta::assert_snapshot!(with(&["list"]), @r#"sessctl.toml:4: parameters.lifetime: "120" has no unit: use 120s, 120m, 120h or 120d"#);
    insta::assert_snapshot!(with(&["--param", "lifetime=1x", "list"]), @r#"--param lifetime=1x: "1x" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d"#);
    insta::assert_snapshot!(with(&["--param", "lifetime=-2h", "profile", "check", "laravel"]), @r#"--param lifetime=-2h: "-2h" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d"#);
    run(&sandbox, ["--config", "sessctl.toml", "--param", "lifetime=2h", "list"]).succeeds();
}

#[test]
fn a_different_table_is_reported_before_a_missing_parameter() {
    let other = database("CREATE TABLE sessions (id, expires)");
    insta::assert_snapshot!(refuses(&other, &["--profile", "laravel", "list"], 4), @"refused: sessions is not a table of Laravel: it lacks user_id, ip_address, user_agent, payload, last_activity; it has unexpected columns expires (profile laravel); `sessctl profile draft --db app.db --table sessions > own.toml` writes a profile for it");
    let none = three();
    insta::assert_snapshot!(refuses(&none, &["--profile", "laravel", "purge"], 10), @r#""app.db" cannot be used: it has no table sessions; it has django_session; django_session is a table of Django; to use it, pass --profile django (for django_session)"#);
}

#[test]
fn a_table_of_sessctls_own_takes_no_parameters() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(refuses(&sandbox, &["--param", "lifetime=2h", "list"], 2), @"--param lifetime: the table is sessctl's own, which takes no parameters");
    insta::assert_snapshot!(refuses(&sandbox, &["--profile", "django", "list"], 10), @r#""app.db" cannot be used: it has no table django_session, but those of sessctl itself"#);
}

#[test]
fn a_profile_that_is_not_there_is_a_mistake_of_usage() {
    let sandbox = three();
    insta::assert_snapshot!(refuses(&sandbox, &["--profile", "djano", "list"], 2), @r#""djano" is not a built-in profile (similar: django); `sessctl show profiles` lists them; the name of a file must end in .toml or contain a slash"#);
    insta::assert_snapshot!(refuses(&sandbox, &["--profile", "no.toml", "list"], 2), @r#"could not read "no.toml": No such file or directory (os error 2)"#);
    sandbox.file("bad.toml", "name = \"mine\"\ncolor = 3\n");
    let reason = refuses(&sandbox, &["--profile", "./bad.toml", "list"], 2);
    assert!(reason.starts_with("./bad.toml:"), "{reason}");
}
