//! The calendar, as fast as a table of millions of rows wants it.

const DAYS_BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Days from the first of January in the year 1 to that of 1970.
const EPOCH: i64 = 719_162;

/// Days since 1970-01-01 until a date; `None`: the calendar has no such date in the
/// years 1 to 9999.
pub(super) fn days(year: i64, month: usize, day: i64) -> Option<i64> {
    let place = month.checked_sub(1)?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = DAYS.get(place)? + i64::from(is_leap && month == 2);
    if !(1..=9999).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    let past = year - 1;
    let years = past * 365 + past / 4 - past / 100 + past / 400;
    let months = DAYS_BEFORE[place] + i64::from(is_leap && month > 2);
    Some(years + months + day - 1 - EPOCH)
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike as _, NaiveDate};

    use super::*;

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
}
