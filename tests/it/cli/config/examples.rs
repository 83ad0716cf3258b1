//! The configurations that are there to be copied.

use std::fs;

use sessctl::config::{Config, ConfigSet, ConfigTexts, DatabaseEntry};
use sessctl::domain::job::JobAction;

use super::warnings;

const SYSTEMS: [&str; 5] = ["domino", "websphere", "stalwart", "transfer", "redbex"];

fn text(name: &str) -> String {
    fs::read_to_string(format!("examples/{name}.toml")).unwrap()
}

/// Uncomments the examples in comments, `# key = …`, `# [policy."im*"]` and `# [[job]]`.
fn with_comments_as_settings(text: &str) -> String {
    let is_setting = |line: &str| {
        line.starts_with("[[")
            || (line.starts_with('[') && line.ends_with(']'))
            || line
                .split_once(" = ")
                .is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    };
    let line = |line: &str| match line.strip_prefix("# ") {
        Some(setting) if is_setting(setting) => format!("{setting}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let (read, default) = (Config::parse(&text("sessctl"), "").unwrap(), Config::default());
    assert_eq!(read.db, default.db);
    assert_eq!(read.policies.default, default.policies.default);
    assert!(read.policies.iter_named().all(|(_, policy)| *policy == default.policies.default));
    assert_eq!(read.policies.retention_cap, default.policies.retention_cap);
    assert_eq!((read.guard, read.zone), (default.guard, default.zone));
    assert_eq!((read.jobs, read.hooks), (default.jobs, default.hooks));
    assert_eq!((read.keep_runs, read.cluster), (default.keep_runs, default.cluster));
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
}

#[test]
fn every_setting_is_documented() {
    // A database with a name excludes one without.
    let text = with_comments_as_settings(&text("sessctl")).replace("\ndb = ", "\n# ");
    let texts = ConfigTexts { main: Some(("c.toml".into(), text)), ..ConfigTexts::default() };
    let set = ConfigSet::parse(&texts).unwrap();
    let [DatabaseEntry { name, config: read, .. }] = set.databases.as_slice() else { panic!() };
    assert_eq!((name.as_str(), read.labels.len()), ("shop", 1));
    assert_eq!(set.general.jobs.len(), 4);
    let documented: Vec<String> = read
        .settings()
        .into_iter()
        .chain(set.general.settings())
        .filter(|setting| setting.line.is_some())
        .map(|setting| general_key(&setting.key))
        .collect();
    for setting in read.settings() {
        let key = general_key(&setting.key);
        assert!(documented.contains(&key), "{key}");
    }
}

/// A key without the name of a job.
fn general_key(key: &str) -> String {
    match key.rsplit_once('.') {
        Some((table, key)) if table.ends_with(".notify") => format!("notify.{key}"),
        Some((table, key)) if table.starts_with("job.") => format!("job.{key}"),
        _ => key.to_owned(),
    }
}

#[test]
fn every_system_has_its_configuration() {
    for system in SYSTEMS {
        let text = text(system);
        let config = Config::parse(&text, system).unwrap();
        assert_eq!(warnings(&text), "", "{system}");
        assert_eq!(config.db, None, "{system}");
        let is_purge = |work: &JobAction| matches!(work, JobAction::Purge(None));
        assert!(config.jobs.iter().any(|job| job.enabled && is_purge(&job.work)), "{system}");
        assert!(Config::parse(&with_comments_as_settings(&text), system).is_ok(), "{system}");
    }
}

/// The settings that a system's configuration makes, without the jobs' names.
fn settings(system: &str) -> String {
    let settings = Config::parse(&text(system), system).unwrap().settings();
    let set = settings.into_iter().filter(|setting| setting.line.is_some());
    set.map(|setting| format!("{} = {}", setting.key, setting.value)).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_system_is_configured_as_it_behaves() {
    insta::assert_snapshot!(settings("domino"), @r"
    policy.expire = timeout
    policy.timeout = 30m
    policy.min_timeout = 30m
    policy.max_timeout = 30m
    policy.retention = 7d
    job.release idle sessions.at = */15 * *
    job.release idle sessions.do = purge
    job.restart imap.at = 0 4 *
    job.restart imap.do = cycle
    job.restart imap.task = imap
    job.restart imap.host = mail1
    job.restart imap.enabled = true
    job.restart imap.each = stdout
    job.restart pop3.at = 30 4 7
    job.restart pop3.do = cycle
    job.restart pop3.task = pop3
    job.restart pop3.host = mail1
    job.restart pop3.enabled = false
    ");
    insta::assert_snapshot!(settings("websphere"), @r"
    policy.expire = timeout
    policy.timeout = 30m
    policy.min_timeout = 0s
    policy.max_timeout = never
    policy.strict = false
    policy.touch_resolution = 0s
    policy.retention = 0s
    job.reaper.every = auto
    job.reaper.do = purge
    ");
    insta::assert_snapshot!(settings("stalwart"), @r"
    policy.expire = timeout
    policy.timeout = 30m
    policy.strict = true
    policy.retention = 0s
    policy.jmap.timeout = 1h
    policy.jmap.min_timeout = 1h
    policy.jmap.max_timeout = 1h
    policy.jmap.limit = 100
    policy.jmap.when_full = evict-lru
    job.purge.at = 15 * *
    job.purge.do = purge
    ");
    insta::assert_snapshot!(settings("transfer"), @r"
    policy.expire = two-pass
    policy.delay = 1d
    policy.retention = 30d
    policy.inbox.retention = 7d
    policy.outlog.retention = 1d
    policy.wastebasket.retention = 0s
    retention.max = 30d
    retention.group-*.max = 14d
    job.daily check.at = 0 0 *
    job.daily check.do = purge
    ");
    insta::assert_snapshot!(settings("redbex"), @r#"
    policy.expire = abandoned
    policy.timeout = 30m
    policy.min_timeout = 5m
    policy.max_timeout = 1h
    policy.abandoned = 2h
    policy.retention = 30d
    licence.1.tasks = ["*"]
    licence.1.limit = 10
    licence.1.when_full = evict-idle
    job.housekeeping.every = 5m
    job.housekeeping.do = purge
    "#);
}
