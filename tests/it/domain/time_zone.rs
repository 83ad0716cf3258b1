//! Tests of `domain::time_zone`.

use chrono::{Offset as _, TimeZone as _};
use jiff::tz::{self, TimeZoneDatabase};
use sessctl::domain::time::UnixTime;
use sessctl::domain::time_zone::TimeZone;

#[test]
fn schedule_zones_are_spelled_exactly() {
    for name in ["local", "UTC", "Europe/Berlin", "Australia/Lord_Howe"] {
        assert_eq!(name.parse::<TimeZone>().unwrap().to_string(), name);
    }
    for (name, meant) in [
        ("europe/berlin", Some("Europe/Berlin")),
        ("Berlin", Some("Europe/Berlin")),
        ("america/new york", Some("America/New_York")),
        ("Local", Some("local")),
        ("utc", Some("UTC")),
        ("CEST", None),
        ("", None),
        ("+02:00", None),
    ] {
        assert_eq!(name.parse::<TimeZone>().unwrap_err().meant.as_deref(), meant, "{name}");
    }
    insta::assert_snapshot!(
        "berlin\n".parse::<TimeZone>().unwrap_err(),
        @r#""berlin\n" is not a valid time zone: did you mean Europe/Berlin?"#
    );
    insta::assert_snapshot!(
        "CEST".parse::<TimeZone>().unwrap_err(),
        @r#""CEST" is not a valid time zone: use local or a name such as Europe/Berlin"#
    );
}

#[test]
fn schedule_zones_have_the_offsets_of_their_names() {
    // From 2010 to 2024: of other years one of the two may have learnt more than the
    // other.
    for known in chrono_tz::TZ_VARIANTS {
        let zone: TimeZone = known.name().parse().unwrap();
        for moment in (80..110).map(|half_years| UnixTime(half_years * 15_778_800)) {
            let utc = moment.utc().unwrap().naive_utc();
            let expected = known.offset_from_utc_datetime(&utc).fix().local_minus_utc();
            assert_eq!(zone.offset_at(moment), Some(expected.into()), "{zone} {moment}");
        }
    }
}

#[test]
fn schedule_zones_know_their_offset() {
    let berlin: TimeZone = "Europe/Berlin".parse().unwrap();
    assert_eq!(berlin.offset_at(UnixTime(1_774_745_999)), Some(3_600));
    assert_eq!(berlin.offset_at(UnixTime(1_774_746_000)), Some(7_200));
    assert_eq!(berlin.offset_at(UnixTime(i64::MAX)), None);
    assert!(berlin.offset_at(UnixTime::MAX).is_some());
    assert_eq!(TimeZone::Local.offset_at(UnixTime(0)), None, "it is not resolved");
}

#[test]
fn the_identity_of_a_zone_is_that_of_its_clock() {
    let named = |name: &str| name.parse::<TimeZone>().unwrap().identity();
    let posix = |text: &str| TimeZone::machine(tz::TimeZone::posix(text).unwrap(), text).identity();
    // Given many names of one offset
    for utc in ["UTC", "Etc/UTC", "Etc/Zulu", "GMT", "Africa/Abidjan"] {
        assert_eq!(named(utc), "UTC+00", "{utc}");
    }
    assert_eq!(posix("UTC0"), "UTC+00");
    assert_eq!(
        (named("Asia/Kolkata"), named("Asia/Calcutta")),
        (posix("IST-5:30"), posix("IST-5:30"))
    );
    // And clocks that are changed
    let berlin = TimeZone::machine(
        TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap(),
        "Europe/Berlin",
    );
    assert_eq!(berlin.identity(), named("Europe/Berlin"));
    assert_eq!(berlin.to_string(), "local");
    assert_ne!(named("Europe/Berlin"), named("America/New_York"));
    assert_ne!(posix("EST5EDT,M3.2.0,M11.1.0"), posix("CET-1CEST,M3.5.0,M10.5.0/3"));
}
