//! The space that a purge leaves free, and the estimates of a dry run.

use serde_json::Value;

use crate::support::{DAY, Sandbox, row};

fn summary(sandbox: &Sandbox, args: &[&str]) -> Value {
    sandbox.file("brief.toml", "[policy]\nretention = \"0\"\n");
    let args = [&["--config", "brief.toml", "purge", "-o", "plain"], args].concat();
    let text = sandbox.run(args).succeeds().stdout();
    let facts = text.lines().filter_map(|line| line.strip_prefix("purge."));
    let facts = facts.filter_map(|line| line.split_once(' '));
    facts.map(|(key, value)| (key.to_owned(), Value::from(value))).collect()
}

fn number(summary: &Value, key: &str) -> f64 {
    summary[key].as_str().unwrap_or_else(|| panic!("{key}: {summary}")).parse().unwrap()
}

#[test]
fn a_dry_run_estimates_bytes_and_time_and_the_purge_tells_what_is_free() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..3_000, |n| row(&n.to_string()).idle(DAY));
    let before = summary(&sandbox, &["--dry-run"]);
    // Each row has a key of 64 digits and about 40 bytes besides; no purge has run yet.
    let bytes = number(&before, "estimated_bytes");
    assert!((3_000.0 * 64.0..3_000.0 * 200.0).contains(&bytes), "{bytes}");
    assert!(before["estimated_ms"].is_null() && number(&before, "free_bytes") == 0.0, "{before}");
    let done = summary(&sandbox, &[]);
    assert!(
        done["estimated_bytes"].is_null() && number(&done, "free_bytes") > bytes / 2.0,
        "{done}"
    );
    // The ledger now has a run to compare with.
    sandbox.insert_all(0..100, |n| row(&format!("more {n}")).idle(DAY));
    let next = summary(&sandbox, &["--dry-run"]);
    assert!(number(&next, "estimated_ms") > 0.0, "{next}");
    let said = sandbox.run(["--config", "brief.toml", "purge", "--dry-run", "--limit", "1"]);
    assert!(
        said.stdout().contains("at the rate of the last purge, it would take up to 1"),
        "{}",
        said.stdout()
    );
}

#[test]
fn the_free_space_is_named_if_there_is_much_of_it() {
    let sandbox = Sandbox::new();
    let agent = "x".repeat(20_000);
    sandbox.insert_all(0..1_500, |n| row(&n.to_string()).idle(DAY));
    let db = sandbox.db();
    db.execute("UPDATE sessions SET agent = ?1", [&agent]).unwrap();
    drop(db);
    sandbox.file("brief.toml", "[policy]\nretention = \"0\"\n");
    let ran = sandbox.run(["--config", "brief.toml", "purge", "-v"]);
    let said = ran.succeeds().stderr();
    assert!(said.contains(" are free: `sessctl compact --full` returns them"), "{said}");
    // Where cron runs it, it is silent.
    sandbox.run(["--config", "brief.toml", "purge"]).succeeds().is_silent();
}
