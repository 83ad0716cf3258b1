//! Schedules, as the rows s1 to s5 want them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use chrono::{DateTime, Datelike, Timelike};
use sessctl::domain::schedule::{Field, Mistake, Schedule};
use sessctl::domain::time::UnixTime;
use sessctl::domain::zone::Zone;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn schedule(spec: &str) -> Schedule {
    spec.parse().unwrap_or_else(|fault| panic!("{fault}"))
}

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

fn at(rfc3339: &str) -> UnixTime {
    DateTime::parse_from_rfc3339(rfc3339)
        .unwrap()
        .to_utc()
        .into()
}

/// The runs in a zone after `from` and up to `to`, with their offsets.
fn runs(spec: &str, name: &str, from: &str, to: &str) -> Vec<String> {
    let zone = zone(name);
    schedule(spec)
        .runs_after(at(from), &zone)
        .take_while(|run| *run <= at(to))
        .map(|run| {
            let offset = i32::try_from(zone.offset_at(run).unwrap()).unwrap();
            let offset = chrono::FixedOffset::east_opt(offset).unwrap();
            run.utc()
                .unwrap()
                .with_timezone(&offset)
                .format("%a %F %R%:z")
                .to_string()
        })
        .collect()
}

/// The runs around a day on which the clock is changed: from two days before
/// noon of that day to two days after.
fn around(spec: &str, name: &str, noon: &str) -> Vec<String> {
    let noon = at(noon);
    let ends = [noon.0 - 2 * DAY, noon.0 + 2 * DAY].map(|end| UnixTime(end).to_string());
    runs(spec, name, &ends[0], &ends[1])
}

#[test]
fn s1_a_quarter_past_daily_and_tuesdays() {
    // given the three examples, on a Monday at noon
    let next = |spec| {
        let after = at("2026-06-15T12:00:00Z");
        schedule(spec)
            .next_after(after, &zone("UTC"))
            .unwrap()
            .to_string()
    };
    // when they run next, then it is
    assert_eq!(next("15 * *"), "2026-06-15T12:15:00Z");
    assert_eq!(next("0 3 *"), "2026-06-16T03:00:00Z");
    assert_eq!(next("45 5 2"), "2026-06-16T05:45:00Z");
}

#[test]
fn s1_the_local_zone_is_the_machine_s() {
    // given the machine's zone, whichever it is
    let after = at("2026-06-15T12:00:00Z");
    let run = schedule("17 * *").next_after(after, &Zone::Local).unwrap();
    // when a job runs at 17 minutes past, then the local clock shows them
    let wall = run.0 + Zone::Local.offset_at(run).unwrap();
    assert_eq!(wall.rem_euclid(HOUR), 17 * 60);
}

#[test]
fn s2_each_form_of_a_field() {
    // given a form, when it is read, then its normal form is
    for (spec, normal) in [
        ("* * *", "* * *"),
        ("0 0 1", "0 0 1"),
        ("59 23 7", "59 23 7"),
        ("05 03 07", "5 3 7"),
        ("0,30 * *", "0,30 * *"),
        ("30,0,30 * *", "0,30 * *"),
        ("1-5 * *", "1-5 * *"),
        ("1-2 * *", "1,2 * *"),
        ("7-7 * *", "7 * *"),
        ("*/15 * *", "*/15 * *"),
        ("0,15,30,45 * *", "*/15 * *"),
        ("10-50/20 * *", "10-50/20 * *"),
        ("10-59/20 * *", "10-50/20 * *"),
        ("*/59 * *", "0,59 * *"),
        ("*/1 * *", "* * *"),
        ("0-59 * *", "* * *"),
        ("0-10,20,30-59/10 * *", "0-10,20,30,40,50 * *"),
        ("0 */6 *", "0 */6 *"),
        ("0 */23 *", "0 0,23 *"),
        // These are all hours, but not a bare star: see s5.
        ("0 */1 *", "0 0-23 *"),
        ("0 0-23 *", "0 0-23 *"),
        ("0 8-18/2,3 *", "0 3,8,10,12,14,16,18 *"),
        ("0 3 mon", "0 3 1"),
        ("0 3 MON-Fri", "0 3 1-5"),
        ("0 3 sun", "0 3 7"),
        ("0 3 6-1", "0 3 1,6,7"),
        ("0 3 fri-mon", "0 3 1,5-7"),
        ("0 3 fri-1", "0 3 1,5-7"),
        ("0 3 7-6", "0 3 *"),
        ("0 3 6-1/2", "0 3 1,6"),
        ("0 3 fri-wed/3", "0 3 1,5"),
        ("0 3 */2", "0 3 */2"),
        ("0 3 */6", "0 3 1,7"),
        ("0 3 1-7/2", "0 3 */2"),
        ("0 3 tue,thu,SAT", "0 3 2-6/2"),
        (" \t0\n3\r\n*\u{a0}", "0 3 *"),
    ] {
        assert_eq!(schedule(spec).to_string(), normal, "{spec:?}");
        assert_eq!(schedule(normal), schedule(spec), "{spec:?}");
    }
}

#[test]
fn s3_everything_else_is_refused_where_the_mistake_is() {
    use Field::{Hour, Minute, Weekday};
    // given a wrong schedule, when it is read, then the mistake is in a field
    // and at a piece of the text
    for (spec, field, piece) in [
        ("60 * *", Minute, "60"),
        ("99 * *", Minute, "99"),
        ("-1 * *", Minute, ""),
        ("+1 * *", Minute, "+1"),
        ("1.5 * *", Minute, "1.5"),
        ("100 * *", Minute, "100"),
        ("005 * *", Minute, "005"),
        ("0x5 * *", Minute, "0x5"),
        ("\u{661} * *", Minute, "\u{661}"),
        ("mon * *", Minute, "mon"),
        ("? * *", Minute, "?"),
        ("** * *", Minute, "**"),
        ("0,,30 * *", Minute, ""),
        (",30 * *", Minute, ""),
        ("0, * *", Minute, ""),
        (", * *", Minute, ""),
        ("*,5 * *", Minute, "*"),
        ("5,* * *", Minute, "*"),
        ("0;30 * *", Minute, "0;30"),
        ("30-10 * *", Minute, "30-10"),
        ("10- * *", Minute, ""),
        ("1-2-3 * *", Minute, "2-3"),
        ("1--3 * *", Minute, "-3"),
        ("50-60 * *", Minute, "60"),
        ("*-5 * *", Minute, "*"),
        ("*/0 * *", Minute, "0"),
        ("*/00 * *", Minute, "00"),
        ("*/60 * *", Minute, "60"),
        ("*/ * *", Minute, ""),
        ("/5 * *", Minute, ""),
        ("*/x * *", Minute, "x"),
        ("*/-5 * *", Minute, "-5"),
        ("*/5/5 * *", Minute, "5/5"),
        ("*/100 * *", Minute, "100"),
        ("5/15 * *", Minute, "5"),
        ("60/15 * *", Minute, "60"),
        ("0-30/0 * *", Minute, "0"),
        ("0 24 *", Hour, "24"),
        ("0 0,24 *", Hour, "24"),
        ("0 22-2 *", Hour, "22-2"),
        ("0 */24 *", Hour, "24"),
        ("0 3h *", Hour, "3h"),
        ("0 *,3 *", Hour, "*"),
        ("0 3 0", Weekday, "0"),
        ("0 3 8", Weekday, "8"),
        ("0 3 0-6", Weekday, "0"),
        ("0 3 mond", Weekday, "mond"),
        ("0 3 mo", Weekday, "mo"),
        ("0 3 m\u{f6}n", Weekday, "m\u{f6}n"),
        ("0 3 mon,,fri", Weekday, ""),
        ("0 3 mon-", Weekday, ""),
        ("0 3 */7", Weekday, "7"),
        ("0 3 mon/2", Weekday, "mon"),
        ("0 3 1-5/0", Weekday, "0"),
        ("0 3 1#2", Weekday, "1#2"),
        ("0 3 5L", Weekday, "5L"),
    ] {
        let error = spec.parse::<Schedule>().expect_err(spec);
        assert_eq!(error.field(), Some(field), "{spec:?}");
        assert_eq!(&spec[error.place()], piece, "{spec:?}");
        let text = error.to_string();
        assert!(text.contains(&format!("{field} holds ")), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert_eq!(
            lines[2].trim_start_matches(' ').trim_start_matches('^'),
            "",
            "{text}"
        );
    }
}

#[test]
fn s3_any_other_number_of_fields_is_refused() {
    for (spec, fields) in [
        ("0", 1),
        ("@daily", 1),
        ("0 3", 2),
        ("0 3 * *", 4),
        ("0 3 * * * * x", 7),
    ] {
        let error = spec.parse::<Schedule>().unwrap_err();
        assert_eq!(*error.mistake(), Mistake::FieldCount(fields), "{spec}");
        assert_eq!(error.field(), None);
        assert!(
            error.to_string().contains("<minute> <hour> <weekday>"),
            "{error}"
        );
    }
    for spec in ["", " ", "\t\n"] {
        assert_eq!(
            *spec.parse::<Schedule>().unwrap_err().mistake(),
            Mistake::Empty
        );
    }
}

#[test]
fn s3_a_crontab_line_is_recognised_and_translated() {
    for (line, meant) in [
        ("15 * * * *", Some("15 * *")),
        ("0 3 * * 0", Some("0 3 7")),
        ("0 3 * * 7", Some("0 3 7")),
        ("0 3 * * 0-6", Some("0 3 *")),
        ("0 3 * * 0-5", Some("0 3 1-5,7")),
        ("0 3 * * 5-7", Some("0 3 5-7")),
        ("0 3 * * */2", Some("0 3 2,4,6,7")),
        ("0 3 * * sun,Wed", Some("0 3 3,7")),
        ("0 3 * * mon-fri", Some("0 3 1-5")),
        ("*/15 8-18 * * 1-5", Some("*/15 8-18 1-5")),
        ("0 3 1 * *", None),
        ("0 3 * 6 *", None),
        ("0 3 * * 8", None),
        ("61 3 * * *", None),
        ("0 3 * * fri-mon", None),
        ("17 4 * * 0 root", Some("17 4 7")),
        ("17 4 1 * * root", None),
        ("0 15 3 * * *", Some("15 3 *")),
        ("0 15 3 * * Mon-Fri", Some("15 3 1-5")),
        // Some of the programs with seconds take 1 for Sunday.
        ("0 15 3 * * 1", None),
        ("30 15 3 * * *", None),
    ] {
        let error = line.parse::<Schedule>().unwrap_err();
        let fields = line.split(' ').count();
        let meant = meant.map(str::to_owned);
        assert_eq!(
            *error.mistake(),
            Mistake::Crontab {
                fields,
                meant: meant.clone()
            },
            "{line}"
        );
        let text = error.to_string();
        assert!(
            text.contains("crontab") && text.contains("<minute> <hour> <weekday>"),
            "{text}"
        );
        assert!(
            meant.is_none_or(|meant| text.ends_with(&format!("write {meant}"))),
            "{text}"
        );
    }
}

#[test]
fn s4_before_at_and_after_each_hour_of_each_weekday() {
    // 2026-06-15 is a Monday; its week has no change of the clock.
    for name in ["UTC", "America/New_York", "Asia/Kathmandu"] {
        let zone = zone(name);
        let monday = at("2026-06-15T00:00:00Z");
        let midnight = monday.0 - zone.offset_at(monday).unwrap();
        for (day, hour) in (1..=7).flat_map(|day| (0..24).map(move |hour| (day, hour))) {
            // given a weekday and an hour
            let job = schedule(&format!("30 {hour} {day}"));
            let time = midnight + (day - 1) * DAY + hour * HOUR + 30 * 60;
            let next = |after| job.next_after(UnixTime(after), &zone).unwrap().0;
            // when it is a second before, that moment, or a second after
            // then it runs at that moment, or a week later
            assert_eq!(next(time - 1), time, "{name} {job}");
            assert_eq!(next(time), time + 7 * DAY, "{name} {job}");
            assert_eq!(next(time + 1), time + 7 * DAY, "{name} {job}");
            // and from each hour of a week it is later, on the weekday, within 7 days
            for after in (time - 7 * DAY..time + 7 * DAY).step_by(3_600) {
                let run = next(after);
                assert!(after < run && run <= after + 7 * DAY, "{name} {job}");
                let wall = UnixTime(run + zone.offset_at(UnixTime(run)).unwrap())
                    .utc()
                    .unwrap();
                assert_eq!(i64::from(wall.weekday().number_from_monday()), day);
                assert_eq!((i64::from(wall.hour()), wall.minute()), (hour, 30));
            }
        }
    }
}

const SPRING: [(&str, &str); 2] = [
    ("America/New_York", "2026-03-08T16:00:00Z"),
    ("Europe/Berlin", "2026-03-29T10:00:00Z"),
];
const AUTUMN: [(&str, &str); 2] = [
    ("America/New_York", "2026-11-01T17:00:00Z"),
    ("Europe/Berlin", "2026-10-25T11:00:00Z"),
];

#[test]
fn s5_a_skipped_hour_runs_after_the_gap() {
    // given 02:30 each day, when 02:00 to 03:00 is skipped, then it runs at 03:00
    assert_eq!(
        around("30 2 *", SPRING[0].0, SPRING[0].1),
        [
            "Sat 2026-03-07 02:30-05:00",
            "Sun 2026-03-08 03:00-04:00",
            "Mon 2026-03-09 02:30-04:00",
            "Tue 2026-03-10 02:30-04:00",
        ]
    );
    assert_eq!(
        around("30 2 *", SPRING[1].0, SPRING[1].1),
        [
            "Sat 2026-03-28 02:30+01:00",
            "Sun 2026-03-29 03:00+02:00",
            "Mon 2026-03-30 02:30+02:00",
            "Tue 2026-03-31 02:30+02:00",
        ]
    );
}

#[test]
fn s5_times_that_fall_on_one_instant_are_one_run() {
    // given several times in the gap, or one in it and one at its end
    for (spec, each_day) in [
        ("0,30 2 *", 2),
        ("0 2,3 *", 2),
        ("*/5 2 *", 12),
        ("30 2,3 *", 2),
    ] {
        // when the clock is set forward
        let on_the_day: Vec<String> = around(spec, SPRING[1].0, SPRING[1].1)
            .into_iter()
            .filter(|run| run.starts_with("Sun"))
            .collect();
        // then they are one run, and only a time after the gap is another
        let mut expected = vec!["Sun 2026-03-29 03:00+02:00"];
        if spec == "30 2,3 *" {
            expected.push("Sun 2026-03-29 03:30+02:00");
        }
        assert_eq!(on_the_day, expected, "{spec}");
        // and on other days they are as many as ever
        let all = around(spec, SPRING[1].0, SPRING[1].1).len();
        assert_eq!(all, expected.len() + 3 * each_day, "{spec}");
    }
}

#[test]
fn s5_a_repeated_hour_runs_the_first_time() {
    // given 01:30 and 02:30 each day, when that hour is repeated, then it runs the first time
    assert_eq!(
        around("30 1 *", AUTUMN[0].0, AUTUMN[0].1),
        [
            "Sat 2026-10-31 01:30-04:00",
            "Sun 2026-11-01 01:30-04:00",
            "Mon 2026-11-02 01:30-05:00",
            "Tue 2026-11-03 01:30-05:00",
        ]
    );
    assert_eq!(
        around("30 2 *", AUTUMN[1].0, AUTUMN[1].1),
        [
            "Sat 2026-10-24 02:30+02:00",
            "Sun 2026-10-25 02:30+02:00",
            "Mon 2026-10-26 02:30+01:00",
            "Tue 2026-10-27 02:30+01:00",
        ]
    );
    // and all hours, but not as a bare star, are fixed hours too
    let night = |spec| {
        runs(
            spec,
            "Europe/Berlin",
            "2026-10-24T23:45:00Z",
            "2026-10-25T02:45:00Z",
        )
        .len()
    };
    assert_eq!((night("30 0-23 *"), night("30 * *")), (2, 3));
}

#[test]
fn s5_a_star_as_the_hour_follows_the_wall_clock() {
    // given half past each hour
    // when an hour is skipped, then nothing runs in it
    assert_eq!(
        runs(
            "30 * *",
            "Europe/Berlin",
            "2026-03-29T00:00:00Z",
            "2026-03-29T02:00:00Z"
        ),
        ["Sun 2026-03-29 01:30+01:00", "Sun 2026-03-29 03:30+02:00"]
    );
    // when it is repeated, then it runs in both
    assert_eq!(
        runs(
            "30 * *",
            "Europe/Berlin",
            "2026-10-25T00:00:00Z",
            "2026-10-25T02:00:00Z"
        ),
        ["Sun 2026-10-25 02:30+02:00", "Sun 2026-10-25 02:30+01:00"]
    );
    assert_eq!(
        runs(
            "30 * *",
            "America/New_York",
            "2026-11-01T05:00:00Z",
            "2026-11-01T07:00:00Z"
        ),
        ["Sun 2026-11-01 01:30-04:00", "Sun 2026-11-01 01:30-05:00"]
    );
    // and each minute runs on, without an hour's rest
    let minutes = runs(
        "* * *",
        "Europe/Berlin",
        "2026-10-25T00:00:00Z",
        "2026-10-25T03:00:00Z",
    );
    assert_eq!(minutes.len(), 180);
}

#[test]
fn s5_lord_howe_changes_by_half_an_hour() {
    // given a time in the half hour from 02:00 that is skipped
    assert_eq!(
        around("15 2 *", "Australia/Lord_Howe", "2026-10-04T01:00:00Z"),
        [
            "Sat 2026-10-03 02:15+10:30",
            "Sun 2026-10-04 02:30+11:00",
            "Mon 2026-10-05 02:15+11:00",
            "Tue 2026-10-06 02:15+11:00",
        ]
    );
    // given a time in the half hour from 01:30 that is repeated
    assert_eq!(
        around("45 1 *", "Australia/Lord_Howe", "2026-04-05T01:30:00Z"),
        [
            "Sat 2026-04-04 01:45+11:00",
            "Sun 2026-04-05 01:45+11:00",
            "Mon 2026-04-06 01:45+10:30",
            "Tue 2026-04-07 01:45+10:30",
        ]
    );
    assert_eq!(
        runs(
            "45 * 7",
            "Australia/Lord_Howe",
            "2026-04-04T14:00:00Z",
            "2026-04-04T15:30:00Z"
        ),
        ["Sun 2026-04-05 01:45+11:00", "Sun 2026-04-05 01:45+10:30"]
    );
}

#[test]
fn s5_cairo_changes_at_midnight() {
    // given midnight on Fridays, when Friday begins at 01:00, then it runs then
    assert_eq!(
        runs(
            "0 0 5",
            "Africa/Cairo",
            "2026-04-12T00:00:00Z",
            "2026-05-02T00:00:00Z"
        ),
        [
            "Fri 2026-04-17 00:00+02:00",
            "Fri 2026-04-24 01:00+03:00",
            "Fri 2026-05-01 00:00+03:00",
        ]
    );
    // given 23:30 on Thursdays, when that hour is repeated, then it runs the first time
    assert_eq!(
        runs(
            "30 23 4",
            "Africa/Cairo",
            "2026-10-24T00:00:00Z",
            "2026-11-06T00:00:00Z"
        ),
        ["Thu 2026-10-29 23:30+03:00", "Thu 2026-11-05 23:30+02:00"]
    );
    // and Friday begins once, an hour later than the clock first came near it
    assert_eq!(
        runs(
            "0 0 5",
            "Africa/Cairo",
            "2026-10-24T00:00:00Z",
            "2026-11-01T00:00:00Z"
        ),
        ["Fri 2026-10-30 00:00+02:00"]
    );
}

#[test]
fn s5_each_local_day_has_its_run_and_nothing_drifts() {
    // given each hour and half hour of the day, through a whole year
    for name in [
        "America/New_York",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Africa/Cairo",
    ] {
        let zone = zone(name);
        for (hour, minute) in (0..24).flat_map(|hour| [(hour, 0), (hour, 30)]) {
            let job = schedule(&format!("{minute} {hour} *"));
            let walls: Vec<_> = job
                .runs_after(at("2026-01-01T12:00:00Z"), &zone)
                .take(366)
                .map(|run| {
                    UnixTime(run.0 + zone.offset_at(run).unwrap())
                        .utc()
                        .unwrap()
                })
                .collect();
            // when the days are compared, then each has one run
            for pair in walls.windows(2) {
                let days = pair[1].date_naive() - pair[0].date_naive();
                assert_eq!(days.num_days(), 1, "{name} {job} {}", pair[1]);
            }
            // and it is late on one day at most
            let late = walls
                .iter()
                .filter(|wall| (wall.hour(), wall.minute()) != (hour, minute));
            assert!(late.count() <= 1, "{name} {job}");
        }
    }
}

#[test]
fn s5_a_date_that_was_skipped_is_no_day_to_run_on() {
    // given Fridays at 10:00 and each day at 10:00 in Samoa, when it left out a Friday
    assert_eq!(
        runs(
            "0 10 5",
            "Pacific/Apia",
            "2011-12-20T00:00:00Z",
            "2012-01-07T00:00:00Z"
        ),
        ["Fri 2011-12-23 10:00-10:00", "Fri 2012-01-06 10:00+14:00"]
    );
    assert_eq!(
        around("0 10 *", "Pacific/Apia", "2011-12-30T10:00:00Z"),
        [
            "Wed 2011-12-28 10:00-10:00",
            "Thu 2011-12-29 10:00-10:00",
            "Sat 2011-12-31 10:00+14:00",
            "Sun 2012-01-01 10:00+14:00",
        ]
    );
}
