//! Tandem TRANSFER: what a check finds unused is marked, and ended by a later one.

use sessctl::app::{JobOutcome, TouchOutcome};
use sessctl::domain::session::{End, EndReason};
use sessctl::{Token, UnixTime};

use crate::support::{DAY, HOUR, MINUTE, at, later, row};
use crate::systems::command::System;
use crate::systems::harness::Library;

/// The times of the daily check on two days.
const DAY_1: &str = "2026-06-15T00:00:00Z";
const DAY_2: &str = "2026-06-16T00:00:00Z";

/// With checks that lie less than a day apart.
const HALF_A_DAY: [(&str, &str); 2] =
    [("delay = \"24h\"", "delay = \"12h\""), ("at = \"0 0 *\"", "at = \"*/5 * *\"")];

#[track_caller]
fn check(transfer: &mut Library, now: UnixTime) {
    assert!(matches!(transfer.run("daily check", now), JobOutcome::Purged(_)), "{now}");
}

/// Creates a session unused for a month, and a job that the ledger knows.
fn with_an_old_session(changes: &[(&str, &str)]) -> (Library, Token) {
    let mut transfer = Library::with_changes("transfer", changes);
    let token = transfer.open("box", at("2026-05-15T12:00:00Z"));
    transfer.run("daily check", later(at(DAY_1), -90));
    (transfer, token)
}

#[test]
fn t1_a_check_marks_each_live_session_that_has_no_mark_with_its_time() {
    // Given sessions used long ago and just now, and one that is over
    let (mut transfer, old) = with_an_old_session(&[]);
    let now = at(DAY_1);
    let [new, closed] = [now, now].map(|now| transfer.open("box", now));
    transfer.service.close(std::slice::from_ref(&closed), now).unwrap();
    // When the check of day 1 comes
    check(&mut transfer, now);
    // Then the live ones bear its time, and all of them live on
    assert_eq!([&old, &new].map(|token| transfer.mark(token)), [Some(now), Some(now)]);
    let is_live = |token| transfer.session(token).unwrap().end.is_none();
    assert_eq!([&old, &new, &closed].map(is_live), [true, true, false]);
    assert_eq!(transfer.mark(&closed), None);
    assert_eq!(transfer.runs().pop().unwrap().marked, 2);
}

#[test]
fn t2_a_touch_clears_the_mark_and_that_is_all_that_a_touch_writes() {
    // Given a session that is marked
    let (mut transfer, token) = with_an_old_session(&[]);
    check(&mut transfer, at(DAY_1));
    // When it is used, then the mark is gone
    let noon = later(at(DAY_1), 9 * HOUR);
    assert_eq!(transfer.touch(&token, noon), TouchOutcome::Renewed);
    assert_eq!(transfer.mark(&token), None);
    // When it is used again, however much later, then nothing is written
    let before = transfer.session(&token);
    assert_eq!(transfer.touch(&token, later(noon, 10 * HOUR)), TouchOutcome::Unchanged);
    assert_eq!(transfer.session(&token), before);
    // And the next check marks it anew, and does not end it
    check(&mut transfer, at(DAY_2));
    assert_eq!(transfer.mark(&token), Some(at(DAY_2)));
}

#[test]
fn t2_touching_an_unmarked_session_takes_no_lock() {
    let transfer = System::new("transfer");
    transfer.insert(&row("token").idle(3 * DAY));
    let before = transfer.database_snapshot();
    let answer = transfer.while_locked(|| transfer.touches("token"));
    assert_eq!(answer, "unchanged -");
    assert!(transfer.database_snapshot() == before);
    // And the one touch that writes
    transfer.run(&["purge"]).succeeds().is_silent();
    assert_eq!(transfer.touches("token"), "renewed -");
    assert_eq!(transfer.touches("token"), "unchanged -");
}

#[test]
fn t3_a_later_check_ends_what_still_bears_its_mark_when_that_is_delay_old() {
    // Given one session that stays unused after the check of day 1, and one that is used
    let (mut transfer, unused) = with_an_old_session(&[]);
    let used = transfer.open("box", later(at(DAY_1), -HOUR));
    check(&mut transfer, at(DAY_1));
    transfer.touch(&used, later(at(DAY_1), 1));
    // When the check of day 2 comes
    check(&mut transfer, at(DAY_2));
    // Then the one has ended as expired, and the other one is marked
    let end = End { at: at(DAY_2), reason: EndReason::Expired };
    assert_eq!(transfer.session(&unused).unwrap().end, Some(end));
    assert_eq!(transfer.session(&used).unwrap().end, None);
    assert_eq!(transfer.mark(&used), Some(at(DAY_2)));
    // And what has ended cannot be used again
    let next = transfer.touch(&unused, later(at(DAY_2), 1));
    assert_eq!(next, TouchOutcome::Ended(EndReason::Expired));
}

#[test]
fn t3_at_exactly_the_delay_and_not_a_second_before() {
    let (mut transfer, token) = with_an_old_session(&HALF_A_DAY);
    let marked = at(DAY_1);
    transfer.purge(marked);
    transfer.purge(later(marked, 12 * HOUR - 1));
    assert_eq!(transfer.session(&token).unwrap().end, None);
    transfer.purge(later(marked, 12 * HOUR));
    assert_eq!(transfer.fate(&token, marked), "expired");
}

#[test]
fn t4_a_mark_keeps_its_first_time_whatever_checks_come_after() {
    for changes in [&[][..], &HALF_A_DAY] {
        // Given a session that is marked
        let (mut transfer, token) = with_an_old_session(changes);
        transfer.purge(at(DAY_1));
        // When it is checked each hour
        for hour in 1..12 {
            transfer.purge(later(at(DAY_1), hour * HOUR));
            // Then the mark stays as it was
            assert_eq!(transfer.mark(&token), Some(at(DAY_1)), "{hour}");
        }
        // And so it ends when it is due by its first mark
        transfer.purge(at(DAY_2));
        assert_eq!(transfer.fate(&token, at(DAY_2)), "expired");
    }
}

#[test]
fn t5_no_session_ends_on_its_first_check_nor_between_checks_that_are_minutes_apart() {
    for changes in [&[][..], &HALF_A_DAY, &[("delay = \"24h\"", "delay = \"10m\"")]] {
        // Given sessions that nobody has used for a month, one with no timeout left
        let (mut transfer, token) = with_an_old_session(changes);
        let zero = transfer.open("box", at("2026-05-15T12:00:00Z"));
        let none = "UPDATE sessions SET idle_timeout = 0 WHERE id = ?1";
        transfer.db().execute(none, &[&zero.id()]);
        // When checks come minutes apart
        for minutes in [0, 1, 2, 5, 9] {
            transfer.purge(later(at(DAY_1), minutes * MINUTE));
        }
        // Then none of them has ended any
        assert!(transfer.runs().iter().all(|run| run.ended == 0));
        assert!([&token, &zero].iter().all(|token| transfer.session(token).unwrap().end.is_none()));
    }
    // Nor does one end at its first check when no delay is asked for at all
    let (mut transfer, token) = with_an_old_session(&[("delay = \"24h\"", "delay = \"0\"")]);
    check(&mut transfer, at(DAY_1));
    assert_eq!(transfer.mark(&token), Some(at(DAY_1)));
    assert_eq!(transfer.session(&token).unwrap().end, None);
}

#[test]
fn t6_a_delay_below_the_distance_of_the_checks_is_accepted_with_a_warning() {
    for (delay, at, warns) in [
        ("24h", "0 0 *", false),
        ("23h", "0 0 *", true),
        ("86399s", "0 0 *", true),
        ("48h", "0 0 *", false),
        ("12h", "0 3,15 *", false),
        ("24h", "0 3 7", true),
    ] {
        let [delay, at] = [format!("delay = \"{delay}\""), format!("at = \"{at}\"")];
        let changes = [("delay = \"24h\"", &*delay), ("at = \"0 0 *\"", &*at)];
        let transfer = System::with_changes("transfer", &changes);
        transfer.insert(&row("token").task("group-sales"));
        let said = transfer.run(&["show", "config"]).succeeds().stderr();
        assert_eq!(said.contains("cannot take effect before the next check"), warns, "{said}");
        assert_eq!(said.is_empty(), !warns, "{said}");
        transfer.run(&["purge"]).succeeds();
    }
}

#[test]
fn t7_a_check_belongs_to_its_scheduled_time_also_when_cron_starts_it_late() {
    for (late_1, late_2) in [(0, 0), (7, 0), (59, 1), (0, 59), (200, 3)] {
        // Given a check of day 1 that starts a few seconds late
        let (mut transfer, token) = with_an_old_session(&[]);
        check(&mut transfer, later(at(DAY_1), late_1));
        // Then it marks with the scheduled time
        assert_eq!(transfer.mark(&token), Some(at(DAY_1)), "{late_1}");
        // And the check of day 2 ends the session, though it may start less late
        check(&mut transfer, later(at(DAY_2), late_2));
        assert_eq!(transfer.fate(&token, at(DAY_2)), "expired", "{late_1} {late_2}");
    }
}

#[test]
fn t7_a_day_of_23_hours_does_not_cost_an_extra_day() {
    for (day_1, day_2, hours) in [
        // The day on which Berlin's clocks are set forward, and that on which they are
        // set back
        ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23),
        ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25),
    ] {
        let mut transfer = Library::new("transfer").in_zone("Europe/Berlin");
        let [day_1, day_2] = [day_1, day_2].map(at);
        assert_eq!(day_2.since(day_1).as_seconds(), hours * HOUR);
        let token = transfer.open("box", later(day_1, -30 * DAY));
        transfer.run("daily check", later(day_1, -90));
        // Given a check at midnight, seven seconds late
        check(&mut transfer, later(day_1, 7));
        assert_eq!(transfer.mark(&token), Some(day_1));
        // When it is midnight again
        check(&mut transfer, later(day_2, 2));
        // Then the session ends
        assert_eq!(transfer.fate(&token, day_2), "expired", "{hours}");
    }
}

#[test]
fn t10_a_delay_of_whole_days_ends_that_many_checks_later_and_any_other_is_exact() {
    for (delay, checks) in [
        ("24h", 2),
        ("25h", 3),
        ("47h", 3),
        ("1d", 2),
        ("48h", 3),
        ("49h", 4),
        ("86401s", 3),
        ("72h", 4),
    ] {
        // Given a daily check, in a zone whose clocks are not changed
        let delay = format!("delay = \"{delay}\"");
        let (mut transfer, token) = with_an_old_session(&[("delay = \"24h\"", &delay)]);
        // When it comes day after day, then the session ends at this one
        let days = (0..9).map(|day| later(at(DAY_1), day * DAY));
        let ends = |day: &UnixTime| {
            check(&mut transfer, *day);
            transfer.session(&token).unwrap().end.is_some()
        };
        let passed = days
            .take_while({
                let mut ends = ends;
                move |day| !ends(day)
            })
            .count();
        assert_eq!(passed + 1, checks, "{delay}");
    }
}

#[test]
fn t10_over_a_day_of_23_hours_a_delay_of_whole_days_loses_no_check() {
    for (delay, checks) in [("24h", 2), ("48h", 3), ("25h", 3), ("49h", 4)] {
        let delay = format!("delay = \"{delay}\"");
        let changes = [("delay = \"24h\"", &*delay), ("at = \"0 0 *\"", "at = \"0 3 *\"")];
        let mut transfer = Library::with_changes("transfer", &changes).in_zone("Europe/Berlin");
        let day_1 = at("2026-03-28T02:00:00Z");
        let token = transfer.open("box", later(day_1, -30 * DAY));
        transfer.run("daily check", later(day_1, -90));
        // Given that Berlin's clocks are set forward between the first check and the second
        for (number, day) in (1..).zip(["28T02", "29T01", "30T01", "31T01"]) {
            check(&mut transfer, at(&format!("2026-03-{day}:00:00Z")));
            // Then it ends as if that had not been
            let has_ended = transfer.session(&token).unwrap().end.is_some();
            assert_eq!(has_ended, number >= checks, "{delay} {number}");
        }
    }
}

#[test]
fn t7_the_tolerance_is_an_hour_at_a_delay_of_a_day_and_none_below() {
    for (changes, least) in [(&[][..], 23 * HOUR), (&HALF_A_DAY, 12 * HOUR)] {
        let (mut transfer, token) = with_an_old_session(changes);
        transfer.purge(at(DAY_1));
        transfer.purge(later(at(DAY_1), least - 1));
        assert_eq!(transfer.session(&token).unwrap().end, None);
        transfer.purge(later(at(DAY_1), least));
        assert_eq!(transfer.fate(&token, at(DAY_1)), "expired");
    }
}
