//! The syntax of schedules.

use sessctl::domain::schedule::{Field, Schedule, ScheduleErrorKind};

use super::{schedule, zone};
use crate::support::at;

#[test]
fn s1_a_quarter_past_daily_and_tuesdays() {
    // given the three examples, on a Monday at noon
    let next = |spec| {
        let after = at("2026-06-15T12:00:00Z");
        schedule(spec).next_after(after, &zone("UTC")).unwrap().to_string()
    };
    // when they run next, then it is
    assert_eq!(next("15 * *"), "2026-06-15T12:15:00Z");
    assert_eq!(next("0 3 *"), "2026-06-16T03:00:00Z");
    assert_eq!(next("45 5 2"), "2026-06-16T05:45:00Z");
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
        assert_eq!(lines[2].trim_start_matches(' ').trim_start_matches('^'), "", "{text}");
    }
}

#[test]
fn s3_any_other_number_of_fields_is_refused() {
    for (spec, fields) in
        [("0", 1), ("@daily", 1), ("0 3", 2), ("0 3 * *", 4), ("0 3 * * * * x", 7)]
    {
        let error = spec.parse::<Schedule>().unwrap_err();
        assert_eq!(*error.kind(), ScheduleErrorKind::FieldCount(fields), "{spec}");
        assert_eq!(error.field(), None);
        assert!(error.to_string().contains("<minute> <hour> <weekday>"), "{error}");
    }
    for spec in ["", " ", "\t\n"] {
        assert_eq!(*spec.parse::<Schedule>().unwrap_err().kind(), ScheduleErrorKind::Empty);
    }
}

#[test]
fn s3_a_crontab_line_is_recognized_and_translated() {
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
            *error.kind(),
            ScheduleErrorKind::Crontab { fields, meant: meant.clone() },
            "{line}"
        );
        let text = error.to_string();
        assert!(text.contains("crontab") && text.contains("<minute> <hour> <weekday>"), "{text}");
        assert!(meant.is_none_or(|meant| text.ends_with(&format!("use {meant}"))), "{text}");
    }
}
