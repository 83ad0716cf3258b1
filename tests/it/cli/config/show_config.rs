//! `show config`: the settings of a file, and what takes precedence over it.

use super::{settings, shown};
use crate::support::{Finished, Sandbox};

#[test]
fn an_empty_file_leaves_every_default() {
    let sandbox = Sandbox::new();
    for text in
        ["", "# nothing\n", "[policy]\n[guard]\n[policy.imap]\n[purge]\n[hooks]\n[ledger]\n"]
    {
        sandbox.file("c.toml", text);
        let shown =
            sandbox.run(["--config", "c.toml", "show", "config", "--json"]).succeeds().json();
        let is_of_sandbox = |setting: &&serde_json::Value| setting["from"] == "STATE_DIRECTORY";
        let settings = shown.as_array().unwrap()[2..].iter();
        for setting in settings.filter(|setting| !is_of_sandbox(setting)) {
            assert_eq!(setting["source"], "default", "{setting}");
        }
    }
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
    let ran = Finished(command.output().unwrap());
    insta::assert_snapshot!(settings(&ran), @r"
    config c.toml flag --config
    db from-file.db file c.toml:1
    profile - default -
    table - default -
    state_dir /dev/null/state environment STATE_DIRECTORY
    policy.expire timeout default -
    policy.timeout 20m file c.toml:3
    policy.min_timeout 5m default -
    policy.max_timeout 1h default -
    policy.abandoned 2h default -
    policy.lifetime never default -
    policy.delay 1d default -
    policy.limit 0 default -
    policy.user_limit 0 default -
    policy.when_full evict-idle default -
    policy.strict true default -
    policy.touch_resolution 0s default -
    policy.retention 1d default -
    policy.imap.timeout 25m file c.toml:7
    policy.imap.retention 30d file c.toml:8
    schedule.timezone Europe/Berlin file c.toml:12
    retention.max 30d file c.toml:10
    guard.max_percent 100 default -
    guard.max_rows 7 file c.toml:5
    guard.clock 1h default -
    purge.hold 2ms default -
    purge.hold_alone - default -
    purge.max_log 64MiB default -
    purge.log_alone 256MiB default -
    purge.unreadable report default -
    archive.file - default -
    archive.keep forever default -
    hooks.on_end - default -
    hooks.timeout 10s default -
    hooks.task * default -
    hooks.user - default -
    hooks.client - default -
    hooks.agent - default -
    ledger.keep 90d default -
    cluster.credentials - default -
    cluster.ca_file - default -
    cluster.consistency weak default -
    cluster.timeout 10s default -
    cluster.patience 30s default -
    notify.ping - default -
    notify.on_failure - default -
    notify.on_recovery - default -
    notify.after - default -
    ");
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let sandbox = Sandbox::without_database();
    sandbox.file("c.toml", "db = \"from-file.db\"\n");
    let first = |args: &[&'static str], environment: &[(&str, &str)]| {
        let mut command = sandbox.command([&["show", "config", "--json"], args].concat());
        command.env_remove("SESSCTL_DB").envs(environment.iter().copied());
        let shown = settings(&Finished(command.output().unwrap()));
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

#[test]
fn show_config_shows_every_key_of_a_policy() {
    let said = shown(
        "[policy]\nexpire = \"two-pass\"\ndelay = \"2d\"\nlimit = 100\nuser_limit = 5\n\
         when_full = \"refuse\"\n[policy.jmap]\nexpire = \"abandoned\"\nwhen_full = \"evict-lru\"\n",
    );
    let keys = ["expire", "delay", "limit", "user_limit", "when_full"];
    let is_one = |line: &&str| keys.iter().any(|key| line.contains(&format!(".{key} ")));
    let lines: Vec<&str> = said.lines().filter(is_one).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    policy.expire two-pass file c.toml:2
    policy.delay 2d file c.toml:3
    policy.limit 100 file c.toml:4
    policy.user_limit 5 file c.toml:5
    policy.when_full refuse file c.toml:6
    policy.jmap.expire abandoned file c.toml:8
    policy.jmap.when_full evict-lru file c.toml:9
    ");
}

#[test]
fn show_config_shows_how_far_the_clock_may_move() {
    for (written, value) in [("5m", "5m"), ("off", "off"), ("1h30m", "1h30m")] {
        let said = shown(&format!("[guard]\nclock = \"{written}\"\n"));
        let line = format!("guard.clock {value} file c.toml:2");
        assert!(said.lines().any(|shown| shown == line), "{said}");
    }
}

#[test]
fn show_config_shows_hooks_and_the_ledger() {
    let of = |text: &str| {
        let said = shown(text);
        let is_one = |line: &&str| line.starts_with("hooks") || line.starts_with("ledger");
        said.lines().filter(is_one).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(of(""), @r"
    hooks.on_end - default -
    hooks.timeout 10s default -
    hooks.task * default -
    hooks.user - default -
    hooks.client - default -
    hooks.agent - default -
    ledger.keep 90d default -
    ");
    let all = "[hooks]\non_end = [\"/bin/tell\", \"an end\"]\ntimeout = \"30s\"\n\
               [ledger]\nkeep = \"forever\"\n";
    insta::assert_snapshot!(of(all), @r#"
    hooks.on_end ["/bin/tell", "an end"] file c.toml:2
    hooks.timeout 30s file c.toml:3
    hooks.task * default -
    hooks.user - default -
    hooks.client - default -
    hooks.agent - default -
    ledger.keep forever file c.toml:5
    "#);
    insta::assert_snapshot!(of("[hooks]\ntimeout = \"1s\"\n[ledger]\nkeep = \"0\"\n"), @r"
    hooks.on_end - default -
    hooks.timeout 1s file c.toml:2
    hooks.task * default -
    hooks.user - default -
    hooks.client - default -
    hooks.agent - default -
    ledger.keep 0s file c.toml:4
    ");
}

#[test]
fn show_config_shows_the_jobs_in_the_order_of_the_file() {
    let said = shown(
        "[[job]]\nname = \"purge\"\nat = \"15  * MON-fri\"\ndo = \"purge\"\n\
         [[job]]\nname = \"a restart\"\nevery = \"90m\"\ndo = \"cycle\"\ntask = \"im*\"\n\
         host = \"mail1\"\nenabled = false\n[policy]\ntimeout = \"30m\"\n\
         [[job]]\nname = \"auto\"\nevery = \"auto\"\ndo = \"purge\"\ntask = \"imap\"\nenabled = true\n",
    );
    let jobs: Vec<&str> = said.lines().filter(|line| line.starts_with("job.")).collect();
    insta::assert_snapshot!(jobs.join("\n"), @r"
    job.purge.at 15 * 1-5 file c.toml:3
    job.purge.do purge file c.toml:4
    job.purge.task * default -
    job.purge.max_percent 100 default -
    job.purge.max_rows 0 default -
    job.purge.host - default -
    job.purge.why - default -
    job.purge.enabled true default -
    job.purge.each - default -
    job.purge.archive - default -
    job.a restart.every 1h30m file c.toml:7
    job.a restart.do cycle file c.toml:8
    job.a restart.task im* file c.toml:9
    job.a restart.user - default -
    job.a restart.except_user - default -
    job.a restart.client - default -
    job.a restart.agent - default -
    job.a restart.state - default -
    job.a restart.idle_over - default -
    job.a restart.created_before - default -
    job.a restart.used_before - default -
    job.a restart.keep_newest - default -
    job.a restart.limit - default -
    job.a restart.max_percent 100 default -
    job.a restart.max_rows 0 default -
    job.a restart.late 1h default -
    job.a restart.host mail1 file c.toml:10
    job.a restart.why - default -
    job.a restart.enabled false file c.toml:11
    job.a restart.each - default -
    job.a restart.archive - default -
    job.auto.every auto file c.toml:16
    job.auto.do purge file c.toml:17
    job.auto.task imap file c.toml:18
    job.auto.max_percent 100 default -
    job.auto.max_rows 0 default -
    job.auto.host - default -
    job.auto.why - default -
    job.auto.enabled true file c.toml:19
    job.auto.each - default -
    job.auto.archive - default -
    ");
}

#[test]
fn t8_the_cap_on_the_retention_holds_without_a_policy() {
    for text in ["[retention]\nmax = \"1h\"\n", "[retention]\nmax = \"1h\"\n[policy]\n"] {
        let shown = shown(text);
        assert!(shown.contains("\npolicy.retention 1h default -\n"), "{shown}");
    }
}

#[test]
fn s12_t11_show_config_shows_patterns_in_the_order_in_which_they_win() {
    let said = shown(
        "[retention.\"Group-*\"]\nmax = \"30d\"\n[retention.imap]\nmax = \"7d\"\n\
         [retention.\"a*\"]\nmax = \"forever\"\n\
         [policy.\"i*\"]\nlimit = 1\n[policy.\"*P\"]\nlimit = 2\n[policy.\"IM*\"]\nlimit = 3\n\
         retention = \"8d\"\n[policy.pop3]\nlimit = 4\n[policy.imap]\nlimit = 5\nretention = \"8d\"\n",
    );
    let is_one = |line: &&str| {
        line.starts_with("retention") || (line.starts_with("policy.") && line.contains("c.toml"))
    };
    let lines: Vec<&str> = said.lines().filter(is_one).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    policy.imap.limit 5 file c.toml:17
    policy.imap.retention 7d file c.toml:18
    policy.pop3.limit 4 file c.toml:15
    policy.im*.limit 3 file c.toml:12
    policy.im*.retention 8d file c.toml:13
    policy.i*.limit 1 file c.toml:8
    policy.*p.limit 2 file c.toml:10
    retention.max forever default -
    retention.imap.max 7d file c.toml:4
    retention.group-*.max 30d file c.toml:2
    retention.a*.max forever file c.toml:6
    ");
}
