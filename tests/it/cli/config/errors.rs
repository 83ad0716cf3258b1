//! The mistakes of a configuration file, each with its line and its key.

use super::{all_said_of, said_of};
use crate::support::Sandbox;

#[test]
fn an_unknown_key_is_named_with_its_line_and_those_that_there_are() {
    let said = all_said_of(&[
        "foo = 1\n",
        "# a comment\n\n[pollicy]\ntimeout = \"30m\"\n",
        "[policy]\ntimout = \"30m\"\n",
        "[policy.imap]\nstrict = true\nretenton = \"1d\"\n",
        "[guard]\nrows = 1\n",
        "[purge]\nspeed = 1\n",
        "[schedule]\nzone = \"UTC\"\n",
        "[retention]\nmin = \"1d\"\n",
        "[hooks]\non_start = []\n",
        "[ledger]\nretention = \"1d\"\n",
        "[[job]]\nname = \"purge\"\nwhen = \"0 3 *\"\n",
        "[[licence]]\ntasks = [\"web\"]\nuser_limit = 3\n",
    ]);
    insta::assert_snapshot!(said, @r"
    c.toml:1: foo: unknown key; valid keys: db, database, profile, table, parameters, state_dir, policy, licence, schedule, retention, guard, purge, archive, job, hooks, notify, ledger, cluster
    c.toml:3: pollicy: unknown key; valid keys: db, database, profile, table, parameters, state_dir, policy, licence, schedule, retention, guard, purge, archive, job, hooks, notify, ledger, cluster
    c.toml:2: policy.timout: unknown key; valid keys: expire, timeout, min_timeout, max_timeout, abandoned, lifetime, delay, limit, user_limit, when_full, strict, touch_resolution, retention
    c.toml:3: policy.imap.retenton: unknown key; valid keys: expire, timeout, min_timeout, max_timeout, abandoned, lifetime, delay, limit, user_limit, when_full, strict, touch_resolution, retention
    c.toml:2: guard.rows: unknown key; valid keys: max_percent, max_rows, clock
    c.toml:2: purge.speed: unknown key; valid keys: hold, hold_alone, max_log, log_alone, unreadable
    c.toml:2: schedule.zone: unknown key; valid keys: timezone
    c.toml:2: retention.min: unknown key; valid keys: max
    c.toml:2: hooks.on_start: unknown key; valid keys: on_end, timeout, task, user, client, agent
    c.toml:2: ledger.retention: unknown key; valid keys: keep
    c.toml:3: job.when: unknown key; valid keys: name, at, every, do, task, max_percent, max_rows, late, host, why, enabled, each, archive, notify, file, since, user, except_user, client, agent, state, idle_over, created_before, used_before, keep_newest, limit
    c.toml:3: licence.user_limit: unknown key; valid keys: tasks, limit, when_full
    ");
}

#[test]
fn an_invalid_duration_is_named() {
    let said = all_said_of(&[
        "[policy]\ntimeout = 30\n",
        "[policy]\ntimeout = \"30\"\n",
        "[policy]\n\n\ntimeout = \"half an hour\"\n",
        "[policy]\nlifetime = \"\"\n",
        "[policy]\nmin_timeout = \"-5m\"\n",
        "[policy]\nabandoned = true\n",
        "[policy]\nretention = \"never\"\n",
        "[policy]\nmax_timeout = \"99999999999d\"\n",
        "[retention]\nmax = \"a month\"\n",
        "[policy]\ndelay = \"never\"\n",
        "[ledger]\nkeep = 90\n",
        "[hooks]\n\ntimeout = \"999ms\"\n",
        "[hooks]\ntimeout = \"0s\"\n",
        "[hooks]\ntimeout = \"31s\"\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:2: policy.timeout: must be a duration in quotes, like "30m", not the integer 30; or use "never"
    c.toml:2: policy.timeout: "30" has no unit: use 30s, 30m, 30h or 30d; or use "never"
    c.toml:4: policy.timeout: "half an hour" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d; or use "never"
    c.toml:2: policy.lifetime: "" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d; or use "never"
    c.toml:2: policy.min_timeout: "-5m" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d
    c.toml:2: policy.abandoned: must be a duration in quotes, like "30m", not a boolean
    c.toml:2: policy.retention: "never" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d; or use "forever"
    c.toml:2: policy.max_timeout: "99999999999d" is longer than 9,999 years; or use "never"
    c.toml:2: retention.max: "a month" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d; or use "forever"
    c.toml:2: policy.delay: "never" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d
    c.toml:2: ledger.keep: must be a duration in quotes, like "30m", not the integer 90; or use "forever"
    c.toml:3: hooks.timeout: "999ms" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d
    c.toml:2: hooks.timeout: must be between 1s and 30s, not 0s
    c.toml:2: hooks.timeout: must be between 1s and 30s, not 31s
    "#);
}

#[test]
fn a_value_of_the_wrong_kind_is_named() {
    let said = all_said_of(&[
        "db = 1\n",
        "policy = 3\n",
        "[policy]\nexpire = \"always\"\n",
        "[policy]\nexpire = 1\n",
        "[policy.imap]\nstrict = \"yes\"\n",
        "[guard]\nmax_percent = 101\n",
        "[guard]\nmax_percent = \"50\"\n",
        "[guard]\nmax_rows = -1\n",
        "[guard]\nmax_rows = 1.5\n",
        "[guard]\nclock = 3600\n",
        "[guard]\nclock = \"never\"\n",
        "[guard]\nclock = \"59s\"\n",
        "[schedule]\ntimezone = \"Mars/Base\"\n",
        "[schedule]\ntimezone = [1]\n",
        "[policy]\nlimit = -1\n",
        "[policy]\nlimit = \"100\"\n",
        "[policy.imap]\nuser_limit = 1.5\n",
        "[policy]\nwhen_full = \"evict\"\n",
        "hooks = \"tell\"\n",
        "ledger = []\n",
        "[hooks]\non_end = \"tell -v\"\n",
        "[hooks]\non_end = []\n",
        "[hooks]\non_end = [\" \"]\n",
        "[hooks]\non_end = [\"tell\", 1]\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:1: db: must be a string in quotes, not the integer 1
    c.toml:1: policy: must be a table: use [policy] above its keys
    c.toml:2: policy.expire: "always" is not a valid expiry mode; valid values: timeout, abandoned, two-pass, never
    c.toml:2: policy.expire: must be a string in quotes, not the integer 1
    c.toml:2: policy.imap.strict: must be true or false, not a string
    c.toml:2: guard.max_percent: must be a number from 0 to 100
    c.toml:2: guard.max_percent: must be a number from 0 to 100, not a string
    c.toml:2: guard.max_rows: must be an integer of 0 or more
    c.toml:2: guard.max_rows: must be an integer, not a float
    c.toml:2: guard.clock: must be a duration in quotes, like "30m", not the integer 3600; or use "off"
    c.toml:2: guard.clock: "never" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d; or use "off"
    c.toml:2: guard.clock: must be at least 1m, not 59s; or use "off"
    c.toml:2: schedule.timezone: "Mars/Base" is not a valid time zone: use local or a name such as Europe/Berlin
    c.toml:2: schedule.timezone: must be a string in quotes, not an array
    c.toml:2: policy.limit: must be an integer of 0 or more
    c.toml:2: policy.limit: must be an integer, not a string
    c.toml:2: policy.imap.user_limit: must be an integer, not a float
    c.toml:2: policy.when_full: "evict" is not a valid overflow policy; valid values: evict-idle, evict-lru, refuse
    c.toml:1: hooks: must be a table: use [hooks] above its keys
    c.toml:1: ledger: must be a table: use [ledger] above its keys
    c.toml:2: hooks.on_end: must be a program and its arguments, like ["/usr/local/bin/notify", "-v"], not a string
    c.toml:2: hooks.on_end: must be a program and its arguments, like ["/usr/local/bin/notify", "-v"]; the program is missing
    c.toml:2: hooks.on_end: must be a program and its arguments, like ["/usr/local/bin/notify", "-v"]; the program is missing
    c.toml:2: hooks.on_end: must be a string in quotes, not the integer 1
    "#);
}

#[test]
fn settings_that_contradict_each_other_are_named() {
    let said = all_said_of(&[
        "[policy]\nmin_timeout = \"2h\"\nmax_timeout = \"1h\"\n",
        "[policy]\nmax_timeout = \"1h\"\ntimeout = \"3h\"\n",
        "[policy.imap]\nmin_timeout = \"2m\"\ntimeout = \"1m\"\n",
        "[policy]\nmax_timeout = \"10m\"\n[policy.imap]\ntimeout = \"20m\"\n",
        "[policy]\ntouch_resolution = \"20m\"\n",
        "[policy.IMAP]\ntimeout = \"20m\"\n[policy.imap]\ntimeout = \"10m\"\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:2: policy.min_timeout: "2h" exceeds max_timeout = "1h"
    c.toml:3: policy.timeout: "3h" exceeds max_timeout = "1h"
    c.toml:3: policy.imap.timeout: "1m" is less than min_timeout = "2m"
    c.toml:2: policy.timeout: "30m" exceeds max_timeout = "10m"
    c.toml:2: policy.touch_resolution: "20m" is more than half of the shortest timeout, 5m: sessions in use would expire
    c.toml:3: policy.imap: duplicate policy: task names are case-insensitive
    "#);
}

#[test]
fn a_contradiction_is_where_the_later_table_makes_it() {
    let said = all_said_of(&[
        "[policy]\ntimeout = \"50m\"\n[policy.imap]\nmax_timeout = \"40m\"\n",
        "[policy]\nlimit = 9\nwhen_full = \"refuse\"\n[policy.imap]\nexpire = \"two-pass\"\n\
         [policy.jmap]\nexpire = \"two-pass\"\nwhen_full = \"evict-lru\"\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:4: policy.imap.timeout: "50m" exceeds max_timeout = "40m"
    c.toml:8: policy.jmap.limit: 9 cannot be enforced with when_full = "evict-lru" and expire = "two-pass": touches do not record the time of use, so the session to evict is unknown; set when_full = "refuse"
    "#);
}

#[test]
fn two_pass_expiry_cannot_be_combined_with_eviction() {
    let said = all_said_of(&[
        "[policy]\nexpire = \"two-pass\"\nlimit = 100\n",
        "[policy]\nexpire = \"two-pass\"\nuser_limit = 5\nwhen_full = \"evict-lru\"\n",
        "[policy]\nlimit = 100\n[policy.imap]\nexpire = \"two-pass\"\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:3: policy.limit: 100 cannot be enforced with when_full = "evict-idle" and expire = "two-pass": touches do not record the time of use, so the session to evict is unknown; set when_full = "refuse"
    c.toml:3: policy.user_limit: 5 cannot be enforced with when_full = "evict-lru" and expire = "two-pass": touches do not record the time of use, so the session to evict is unknown; set when_full = "refuse"
    c.toml:4: policy.imap.limit: 100 cannot be enforced with when_full = "evict-idle" and expire = "two-pass": touches do not record the time of use, so the session to evict is unknown; set when_full = "refuse"
    "#);
    for accepted in [
        "[policy]\nexpire = \"two-pass\"\nlimit = 100\nuser_limit = 5\nwhen_full = \"refuse\"\n",
        "[policy]\nexpire = \"two-pass\"\nwhen_full = \"evict-lru\"\n",
        "[policy]\nexpire = \"abandoned\"\nlimit = 100\nuser_limit = 5\n",
    ] {
        let sandbox = Sandbox::new();
        sandbox.file("c.toml", accepted);
        sandbox.run(["--config", "c.toml", "purge"]).succeeds().is_silent();
    }
}

#[test]
fn invalid_toml_is_reported_with_its_line() {
    let said = all_said_of(&[
        "[policy\n",
        "[policy]\ntimeout = 30m\n",
        "[policy]\ntimeout = \"30m\n",
        "[policy]\ntimeout = \"30m\"\ntimeout = \"40m\"\n",
        "\u{0}",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:1: unclosed table, expected `]`
    c.toml:2: strings must be quoted: use "30m"
    c.toml:2: invalid basic string, expected `"`
    c.toml:3: timeout: duplicate key
    c.toml:1: key with no value, expected `=`
    "#);
    assert_eq!(
        said_of(b"\xff\xfe"),
        "could not read \"c.toml\": stream did not contain valid UTF-8"
    );
}

#[test]
fn a_file_that_is_not_there_is_a_mistake_where_it_was_named() {
    let sandbox = Sandbox::new();
    for path in ["missing.toml", "no/c.toml", "."] {
        let ran = sandbox.run(["--config", path, "list"]);
        let reason = ran.is_refused_with(2).stderr();
        assert!(reason.starts_with(&format!("sessctl: could not read \"{path}\": ")), "{reason}");
        let mut command = sandbox.command(["list"]);
        command.env("SESSCTL_CONFIG", path);
        assert_eq!(command.output().unwrap().status.code(), Some(2));
    }
}

#[test]
fn s12_t11_a_task_pattern_without_effect_is_named() {
    let long = "a".repeat(1_000);
    let said = all_said_of(&[
        "[policy.\"im*\"]\ntimeout = \"20m\"\n[policy.\"IM*\"]\ntimeout = \"20m\"\n",
        "[policy.\"im**\"]\n[policy]\n[policy.\"im*\"]\n",
        "[policy]\n\"i*\" = {}\n\"I*\".limit = 1\n",
        &format!("[policy.\"{long}*\"]\n"),
        "[policy.\"im\\u0000*\"]\n",
        "[policy.\"im*\"]\ntimout = \"20m\"\n",
        "[policy]\n\"im*\" = 1\n",
        "[policy.\"im*\"]\ntimeout = \"2h\"\nmax_timeout = \"1h\"\n",
        "[retention.\"im*\"]\nmax = \"30d\"\n[retention.\"Im*\"]\nmax = \"30d\"\n",
        "[retention.imap]\nmax = \"30d\"\n[retention.IMAP]\nmax = \"30d\"\n",
        &format!("[retention.\"*{long}\"]\n"),
        "[retention.\"im*\"]\nmax = \"30\"\n",
        "[retention.\"im*\"]\nmin = \"30d\"\n",
        "[retention]\n\"im*\" = \"30d\"\n",
    ]);
    insta::assert_snapshot!(said.replace(&long, "a…a"), @r#"
    c.toml:3: policy.IM*: duplicate policy: "im*" and "IM*" match the same tasks
    c.toml:3: policy.im*: duplicate policy: "im**" and "im*" match the same tasks
    c.toml:3: policy.I*: duplicate policy: "i*" and "I*" match the same tasks
    c.toml:1: policy.a…a*: pattern too long: 1001 bytes, at most 1000 allowed
    c.toml:1: policy.im\u{0}*: must not contain NUL characters
    c.toml:2: policy.im*.timout: unknown key; valid keys: expire, timeout, min_timeout, max_timeout, abandoned, lifetime, delay, limit, user_limit, when_full, strict, touch_resolution, retention
    c.toml:2: policy.im*: must be a table: use [policy."im*"] above its keys
    c.toml:2: policy.im*.timeout: "2h" exceeds max_timeout = "1h"
    c.toml:3: retention.Im*: duplicate cap: "im*" and "Im*" match the same tasks
    c.toml:3: retention.IMAP: duplicate cap: task names are case-insensitive
    c.toml:1: retention.*a…a: pattern too long: 1001 bytes, at most 1000 allowed
    c.toml:2: retention.im*.max: "30" has no unit: use 30s, 30m, 30h or 30d; or use "forever"
    c.toml:2: retention.im*.min: unknown key; valid keys: max
    c.toml:2: retention.im*: must be a table: use [retention."im*"] above its keys
    "#);
}

#[test]
fn a_task_may_be_called_like_a_key() {
    let sandbox = Sandbox::new();
    let text = "[policy]\ntimeout = \"20m\"\n[policy.Timeout]\ntimeout = \"25m\"\n\
                [retention.max]\nmax = \"30d\"\n";
    sandbox.file("c.toml", text);
    sandbox.run(["--config", "c.toml", "purge"]).succeeds();
}
