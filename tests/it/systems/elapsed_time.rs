//! Rows in which hours and days pass, with nothing but the command and a fake clock.

use serde_json::Value;

use crate::support::{Finished, HOUR, MINUTE, row};
use crate::systems::command::System;
use crate::systems::fake_clock::{
    at, command, cron_at, fate_at, in_zone, json_at, open_at, runs_of, state_at, touch_at,
};

#[test]
#[ignore = "needs faketime"]
fn d6_d7_d8_the_night_of_a_domino_server() {
    let domino = System::new("domino");
    cron_at(&domino, "2026-06-15 22:00:03");
    // Given a client that left without a word at five past ten
    let [_, gone] = open_at(&domino, "2026-06-15 22:05:00", &["--task", "imap"]);
    // When the purge comes each quarter of an hour, then it is released by the first one
    // that finds it idle for longer than 30 minutes
    cron_at(&domino, "2026-06-15 22:30:03");
    assert_eq!(fate_at(&domino, "2026-06-15 22:31:00", &gone), "active");
    cron_at(&domino, "2026-06-15 22:45:03");
    assert_eq!(fate_at(&domino, "2026-06-15 22:46:00", &gone), "expired");
    // Given one that is in use before four in the morning, and when it is four
    let [token, handle] = open_at(&domino, "2026-06-16 03:50:00", &["--task", "imap"]);
    let mut elsewhere = command(&domino, "UTC", "@2026-06-16 04:00:02", &["run"]);
    elsewhere.env("SESSCTL_HOST", "mail2");
    Finished(elsewhere.output().unwrap()).succeeds().is_silent();
    assert_eq!(fate_at(&domino, "2026-06-16 04:00:03", &handle), "active");
    let mut cron = command(&domino, "UTC", "@2026-06-16 04:00:04", &["run"]);
    let said = Finished(cron.output().unwrap()).succeeds().stdout();
    assert!(said.ends_with("  cycled  job restart imap\n"), "{said}");
    cron_at(&domino, "2026-06-16 04:01:04");
    // Then the task was cycled on its own host, once, and the client cannot come back
    let nights = ["2026-06-16T04:00:00Z skipped", "2026-06-16T04:00:00Z done"];
    assert_eq!(runs_of(&domino, "restart imap"), nights);
    assert_eq!(touch_at(&domino, "2026-06-16 04:05:00", &token), "ended cycled");
    // And so it is the night after
    cron_at(&domino, "2026-06-17 04:00:04");
    assert_eq!(runs_of(&domino, "restart imap")[2..], ["2026-06-17T04:00:00Z done"]);
    assert!(runs_of(&domino, "restart pop3").is_empty());
}

#[test]
#[ignore = "needs faketime"]
fn w2_w3_half_an_hour_of_a_websphere_server() {
    // Given two sessions, and a reaper that runs just before they are eligible
    let mut websphere = System::new("websphere");
    let http = ["--task", "http"];
    let [used, _] = open_at(&websphere, "2026-06-15 12:00:00", &http);
    let [_, unused] = open_at(&websphere, "2026-06-15 12:00:00", &http);
    cron_at(&websphere, "2026-06-15 12:20:00");
    cron_at(&websphere, "2026-06-15 12:29:30");
    let before = json_at(&websphere, "2026-06-15 12:29:40", &["show", "session", &unused]);
    assert_eq!((&before["state"], &before["eligible_since"]), (&"active".into(), &Value::Null));
    // When their timeout is over, then that is shown, with the reaper's next run
    let after = json_at(&websphere, "2026-06-15 12:30:30", &["show", "session", &unused]);
    let number = |key: &str| after[key].as_i64().unwrap();
    assert_eq!(number("eligible_since_unix"), number("last_used_at_unix") + 30 * MINUTE);
    let finished = websphere.json(&["show", "runs"])[0]["finished_at_unix"].as_i64().unwrap();
    let interval = number("next_purge_at_unix") - finished;
    assert!((300..=358).contains(&interval), "{interval}");
    // And until then they are usable: the one that is used lives on
    cron_at(&websphere, "2026-06-15 12:31:20");
    assert_eq!(state_at(&websphere, "2026-06-15 12:31:21", &unused), "expired");
    assert_eq!(touch_at(&websphere, "2026-06-15 12:31:22", &used), "renewed -");
    cron_at(&websphere, "2026-06-15 12:36:20");
    assert_eq!(fate_at(&websphere, "2026-06-15 12:36:21", &unused), "gone");
    assert_eq!(touch_at(&websphere, "2026-06-15 12:50:00", &used), "renewed -");
    // When the server is strict, then a use after the timeout is refused at once
    websphere.change("websphere", &[("strict = false", "strict = true")]);
    assert_eq!(touch_at(&websphere, "2026-06-15 13:19:00", &used), "renewed -");
    assert_eq!(touch_at(&websphere, "2026-06-15 13:49:30", &used), "ended expired");
}

#[test]
#[ignore = "needs faketime"]
fn s1_s6_s8_the_afternoon_of_a_stalwart_server_that_was_off_for_a_while() {
    // Given an entry that is used once, and a record of what ends
    let on_record = [("retention = \"0\"", "retention = \"24h\"")];
    let stalwart = System::with_changes("stalwart", &on_record);
    let [token, handle] = open_at(&stalwart, "2026-06-15 12:00:00", &["--task", "imap"]);
    cron_at(&stalwart, "2026-06-15 12:14:30");
    assert_eq!(runs_of(&stalwart, "purge"), [""; 0]);
    cron_at(&stalwart, "2026-06-15 12:15:05");
    assert_eq!(touch_at(&stalwart, "2026-06-15 12:29:00", &token), "renewed -");
    // When its ttl is over, counted from then on, then it ends at a quarter past
    assert_eq!(fate_at(&stalwart, "2026-06-15 12:58:00", &handle), "active");
    assert_eq!(touch_at(&stalwart, "2026-06-15 13:00:00", &token), "ended expired");
    cron_at(&stalwart, "2026-06-15 13:14:30");
    assert_eq!(state_at(&stalwart, "2026-06-15 13:14:40", &handle), "expired");
    cron_at(&stalwart, "2026-06-15 13:15:05");
    assert_eq!(state_at(&stalwart, "2026-06-15 13:15:40", &handle), "ended");
    assert_eq!(fate_at(&stalwart, "2026-06-15 13:15:40", &handle), "expired");
    // When the machine was off until twenty to six, then four runs were missed
    let schedule = json_at(&stalwart, "2026-06-15 17:40:00", &["show", "schedule"]);
    assert_eq!(schedule[0]["missed"], 4);
    // And the next call makes them up by one, which is shown as late
    cron_at(&stalwart, "2026-06-15 17:40:30");
    cron_at(&stalwart, "2026-06-15 17:41:30");
    cron_at(&stalwart, "2026-06-15 18:15:05");
    let planned = ["12:15", "13:15", "17:15", "18:15"];
    let planned = planned.map(|time| format!("2026-06-15T{time}:00Z done"));
    assert_eq!(runs_of(&stalwart, "purge"), planned);
    let runs = stalwart.json(&["show", "runs"]);
    let late = |place: usize| runs[place]["late_seconds"].as_i64().unwrap();
    assert!((1_530..1_560).contains(&late(1)), "{}", late(1));
    assert!((5..35).contains(&late(0)) && (5..35).contains(&late(3)), "{runs}");
    assert_eq!((&runs[1]["missed"], &runs[0]["missed"]), (&3.into(), &0.into()));
}

#[test]
#[ignore = "needs faketime"]
fn t10_a_daily_check_over_the_night_of_23_hours() {
    for (delay, checks) in [("24h", 2), ("25h", 3), ("48h", 3), ("49h", 4)] {
        // Given a check at three in the morning in Berlin, where the night to 2026-03-29 has
        // an hour less
        let delay = format!("delay = \"{delay}\"");
        let at_three = ("at = \"0 0 *\"", "at = \"0 3 *\"");
        let transfer = System::with_changes("transfer", &[("delay = \"24h\"", &*delay), at_three]);
        let check = |time: &str| {
            in_zone(&transfer, "Europe/Berlin", time, &["run"]).succeeds().is_silent();
        };
        check("2026-03-27 12:00:00");
        let [_, handle] = open_at(&transfer, "2026-03-27 12:00:00", &["--task", "box"]);
        // When it comes each night, then the session ends at this one
        for (number, day) in (1..).zip(28..=31) {
            check(&format!("2026-03-{day} 03:00:05"));
            let state = state_at(&transfer, &format!("2026-03-{day} 03:30:00"), &handle);
            assert_eq!(state == "ended", number >= checks, "{delay} {number} {state}");
        }
    }
}

#[test]
#[ignore = "needs faketime"]
fn s5_a_job_at_a_time_that_the_clock_skips_runs_once_that_day() {
    // Given a job at half past two in Berlin, where that does not exist on 2026-03-29
    let stalwart = System::with_changes("stalwart", &[("at = \"15 * *\"\n", "at = \"30 2 *\"\n")]);
    for time in [
        "2026-03-28 02:00:05",
        "2026-03-28 02:30:05",
        "2026-03-29 01:59:05",
        "2026-03-29 03:00:05",
        "2026-03-29 03:30:05",
        "2026-03-30 02:29:05",
        "2026-03-30 02:30:05",
    ] {
        in_zone(&stalwart, "Europe/Berlin", time, &["run"]).succeeds().is_silent();
    }
    // Then it ran once on each day, on that one at the first instant after the gap
    let planned = ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"];
    assert_eq!(runs_of(&stalwart, "purge"), planned.map(|time| format!("{time}:00Z done")));
}

#[test]
#[ignore = "needs faketime"]
fn t1_t2_t3_t4_t7_three_days_of_a_transfer_system() {
    // Given a session that nobody uses, and one that is used between the checks
    let transfer = System::new("transfer");
    let [_, unused] = open_at(&transfer, "2026-06-12 12:00:00", &["--task", "box"]);
    let [token, used] = open_at(&transfer, "2026-06-12 12:00:00", &["--task", "box"]);
    let mark = |time: &str, handle: &str| {
        json_at(&transfer, time, &["show", "session", handle])["marked_at"].clone()
    };
    // When the check of day 1 starts seven seconds late
    cron_at(&transfer, "2026-06-14 23:59:07");
    cron_at(&transfer, "2026-06-15 00:00:07");
    // Then both are marked with its scheduled time, and checks by hand change nothing
    for time in ["2026-06-15 03:10:00", "2026-06-15 20:00:00"] {
        at(&transfer, time, &["purge"]).succeeds();
        assert_eq!([mark(time, &unused), mark(time, &used)], ["2026-06-15T00:00:00Z"; 2]);
    }
    let run = &transfer.json(&["show", "runs", "--job", "daily check"])[0];
    assert_eq!((&run["marked"], &run["ended"]), (&2.into(), &0.into()));
    assert!((7..37).contains(&run["late_seconds"].as_i64().unwrap()), "{run}");
    // When the one is used, and the check of day 2 starts a little less late
    assert_eq!(touch_at(&transfer, "2026-06-15 21:00:00", &token), "renewed -");
    assert_eq!(touch_at(&transfer, "2026-06-15 22:00:00", &token), "unchanged -");
    cron_at(&transfer, "2026-06-16 00:00:02");
    // Then the other one has ended, and that one is marked, and ends on day 3
    assert_eq!(fate_at(&transfer, "2026-06-16 00:01:00", &unused), "expired");
    assert_eq!(mark("2026-06-16 00:01:00", &used), "2026-06-16T00:00:00Z");
    cron_at(&transfer, "2026-06-17 00:00:05");
    assert_eq!(touch_at(&transfer, "2026-06-17 00:01:00", &token), "ended expired");
}

#[test]
#[ignore = "needs faketime"]
fn t7_the_short_day_of_a_transfer_system_in_berlin() {
    let transfer = System::new("transfer");
    let [_, handle] = open_at(&transfer, "2026-03-20 12:00:00", &["--task", "box"]);
    // Given checks at midnight on both sides of the change of the clocks
    for (time, fate) in
        [("2026-03-29 00:00:07", Value::Null), ("2026-03-30 00:00:02", "expired".into())]
    {
        in_zone(&transfer, "Europe/Berlin", time, &["run"]).succeeds().is_silent();
        // Then the second one ends what the first one has marked, 23 hours before
        let session = transfer.json(&["show", "session", &handle]);
        assert_eq!(session["end_reason"], fate);
    }
    let planned = ["2026-03-28T23:00:00Z done", "2026-03-29T22:00:00Z done"];
    assert_eq!(runs_of(&transfer, "daily check"), planned);
}

#[test]
#[ignore = "needs faketime"]
fn r1_r2_r3_r8_a_month_of_a_redbex_server() {
    // Given two clients that were granted 20 minutes, and are not seen again
    let redbex = System::new("redbex");
    let asked = ["--task", "imap", "--timeout", "20m"];
    let [_, first] = open_at(&redbex, "2026-06-15 08:00:00", &asked);
    let [_, second] = open_at(&redbex, "2026-06-15 09:00:00", &asked);
    // When hours pass, then the first one goes through its states
    for (time, state) in [
        ("2026-06-15 08:19:30", "active"),
        ("2026-06-15 08:20:30", "idle"),
        ("2026-06-15 09:59:30", "idle"),
        ("2026-06-15 10:00:30", "abandoned"),
    ] {
        assert_eq!(fate_at(&redbex, time, &first), state, "{time}");
    }
    // And the housekeeping job ends it, and leaves the idle one
    cron_at(&redbex, "2026-06-15 10:00:00");
    cron_at(&redbex, "2026-06-15 10:05:00");
    assert_eq!(fate_at(&redbex, "2026-06-15 10:05:30", &first), "abandoned");
    let ended = |time: &str| {
        let listed = json_at(&redbex, time, &["list", "--state", "ended"]);
        listed.as_array().unwrap().len()
    };
    assert_eq!(ended("2026-06-15 10:05:30"), 1);
    assert_eq!(fate_at(&redbex, "2026-06-15 10:05:30", &second), "idle");
    // When that one is abandoned, too, then the next login ends it
    open_at(&redbex, "2026-06-15 11:01:00", &["--task", "imap"]);
    assert_eq!(fate_at(&redbex, "2026-06-15 11:01:30", &second), "abandoned");
    assert_eq!(ended("2026-06-15 11:01:30"), 2);
    // And both stay listed for thirty days each
    for (time, left) in
        [("2026-07-15 10:04:00", 3), ("2026-07-15 10:10:00", 2), ("2026-07-15 11:10:00", 1)]
    {
        cron_at(&redbex, time);
        assert_eq!(ended(time), left, "{time}");
    }
}

#[test]
#[ignore = "needs faketime"]
fn w6_w8_a_long_run_renews_its_lease_and_the_next_one_counts_from_its_end() {
    // Given a table that takes some batches, and a clock that goes on by 200 ms whenever it is
    // read, however fast the machine is
    let websphere = System::new("websphere");
    let time = "+0 i0.2";
    websphere.insert_all(0..20_000, |serial| row(&serial.to_string()).idle(HOUR));
    websphere.jobs_have_waited(&["mail1"]);
    let trigger = "CREATE TRIGGER log AFTER UPDATE OF renewed_at ON leases \
                   BEGIN INSERT INTO log VALUES (new.renewed_at); END";
    // The other clocks fly as well, and so have nothing in common with those of before.
    for sql in ["CREATE TABLE log (renewed_at)", trigger, "DELETE FROM clocks"] {
        websphere.db().execute(sql, &[]);
    }
    // When the reaper runs
    let ran = Finished(command(&websphere, "UTC", time, &["run"]).output().unwrap());
    ran.succeeds().is_silent();
    // Then it has said again and again that it is at work
    let run = &websphere.json(&["show", "runs"])[0];
    let [started, finished] =
        ["started_at_unix", "finished_at_unix"].map(|key| run[key].as_i64().unwrap());
    let query = "SELECT count(*), min(renewed_at), max(renewed_at) FROM log";
    let [renewals, first, last] = websphere.db().numbers(query, &[]);
    assert!(finished > started + 2, "{started} {finished}");
    assert!(renewals >= 2 && first > started && last <= finished, "{renewals} {first} {last}");
    // And the next run is due an interval after the end of this one
    let later = command(&websphere, "UTC", "+2h", &["show", "schedule", "--json"]).output();
    let next = Finished(later.unwrap()).succeeds().json()[0]["next_at_unix"].as_i64().unwrap();
    assert!((300..=358).contains(&(next - finished)), "{finished} {next}");
}

/// The minutes of an hour at which the reaper has started, with cron at work each minute a
/// few seconds after it.
fn reaped(changes: &[(&str, &str)], minutes: u32) -> Vec<u32> {
    let websphere = System::with_changes("websphere", changes);
    for minute in 0..minutes {
        cron_at(&websphere, &format!("2026-06-15 12:{minute:02}:{:02}", 1 + minute % 4));
    }
    let runs = websphere.json(&["show", "runs", "--limit", "0"]);
    let minute = |run: &Value| run["started_at"].as_str().unwrap()[14..16].parse().unwrap();
    runs.as_array().unwrap().iter().rev().map(minute).collect()
}

#[test]
#[ignore = "needs faketime"]
fn w4_from_cron_the_reaper_runs_at_the_minute_that_is_nearest_to_its_interval() {
    // Given timeouts of a quarter of an hour, then it runs each minute
    let short = [("\ntimeout = \"30m\"", "\ntimeout = \"15m\"")];
    assert_eq!(reaped(&short, 6), [1, 2, 3, 4, 5]);
    // Given half an hour, then it runs each five or six, as the machine's name has it
    let runs = reaped(&[], 20);
    let distance = runs[0];
    assert!([5, 6].contains(&distance), "{runs:?}");
    assert_eq!(runs, [1, 2, 3].map(|run| run * distance));
    // Given five minutes that are set, then it runs each five
    assert_eq!(reaped(&[("every = \"auto\"", "every = \"5m\"")], 17), [5, 10, 15]);
}
