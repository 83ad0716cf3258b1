//! redbex: the limit of a user, and a limit that is lowered.

use sessctl::UnixTime;
use sessctl::app::JobOutcome;
use sessctl::domain::error::Error;

use crate::support::{MINUTE, at, handle, later, row};
use crate::systems::command::System;
use crate::systems::harness::{Library, opening};
use crate::systems::redbex::{active, idle, logs_in};

const NOON: &str = "2026-06-15T12:00:00Z";

#[test]
fn r9_a_limit_for_each_user_does_the_same_for_their_sessions() {
    // Given a user with three sessions, one of them idle, and one of another user's that
    // has been idle for longer
    let redbex = System::with_changes("redbex", &[("# user_limit = 3", "user_limit = 3")]);
    redbex.insert(&row("of another").user("bob").idle(100 * MINUTE));
    redbex.insert(&row("idle").idle(50 * MINUTE));
    redbex.insert_all(0..2, |serial| row(&serial.to_string()).idle(MINUTE));
    // When the user logs in once more, then the user's own idle one makes way
    assert_eq!(logs_in(&redbex, "alice"), 0);
    assert_eq!([redbex.fate("idle"), redbex.fate("of another")], ["evicted", "idle"]);
    // When none of the user's is idle, then the login is refused and counted
    let reason =
        redbex.run(&["open", "--user", "alice", "--task", "imap"]).is_refused_with(4).stderr();
    assert!(reason.contains("alice") && reason.contains('3'), "{reason}");
    assert_eq!((redbex.figure("imap", "live"), redbex.figure("imap", "refused")), (4, 1));
    // And others have room, and the user has it elsewhere
    assert_eq!(logs_in(&redbex, "carol"), 0);
    redbex.opens(&["--task", "http"]);
    // And an abandoned one of the user's is no obstacle
    redbex
        .db()
        .execute("UPDATE sessions SET last_used_at = 0 WHERE id LIKE ?1 || '%'", &[&handle("0")]);
    assert_eq!(logs_in(&redbex, "alice"), 0);
    assert_eq!([redbex.fate("0"), redbex.fate("of another")], ["abandoned", "idle"]);
}

#[test]
fn r10_lowering_a_limit_ends_no_session_by_itself() {
    // Given ten live sessions, two of them idle
    let mut redbex = System::new("redbex");
    redbex.insert_all(0..8, active);
    redbex.insert_all(0..2, idle);
    // When the licence is for five from now on
    redbex.change("redbex", &[("limit = 10\n", "limit = 5\n")]);
    redbex.jobs_have_waited(&["mail1"]);
    redbex.run(&["run"]).succeeds().is_silent();
    // Then nobody has lost their session
    assert_eq!((redbex.figure("imap", "live"), redbex.figure("imap", "ended")), (10, 0));
    // And new ones take the place of idle ones, one for one
    assert_eq!([logs_in(&redbex, "a"), logs_in(&redbex, "b")], [0, 0]);
    assert_eq!((redbex.figure("imap", "live"), redbex.figure("imap", "ended_evicted")), (10, 2));
    // And are refused after that
    assert_eq!(logs_in(&redbex, "c"), 4);
    assert_eq!((redbex.figure("imap", "live"), redbex.figure("imap", "refused")), (10, 1));
    // Until there is room below the new limit
    let all: Vec<String> = redbex.listed(["--state", "active"]).into_iter().take(6).collect();
    let args: Vec<&str> = all.iter().map(String::as_str).collect();
    redbex.run(&[&["cycle", "-q", "--session"], &args[..]].concat()).succeeds();
    assert_eq!([logs_in(&redbex, "c"), logs_in(&redbex, "d")], [0, 4]);
}

#[test]
fn r10_lowering_a_user_limit_ends_no_session_by_itself() {
    let mut redbex = Library::with_changes("redbex", &[("# user_limit = 3", "user_limit = 1")]);
    let noon: UnixTime = at(NOON);
    let sql = "UPDATE sessions SET user = 'alice'";
    for user in ["a", "b", "c"] {
        redbex.opens(opening(user, "imap"), noon).unwrap();
    }
    redbex.db().execute(sql, &[]);
    redbex.run("housekeeping", later(noon, -60 * MINUTE));
    assert!(
        matches!(redbex.run("housekeeping", noon), JobOutcome::Purged(summary) if summary.live == 3)
    );
    let refused = redbex.opens(opening("alice", "imap"), noon);
    assert!(matches!(refused, Err(Error::LimitReached(_))));
    let later = later(noon, 31 * MINUTE);
    redbex.opens(opening("alice", "imap"), later).unwrap();
    assert_eq!(redbex.service.tasks(None, later).unwrap()[0].live_total(), 3);
}
