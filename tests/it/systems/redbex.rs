//! redbex: active, idle and abandoned sessions, a licence, and negotiated timeouts.

use crate::support::{DAY, HOUR, MINUTE, Row, at, handle, handles, later, row};
use crate::systems::command::System;
use crate::systems::harness::{Library, opening};

const NOON: &str = "2026-06-15T12:00:00Z";

/// Sessions of as many users, all of them active.
pub fn active(serial: u32) -> Row {
    row(&format!("active {serial}")).user(&format!("user{serial}")).idle(MINUTE)
}

/// Idle sessions, the first one idle for the longest.
pub fn idle(serial: u32) -> Row {
    row(&format!("idle {serial}"))
        .user(&format!("idler{serial}"))
        .idle(HOUR - i64::from(serial) * MINUTE)
}

/// Abandoned sessions.
fn abandoned(serial: u32) -> Row {
    row(&format!("abandoned {serial}")).user(&format!("leaver{serial}")).idle(3 * HOUR)
}

/// Number of sessions in a state.
fn live(redbex: &System, state: &str) -> usize {
    handles(&redbex.json(&["list", "--state", state])).len()
}

/// Somebody logs in, and gets this exit code.
pub fn logs_in(redbex: &System, user: &str) -> i32 {
    redbex.run(&["open", "--user", user, "--task", "imap", "-q"]).0.status.code().unwrap()
}

#[test]
fn r1_active_idle_and_abandoned_begin_a_second_after_their_spans_are_over() {
    // Given a session with half an hour, and one whose own time is longer than the
    // threshold
    let mut redbex = Library::new("redbex");
    let noon = at(NOON);
    let [usual, patient] = [noon, noon].map(|noon| redbex.open("imap", noon));
    let longer = "UPDATE sessions SET idle_timeout = 10800 WHERE id = ?1";
    redbex.db().execute(longer, &[&patient.id()]);
    for (idle, states) in [
        (0, ["active", "active"]),
        (30 * MINUTE, ["active", "active"]),
        (30 * MINUTE + 1, ["idle", "active"]),
        (2 * HOUR, ["idle", "active"]),
        (2 * HOUR + 1, ["abandoned", "active"]),
        (3 * HOUR, ["abandoned", "active"]),
        (3 * HOUR + 1, ["abandoned", "abandoned"]),
    ] {
        // When they have been unused for that long, then they are in these states
        let now = later(noon, idle);
        assert_eq!([&usual, &patient].map(|token| redbex.fate(token, now)), states, "{idle}");
    }
}

#[test]
fn r1_the_list_and_the_statistics_tell_the_states_apart() {
    let redbex = System::new("redbex");
    redbex.insert_all(0..3, active);
    redbex.insert_all(0..2, idle);
    redbex.insert(&abandoned(0));
    assert_eq!(["active", "idle", "abandoned"].map(|state| live(&redbex, state)), [3, 2, 1]);
    let figures = ["active", "idle", "abandoned"].map(|state| redbex.figure("imap", state));
    assert_eq!(figures, [3, 2, 1]);
    // An idle session becomes active when it is used again
    assert_eq!(redbex.touches("idle 0"), "renewed -");
    assert_eq!(redbex.fate("idle 0"), "active");
}

#[test]
fn r2_housekeeping_ends_the_abandoned_sessions_and_leaves_the_idle_ones() {
    // Given sessions in all three states
    let redbex = System::new("redbex");
    redbex.jobs_have_waited(&["mail1"]);
    redbex.insert_all(0..2, active);
    redbex.insert_all(0..2, idle);
    redbex.insert_all(0..2, abandoned);
    // When nobody logs in, but the housekeeping job comes
    redbex.run(&["run"]).succeeds().is_silent();
    // Then the abandoned ones have ended, as abandoned
    assert_eq!(["active", "idle", "abandoned"].map(|state| live(&redbex, state)), [2, 2, 0]);
    assert_eq!([redbex.fate("abandoned 0"), redbex.fate("abandoned 1")], ["abandoned"; 2]);
    assert_eq!(redbex.figure("imap", "ended_abandoned"), 2);
    // And to the second
    let mut redbex = Library::new("redbex");
    let token = redbex.open("imap", at(NOON));
    let last = later(at(NOON), 2 * HOUR);
    redbex.purge(last);
    assert_eq!(redbex.fate(&token, last), "idle");
    redbex.purge(later(last, 1));
    assert!(redbex.session(&token).unwrap().end.is_some());
}

#[test]
fn r3_a_login_first_ends_the_abandoned_sessions_and_then_counts() {
    // Given a licence for ten, four abandoned sessions of a task, and two of another task
    let redbex = System::new("redbex");
    redbex.insert_all(0..4, active);
    redbex.insert_all(0..2, idle);
    redbex.insert_all(0..4, abandoned);
    redbex.insert(&row("elsewhere").task("http").idle(3 * HOUR));
    redbex.insert(&row("also there").task("http").idle(MINUTE));
    // When somebody logs in
    assert_eq!(logs_in(&redbex, "new"), 0);
    // Then the abandoned sessions of the licence have ended, and nobody was evicted
    assert_eq!(["active", "idle", "abandoned"].map(|state| live(&redbex, state)), [6, 2, 0]);
    assert_eq!(["imap", "http"].map(|task| redbex.figure(task, "ended_abandoned")), [4, 1]);
    assert_eq!(redbex.figure("imap", "ended_evicted"), 0);
    // And two more have room, without touching the idle ones
    for user in ["a", "b"] {
        assert_eq!(logs_in(&redbex, user), 0);
    }
    assert_eq!(["active", "idle"].map(|state| live(&redbex, state)), [8, 2]);
}

#[test]
fn r3_they_end_also_where_the_login_is_refused_or_there_is_room() {
    for (others, code) in [(1, 0), (10, 4)] {
        let redbex = System::new("redbex");
        redbex.insert_all(0..others, active);
        redbex.insert(&abandoned(0));
        assert_eq!(logs_in(&redbex, "new"), code);
        assert_eq!(redbex.figure("imap", "ended_abandoned"), 1, "{others}");
    }
}

#[test]
fn r4_at_the_limit_the_session_idle_longest_is_evicted() {
    // Given a licence that allows no more, with two idle sessions
    let redbex = System::new("redbex");
    redbex.insert_all(0..8, active);
    redbex.insert_all(0..2, idle);
    // When somebody logs in, then the longest idle one is closed for them, one for one
    assert_eq!(logs_in(&redbex, "new"), 0);
    assert_eq!([redbex.fate("idle 0"), redbex.fate("idle 1")], ["evicted", "idle"]);
    assert_eq!(redbex.figure("imap", "live"), 10);
    // And then the other one
    assert_eq!(logs_in(&redbex, "newer"), 0);
    assert_eq!(redbex.fate("idle 1"), "evicted");
    assert_eq!((redbex.figure("imap", "live"), redbex.figure("imap", "ended_evicted")), (10, 2));
    assert_eq!(redbex.touches("idle 1"), "ended evicted");
}

#[test]
fn r4_idle_for_the_longest_is_the_one_whose_own_timeout_has_passed_first() {
    // Given a licence that allows no more, with one session that has been unused for longer,
    // and one that has been idle for longer
    let redbex = System::new("redbex");
    redbex.insert_all(0..8, active);
    redbex.insert(&row("patient").idle(65 * MINUTE).timeout(Some(HOUR)));
    redbex.insert(&row("hasty").idle(55 * MINUTE).timeout(Some(5 * MINUTE)));
    // When somebody logs in, then the latter is closed for them
    assert_eq!(logs_in(&redbex, "new"), 0);
    assert_eq!([redbex.fate("patient"), redbex.fate("hasty")], ["idle", "evicted"]);
}

#[test]
fn r4_a_session_is_idle_from_the_second_after_its_own_timeout() {
    for (seconds, is_admitted) in [(30 * MINUTE, false), (30 * MINUTE + 1, true)] {
        let mut redbex = Library::new("redbex");
        let noon = at(NOON);
        let first = redbex.open("imap", noon);
        let now = later(noon, seconds);
        for serial in 1..10 {
            redbex.opens(opening(&serial.to_string(), "imap"), now).unwrap();
        }
        let opened = redbex.opens(opening("new", "imap"), now);
        assert_eq!(opened.is_ok(), is_admitted);
        assert_eq!(redbex.fate(&first, now), if is_admitted { "evicted" } else { "active" });
    }
}

#[test]
fn r5_at_the_limit_with_no_idle_session_the_login_is_refused() {
    // Given a licence that allows no more, all of whose sessions are in use
    let redbex = System::new("redbex");
    redbex.insert_all(0..10, active);
    // When somebody logs in
    let reason =
        redbex.run(&["open", "--user", "new", "--task", "imap"]).is_refused_with(4).stderr();
    // Then they are told why, nothing has opened or ended, and the refusal is counted
    assert!(reason.contains("the licence for") && reason.contains("10 sessions"), "{reason}");
    assert_eq!((redbex.figure("imap", "live"), redbex.figure("imap", "opened")), (10, 10));
    assert_eq!((redbex.figure("imap", "ended"), redbex.figure("imap", "refused")), (0, 1));
    // And no other task has room, as the licence is for all of them
    redbex.run(&["open", "--user", "new", "--task", "http"]).is_refused_with(4);
}

#[test]
fn r7_a_requested_timeout_is_clamped_and_the_answer_says_what_was_granted() {
    let redbex = System::new("redbex");
    for (serial, (asked, granted)) in [
        ("20m", 1_200),
        ("5m", 300),
        ("299s", 300),
        ("0", 300),
        ("1h", 3_600),
        ("61m", 3_600),
        ("never", 3_600),
    ]
    .into_iter()
    .enumerate()
    {
        // When a client asks for a timeout
        let user = serial.to_string();
        let args = ["open", "--user", &user, "--task", "imap", "--timeout", asked];
        let opened = redbex.json(&args);
        // Then the answer says what it has, and that is what holds
        assert_eq!(opened["idle_timeout"], granted, "{asked}");
        let session = redbex.json(&["show", "session", opened["handle"].as_str().unwrap()]);
        assert_eq!(session["idle_timeout"], granted, "{asked}");
    }
    assert_eq!(redbex.opens(&["--task", "imap"])["idle_timeout"], 1_800);
}

#[test]
fn r8_ended_sessions_stay_listed_with_their_end_and_reason_for_their_retention() {
    // Given sessions that have ended, one of them a month ago
    let redbex = System::new("redbex");
    redbex.jobs_have_waited(&["mail1"]);
    redbex.insert(&row("old").idle(40 * DAY).ended(30 * DAY, "closed"));
    redbex.insert(&row("young").idle(40 * DAY).ended(29 * DAY, "closed"));
    redbex.insert(&abandoned(0));
    // When the housekeeping job comes
    redbex.run(&["run"]).succeeds().is_silent();
    // Then those are listed whose retention is not over
    let ended = redbex.json(&["list", "--state", "ended", "--sort", "ended"]);
    assert_eq!(handles(&ended), [handle("young"), handle("abandoned 0")]);
    let reasons = [&ended[0]["end_reason"], &ended[1]["end_reason"]];
    assert_eq!(reasons, ["closed", "abandoned"]);
    assert!([0, 1].iter().all(|place| ended[*place]["ended_at_unix"].is_i64()));
    // And to the second
    let mut redbex = Library::new("redbex");
    let token = redbex.open("imap", at(NOON));
    redbex.service.close(std::slice::from_ref(&token), at(NOON)).unwrap();
    let over = later(at(NOON), 30 * DAY);
    for (now, fate) in [(later(over, -1), "closed"), (over, "gone")] {
        redbex.purge(now);
        assert_eq!(redbex.fate(&token, now), fate);
    }
}

#[test]
fn r13_there_is_no_limit_for_one_user() {
    // Given the example, then one user may have all the sessions of the licence
    let redbex = System::new("redbex");
    for _ in 0..10 {
        assert_eq!(logs_in(&redbex, "alice"), 0);
    }
    assert_eq!(redbex.figure("imap", "live"), 10);
    assert_eq!(redbex.figure("imap", "ended"), 0);
    // And then the licence is what refuses
    let reason =
        redbex.run(&["open", "--user", "alice", "--task", "imap"]).is_refused_with(4).stderr();
    assert!(reason.contains("10 sessions") && !reason.contains("alice"), "{reason}");
    // And there is no other limit than that
    let policies = Library::new("redbex").config.policies;
    assert_eq!((policies.default.limit, policies.default.user_limit), (0, 0));
    assert_eq!(policies.licence_of("any").unwrap().limit, 10);
}
