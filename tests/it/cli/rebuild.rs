//! Rebuilding a database.

use sessctl::app::CompactRequest;
use sessctl::domain::error::InsufficientSpace;
use sessctl::domain::time::UnixTime;
use sessctl::storage::SpaceRequirement;
use sessctl::store::Access;
use sessctl::{Policies, SessionService, store};

use crate::cli::compact::{
    KEPT, ROWS, bytes, compact, free_pages, is_whole, number, purge, purged, snapshot,
};
use crate::support::processes::{TERM, signal, start};
use crate::support::{HOUR, Sandbox, now, row};

#[test]
fn a_rebuild_gives_back_all_and_makes_steps_possible() {
    for journal in ["WAL", "DELETE"] {
        // Given sessions whose keys are random, of which a purge takes every other one
        let sandbox = Sandbox::new();
        let old = |n: u32| if n.is_multiple_of(2) { HOUR } else { 0 };
        sandbox.insert_all(0..4 * KEPT, |n| row(&n.to_string()).idle(old(n)));
        purge(&sandbox);
        sandbox.db().pragma_update(None, "journal_mode", journal).unwrap();
        let stamp = "SELECT application_id + user_version FROM pragma_application_id, \
                     pragma_user_version";
        let (before, stamped) = (bytes(&sandbox), number(&sandbox, stamp));
        assert!(number(&sandbox, "PRAGMA page_count") > 4 * free_pages(&sandbox));
        // When it is rebuilt, then its pages are full
        let done = compact(&sandbox, &["--full"], 0);
        let after = bytes(&sandbox);
        assert!(after < before * 3 / 4, "{before} {after}");
        assert_eq!((&done["bytes_before"], &done["bytes_after"]), (&before.into(), &after.into()));
        assert_eq!((&done["full"], &done["steps"]), (&true.into(), &1.into()));
        let told = compact(&sandbox, &[], 0)["slack_bytes"].as_u64().unwrap();
        assert!(told < after / 5, "{told} of {after}");
        assert_eq!(number(&sandbox, stamp), stamped);
        is_whole(&sandbox);
        // And later ones go step by step
        sandbox.db().execute("DELETE FROM sessions", []).unwrap();
        assert_eq!(compact(&sandbox, &[], 0)["steps_possible"], true);
        assert!(bytes(&sandbox) < after * 2 / 3);
    }
}

#[test]
fn the_space_that_a_rebuild_would_free_is_reported_in_advance() {
    let sandbox = Sandbox::new();
    let old = |n: u32| if n.is_multiple_of(8) { 0 } else { HOUR };
    sandbox.insert_all(0..ROWS, |n| row(&n.to_string()).idle(old(n)));
    purge(&sandbox);
    let before = bytes(&sandbox);
    let ran = sandbox.run(["compact", "-o", "json"]);
    let told = ran.json();
    let told = told["free_bytes_left"].as_u64().unwrap() + told["slack_bytes"].as_u64().unwrap();
    let freed = compact(&sandbox, &["--full"], 0)["freed_bytes"].as_u64().unwrap();
    assert!(told.abs_diff(freed) < before / 10, "{told} {freed} of {before}");
}

#[test]
fn a_signal_ends_a_rebuild_and_nothing_has_changed() {
    let sandbox = purged(Sandbox::new());
    let (before, free) = (bytes(&sandbox), free_pages(&sandbox));
    let writer = sandbox.db();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = start(&sandbox, "compact --full");
    signal(&waiting, TERM);
    drop(writer);
    let ran = waiting.finish();
    assert_eq!(ran.exits(143).stdout(), "");
    assert!(ran.stderr().contains("stopped early (signal)"), "{}", ran.stderr());
    assert_eq!((bytes(&sandbox), free_pages(&sandbox)), (before, free));
    is_whole(&sandbox);
    let late = compact(&sandbox, &["--full", "--run-time", "0"], 3);
    assert_eq!((&late["stopped"], &late["freed_bytes"]), (&"run-time".into(), &0.into()));
    sandbox.run(["compact", "--full"]).succeeds().is_silent();
    assert!(bytes(&sandbox) < before / 4);
}

/// Rebuilds the database unless this directory lacks space; returns the required space.
fn rebuild(sandbox: &Sandbox, full: Option<&str>) -> (sessctl::Result<()>, SpaceRequirement) {
    let store = store::open(sandbox.path("app.db"), Access::Write).unwrap();
    let mut service = SessionService::new(store, Policies::default());
    let mut asked = SpaceRequirement::default();
    let mut room = |demand: &SpaceRequirement| {
        asked = *demand;
        full.map_or(Ok(()), |full| {
            let directory = full.to_owned();
            Err(InsufficientSpace { directory, purpose: "the log", wanted: 2, free: 1 }.into())
        })
    };
    let outcome =
        service.vacuum(&CompactRequest::default(), UnixTime(now()), &mut room, Box::new(|| false));
    (outcome.map(|_| ()), asked)
}

#[test]
fn a_rebuild_without_disk_space_changes_nothing() {
    let sandbox = purged(Sandbox::new());
    let before = bytes(&sandbox);
    let refusal = rebuild(&sandbox, Some("there")).0.unwrap_err().to_string();
    assert!(
        refusal.contains("the log would take 2 bytes in \"there\", which has 1 free"),
        "{refusal}"
    );
    assert_eq!(number(&sandbox, "SELECT count(*) FROM leases"), 0);
    assert_eq!(number(&sandbox, "PRAGMA auto_vacuum"), 0);
    assert_eq!(bytes(&sandbox), before);
    is_whole(&sandbox);
}

#[test]
fn the_disk_space_that_a_rebuild_requires_is_what_it_takes() {
    // Given a reader, for whom the log is kept
    let sandbox = purged(Sandbox::new());
    let reader = snapshot(&sandbox);
    let before = log(&sandbox);
    // When the database is rebuilt
    let (outcome, demand) = rebuild(&sandbox, None);
    outcome.unwrap();
    // Then the log has taken what was asked for, or a little less
    let taken = log(&sandbox) - before;
    assert!(taken <= demand.data && taken * 5 > demand.data * 4, "{taken} {demand:?}");
    drop(reader);
    let pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let rebuilt = u64::try_from(number(&sandbox, pages)).unwrap();
    assert!(rebuilt <= demand.temporary, "{rebuilt} {demand:?}");
}

fn log(sandbox: &Sandbox) -> u64 {
    std::fs::metadata(sandbox.path("app.db-wal")).map_or(0, |log| log.len())
}
