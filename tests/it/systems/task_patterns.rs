//! Stalwart and TRANSFER: policies and retention caps for groups of tasks.

use crate::support::{DAY, MINUTE, row};
use crate::systems::command::System;

/// A limit of one session for each task that matches.
const LIMITED: &str = "[policy.\"im*\"]\nlimit = 1\nwhen_full = \"refuse\"\n";

/// Exit code of an attempt to open a session of a task.
fn opens(system: &System, task: &str) -> i32 {
    system.run(&["open", "--user", "alice", "--task", task, "-q"]).0.status.code().unwrap()
}

/// The timeout, in seconds, that a session of a task is granted.
fn granted(system: &System, task: &str) -> i64 {
    system.opens(&["--task", task])["idle_timeout"].as_i64().unwrap()
}

/// The warnings of `show config`.
fn warnings(system: &System) -> String {
    system.run(&["show", "config"]).succeeds().stderr().trim_end().to_owned()
}

#[test]
fn s12_a_policy_for_a_pattern_holds_for_each_task_that_matches() {
    // Given a limit of one session for the tasks that match im*
    let system = System::with_config(LIMITED);
    // When two tasks open a session each, then both get in: the limit is that of each task
    assert_eq!([opens(&system, "imap"), opens(&system, "imaps")], [0, 0]);
    // And the second session of one of them is refused, in any spelling
    assert_eq!([opens(&system, "imap"), opens(&system, "IMAPS")], [4, 4]);
    assert_eq!([system.figure("imap", "live"), system.figure("imap", "refused")], [1, 1]);
    // And a task that does not match has no limit
    assert_eq!([opens(&system, "jmap"), opens(&system, "jmap")], [0, 0]);
}

#[test]
fn s12_the_most_specific_pattern_wins() {
    let system = System::with_config(
        "[policy]\ntimeout = \"10m\"\n\
         [policy.\"*\"]\ntimeout = \"11m\"\n\
         [policy.\"i*\"]\ntimeout = \"12m\"\n\
         [policy.\"*m*p*\"]\ntimeout = \"13m\"\n\
         [policy.\"M*s\"]\ntimeout = \"14m\"\n\
         [policy.\"*ms\"]\ntimeout = \"15m\"\n\
         [policy.imap]\ntimeout = \"16m\"\n",
    );
    for (task, minutes, why) in [
        ("IMAP", 16, "an exact name wins over patterns"),
        ("imaps", 13, "two literal characters win over one"),
        ("icap", 12, "one wins over none"),
        ("http", 11, "* matches what nothing else does"),
        ("maps", 14, "of two with two literal characters, the one with fewer wildcards"),
        ("ms", 14, "of two that are equally specific, the one earlier in the file"),
    ] {
        assert_eq!(granted(&system, task), minutes * MINUTE, "{task}: {why}");
    }
}

#[test]
fn s12_a_pattern_builds_on_the_general_policy_and_not_on_other_patterns() {
    let system = System::with_config(
        "[policy]\ntimeout = \"10m\"\nretention = \"0\"\n\
         [policy.\"i*\"]\nretention = \"forever\"\n[policy.\"im*\"]\ntimeout = \"20m\"\n",
    );
    assert_eq!([granted(&system, "icap"), granted(&system, "imap")], [10, 20].map(|m| m * MINUTE));
    system.run(&["cycle", "--all", "-q"]).succeeds();
    assert_eq!([system.figure("icap", "ended"), system.figure("imap", "ended")], [1, 0]);
}

#[test]
fn s12_a_purge_ends_what_is_due_by_the_pattern_of_its_task() {
    // Given a policy that ends nothing, and one for a pattern that does
    let system = System::with_config(
        "[policy]\nexpire = \"never\"\n[policy.\"*map\"]\nexpire = \"timeout\"\n\
         [policy.jmap]\nexpire = \"never\"\n",
    );
    for task in ["imap", "IMAP", "jmap", "http"] {
        system.insert(&row(task).task(task).idle(DAY));
    }
    // When a purge comes, then it ends the sessions of the tasks that match, except the one
    // that has a policy of its own
    assert_eq!(system.json(&["purge", "--dry-run"])["ended"], 2);
    system.run(&["purge"]).succeeds().is_silent();
    let fates = ["imap", "IMAP", "jmap", "http"].map(|token| system.fate(token));
    assert_eq!(fates, ["expired", "expired", "abandoned", "abandoned"]);
}

#[test]
fn s12_show_config_names_a_pattern_that_never_matched() {
    // Given patterns of policies, a cap, a licence and jobs
    let text = format!(
        "{LIMITED}[policy.\"imx*\"]\nlimit = 2\n[policy.pop3]\nlimit = 3\n\
         [retention.\"Group-*\"]\nmax = \"30d\"\n[retention.smtp]\nmax = \"30d\"\n\
         [[licence]]\ntasks = [\"web\", \"desk*\", \"i*\"]\nlimit = 10\n\
         [[job]]\nname = \"tidy\"\nat = \"0 3 *\"\ndo = \"purge\"\ntask = \"q*\"\n\
         [[job]]\nname = \"all\"\nat = \"0 3 *\"\ndo = \"purge\"\ntask = \"*\"\n"
    );
    let system = System::with_config(&text);
    system.insert(&row("token"));
    // When only those match a task that begin with i, then the others are named; names are
    // not, nor is what matches every task
    let before = system.snapshot();
    insta::assert_snapshot!(warnings(&system), @r#"
    sessctl: warning: policy."imx*" matches no task that the database has ever held
    sessctl: warning: retention."group-*" matches no task that the database has ever held
    sessctl: warning: licence.tasks: "desk*" matches no task that the database has ever held
    sessctl: warning: job.tidy.task: "q*" matches no task that the database has ever held
    "#);
    assert_eq!(system.run(&["show", "config", "-q"]).succeeds().stderr(), "");
    assert!(system.snapshot() == before);
    // And a task counts whose rows are gone
    for task in ["IMX4", "group-a", "desktop", "queue"] {
        system.insert(&row(task).task(task));
    }
    system.db().execute("DELETE FROM sessions", &[]);
    assert_eq!(warnings(&system), "");
}

#[test]
fn s12_without_a_database_no_pattern_is_named() {
    let system = System::with_config(LIMITED);
    for db in ["missing.db", "sessctl.toml"] {
        let mut command = system.command(&["show", "config"]);
        command.env("SESSCTL_DB", system.path(db));
        let ran = crate::support::Finished(command.output().unwrap());
        assert_eq!(ran.succeeds().stderr(), "", "{db}");
        assert_eq!(system.path(db).exists(), db == "sessctl.toml");
    }
}

/// Tasks whose sessions, ended this many days ago, are kept by a purge.
fn kept(system: &System, tasks: &[&str], days: i64) -> Vec<String> {
    for task in tasks {
        system.insert(&row(&format!("{task} {days}")).task(task).ended(days * DAY, "closed"));
    }
    system.run(&["purge"]).succeeds().is_silent();
    let is_kept = |task: &&&str| system.fate(&format!("{task} {days}")) != "gone";
    tasks.iter().filter(is_kept).map(|task| (*task).to_owned()).collect()
}

#[test]
fn t11_the_smallest_cap_that_matches_a_task_applies() {
    // Given rows that are kept forever, a cap of a year, and caps for groups
    let system = System::with_config(
        "[policy]\nexpire = \"two-pass\"\nretention = \"forever\"\n\
         [policy.\"group-a*\"]\ndelay = \"48h\"\n[policy.group-x]\nretention = \"2d\"\n\
         [policy.group-z]\ndelay = \"48h\"\n\
         [retention]\nmax = \"365d\"\n[retention.\"group-*\"]\nmax = \"30d\"\n\
         [retention.\"*-a1\"]\nmax = \"7d\"\n[retention.outlog]\nmax = \"1d\"\n\
         [retention.\"*-x\"]\nmax = \"forever\"\n",
    );
    let tasks =
        ["box", "outlog", "GROUP-b", "group-a1", "group-a2", "group-x", "group-z", "other-a1"];
    // When ended sessions have been kept for some days, then those are left whose caps, and
    // own retention, are longer
    let all_but = |gone: &[&str]| -> Vec<&str> {
        tasks.iter().copied().filter(|task| !gone.contains(task)).collect()
    };
    for (days, gone) in [
        (0, &[][..]),
        (1, &["outlog"]),
        (2, &["outlog", "group-x"]),
        (6, &["outlog", "group-x"]),
        (7, &["outlog", "group-x", "group-a1", "other-a1"]),
        (29, &["outlog", "group-x", "group-a1", "other-a1"]),
        (30, &["outlog", "group-x", "group-a1", "other-a1", "GROUP-b", "group-a2", "group-z"]),
        (365, &tasks),
    ] {
        assert_eq!(kept(&system, &tasks, days), all_but(gone), "{days}");
    }
}

#[test]
fn t11_a_cap_of_zero_is_a_waste_basket_for_a_group() {
    let system = System::with_config(
        "[policy]\nretention = \"forever\"\n[policy.\"tmp*\"]\ntimeout = \"10m\"\n\
         [retention.\"*scratch\"]\nmax = \"0\"\n",
    );
    for task in ["scratch", "tmp-scratch", "tmp"] {
        system.insert(&row(task).task(task));
    }
    system.run(&["cycle", "--all", "-q"]).succeeds();
    let fates = ["scratch", "tmp-scratch", "tmp"].map(|token| system.fate(token));
    assert_eq!(fates, ["gone", "gone", "cycled"]);
}

#[test]
fn t11_what_a_cap_reduces_is_warned_of() {
    let system = System::with_config(
        "[policy]\nretention = \"forever\"\n[policy.group-a]\nretention = \"90d\"\n\
         [policy.group-b]\nretention = \"30d\"\n[policy.group-c]\nlimit = 1\n\
         [policy.\"g*\"]\nretention = \"400d\"\n[policy.\"group-*d\"]\nretention = \"60d\"\n\
         [policy.box]\nretention = \"90d\"\n\
         [retention]\nmax = \"365d\"\n[retention.\"Group-*\"]\nmax = \"30d\"\n",
    );
    for task in ["group-a", "group-d", "g"] {
        system.insert(&row(task).task(task));
    }
    insta::assert_snapshot!(warnings(&system), @r#"
    sessctl: warning: policy.retention = "forever" is reduced to retention.max = "365d"
    sessctl: warning: policy.group-a.retention = "90d" is reduced to retention.group-*.max = "30d"
    sessctl: warning: policy.g*.retention = "400d" is reduced to retention.group-*.max = "30d" for tasks that also match "group-*"
    sessctl: warning: policy.g*.retention = "400d" is reduced to retention.max = "365d"
    sessctl: warning: policy.group-*d.retention = "60d" is reduced to retention.group-*.max = "30d"
    "#);
    let shown = system.json(&["show", "config"]);
    let settings = shown.as_array().unwrap().iter();
    let is_one = |key: &str| key.ends_with(".retention") || key.starts_with("retention.");
    let shown: Vec<String> = settings
        .map(|setting| ["key", "value"].map(|column| setting[column].as_str().unwrap_or("-")))
        .filter(|[key, _]| is_one(key))
        .map(|words| words.join(" "))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    policy.retention 365d
    policy.box.retention 90d
    policy.group-a.retention 30d
    policy.group-b.retention 30d
    policy.group-*d.retention 30d
    policy.g*.retention 365d
    retention.max 365d
    retention.group-*.max 30d
    ");
}
