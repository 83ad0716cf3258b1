//! The configuration file: its mistakes, and where each setting comes from.

use crate::fixture::{HOUR, Sandbox, row};

/// What is said of a file with this text, by a command that changes things.
fn said_of(text: impl AsRef<[u8]>) -> String {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("due").idle(HOUR));
    sandbox.file("c.toml", text);
    let before = sandbox.files();
    let ran = sandbox.run(["--config", "c.toml", "purge"]);
    let reason = ran.is_refused_with(2).stderr();
    assert!(sandbox.files() == before);
    reason.strip_prefix("sessctl: ").unwrap().trim_end().to_owned()
}

fn all_said_of(texts: &[&str]) -> String {
    texts.iter().map(said_of).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_those_that_there_are() {
    let said = all_said_of(&[
        "foo = 1\n",
        "# a comment\n\n[pollicy]\ntimeout = \"30m\"\n",
        "[policy]\ntimout = \"30m\"\n",
        "[policy.imap]\nstrict = true\nretenton = \"1d\"\n",
        "[guard]\nrows = 1\n",
        "[schedule]\nzone = \"UTC\"\n",
        "[retention]\nmin = \"1d\"\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:1: foo: unknown key; it may be db, policy, schedule, retention, guard
    c.toml:3: pollicy: unknown key; it may be db, policy, schedule, retention, guard
    c.toml:2: policy.timout: unknown key; it may be expire, timeout, min_timeout, max_timeout, abandoned, lifetime, strict, touch_resolution, retention
    c.toml:3: policy.imap.retenton: unknown key; it may be expire, timeout, min_timeout, max_timeout, abandoned, lifetime, strict, touch_resolution, retention
    c.toml:2: guard.rows: unknown key; it may be max_percent, max_rows
    c.toml:2: schedule.zone: unknown key; it may be timezone
    c.toml:2: retention.min: unknown key; it may be max
    "#);
}

#[test]
fn a_duration_that_makes_no_sense_is_named() {
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
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:2: policy.timeout: wants a duration in quotes, like "30m", not the bare number 30; or "never"
    c.toml:2: policy.timeout: "30" has no unit: write 30s, 30m, 30h or 30d; or "never"
    c.toml:4: policy.timeout: "half an hour" is no duration: write a whole number and its unit, like 90s, 15m, 2h or 30d; or "never"
    c.toml:2: policy.lifetime: "" is no duration: write a whole number and its unit, like 90s, 15m, 2h or 30d; or "never"
    c.toml:2: policy.min_timeout: "-5m" is no duration: write a whole number and its unit, like 90s, 15m, 2h or 30d
    c.toml:2: policy.abandoned: wants a duration in quotes, like "30m", not a boolean
    c.toml:2: policy.retention: "never" is no duration: write a whole number and its unit, like 90s, 15m, 2h or 30d; or "forever"
    c.toml:2: policy.max_timeout: "99999999999d" is longer than 9,999 years; or "never"
    c.toml:2: retention.max: "a month" is no duration: write a whole number and its unit, like 90s, 15m, 2h or 30d; or "forever"
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
        "[schedule]\ntimezone = \"Mars/Base\"\n",
        "[schedule]\ntimezone = [1]\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:1: db: wants text in quotes, not the bare number 1
    c.toml:1: policy: is a table: write [policy] above its keys
    c.toml:2: policy.expire: "always" is no way to expire: it is one of timeout, never
    c.toml:2: policy.expire: wants text in quotes, not the bare number 1
    c.toml:2: policy.imap.strict: wants true or false, not a string
    c.toml:2: guard.max_percent: wants a number from 0 to 100
    c.toml:2: guard.max_percent: wants a number from 0 to 100, not a string
    c.toml:2: guard.max_rows: wants a whole number of 0 or more
    c.toml:2: guard.max_rows: wants a whole number, not a float
    c.toml:2: schedule.timezone: "Mars/Base" is no time zone: write local, or a name such as Europe/Berlin
    c.toml:2: schedule.timezone: wants text in quotes, not an array
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
    c.toml:2: policy.min_timeout: 2h is more than max_timeout, 1h
    c.toml:3: policy.timeout: 3h is more than max_timeout, 1h
    c.toml:3: policy.imap.timeout: 1m is less than min_timeout, 2m
    c.toml:2: policy.timeout: 30m is more than max_timeout, 10m
    c.toml:2: policy.touch_resolution: 20m is more than half of the shortest timeout, 5m: sessions in use would end
    c.toml:3: policy.imap: the task has a policy already; names match without regard to case
    "#);
}

#[test]
fn what_is_no_toml_is_named_with_its_line() {
    let said = all_said_of(&[
        "[policy\n",
        "[policy]\ntimeout = 30m\n",
        "[policy]\ntimeout = \"30m\n",
        "[policy]\ntimeout = \"30m\"\ntimeout = \"40m\"\n",
        "\u{0}",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:1: unclosed table, expected `]`
    c.toml:2: string values must be quoted, expected literal string
    c.toml:2: invalid basic string, expected `"`
    c.toml:3: timeout: duplicate key
    c.toml:1: key with no value, expected `=`
    "#);
    assert_eq!(said_of(b"\xff\xfe"), "could not read c.toml: stream did not contain valid UTF-8");
}

#[test]
fn a_file_that_is_not_there_is_a_mistake_where_it_was_named() {
    let sandbox = Sandbox::new();
    for path in ["missing.toml", "no/c.toml", "."] {
        let ran = sandbox.run(["--config", path, "list"]);
        let reason = ran.is_refused_with(2).stderr();
        assert!(reason.starts_with(&format!("sessctl: could not read {path}: ")), "{reason}");
        let mut command = sandbox.command(["list"]);
        command.env("SESSCTL_CONFIG", path);
        assert_eq!(command.output().unwrap().status.code(), Some(2));
    }
}

#[test]
fn an_empty_file_leaves_every_default() {
    let sandbox = Sandbox::new();
    for text in ["", "# nothing\n", "[policy]\n[guard]\n[policy.imap]\n"] {
        sandbox.file("c.toml", text);
        let shown =
            sandbox.run(["--config", "c.toml", "show", "config", "--json"]).succeeds().json();
        for setting in &shown.as_array().unwrap()[2..] {
            assert_eq!(setting["source"], "default", "{setting}");
        }
    }
}

/// Each setting in force: its key, value, source and place.
fn settings(ran: &crate::fixture::Ran) -> String {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let line = |setting: &serde_json::Value| {
        let words = ["key", "value", "source", "from"].map(|name| text(&setting[name]));
        words.join(" ")
    };
    let lines: Vec<String> = ran.succeeds().json().as_array().unwrap().iter().map(line).collect();
    lines.join("\n")
}

#[test]
fn show_config_says_where_each_value_comes_from() {
    let sandbox = Sandbox::without_database();
    sandbox.file(
        "c.toml",
        "db = \"from-file.db\"\n[policy]\ntimeout = \"20m\"\n[guard]\nmax_rows = 7\n\
         [policy.IMAP]\ntimeout = \"25m\"\nretention = \"forever\"\n\
         [retention]\nmax = \"30d\"\n[schedule]\ntimezone = \"Europe/Berlin\"\n",
    );
    let mut command = sandbox.command(["--config", "c.toml", "show", "config", "--json"]);
    command.env_remove("SESSCTL_DB");
    let ran = crate::fixture::Ran(command.output().unwrap());
    insta::assert_snapshot!(settings(&ran), @r#"
    config c.toml flag --config
    db from-file.db file c.toml:1
    policy.expire timeout default -
    policy.timeout 20m file c.toml:3
    policy.min_timeout 5m default -
    policy.max_timeout 1h default -
    policy.abandoned 2h default -
    policy.lifetime never default -
    policy.strict true default -
    policy.touch_resolution 0s default -
    policy.retention 1d default -
    policy.imap.timeout 25m file c.toml:7
    policy.imap.retention 30d file c.toml:8
    schedule.timezone Europe/Berlin file c.toml:12
    retention.max 30d file c.toml:10
    guard.max_percent 100 default -
    guard.max_rows 7 file c.toml:5
    "#);
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let sandbox = Sandbox::without_database();
    sandbox.file("c.toml", "db = \"from-file.db\"\n");
    let first = |args: &[&'static str], environment: &[(&str, &str)]| {
        let mut command = sandbox.command([&["show", "config", "--json"], args].concat());
        command.env_remove("SESSCTL_DB").envs(environment.iter().copied());
        let shown = settings(&crate::fixture::Ran(command.output().unwrap()));
        shown.lines().take(2).collect::<Vec<_>>().join(", ")
    };
    let both = [("SESSCTL_DB", "env.db"), ("SESSCTL_CONFIG", "c.toml")];
    assert_eq!(
        first(&["--config", "c.toml"], &[]),
        "config c.toml flag --config, db from-file.db file c.toml:1"
    );
    assert_eq!(
        first(&[], &both),
        "config c.toml environment SESSCTL_CONFIG, db env.db environment SESSCTL_DB"
    );
    assert_eq!(
        first(&["--db", "flag.db", "--config", "c.toml"], &both),
        "config c.toml flag --config, db flag.db flag --db"
    );
}

#[test]
fn the_database_may_be_named_in_the_file() {
    let sandbox = Sandbox::without_database();
    sandbox.file("c.toml", "db = \"own.db\"\n");
    for command in ["init", "purge", "list"] {
        let mut command = sandbox.command(["--config", "c.toml", command]);
        command.env_remove("SESSCTL_DB");
        assert!(command.output().unwrap().status.success());
    }
    assert!(sandbox.path("own.db").exists());
}
