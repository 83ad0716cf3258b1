//! Properties of all encodings: round trips and upper bounds.

use std::cmp::Ordering;

use chrono::{FixedOffset, TimeZone as _};
use proptest::prelude::*;
use proptest::sample::select;
use sessctl::domain::profile::{
    DecodedTime, Encoding, Separator, SqlValue, SqlValueRef, Storage, TextForm, Timestamp, Unit,
    ZoneForm,
};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::domain::time_zone::TimeZone;

use super::{NOON, NUMBERS, SECOND, berlin, either, text};

/// Reports whether SQLite sorts one value after another.
fn sorts(one: &SqlValue, other: &SqlValue) -> Ordering {
    const fn class(value: &SqlValue) -> u8 {
        match value {
            SqlValue::Null => 0,
            SqlValue::Integer(_) | SqlValue::Real(_) => 1,
            SqlValue::Text(_) => 2,
            SqlValue::Blob(_) => 3,
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "the numbers here are not that near")]
    let by_value = match (one, other) {
        (SqlValue::Integer(one), SqlValue::Integer(other)) => one.cmp(other),
        (SqlValue::Integer(one), SqlValue::Real(other)) => (*one as f64).total_cmp(other),
        (SqlValue::Real(one), SqlValue::Integer(other)) => one.total_cmp(&(*other as f64)),
        (SqlValue::Real(one), SqlValue::Real(other)) => one.total_cmp(other),
        (SqlValue::Text(one), SqlValue::Text(other)) => one.cmp(other),
        _ => Ordering::Equal,
    };
    class(one).cmp(&class(other)).then(by_value)
}

/// A moment as an encoding writes it. Of what has several ways to write it, `choice` takes
/// one.
#[expect(clippy::cast_precision_loss, reason = "that is what reals do")]
fn write(encoding: &Encoding, moment: Timestamp, choice: usize) -> SqlValue {
    fn number(number: i128, unit: i128, class: Storage) -> SqlValue {
        match class {
            Storage::Integer => SqlValue::Integer(i64::try_from(number / unit).unwrap()),
            Storage::Real => SqlValue::Real(number as f64 / unit as f64),
            Storage::Text => SqlValue::Text((number / unit).to_string().into()),
        }
    }
    let class = |classes: &[Storage]| classes[choice % classes.len()];
    match encoding {
        Encoding::Unix(unit, classes) => number(moment.0, unit.nanoseconds(), class(classes)),
        Encoding::Ticks(classes) => number(moment.0 + 62_135_596_800 * SECOND, 100, class(classes)),
        Encoding::Julian(classes) => {
            number(moment.0 + 210_866_760_000 * SECOND, 86_400 * SECOND, class(classes))
        }
        Encoding::Text(form) => SqlValue::Text(write_text(form, moment, choice).into()),
        Encoding::Local(shown, zone) => {
            let offset = zone.offset_at(moment.second()).unwrap();
            write(shown, Timestamp(moment.0 + i128::from(offset) * SECOND), choice)
        }
        Encoding::Pattern(..) | Encoding::OneOf(_) => unreachable!("has no bound"),
    }
}

fn write_text(form: &TextForm, moment: Timestamp, choice: usize) -> String {
    let zone = match &form.zone {
        ZoneForm::AnyOf(forms) => &forms[choice / 2 % forms.len()],
        zone => zone,
    };
    let second = moment.second();
    let separator = match form.separator {
        Separator::Blank => ' ',
        Separator::T => 'T',
        Separator::Either => [' ', 'T'][choice % 2],
    };
    let offset = match zone {
        ZoneForm::None(zone) => zone.offset_at(second).unwrap(),
        ZoneForm::Z | ZoneForm::AnyOf(_) => 0,
        ZoneForm::Offset => [0, 7_200, -34_200, 50_400][choice % 4],
    };
    let clock = FixedOffset::east_opt(offset.try_into().unwrap()).unwrap();
    let time = clock.timestamp_opt(second.0, 0).unwrap();
    let nanoseconds = format!("{:09}", moment.0.rem_euclid(SECOND));
    let decimals = match usize::from(form.decimals.0[choice % form.decimals.0.len()]) {
        0 => String::new(),
        count => format!(".{}", &nanoseconds[..count]),
    };
    let zone = match zone {
        ZoneForm::None(_) => String::new(),
        ZoneForm::Z => "Z".to_owned(),
        _ => time.format([" %:z", "%:z", "%z"][choice % 3]).to_string(),
    };
    format!("{}{separator}{}{decimals}{zone}", time.format("%Y-%m-%d"), time.format("%H:%M:%S"))
}

/// Encodings whose order says something of the moments.
fn sorted() -> impl Strategy<Value = Encoding> {
    let classes = select(vec![
        vec![Storage::Integer],
        vec![Storage::Real],
        vec![Storage::Text],
        vec![Storage::Real, Storage::Integer],
    ]);
    let zones = select(vec![
        ZoneForm::None(TimeZone::UTC),
        ZoneForm::None(berlin()),
        ZoneForm::None("Pacific/Apia".parse().unwrap()),
        ZoneForm::Z,
        ZoneForm::Offset,
        either(),
        ZoneForm::AnyOf(vec![ZoneForm::None(TimeZone::UTC), ZoneForm::Z]),
        ZoneForm::AnyOf(vec![ZoneForm::Offset, ZoneForm::None(berlin())]),
    ]);
    let decimals =
        select(vec![vec![0], vec![3], vec![6], vec![0, 6], vec![3, 7], (0..10).collect()]);
    let texts = (select(vec![Separator::Blank, Separator::T]), decimals, zones);
    prop_oneof![
        (select(NUMBERS.to_vec()), classes.clone())
            .prop_map(|(unit, classes)| Encoding::Unix(unit, classes)),
        classes.clone().prop_map(Encoding::Julian),
        classes.clone().prop_map(Encoding::Ticks),
        (classes, select(vec![TimeZone::UTC, berlin()]))
            .prop_map(|(classes, zone)| Encoding::Local(Box::new(Encoding::Ticks(classes)), zone)),
        texts.prop_map(|(separator, decimals, zone)| text(separator, &decimals, zone)),
    ]
}

fn is_utc(encoding: &Encoding) -> bool {
    match encoding {
        Encoding::Text(form) => shows_utc(&form.zone),
        Encoding::Local(_, zone) => *zone == TimeZone::UTC,
        _ => true,
    }
}

fn shows_utc(zone: &ZoneForm) -> bool {
    match zone {
        ZoneForm::None(zone) => *zone == TimeZone::UTC,
        ZoneForm::Z => true,
        ZoneForm::Offset => false,
        ZoneForm::AnyOf(forms) => forms.iter().all(shows_utc),
    }
}

/// Moments after September 2001, at which seconds have got as many digits as they have
/// today, and before those that 64 bits of nanoseconds do not hold.
fn moments() -> impl Strategy<Value = Timestamp> {
    let fraction =
        prop_oneof![Just(0), Just(1), Just(337_000_000), Just(999_999_999), 0..1_000_000_000_i128];
    (1_000_000_000..9_000_000_000_i128, fraction)
        .prop_map(|(second, fraction)| Timestamp(second * SECOND + fraction))
}

/// Maximum difference of a time read from the time written: digits after the last decimal,
/// or beyond the precision of a real.
fn coarseness(encoding: &Encoding) -> i128 {
    match encoding {
        Encoding::Unix(unit, _) => unit.nanoseconds() + 1_000,
        Encoding::Julian(classes) if classes == &[Storage::Real] => SECOND / 500,
        Encoding::Julian(_) => 86_400 * SECOND,
        Encoding::Ticks(_) => 50_000,
        Encoding::Local(shown, _) => coarseness(shown),
        Encoding::Text(_) | Encoding::Pattern(..) | Encoding::OneOf(_) => SECOND,
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(encoding in sorted(), moment in moments(), choice in 0..60_usize) {
        let value = write(&encoding, moment, choice);
        let DecodedTime::At(read) = encoding.read(value.raw()) else {
            return Err(TestCaseError::fail(format!("{encoding:?}: {value:?}")));
        };
        // An hour that the clock shows twice is read as the later one.
        let repeated = if is_utc(&encoding) { 0 } else { 3_600 * SECOND };
        let off = read.0 - moment.0;
        prop_assert!(
            (-coarseness(&encoding)..=50_000 + SECOND / 1_000 + repeated).contains(&off),
            "{value:?}: {off}"
        );
    }

    #[test]
    fn whole_seconds_are_read_exactly(encoding in sorted(), second in 1_000_000_000..9_000_000_000_i64) {
        let moment = UnixTime(second - second % 86_400 + 43_200);
        prop_assert_eq!(
            encoding.read(write(&encoding, moment.into(), 0).raw()),
            DecodedTime::At(moment.into())
        );
    }

    /// A column that counts in another unit than its profile says has no readable times.
    #[test]
    fn no_number_is_read_in_another_unit(moment in moments(), class in 0..3_usize) {
        let class = [Storage::Integer, Storage::Real, Storage::Text][class];
        let mut encodings: Vec<_> =
            NUMBERS.map(|unit| Encoding::Unix(unit, vec![class])).into();
        encodings.extend([Encoding::Julian(vec![class]), Encoding::Ticks(vec![class])]);
        for (place, written) in encodings.iter().enumerate() {
            let value = write(written, moment, 0);
            for (other, read) in encodings.iter().enumerate().filter(|(other, _)| *other != place) {
                prop_assert_eq!(
                    read.read(value.raw()), DecodedTime::Unreadable,
                    "{} as {}: {:?}", place, other, value
                );
            }
        }
    }

    #[test]
    fn no_readable_value_up_to_a_moment_exceeds_its_upper_bound(
        encoding in sorted(),
        moment in moments(),
        away in prop_oneof![-3..3_i128, -200_000..200_000_i128],
        choice in 0..60_usize,
    ) {
        let value = write(&encoding, moment, choice);
        let DecodedTime::At(read) = encoding.read(value.raw()) else {
            return Err(TestCaseError::fail(format!("{encoding:?}: {value:?}")));
        };
        let now = UnixTime(i64::try_from(moment.0 / SECOND + away).unwrap());
        let bound = encoding.upper_bound(now).unwrap();
        let order = sorts(&value, &bound);
        if read <= now.into() {
            prop_assert_ne!(order, Ordering::Greater, "{:?} > {:?}", value, bound);
        }
        let tolerance = Span::seconds(if is_utc(&encoding) { 1 } else { 172_800 });
        let tolerance = if matches!(&encoding, Encoding::Unix(Unit::Minutes, _)) {
            Span::minutes(1)
        } else {
            tolerance
        };
        if read >= now.plus(tolerance).into() {
            prop_assert_eq!(order, Ordering::Greater, "{:?} <= {:?}", value, bound);
        }
    }

    #[test]
    fn nothing_panics(encoding in sorted(), number: i64, real: f64, bytes: Vec<u8>, now: i64) {
        for value in [
            SqlValueRef::Integer(number),
            SqlValueRef::Real(real),
            SqlValueRef::Real(f64::from_bits(number.cast_unsigned())),
            SqlValueRef::Text(&bytes),
            SqlValueRef::Blob(&bytes),
        ] {
            encoding.read(value);
        }
        encoding.upper_bound(UnixTime(now));
    }
}

#[test]
fn upper_bounds_are_as_tight_as_their_form_allows() {
    let bound = |encoding: Encoding| match encoding.upper_bound(NOON) {
        None => "none".to_owned(),
        Some(SqlValue::Text(text)) => String::from_utf8(text).unwrap(),
        Some(other) => format!("{other:?}"),
    };
    let utc = || ZoneForm::None(TimeZone::UTC);
    for (encoding, expected) in [
        (text(Separator::Blank, &[0, 6], utc()), "2026-06-15 12:00:00.000000"),
        (text(Separator::Blank, &[0], utc()), "2026-06-15 12:00:00"),
        (text(Separator::T, &[3], ZoneForm::Z), "2026-06-15T12:00:00.000Z"),
        (text(Separator::T, &[0, 3], ZoneForm::Z), "2026-06-15T12:00:00Z"),
        (text(Separator::T, &[0], ZoneForm::Offset), "2026-06-16T12:00:00"),
        (text(Separator::T, &[0], ZoneForm::None(berlin())), "2026-06-16T12:00:00"),
        (text(Separator::T, &[0, 3], ZoneForm::AnyOf(vec![ZoneForm::Z, utc()])), {
            "2026-06-15T12:00:00Z"
        }),
        (text(Separator::T, &[0], either()), "2026-06-16T12:00:00"),
        (text(Separator::Either, &[0], utc()), "none"),
        (Encoding::Unix(Unit::Seconds, vec![Storage::Text]), "1781524800"),
        (Encoding::Unix(Unit::Seconds, vec![Storage::Text, Storage::Integer]), "none"),
        (Encoding::Unix(Unit::Milliseconds, vec![Storage::Real]), "Integer(1781524800000)"),
        (Encoding::Pattern("%Y%m%d%H%M%S".to_owned(), TimeZone::UTC), "none"),
    ] {
        assert_eq!(bound(encoding.clone()), expected, "{encoding:?}");
    }
    let far = text(Separator::T, &[0], ZoneForm::Z);
    assert_eq!(far.upper_bound(UnixTime(i64::MAX)), Some(SqlValue::Text(":".into())));
    assert_eq!(far.upper_bound(UnixTime(i64::MIN)), Some(SqlValue::Text(Vec::new())));
    assert_eq!(far.upper_bound(UnixTime::MAX), Some(SqlValue::Text("9999-12-31T23:59:59Z".into())));
}
