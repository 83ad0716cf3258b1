//! Tandem TRANSFER: retention of records, and the effect of a changed policy.

use sessctl::{Token, UnixTime};

use crate::support::{DAY, MINUTE, at, handle, later, row};
use crate::systems::command::System;
use crate::systems::harness::Library;

/// The times of the daily check on two days.
const DAY_1: &str = "2026-06-15T00:00:00Z";
const DAY_2: &str = "2026-06-16T00:00:00Z";

/// Closes a session of a task.
fn closed(transfer: &mut Library, task: &str, now: UnixTime) -> Token {
    let token = transfer.open(task, now);
    transfer.service.close(std::slice::from_ref(&token), now).unwrap();
    token
}

/// The depot as it comes, without a constraint.
const INFINITE: [(&str, &str); 2] =
    [("retention = \"30d\"", "retention = \"forever\""), ("max = \"30d\"", "max = \"forever\"")];

#[test]
fn t8_a_record_is_kept_for_ever_for_the_tasks_own_time_or_not_at_all() {
    // Given a session that has ended in each of these folders
    let mut transfer = Library::with_changes("transfer", &INFINITE);
    let now = at(DAY_1);
    let tokens = ["box", "inbox", "wastebasket"].map(|task| closed(&mut transfer, task, now));
    let fates = |transfer: &Library, now| tokens.each_ref().map(|token| transfer.fate(token, now));
    // Then the waste basket is empty at once
    assert_eq!(fates(&transfer, now), ["closed", "closed", "gone"]);
    // And the inbox is kept for 7 days, to the second
    let end = later(now, 7 * DAY);
    transfer.purge(later(end, -1));
    assert_eq!(fates(&transfer, end), ["closed", "closed", "gone"]);
    transfer.purge(end);
    assert_eq!(fates(&transfer, end), ["closed", "gone", "gone"]);
    // And everything else for ever
    transfer.purge(later(now, 100 * 365 * DAY));
    assert_eq!(fates(&transfer, end), ["closed", "gone", "gone"]);
}

#[test]
fn t8_nothing_is_left_in_the_waste_basket_however_a_session_ends() {
    let mut transfer = Library::new("transfer");
    let token = transfer.open("wastebasket", at(DAY_1));
    transfer.run("daily check", later(at(DAY_1), -90));
    transfer.run("daily check", at(DAY_1));
    transfer.run("daily check", at(DAY_2));
    assert_eq!(transfer.fate(&token, at(DAY_2)), "gone");
    let system = System::new("transfer");
    system.insert(&row("token").task("wastebasket"));
    system.run(&["cycle", "wastebasket", "-q"]).succeeds();
    assert_eq!(system.fate("token"), "gone");
    assert_eq!(system.figure("wastebasket", "ended_cycled"), 1);
}

#[test]
fn t8_all_of_them_are_capped_with_a_warning() {
    let above = [
        ("retention = \"30d\"", "retention = \"forever\""),
        ("retention = \"7d\"", "retention = \"90d\""),
    ];
    // Given a cap of 30 days, then the two that are above it are cut, and that is said
    let system = System::with_changes("transfer", &above);
    system.insert(&row("token").task("group-sales"));
    let ran = system.run(&["show", "config", "-o", "plain"]);
    let warnings = ran.succeeds().stderr();
    assert!(
        warnings.contains("policy.retention = \"forever\" is reduced to retention.max = \"30d\""),
        "{warnings}"
    );
    assert!(
        warnings.contains("policy.inbox.retention = \"90d\" is reduced to retention.max = \"30d\""),
        "{warnings}"
    );
    assert_eq!(warnings.lines().count(), 2, "{warnings}");
    // And that is what holds
    let mut transfer = Library::with_changes("transfer", &above);
    let tokens = ["box", "inbox"].map(|task| closed(&mut transfer, task, at(DAY_1)));
    let end = later(at(DAY_1), 30 * DAY);
    for (now, fate) in [(later(end, -1), "closed"), (end, "gone")] {
        transfer.purge(now);
        assert_eq!(tokens.each_ref().map(|token| transfer.fate(token, now)), [fate, fate]);
    }
}

#[test]
fn t11_the_rows_of_ended_sessions_are_deleted_when_the_retention_of_their_folder_is_over() {
    // Given the example, and a session of each folder that nobody uses
    let mut transfer = Library::new("transfer");
    let midnight = at("2026-06-15T00:00:00Z");
    let folders = ["inbox", "outlog", "wastebasket", "depot"];
    let tokens = folders.map(|task| transfer.open(task, later(midnight, -DAY)));
    transfer.run("daily check", later(midnight, -90));
    let mut last_seen = [0; 4];
    // When the check comes each midnight
    for day in 0..40 {
        let now = later(midnight, day * DAY);
        transfer.run("daily check", now);
        let fates = tokens.each_ref().map(|token| transfer.fate(token, now));
        // Then the second one ends them
        assert!(day != 0 || fates == ["idle"; 4], "{fates:?}");
        assert!(day != 1 || fates == ["expired", "expired", "gone", "expired"], "{fates:?}");
        for (seen, fate) in last_seen.iter_mut().zip(fates) {
            *seen = if fate == "gone" { *seen } else { day };
        }
    }
    // And their rows are there for 7 days, 24 hours, not at all, and 30 days
    assert_eq!(last_seen, [7, 1, 0, 30]);
}

#[test]
fn t11_the_constraint_of_groups_holds_in_addition_to_that_of_all_depots() {
    // Given a session of a group, of a member, and of a folder that keeps less, all closed
    let mut transfer = Library::new("transfer");
    let now = at(DAY_1);
    let tokens = ["group-sales", "depot", "outlog"].map(|task| closed(&mut transfer, task, now));
    // When each constraint is over, to the second, then that row is deleted and no other
    for (days, before, after) in [
        (1, ["closed", "closed", "closed"], ["closed", "closed", "gone"]),
        (14, ["closed", "closed", "gone"], ["gone", "closed", "gone"]),
        (30, ["gone", "closed", "gone"], ["gone", "gone", "gone"]),
    ] {
        let end = later(now, days * DAY);
        for (time, fates) in [(later(end, -1), before), (end, after)] {
            transfer.purge(time);
            assert_eq!(tokens.each_ref().map(|token| transfer.fate(token, time)), fates);
        }
    }
}

#[test]
fn t9_a_changed_policy_does_not_alter_the_timeout_of_open_sessions() {
    // Given a session that was granted half an hour
    let mut transfer = System::new("transfer");
    let opened = transfer.opens(&["--task", "box"]);
    assert_eq!(opened["idle_timeout"], 30 * MINUTE);
    transfer.insert(&row("unused").task("box").idle(20 * MINUTE));
    // When the policy grants ten minutes from now on, and ends what is unused for longer
    let shorter = "expire = \"timeout\"\nmin_timeout = \"1m\"\ntimeout = \"10m\"";
    transfer.change("transfer", &[("expire = \"two-pass\"", shorter)]);
    transfer.run(&["purge"]).succeeds().is_silent();
    // Then open sessions keep what they have
    let session = transfer.json(&["show", "session", opened["handle"].as_str().unwrap()]);
    assert_eq!(session["idle_timeout"], 30 * MINUTE);
    let session = transfer.json(&["show", "session", &handle("unused")]);
    assert_eq!(
        (&session["idle_timeout"], &session["state"]),
        (&(30 * MINUTE).into(), &"active".into())
    );
    // And new ones get the new one
    assert_eq!(transfer.opens(&["--task", "box"])["idle_timeout"], 10 * MINUTE);
}
