//! Purging.

use crate::fixture::{DAY, MINUTE, Sandbox, row};

#[test]
fn d7_a_session_idle_for_longer_than_30_minutes_is_released_by_the_next_purge() {
    // Given a client that left without a word 40 minutes ago, and one in use
    let sandbox = Sandbox::new();
    let gone = sandbox.insert(&row("gone").idle(40 * MINUTE));
    sandbox.insert(&row("here").idle(20 * MINUTE));
    // When a purge runs as cron runs it
    sandbox.run(["purge"]).succeeds().is_silent();
    // Then the one has expired and the other has not
    let listed = sandbox.run(["list", "--state", "ended", "--json"]).json();
    assert_eq!(listed[0]["handle"], gone[..12]);
    assert_eq!(listed[0]["end_reason"], "expired");
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[test]
fn an_ended_row_is_kept_for_its_retention() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("old").idle(2 * DAY).ended(DAY + MINUTE, "closed"));
    sandbox.insert(&row("young").idle(2 * DAY).ended(DAY - MINUTE, "closed"));
    let summary = sandbox.run(["purge", "--json"]).succeeds().json();
    assert_eq!((&summary["deleted"], &summary["ended"]), (&1.into(), &0.into()));
    assert_eq!(sandbox.run(["list", "--json"]).json()[0]["handle"], row("young").handle());
}
