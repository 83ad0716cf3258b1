//! Occurrences around clock changes that are not one hour at night.

use super::{around, runs};

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
        runs("45 * 7", "Australia/Lord_Howe", "2026-04-04T14:00:00Z", "2026-04-04T15:30:00Z"),
        ["Sun 2026-04-05 01:45+11:00", "Sun 2026-04-05 01:45+10:30"]
    );
}

#[test]
fn s5_cairo_changes_at_midnight() {
    // given midnight on Fridays, when Friday begins at 01:00, then it runs then
    assert_eq!(
        runs("0 0 5", "Africa/Cairo", "2026-04-12T00:00:00Z", "2026-05-02T00:00:00Z"),
        ["Fri 2026-04-17 00:00+02:00", "Fri 2026-04-24 01:00+03:00", "Fri 2026-05-01 00:00+03:00",]
    );
    // given 23:30 on Thursdays, when that hour is repeated, then it runs the first time
    assert_eq!(
        runs("30 23 4", "Africa/Cairo", "2026-10-24T00:00:00Z", "2026-11-06T00:00:00Z"),
        ["Thu 2026-10-29 23:30+03:00", "Thu 2026-11-05 23:30+02:00"]
    );
    // and Friday begins once, an hour later than the clock first came near it
    assert_eq!(
        runs("0 0 5", "Africa/Cairo", "2026-10-24T00:00:00Z", "2026-11-01T00:00:00Z"),
        ["Fri 2026-10-30 00:00+02:00"]
    );
}

#[test]
fn s5_nothing_runs_on_a_skipped_date() {
    // given Fridays at 10:00 and each day at 10:00 in Samoa, when it left out a Friday
    assert_eq!(
        runs("0 10 5", "Pacific/Apia", "2011-12-20T00:00:00Z", "2012-01-07T00:00:00Z"),
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

#[test]
fn s5_a_gap_across_midnight_belongs_to_both_days() {
    // given Toronto in 1919, where Sunday 23:30 was Monday 00:30
    let night =
        |spec| runs(spec, "America/Toronto", "1919-03-31T04:00:00Z", "1919-03-31T06:00:00Z");
    // when a job was due in the rest of Sunday, or the start of Monday
    // then it ran at the first instant after the gap
    for spec in ["45 23 7", "15 0 1", "30 0 1", "30,45 23 *"] {
        assert_eq!(night(spec), ["Mon 1919-03-31 00:30-04:00"], "{spec}");
    }
    // and of the other days nothing was skipped
    for spec in ["45 23 1", "15 0 7", "45 * 7"] {
        assert!(night(spec).is_empty(), "{spec}");
    }
}

#[test]
fn s5_a_repeated_day_runs_the_first_time() {
    // given Kwajalein in 1969, which had almost all of 30 September twice
    assert_eq!(
        around("0 10 *", "Pacific/Kwajalein", "1969-09-30T12:00:00Z"),
        ["Mon 1969-09-29 10:00+11:00", "Tue 1969-09-30 10:00+11:00", "Wed 1969-10-01 10:00-12:00",]
    );
    assert_eq!(around("0 * *", "Pacific/Kwajalein", "1969-09-30T12:00:00Z").len(), 4 * 24);
}

#[test]
fn s5_a_repeated_hour_far_from_utc_runs_the_first_time() {
    // given a time that is repeated, farther from UTC than half a day
    assert_eq!(
        around("30 3 *", "Pacific/Apia", "2012-03-31T22:00:00Z"),
        [
            "Sat 2012-03-31 03:30+14:00",
            "Sun 2012-04-01 03:30+14:00",
            "Mon 2012-04-02 03:30+13:00",
            "Tue 2012-04-03 03:30+13:00",
        ]
    );
}
