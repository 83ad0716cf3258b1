//! Settings that are accepted with a warning.

use super::warnings;
use crate::support::Sandbox;

fn purge(when: &str) -> String {
    format!("[[job]]\nname = \"purge\"\n{when}\ndo = \"purge\"\n")
}

/// A two-pass policy with this delay, and a purge at these times.
fn two_pass(delay: &str, at: &str) -> String {
    let policy = format!("[policy]\nexpire = \"two-pass\"\ndelay = \"{delay}\"\n");
    policy + &purge(&format!("at = \"{at}\""))
}

#[test]
fn warnings_are_shown_with_the_configuration_and_not_to_cron() {
    let sandbox = Sandbox::new();
    sandbox.file("c.toml", two_pass("12h", "0 3 *"));
    let config = ["--config", "c.toml"];
    let said =
        |args: &[&'static str]| sandbox.run([&config[..], args].concat()).succeeds().stderr();
    assert_eq!(said(&["purge"]), "");
    assert_eq!(said(&["list", "-o", "csv"]), "");
    assert_eq!(said(&["show", "config", "-q"]), "");
    let warning = said(&["show", "config", "-o", "csv"]);
    assert!(warning.starts_with("sessctl: warning: policy.delay = "), "{warning}");
}

#[test]
fn w5_an_interval_below_60_seconds_is_accepted_with_a_warning() {
    let every = |every: &str| warnings(&purge(&format!("every = \"{every}\"")));
    insta::assert_snapshot!([every("1s"), every("59s")].join("\n"), @r#"
    sessctl: warning: job.purge.every = "1s" is too frequent to be useful; use 1m or more
    sessctl: warning: job.purge.every = "59s" is too frequent to be useful; use 1m or more
    "#);
    for sensible in ["60s", "5m", "auto"] {
        assert_eq!(every(sensible), "", "{sensible}");
    }
}

#[test]
fn t6_a_delay_that_ends_before_the_next_check_is_warned_of() {
    let said: Vec<String> = [
        ("12h", "0 3 *"),
        ("23h59m", "0 3 *"),
        ("24h", "0 3 1"),
        ("30m", "15 * *"),
        ("11h", "0 2,14 *"),
    ]
    .map(|(delay, at)| warnings(&two_pass(delay, at)))
    .into();
    insta::assert_snapshot!(said.join("\n"), @r#"
    sessctl: warning: policy.delay = "12h" cannot take effect before the next check: scheduled purges are 1d apart
    sessctl: warning: policy.delay = "23h59m" cannot take effect before the next check: scheduled purges are 1d apart
    sessctl: warning: policy.delay = "1d" cannot take effect before the next check: scheduled purges are 7d apart
    sessctl: warning: policy.delay = "30m" cannot take effect before the next check: scheduled purges are 1h apart
    sessctl: warning: policy.delay = "11h" cannot take effect before the next check: scheduled purges are 12h apart
    "#);
    for (delay, at) in [
        ("24h", "0 3 *"),
        ("24h", "0 3 mon-fri"),
        ("12h", "15 * *"),
        ("1h", "15 * *"),
        ("12h", "0 2,14 *"),
        ("7d", "0 3 1"),
    ] {
        assert_eq!(warnings(&two_pass(delay, at)), "", "{delay} {at}");
    }
}

#[test]
fn t6_a_change_of_the_clocks_does_not_count() {
    for zone in ["Europe/Berlin", "Australia/Lord_Howe", "America/New_York"] {
        let zone = format!("[schedule]\ntimezone = \"{zone}\"\n");
        assert_eq!(warnings(&(two_pass("24h", "30 2 *") + &zone)), "");
        assert_eq!(warnings(&(two_pass("23h", "30 2 *") + &zone)).lines().count(), 1);
    }
}

#[test]
fn t6_only_purges_of_the_task_are_its_checks() {
    let policy = "[policy.mail]\nexpire = \"two-pass\"\ndelay = \"12h\"\n";
    let job = |keys: &str| format!("[[job]]\nname = \"other\"\nat = \"15 * *\"\n{keys}\n");
    let daily = "[[job]]\nname = \"daily\"\nat = \"0 3 *\"\ndo = \"purge\"\ntask = \"MA*\"\n";
    let with = |keys: &str| warnings(&[policy, daily, &job(keys)].concat());
    let warned = with("do = \"purge\"\ntask = \"imap\"");
    insta::assert_snapshot!(warned, @r#"sessctl: warning: policy.mail.delay = "12h" cannot take effect before the next check: scheduled purges are 1d apart"#);
    assert_eq!(with("do = \"cycle\"\ntask = \"mail\""), warned);
    assert_eq!(with("do = \"purge\"\nenabled = false"), warned);
    assert_eq!(with("do = \"purge\""), "");
    assert_eq!(with("do = \"purge\"\ntask = \"mail\""), "");
    assert_eq!(warnings(policy), "");
    assert_eq!(warnings(&[policy, daily, &purge("every = \"6h\"")].concat()), "");
    assert_eq!(warnings(&[&policy.replace("two-pass", "timeout"), daily].concat()), "");
}

#[test]
fn t6_what_the_tasks_inherit_is_said_once() {
    let text = two_pass("12h", "0 3 *")
        + "[policy.mail]\nretention = \"1d\"\n[policy.news]\ndelay = \"6h\"\n\
           [policy.scratch]\nexpire = \"timeout\"\n";
    insta::assert_snapshot!(warnings(&text), @r#"
    sessctl: warning: policy.delay = "12h" cannot take effect before the next check: scheduled purges are 1d apart
    sessctl: warning: policy.news.delay = "6h" cannot take effect before the next check: scheduled purges are 1d apart
    "#);
}

#[test]
fn t8_a_retention_above_the_maximum_is_cut_with_a_warning() {
    let said = warnings(
        "[retention]\nmax = \"30d\"\n[policy]\nretention = \"forever\"\n\
         [policy.mail]\nretention = \"31d\"\n[policy.news]\nretention = \"30d\"\n\
         [policy.scratch]\nretention = \"0\"\n[policy.other]\nlimit = 1\n",
    );
    insta::assert_snapshot!(said, @r#"
    sessctl: warning: policy.retention = "forever" is reduced to retention.max = "30d"
    sessctl: warning: policy.mail.retention = "31d" is reduced to retention.max = "30d"
    "#);
}

#[test]
fn t6_s12_a_delay_of_a_pattern_is_compared_with_the_purges_of_its_tasks() {
    let policy = "[policy.\"IM*\"]\nexpire = \"two-pass\"\ndelay = \"12h\"\n";
    let daily = "[[job]]\nname = \"daily\"\nat = \"0 3 *\"\ndo = \"purge\"\n";
    let hourly = |task: &str| {
        format!("[[job]]\nname = \"hourly\"\nat = \"15 * *\"\ndo = \"purge\"\ntask = \"{task}\"\n")
    };
    let warned = warnings(&[policy, daily].concat());
    insta::assert_snapshot!(warned, @r#"sessctl: warning: policy.im*.delay = "12h" cannot take effect before the next check: scheduled purges are 1d apart"#);
    for (task, warns) in [
        ("*", false),
        ("im*", false),
        ("imap", false),
        ("*ap", false),
        ("http", true),
        ("a*", true),
        ("i*", false),
    ] {
        let said = warnings(&[policy, daily, &hourly(task)].concat());
        assert_eq!(said, if warns { &*warned } else { "" }, "{task}");
    }
    // A task with a policy of its own is not among those of the pattern
    let own = "[policy.imap]\nexpire = \"timeout\"\n";
    assert_eq!(warnings(&[policy, own, daily, &hourly("imap")].concat()), warned);
}
