//! Times and lengths that are numbers.

use super::form::{Storage, Unit};
use crate::domain::profile::timestamp::{SECOND, Timestamp};
use crate::domain::profile::value::{SqlValue, SqlValueRef, floor};
use crate::domain::time::UnixTime;

/// Earliest plausible moment: 1995-01-01.
pub const FIRST: i128 = 788_918_400 * SECOND;

/// Exclusive upper bounds of plausible moments: the first moments of 10000, of 3000 for minutes and
/// of 2500 for ticks. Seconds that are read as minutes lie beyond 3000, nanoseconds that
/// are read as ticks beyond 2500.
const END: i128 = 253_402_300_800 * SECOND;
const END_OF_MINUTES: i128 = 32_503_680_000 * SECOND;
const END_OF_TICKS: i128 = 16_725_225_600 * SECOND;

/// The first moment of the year 1, from which ticks are counted.
const FIRST_TICK: i128 = -62_135_596_800 * SECOND;

/// Midnight on 1970-01-01 in milliseconds since the first Julian day.
const JULIAN: i128 = 210_866_760_000_000;
const MILLISECOND: i128 = SECOND / 1000;
const DAY_IN_MILLISECONDS: f64 = 86_400_000.0;

#[derive(Clone, Copy)]
enum StoredNumber {
    Whole(i64),
    Real(f64),
}

impl StoredNumber {
    fn of(value: SqlValueRef<'_>, storage: &[Storage]) -> Option<Self> {
        let (number, class) = match value {
            SqlValueRef::Integer(number) => (Self::Whole(number), Storage::Integer),
            SqlValueRef::Real(number) if number.is_finite() => (Self::Real(number), Storage::Real),
            SqlValueRef::Text(digits) => (Self::Whole(whole(digits)?), Storage::Text),
            SqlValueRef::Null | SqlValueRef::Real(_) | SqlValueRef::Blob(_) => return None,
        };
        storage.contains(&class).then_some(number)
    }

    /// Product with a number of nanoseconds, rounded down.
    fn times(self, unit: i128) -> i128 {
        match self {
            Self::Whole(number) => i128::from(number) * unit,
            Self::Real(number) => {
                let rest = (number.fract() * float(unit)).floor();
                floor(number.trunc()).saturating_mul(unit).saturating_add(floor(rest))
            }
        }
    }

    fn to_real(self) -> f64 {
        match self {
            Self::Whole(number) => float(number.into()),
            Self::Real(number) => number,
        }
    }
}

fn whole(digits: &[u8]) -> Option<i64> {
    if digits.first() == Some(&b'+') {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

/// Reports whether session frameworks may have written a moment.
pub fn is_plausible(moment: Timestamp) -> bool {
    (FIRST..END).contains(&moment.0)
}

fn plausible(nanoseconds: i128, end: i128) -> Option<Timestamp> {
    (FIRST..end).contains(&nanoseconds).then_some(Timestamp(nanoseconds))
}

pub fn unix(unit: Unit, storage: &[Storage], value: SqlValueRef<'_>) -> Option<Timestamp> {
    let number = StoredNumber::of(value, storage)?;
    let end = if unit == Unit::Minutes { END_OF_MINUTES } else { END };
    plausible(number.times(unit.nanoseconds()), end)
}

pub fn ticks(storage: &[Storage], value: SqlValueRef<'_>) -> Option<Timestamp> {
    let number = StoredNumber::of(value, storage)?;
    let since = number.times(Unit::Ticks.nanoseconds());
    plausible(FIRST_TICK.saturating_add(since), END_OF_TICKS)
}

pub fn julian(storage: &[Storage], value: SqlValueRef<'_>) -> Option<Timestamp> {
    let number = StoredNumber::of(value, storage)?;
    let since = floor(number.to_real() * DAY_IN_MILLISECONDS + 0.5);
    plausible(since.saturating_sub(JULIAN).saturating_mul(MILLISECOND), END)
}

pub fn unix_upper_bound(unit: Unit, storage: &[Storage], moment: UnixTime) -> Option<SqlValue> {
    upper_bound(Timestamp::from(moment).0, unit.nanoseconds(), storage)
}

pub fn ticks_upper_bound(storage: &[Storage], moment: UnixTime) -> Option<SqlValue> {
    upper_bound(Timestamp::from(moment).0 - FIRST_TICK, Unit::Ticks.nanoseconds(), storage)
}

pub fn julian_upper_bound(storage: &[Storage], moment: UnixTime) -> Option<SqlValue> {
    let since = i128::from(moment.0) * 1000 + JULIAN;
    if storage.contains(&Storage::Text) {
        return upper_bound(since, 86_400_000, storage);
    }
    // Days nearer to this millisecond than to the next one, and a little more: the division
    // rounds, too.
    let last = (float(since) + 0.5) / DAY_IN_MILLISECONDS;
    Some(SqlValue::Real(last.next_up().next_up()))
}

/// Largest number that does not exceed this many nanoseconds.
fn upper_bound(nanoseconds: i128, unit: i128, storage: &[Storage]) -> Option<SqlValue> {
    let whole = nanoseconds.div_euclid(unit);
    if storage.contains(&Storage::Text) {
        // Text sorts after all numbers.
        let is_text = storage.iter().all(|class| *class == Storage::Text);
        return is_text.then(|| SqlValue::Text(whole.to_string().into()));
    }
    let has_reals = storage.contains(&Storage::Real);
    let is_exact = whole * unit == nanoseconds;
    let most = if has_reals && !is_exact { whole + 1 } else { whole };
    Some(match i64::try_from(most) {
        Ok(most) => SqlValue::Integer(most),
        Err(_) if has_reals => SqlValue::Real(float(most).next_up()),
        Err(_) => SqlValue::Integer(if most < 0 { i64::MIN } else { i64::MAX }),
    })
}

impl Unit {
    pub const fn nanoseconds(self) -> i128 {
        match self {
            Self::Days => 86_400 * SECOND,
            Self::Hours => 3_600 * SECOND,
            Self::Minutes => 60 * SECOND,
            Self::Seconds => SECOND,
            Self::Milliseconds => MILLISECOND,
            Self::Microseconds => SECOND / 1_000_000,
            Self::Ticks => 100,
            Self::Nanoseconds => 1,
        }
    }

    /// Length in nanoseconds; `None`: the value is negative, or neither a number nor digits.
    pub fn length(self, value: SqlValueRef<'_>) -> Option<i128> {
        const ALL: [Storage; 3] = [Storage::Integer, Storage::Real, Storage::Text];
        let number = StoredNumber::of(value, &ALL)?;
        let length = number.times(self.nanoseconds());
        (length >= 0).then_some(length)
    }
}

#[expect(clippy::cast_precision_loss, reason = "nothing holds it more exactly")]
fn float(number: i128) -> f64 {
    number as f64
}
