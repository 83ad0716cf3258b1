//! `sessctl compact --dry-run`: estimates of what a compaction frees and needs.

use serde_json::Value;

use super::adopted::DJANGO;
use super::compact::{KEPT, bytes, compact, for_steps, free_pages, purge, purged};
use crate::support::{HOUR, Sandbox, row};

/// Estimates without a change to any file.
#[track_caller]
fn estimate(sandbox: &Sandbox, args: &[&str]) -> Value {
    let before = sandbox.files();
    let estimate = compact(sandbox, &[&["--dry-run"], args].concat(), 0);
    assert!(sandbox.files() == before);
    estimate
}

fn sentence(sandbox: &Sandbox, args: &[&str]) -> String {
    sandbox.run([&["compact", "--dry-run"], args].concat()).succeeds().stdout()
}

/// The estimates agree with what the same compaction frees then, apart from a fifth of the file
/// before it.
#[track_caller]
fn agrees(sandbox: &Sandbox, args: &[&str]) {
    let before = bytes(sandbox);
    let estimated = estimate(sandbox, args);
    assert_eq!((&estimated["dry_run"], &estimated["bytes"]), (&true.into(), &before.into()));
    let freed = compact(sandbox, args, 0)["freed_bytes"].as_u64().unwrap();
    let difference = estimated["freed_bytes"].as_u64().unwrap().abs_diff(freed);
    assert!(difference < before / 5, "{estimated}: {freed} of {before}");
}

#[test]
fn a_dry_run_estimates_what_a_rebuild_frees() {
    // Given free pages in one piece
    agrees(&purged(Sandbox::new()), &["--full"]);
    // Given pages that a purge has left half full
    let sandbox = Sandbox::new();
    let old = |n: u32| if n.is_multiple_of(2) { HOUR } else { 0 };
    sandbox.insert_all(0..8 * KEPT, |n| row(&n.to_string()).idle(old(n)));
    purge(&sandbox);
    let estimated = estimate(&sandbox, &["--full"]);
    for needed in ["written_bytes", "estimated_ms", "data_bytes_needed", "temporary_bytes_needed"] {
        assert!(estimated[needed].as_f64().unwrap() > 0.0, "{needed}: {estimated}");
    }
    agrees(&sandbox, &["--full"]);
}

#[test]
fn a_dry_run_estimates_what_steps_free() {
    let sandbox = for_steps();
    let free = u64::try_from(free_pages(&sandbox)).unwrap();
    let estimated = estimate(&sandbox, &[]);
    assert_eq!(estimated["freed_bytes"], estimated["free_bytes"]);
    assert_eq!(estimated["free_bytes"].as_u64().unwrap() % free, 0);
    assert_eq!(estimated["data_bytes_needed"], Value::Null);
    let said = sentence(&sandbox, &[]);
    assert!(said.contains(" in steps, and write up to "), "{said}");
    agrees(&sandbox, &[]);
    let said = sentence(&sandbox, &[]);
    assert!(said.starts_with("`sessctl compact` would free nothing of "), "{said}");
}

#[test]
fn a_dry_run_of_a_file_without_steps_names_the_rebuild() {
    let sandbox = purged(Sandbox::new());
    assert_eq!(estimate(&sandbox, &[])["freed_bytes"], 0);
    let said = sentence(&sandbox, &[]);
    assert!(
        said.contains("does not support compaction in steps; with --full, it would free about ")
    );
}

#[test]
fn a_dry_run_of_an_applications_file_needs_no_permission() {
    let sandbox = Sandbox::without_database();
    sandbox.db().execute_batch(DJANGO).unwrap();
    let estimated = estimate(&sandbox, &["--full"]);
    assert_eq!(estimated["slack_bytes"], Value::Null);
    let said = sentence(&sandbox, &["--full"]);
    assert!(
        said.starts_with("`sessctl compact --full --allow-foreign` would free an unknown amount"),
        "{said}"
    );
}

#[test]
fn a_dry_run_is_quiet_on_request_and_refuses_options_of_a_compaction() {
    let sandbox = Sandbox::new();
    sandbox.run(["compact", "--dry-run", "--quiet"]).succeeds().is_silent();
    for other in [["--hold", "1ms"], ["--wait", "1m"], ["--run-time", "1m"]] {
        sandbox.run([&["compact", "--dry-run"][..], &other].concat()).is_refused_with(2);
    }
}
