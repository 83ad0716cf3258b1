//! Encodings read what is written and nothing else, and their upper bounds hold.

mod calendar;
mod properties;

use sessctl::domain::profile::{
    Decimals, DecodedTime, Encoding, Separator, SqlValueRef, Storage, TextForm, Timestamp, Unit,
    ZoneForm,
};
use sessctl::domain::time::UnixTime;
use sessctl::domain::time_zone::TimeZone;

const SECOND: i128 = 1_000_000_000;
const NOON: UnixTime = UnixTime(1_781_524_800);

const NUMBERS: [Unit; 5] =
    [Unit::Minutes, Unit::Seconds, Unit::Milliseconds, Unit::Microseconds, Unit::Nanoseconds];

fn at(second: i64) -> DecodedTime {
    DecodedTime::At(UnixTime(second).into())
}

fn text(separator: Separator, decimals: &[u8], zone: ZoneForm) -> Encoding {
    Encoding::Text(TextForm { separator, decimals: Decimals(decimals.to_vec()), zone })
}

fn either() -> ZoneForm {
    ZoneForm::AnyOf(vec![ZoneForm::Z, ZoneForm::Offset])
}

fn berlin() -> TimeZone {
    "Europe/Berlin".parse().unwrap()
}

fn read(encoding: &Encoding, text: &str) -> DecodedTime {
    encoding.read(SqlValueRef::Text(text.as_bytes()))
}

#[test]
fn numbers_of_the_fixtures_are_read() {
    use Storage::{Integer, Real};
    let milliseconds = Encoding::Unix(Unit::Milliseconds, vec![Real, Integer]);
    assert_eq!(
        milliseconds.read(SqlValueRef::Real(1_781_528_400_466.0)),
        DecodedTime::At(Timestamp(1_781_528_400_466 * 1_000_000))
    );
    assert_eq!(milliseconds.read(SqlValueRef::Integer(1_781_524_860_000)), at(1_781_524_860));
    assert_eq!(milliseconds.read(SqlValueRef::Text(b"1781524860000")), DecodedTime::Unreadable);
    let digits = Encoding::Unix(Unit::Milliseconds, vec![Storage::Text]);
    assert_eq!(read(&digits, "1781611200000"), at(1_781_611_200));
    assert_eq!(digits.read(SqlValueRef::Integer(1_781_611_200_000)), DecodedTime::Unreadable);
    let julian = Encoding::Julian(vec![Real]);
    assert_eq!(julian.read(SqlValueRef::Real(2_461_207.0)), at(NOON.0));
    assert_eq!(julian.read(SqlValueRef::Real(2_461_207.041_666_666_5)), at(NOON.0 + 3_600));
    assert_eq!(julian.read(SqlValueRef::Real(2_461_207.000_011_574)), at(NOON.0 + 1));
    assert_eq!(julian.read(SqlValueRef::Integer(2_461_207)), DecodedTime::Unreadable);
    let ticks = Encoding::Ticks(vec![Integer]);
    assert_eq!(ticks.read(SqlValueRef::Integer(639_171_216_000_000_000)), at(NOON.0));
    assert_eq!(ticks.read(SqlValueRef::Integer(0)), DecodedTime::Unreadable);
    assert_eq!(julian.read(SqlValueRef::Real(0.0)), DecodedTime::Unreadable);
    assert_eq!(
        ticks.read(SqlValueRef::Integer(3_155_378_975_999_999_999)),
        DecodedTime::Unreadable
    );
}

#[test]
fn numbers_that_are_no_times_are_unreadable() {
    let all = vec![Storage::Integer, Storage::Real, Storage::Text];
    let seconds = Encoding::Unix(Unit::Seconds, all);
    assert_eq!(seconds.read(SqlValueRef::Integer(788_918_400)), at(788_918_400));
    assert_eq!(seconds.read(SqlValueRef::Integer(253_402_300_799)), at(253_402_300_799));
    assert_eq!(seconds.read(SqlValueRef::Null), DecodedTime::Null);
    for number in [-1, 0, 1, 788_918_399, 253_402_300_800, i64::MIN, i64::MAX] {
        assert_eq!(seconds.read(SqlValueRef::Integer(number)), DecodedTime::Unreadable, "{number}");
        assert_eq!(read(&seconds, &number.to_string()), DecodedTime::Unreadable, "{number}");
    }
    for number in
        [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 1e-300]
    {
        assert_eq!(seconds.read(SqlValueRef::Real(number)), DecodedTime::Unreadable, "{number}");
    }
    for digits in ["", "-", "+1781524800", " 1781524800", "1781524800 ", "1781524800.0", "1e9"] {
        assert_eq!(read(&seconds, digits), DecodedTime::Unreadable, "{digits}");
    }
    assert_eq!(seconds.read(SqlValueRef::Text(&[0xff])), DecodedTime::Unreadable);
    assert_eq!(seconds.read(SqlValueRef::Blob(b"1781524800")), DecodedTime::Unreadable);
}

#[test]
fn texts_of_the_fixtures_are_read() {
    let django = text(Separator::Blank, &[0, 6], ZoneForm::None(TimeZone::UTC));
    assert_eq!(read(&django, "2026-06-15 11:59:59"), at(NOON.0 - 1));
    let nanoseconds = Timestamp::from(NOON).0 - 3_600 * SECOND - 117_000_000;
    assert_eq!(
        read(&django, "2026-06-15 10:59:59.883000"),
        DecodedTime::At(Timestamp(nanoseconds))
    );
    let auth = text(Separator::T, &[3], ZoneForm::Z);
    let moment = Timestamp(Timestamp::from(NOON).0 + 337_000_000);
    assert_eq!(read(&auth, "2026-06-15T12:00:00.337Z"), DecodedTime::At(moment));
    let any = text(Separator::Either, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], either());
    for same in [
        "2026-06-15T12:00:00Z",
        "2026-06-15 12:00:00.0Z",
        "2026-06-15T12:00:00.000000000Z",
        "2026-06-15 12:00:00.000 +00:00",
        "2026-06-15T14:00:00+0200",
        "2026-06-15 02:30:00 -09:30",
        "2026-06-16T01:00:00+13",
    ] {
        assert_eq!(read(&any, same), at(NOON.0), "{same}");
    }
    assert_eq!(read(&any, "1995-01-01T00:00:00Z"), at(788_918_400));
    assert_eq!(read(&any, "9999-12-31T23:59:59Z"), at(UnixTime::MAX.0));
}

/// Values that programs write for an unset time: Go, PHP, .NET, Excel.
#[test]
fn text_of_before_1995_is_no_time() {
    let utc = text(Separator::Blank, &[0, 6], ZoneForm::None(TimeZone::UTC));
    let local = text(Separator::Blank, &[0], ZoneForm::None(berlin()));
    let offset = text(Separator::Blank, &[0], ZoneForm::Offset);
    for date in ["0001-01-01 00:00:00", "1899-12-30 00:00:00", "1970-01-01 00:00:00"] {
        assert_eq!(read(&utc, date), DecodedTime::Unreadable, "{date}");
        assert_eq!(read(&local, date), DecodedTime::Unreadable, "{date}");
        assert_eq!(read(&offset, &format!("{date}+00:00")), DecodedTime::Unreadable, "{date}");
    }
    assert_eq!(read(&utc, "1994-12-31 23:59:59.999999"), DecodedTime::Unreadable);
    assert_eq!(read(&local, "1995-01-01 00:59:59"), DecodedTime::Unreadable);
    assert_eq!(read(&local, "1995-01-01 01:00:00"), at(788_918_400));
    assert_eq!(read(&offset, "1995-01-01 00:00:00+00:01"), DecodedTime::Unreadable);
    assert_eq!(read(&offset, "1994-12-31 23:59:00-00:01"), at(788_918_400));
}

#[test]
fn text_in_any_other_form_is_unreadable() {
    let strict = text(Separator::Blank, &[0, 3], ZoneForm::None(TimeZone::UTC));
    assert_eq!(read(&strict, "2026-06-15 12:00:00"), at(NOON.0));
    for other in [
        "",
        "2026-06-15",
        "2026-06-15 12:00",
        "2026-06-15T12:00:00",
        "2026-06-15 12:00:00Z",
        "2026-06-15 12:00:00+00:00",
        "2026-06-15 12:00:00.",
        "2026-06-15 12:00:00.0",
        "2026-06-15 12:00:00.000000",
        "2026-06-15 12:00:00,000",
        "2026-06-15 12:00:00 ",
        " 2026-06-15 12:00:00",
        "2026-6-15 12:00:00",
        "2026/06/15 12:00:00",
        "2026-06-15 12.00.00",
        "2026-06-15 24:00:00",
        "2026-06-15 12:60:00",
        "2026-06-30 23:59:60",
        "2026-02-29 12:00:00",
        "0000-00-00 00:00:00",
        "0000-01-01 00:00:00",
        "+026-06-15 12:00:00",
        "2026-06-15 12:00:0\u{660}",
        "1781524800",
    ] {
        assert_eq!(read(&strict, other), DecodedTime::Unreadable, "{other}");
    }
    for class in [
        SqlValueRef::Integer(20_260_615),
        SqlValueRef::Real(2.0),
        SqlValueRef::Blob(b"2026-06-15 12:00:00"),
    ] {
        assert_eq!(strict.read(class), DecodedTime::Unreadable);
    }
    let offset = text(Separator::T, &[0], ZoneForm::Offset);
    for zone in
        ["", "Z", " Z", "+2", "+24:00", "+02:60", "  +02:00", "02:00", "+02-00", "+02:0", "+020"]
    {
        let other = format!("2026-06-15T12:00:00{zone}");
        assert_eq!(read(&offset, &other), DecodedTime::Unreadable, "{other}");
    }
    let zulu = text(Separator::T, &[0], ZoneForm::Z);
    for zone in ["", "z", " Z", "+00:00", "ZZ"] {
        let other = format!("2026-06-15T12:00:00{zone}");
        assert_eq!(read(&zulu, &other), DecodedTime::Unreadable, "{other}");
    }
}

#[test]
fn the_wall_clock_is_read_in_its_zone_and_in_doubt_as_the_later_time() {
    let local = text(Separator::Blank, &[0], ZoneForm::None(berlin()));
    for (shown, utc) in [
        ("2026-01-15 12:00:00", "2026-01-15T11:00:00Z"),
        ("2026-06-15 14:00:00", "2026-06-15T12:00:00Z"),
        // Twice.
        ("2026-10-25 01:59:59", "2026-10-24T23:59:59Z"),
        ("2026-10-25 02:00:00", "2026-10-25T01:00:00Z"),
        ("2026-10-25 02:59:59", "2026-10-25T01:59:59Z"),
        ("2026-10-25 03:00:00", "2026-10-25T02:00:00Z"),
        // Never.
        ("2026-03-29 01:59:59", "2026-03-29T00:59:59Z"),
        ("2026-03-29 02:00:00", "2026-03-29T01:00:00Z"),
        ("2026-03-29 02:59:59", "2026-03-29T01:59:59Z"),
        ("2026-03-29 03:00:00", "2026-03-29T01:00:00Z"),
    ] {
        let zulu = text(Separator::T, &[0], ZoneForm::Z);
        assert_eq!(read(&local, shown), read(&zulu, utc), "{shown}");
    }
    assert_eq!("UTC".parse(), Ok(TimeZone::UTC));
}

/// Times of connect-session-knex, which the driver or the server writes.
#[test]
fn a_column_may_hold_several_zones() {
    let zones = ZoneForm::AnyOf(vec![ZoneForm::None(berlin()), ZoneForm::Z]);
    let either = text(Separator::Either, &[3], zones);
    assert_eq!(read(&either, "2026-06-15T12:00:00.000Z"), at(NOON.0));
    assert_eq!(read(&either, "2026-06-15 14:00:00.000"), at(NOON.0));
    assert_eq!(read(&either, "2026-06-15 14:00:00.000+02:00"), DecodedTime::Unreadable);
    assert!(!either.is_silently_utc());
    let utc = ZoneForm::AnyOf(vec![ZoneForm::Offset, ZoneForm::None(TimeZone::UTC)]);
    assert!(text(Separator::T, &[0], utc).is_silently_utc());
}

#[test]
fn a_column_may_hold_several_forms() {
    let forms = vec![
        Encoding::Unix(Unit::Milliseconds, vec![Storage::Integer]),
        text(Separator::T, &[3], ZoneForm::Z),
        Encoding::Local(Box::new(Encoding::Julian(vec![Storage::Real])), berlin()),
    ];
    let any = Encoding::OneOf(forms);
    assert_eq!(any.read(SqlValueRef::Integer(1_781_524_800_000)), at(NOON.0));
    assert_eq!(read(&any, "2026-06-15T12:00:00.000Z"), at(NOON.0));
    assert_eq!(any.read(SqlValueRef::Real(2_461_207.0)), at(NOON.0 - 7_200));
    assert_eq!(any.read(SqlValueRef::Real(1_781_524_800_000.0)), DecodedTime::Unreadable);
    assert_eq!(read(&any, "1781524800000"), DecodedTime::Unreadable);
    assert_eq!(any.read(SqlValueRef::Null), DecodedTime::Null);
    assert_eq!(any.classes(), [Storage::Integer, Storage::Text, Storage::Real]);
    assert_eq!((any.upper_bound(NOON), any.is_silently_utc()), (None, false));
}

#[test]
fn patterns_are_read() {
    let pattern = |pattern: &str, zone| Encoding::Pattern(pattern.to_owned(), zone);
    let compact = pattern("%Y%m%d%H%M%S", TimeZone::UTC);
    assert_eq!(read(&compact, "20260615120000"), at(NOON.0));
    assert_eq!(read(&compact, "202606151200"), DecodedTime::Unreadable);
    assert_eq!(read(&compact, "20260630235960"), DecodedTime::Unreadable);
    // Milliseconds.
    assert_eq!(read(&compact, "1781010101010"), DecodedTime::Unreadable);
    assert_eq!(read(&pattern("%Y%m%d%H%M%S", berlin()), "20260615140000"), at(NOON.0));
    assert_eq!(read(&pattern("%d.%m.%Y", TimeZone::UTC), "15.06.2026"), at(NOON.0 - 43_200));
    let mail = pattern("%a, %d %b %Y %H:%M:%S %z", berlin());
    assert_eq!(read(&mail, "Mon, 15 Jun 2026 08:00:00 -0400"), at(NOON.0));
    assert_eq!(read(&mail, "Tue, 15 Jun 2026 08:00:00 -0400"), DecodedTime::Unreadable);
    // Go's default format.
    let go = pattern("%Y-%m-%d %H:%M:%S%.f %z %Z", TimeZone::UTC);
    assert_eq!(read(&go, "2026-06-15 12:00:00 +0000 UTC"), at(NOON.0));
    assert_eq!(read(&go, "2026-06-15 14:00:00.5 +0200 CEST"), {
        DecodedTime::At(Timestamp(Timestamp::from(NOON).0 + SECOND / 2))
    });
    // An hour without its minutes is incomplete.
    assert_eq!(
        read(&pattern("%Y-%m-%d %H", TimeZone::UTC), "2026-06-15 12"),
        DecodedTime::Unreadable
    );
    assert_eq!(compact.read(SqlValueRef::Integer(20_260_615_120_000)), DecodedTime::Unreadable);
}

#[test]
fn patterns_that_say_too_little_are_known() {
    for complete in ["%Y%m%d%H%M%S", "%F %R", "%d.%m.%y", "%D %r", "%+", "%c", "%s%.3f"] {
        assert!(Encoding::is_complete(complete), "{complete}");
    }
    for incomplete in ["", "2026", "%Y-%m", "%H:%M:%S", "%F %H", "%F %I:%M", "%Q", "%"] {
        assert!(!Encoding::is_complete(incomplete), "{incomplete}");
    }
    assert!(Encoding::has_offset("%F %T%:z") && Encoding::has_offset("%+"));
    assert!(!Encoding::has_offset("%F %%z"));
}

#[test]
fn lengths_are_numbers_that_are_not_negative() {
    for (unit, value, length) in [
        (Unit::Seconds, SqlValueRef::Integer(1_800), Some(1_800 * SECOND)),
        (Unit::Minutes, SqlValueRef::Real(1.5), Some(90 * SECOND)),
        (Unit::Milliseconds, SqlValueRef::Text(b"250"), Some(SECOND / 4)),
        (Unit::Ticks, SqlValueRef::Integer(10_000_000), Some(SECOND)),
        (Unit::Days, SqlValueRef::Integer(i64::MAX), Some(i128::from(i64::MAX) * 86_400 * SECOND)),
        (Unit::Hours, SqlValueRef::Integer(0), Some(0)),
        (Unit::Seconds, SqlValueRef::Integer(-1), None),
        (Unit::Seconds, SqlValueRef::Real(-0.5), None),
        (Unit::Seconds, SqlValueRef::Real(f64::NAN), None),
        (Unit::Seconds, SqlValueRef::Text(b"30m"), None),
        (Unit::Seconds, SqlValueRef::Null, None),
    ] {
        assert_eq!(unit.length(value), length, "{unit:?} {value:?}");
    }
}
