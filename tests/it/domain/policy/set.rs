//! Tests of `domain::policy::set`.

use sessctl::domain::policy::{Policies, Policy};
use sessctl::domain::task::TaskPattern;
use sessctl::domain::time::Span;

/// A policy that can be told from others by its timeout.
fn policy(minutes: i64) -> Policy {
    Policy { timeout: Some(Span::minutes(minutes)), retention: None, ..Policy::default() }
}

fn policies(tasks: &[&str]) -> Policies {
    let mut policies = Policies::uniform(policy(0));
    for (minutes, task) in (1..).zip(tasks) {
        policies.insert(task, policy(minutes));
    }
    policies
}

/// The table whose policy a task has.
#[track_caller]
fn table<'a>(policies: &Policies, tables: &[&'a str], task: &str) -> &'a str {
    let minutes = policies.for_task(task).timeout.unwrap().as_seconds() / 60;
    let place = usize::try_from(minutes).unwrap();
    let table = place.checked_sub(1).map_or("", |place| tables[place]);
    let known = policies.table_of(task).unwrap_or_default();
    assert_eq!(known, TaskPattern::from(table).normalized().as_str());
    table
}

#[test]
fn s12_a_task_has_the_policy_of_its_name_or_of_the_most_specific_pattern() {
    let tables = ["i*", "*m*a*p", "imap", "IM*", "*MA", "ma*", "*a*p", "**x"];
    let policies = policies(&tables);
    for (task, expected) in [
        ("IMAP", "imap"),
        ("imaap", "*m*a*p"),
        ("imx", "IM*"),
        ("ix", "i*"),
        // Both have two letters and one wildcard.
        ("ma", "*MA"),
        ("mab", "ma*"),
        ("tap", "*a*p"),
        ("ox", "**x"),
        ("http", ""),
        ("", ""),
    ] {
        assert_eq!(table(&policies, &tables, task), expected, "{task}");
    }
}

#[test]
fn s12_one_pattern_in_two_spellings_has_one_policy() {
    let mut policies = policies(&["im**"]);
    policies.insert("IM*", policy(9));
    assert_eq!(policies.for_task("imap").timeout, Some(Span::minutes(9)));
    assert_eq!(policies.patterns().len(), 1);
}

#[test]
fn t11_the_smallest_cap_applies_wherever_the_policy_comes_from() {
    let mut policies = policies(&["group-x", "group-*", "*box"]);
    policies.cap_retention("g*", Some(Span::days(30)));
    policies.cap_retention("*-x", Some(Span::days(7)));
    policies.cap_retention("*-short*", Some(Span::days(1)));
    policies.cap_retention("*", None);
    policies.insert("g-short", policy(4));
    policies.insert("late", Policy { retention: Some(Span::days(3)), ..policy(5) });
    policies.cap_retention("late", Some(Span::days(4)));
    let days = |task: &str| {
        policies.for_task(task).retention.map(|retention| retention.as_seconds() / 86_400)
    };
    for (task, expected) in [
        ("GROUP-X", Some(7)),
        ("group-xx", Some(30)),
        ("group-short", Some(1)),
        ("g-short", Some(1)),
        ("game", Some(30)),
        ("gamebox", Some(30)),
        ("box", None),
        ("a-shortbox", Some(1)),
        ("a-x", Some(7)),
        ("a-short", Some(1)),
        ("late", Some(3)),
        ("news", None),
    ] {
        assert_eq!(days(task), expected, "{task}");
    }
    // The rest of the policy is unchanged
    assert_eq!(policies.for_task("group-short").timeout, Some(Span::minutes(2)));
    assert_eq!(policies.for_task("a-shortbox").timeout, Some(Span::minutes(3)));
    // And for some tasks they are the same by name
    let tasks = ["Group-X", "group-short", "a-x", "a-shortbox", "late", "news"];
    let few = policies.for_tasks(tasks);
    assert!(tasks.iter().all(|task| few.for_task(task) == policies.for_task(task)));
    assert!(few.patterns().is_empty() && few.capped_default().is_empty());
}

#[test]
fn a_pattern_means_the_policies_that_its_tasks_may_have() {
    let policies = policies(&["imap", "im*", "i*", "*s"]);
    for (task, expected) in [
        (None, &["", "imap", "im*", "i*", "*s"][..]),
        (Some("IMAP"), &["imap"]),
        (Some("imaps"), &["im*"]),
        (Some("icap"), &["i*"]),
        (Some("http"), &[""]),
        (Some("im*"), &["imap", "im*"]),
        (Some("imx*"), &["im*"]),
        (Some("i*"), &["imap", "im*", "i*"]),
        (Some("i*p"), &["imap", "im*", "i*"]),
        (Some("h*"), &["", "*s"]),
        (Some("*"), &["", "imap", "im*", "i*", "*s"]),
    ] {
        let task = task.map(TaskPattern::from);
        let meant = policies.matching(task.as_ref()).map(|(name, _)| name.unwrap_or_default());
        assert_eq!(meant.collect::<Vec<_>>(), expected, "{task:?}");
    }
}
