//! What is sent.

use std::time::Duration;

use sessctl::cli::notify::payload::{UnitFacts, Verdict};

use super::{facts, result};

#[test]
fn a_result_is_one_json_object() {
    let sent = facts().finished(&result(1), Duration::from_millis(2340));
    let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&sent).unwrap().replace(
        env!("CARGO_PKG_VERSION"),
        "VERSION"
    ), @r#"
    {
      "database": "shop",
      "deleted": 9,
      "duration_seconds": 2.34,
      "ended": 12,
      "exit_code": 1,
      "finished": "2026-06-15T12:00:02Z",
      "finished_unix": 1781524802,
      "host": "mail1",
      "job": "purge",
      "labels": {
        "team": "web"
      },
      "marked": 1,
      "outcome": "failed",
      "reason": "the database \"/srv/shop/db\" does not exist",
      "started": "2026-06-15T12:00:00Z",
      "started_unix": 1781524800,
      "version": "VERSION"
    }
    "#);
}

#[test]
fn each_exit_code_is_a_success_a_failure_or_neither() {
    let codes =
        |verdict| (0..=255).filter(|code| Verdict::of(*code) == verdict).collect::<Vec<u8>>();
    assert_eq!(codes(Verdict::Success), [0, 3, 5]);
    assert_eq!(codes(Verdict::Neither), [11, 129, 130, 143]);
    for code in [1, 2, 4, 10, 12] {
        assert_eq!(Verdict::of(code), Verdict::Failure);
    }
}

#[test]
fn passwords_and_control_characters_do_not_leave() {
    let mut failed = result(1);
    let facts = UnitFacts {
        database: Some("http://app:secret@db1:4001".to_owned()),
        job: Some("pur\0ge".to_owned()),
        ..facts()
    };
    failed.reason =
        Some(format!("http://app:secret@db1:4001\n\u{1b}[2J said no\0{}", "x".repeat(1_000_000)));
    let json = facts.finished(&failed, Duration::ZERO);
    let variables = facts.variables(&failed);
    let all = format!("{json} {} {} {variables:?}", facts.started(), facts.sentence(&failed));
    assert!(!all.contains("secret"), "{all}");
    assert!(json.len() < 20_000 && serde_json::from_str::<serde_json::Value>(&json).is_ok());
    for (name, value) in variables {
        assert!(!value.chars().any(char::is_control) && value.len() < 20_000, "{name}");
    }
}
