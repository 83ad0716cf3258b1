//! Tests of `domain::profile::encoding::calendar`.

use chrono::{Datelike as _, NaiveDate};
use sessctl::domain::profile::encoding::calendar::{EPOCH, days};

#[test]
fn every_date_of_the_calendar_has_its_day() {
    let mut day = NaiveDate::from_ymd_opt(1, 1, 1).unwrap();
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();
    let mut expected = -EPOCH;
    loop {
        let month = usize::try_from(day.month()).unwrap();
        assert_eq!(days(day.year().into(), month, day.day().into()), Some(expected), "{day}");
        if day == last {
            break;
        }
        (day, expected) = (day.succ_opt().unwrap(), expected + 1);
    }
    assert_eq!(days(1970, 1, 1), Some(0));
}

#[test]
fn no_other_date_has_one() {
    for (year, month, day) in [
        (0, 1, 1),
        (0, 0, 0),
        (10_000, 1, 1),
        (2026, 0, 1),
        (2026, 13, 1),
        (2026, 6, 0),
        (2026, 6, 31),
        (2026, 2, 29),
        (2100, 2, 29),
        (2000, 2, 30),
    ] {
        assert_eq!(days(year, month, day), None, "{year}-{month}-{day}");
    }
}
