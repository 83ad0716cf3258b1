//! Stalwart's `<minute> <hour> <weekday>`, in the place where it stands: the purge of
//! the configuration.

use chrono::{Datelike, Timelike};
use sessctl::domain::job::JobTiming;
use sessctl::domain::schedule::Schedule;
use sessctl::domain::time_zone::TimeZone;
use sessctl::{Config, UnixTime};

use crate::support::{DAY, Finished, HOUR, MINUTE, at, later};
use crate::systems::command::{System, text, text_with_changes};
use crate::systems::harness::{Library, minutes};

static UTC: TimeZone = TimeZone::UTC;

/// The words that give the purge other times.
fn purge_at(times: &str) -> [(&'static str, String); 1] {
    [("at = \"15 * *\"\n", format!("at = \"{times}\"\n"))]
}

/// The schedule of the purge.
fn schedule_of(text: &str) -> Schedule {
    let config = Config::parse(text, "stalwart.toml").unwrap();
    match &config.jobs[0].when {
        JobTiming::At(schedule) => schedule.clone(),
        JobTiming::Every(_) => panic!("it is at fixed times"),
    }
}

fn schedule(times: &str) -> Schedule {
    let [(words, others)] = purge_at(times);
    schedule_of(&text_with_changes("stalwart", &[(words, &others)]))
}

/// The first runs later than Monday, 2026-06-15, 12:00.
fn next(schedule: &Schedule, count: usize) -> Vec<String> {
    let runs = schedule.occurrences_after(at("2026-06-15T12:00:00Z"), &UTC).take(count);
    runs.map(|run| run.utc().unwrap().format("%a %d %R").to_string()).collect()
}

#[test]
fn s1_minute_hour_and_weekday_say_when_it_runs() {
    assert_eq!(
        next(&schedule_of(&text("stalwart")), 3),
        ["Mon 15 12:15", "Mon 15 13:15", "Mon 15 14:15"]
    );
    assert_eq!(next(&schedule("0 3 *"), 2), ["Tue 16 03:00", "Wed 17 03:00"]);
    assert_eq!(next(&schedule("45 5 2"), 2), ["Tue 16 05:45", "Tue 23 05:45"]);
    assert_eq!(next(&schedule("59 23 7"), 1), ["Sun 21 23:59"]);
    assert_eq!(next(&schedule("0 0 1"), 1), ["Mon 22 00:00"]);
}

#[test]
fn s1_in_the_local_time_of_the_machine() {
    let stalwart = System::new("stalwart");
    let args =
        ["schedule", "next", "0 3 *", "-n", "1", "--after", "2026-06-15T12:00:00Z", "--json"];
    for (zone, next) in [
        ("UTC", "2026-06-16T03:00:00Z"),
        ("Asia/Tokyo", "2026-06-15T18:00:00Z"),
        ("America/New_York", "2026-06-16T07:00:00Z"),
    ] {
        let answer = Finished(stalwart.command(&args).env("TZ", zone).output().unwrap());
        assert_eq!(answer.succeeds().json()[0]["time"], next, "{zone}");
    }
}

#[test]
fn s2_fields_hold_lists_ranges_steps_and_names_of_weekdays() {
    for (times, runs) in [
        ("0,30 * *", ["Mon 15 12:30", "Mon 15 13:00", "Mon 15 13:30"]),
        ("*/15 * *", ["Mon 15 12:15", "Mon 15 12:30", "Mon 15 12:45"]),
        ("10-50/20 * *", ["Mon 15 12:10", "Mon 15 12:30", "Mon 15 12:50"]),
        ("0 8-18/5 *", ["Mon 15 13:00", "Mon 15 18:00", "Tue 16 08:00"]),
        ("0 2,14 *", ["Mon 15 14:00", "Tue 16 02:00", "Tue 16 14:00"]),
        ("0 3 1-5", ["Tue 16 03:00", "Wed 17 03:00", "Thu 18 03:00"]),
        ("0 3 6-1", ["Sat 20 03:00", "Sun 21 03:00", "Mon 22 03:00"]),
        ("0 3 fri-SUN", ["Fri 19 03:00", "Sat 20 03:00", "Sun 21 03:00"]),
        ("0 3 Mon,thu,7", ["Thu 18 03:00", "Sun 21 03:00", "Mon 22 03:00"]),
        ("0 3 */3", ["Thu 18 03:00", "Sun 21 03:00", "Mon 22 03:00"]),
    ] {
        assert_eq!(next(&schedule(times), 3), runs, "{times}");
    }
}

#[test]
fn s3_everything_else_is_refused_and_the_mistake_pointed_out() {
    for (times, field, place) in [
        ("60 * *", "minute holds 0-59", "  ^^"),
        ("0 24 *", "hour holds 0-23", "    ^^"),
        ("0 3 0", "weekday holds 1 (Monday) to 7 (Sunday)", "      ^"),
        ("0 3 8", "weekday holds 1 (Monday) to 7 (Sunday)", "      ^"),
        ("*/0 * *", "minute holds 0-59", "    ^"),
        ("0,,30 * *", "minute holds 0-59", "    ^"),
        ("0 3", "<minute> <hour> <weekday>", "     ^"),
        ("0 3 * *", "<minute> <hour> <weekday>", "        ^"),
        ("0 3 * * 2", "use 0 3 2", "      ^^^"),
    ] {
        let mut stalwart = System::new("stalwart");
        // Given a schedule with a mistake in it, then the check shows what the field may
        // hold, and where the mistake is
        let said = stalwart.run(&["schedule", "check", times]).exits(2).stderr();
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[1], format!("  {times}"), "{said}");
        assert!(lines[2].starts_with(place) && lines[2].trim_start().starts_with('^'), "{said}");
        assert!(lines[3].contains(field), "{said}");
        // And the configuration is refused with the line, the key and the same words
        let [(words, others)] = purge_at(times);
        stalwart.change("stalwart", &[(words, &others)]);
        let reason = stalwart.run(&["run"]).is_refused_with(2).stderr();
        assert!(reason.contains("sessctl.toml:") && reason.contains(": job.at: "), "{reason}");
        assert!(reason.contains(field), "{reason}");
    }
}

#[test]
fn s3_any_white_space_separates_fields() {
    for times in ["15   *\t*", " 15 * * ", "15\\n*\\n*", "15\u{a0}*\u{2003}*"] {
        assert_eq!(schedule(times), schedule("15 * *"), "{times:?}");
    }
}

#[test]
fn s4_the_next_run_is_right_before_at_and_after_the_time_of_the_week() {
    // Given each weekday and each hour, from Monday, 2026-06-15 on
    let monday = at("2026-06-15T00:00:00Z");
    for (weekday, hour) in (1..=7).flat_map(|day| (0..24).map(move |hour| (day, hour))) {
        let purge = schedule(&format!("45 {hour} {weekday}"));
        let this = later(monday, (weekday - 1) * DAY + hour * HOUR + 45 * MINUTE);
        let following = later(this, 7 * DAY);
        // When one looks from an instant before, at, and after its time
        for (instant, next) in [
            (later(this, -3 * DAY), this),
            (later(this, -1), this),
            (this, following),
            (later(this, 1), following),
            (later(this, 3 * DAY), following),
        ] {
            // Then it is later than that, on that weekday, within 7 days
            let found = purge.next_after(instant, &UTC).unwrap();
            assert_eq!(found, next, "{weekday} {hour}");
            let time = found.utc().unwrap();
            assert!(found > instant && found.0 - instant.0 <= 7 * DAY);
            assert_eq!(i64::from(time.weekday().number_from_monday()), weekday);
            assert_eq!((i64::from(time.hour()), time.minute()), (hour, 45));
        }
    }
}

/// The runs of the purge in Berlin, of three days with cron at work each minute.
fn runs_in_berlin(times: &str, from: &str) -> Vec<String> {
    let [(words, others)] = purge_at(times);
    let mut stalwart =
        Library::with_changes("stalwart", &[(words, &others)]).in_zone("Europe/Berlin");
    let first = later(at(from), -DAY);
    let end = UnixTime(first.0 + 3 * DAY - 1);
    for minute in minutes(first, end) {
        stalwart.run("purge", minute);
    }
    let runs = stalwart.runs();
    assert!(runs.iter().all(|run| run.planned == run.started && run.missed == 0));
    runs.iter().map(|run| run.started.utc().unwrap().format("%d %R").to_string()).collect()
}

#[test]
fn s5_a_fixed_hour_is_run_once_on_each_day_also_when_the_clock_is_changed() {
    // In Berlin 02:30 does not exist on 2026-03-29, and comes twice on 2026-10-25
    assert_eq!(
        runs_in_berlin("30 2 *", "2026-03-28T23:00:00Z"),
        ["28 01:30", "29 01:00", "30 00:30"]
    );
    assert_eq!(
        runs_in_berlin("30 2 *", "2026-10-24T22:00:00Z"),
        ["24 00:30", "25 00:30", "26 01:30"]
    );
    // Times that fall on one instant are one run
    assert_eq!(
        runs_in_berlin("0,30,45 2,3 7", "2026-03-28T23:00:00Z"),
        ["29 01:00", "29 01:30", "29 01:45"]
    );
}

#[test]
fn s5_each_hour_follows_the_wall_clock_through_its_changes() {
    // The day that is short of an hour has 23 runs, and the one that has an hour twice
    // has 25: always one in each hour that passes
    for from in ["2026-03-28T23:00:00Z", "2026-10-24T22:00:00Z"] {
        let runs = runs_in_berlin("15 * *", from);
        assert!(runs.iter().all(|time| time.ends_with(":15")), "{runs:?}");
        assert_eq!(runs.len(), 72);
    }
}
