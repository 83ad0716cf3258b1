//! Finding how the values of a column write times.

use super::observation::ObservedValues;
use super::text_times;
use crate::domain::profile::encoding::{DecodedTime, Encoding, Storage, Unit};
use crate::domain::profile::timestamp::{SECOND, Timestamp};
use crate::domain::profile::value::{SqlValue, SqlValueRef};
use crate::domain::time::UnixTime;

/// Longest lifetime in seconds, ten years: a greater number is a time.
pub(super) const LONGEST_LENGTH: i64 = 315_576_000;

const YEAR: i128 = 366 * 86_400 * SECOND;

/// Readings of the values of one column as times.
#[derive(Debug, Clone)]
pub(super) struct TimeValues {
    pub(super) encoding: Encoding,
    /// Set if the values are texts without a zone, which are read as UTC here.
    pub(super) is_zoneless: bool,
    /// Reading of each sampled row.
    pub(super) moments: Vec<Option<Timestamp>>,
    pub(super) readable: usize,
    pub(super) nulls: usize,
    /// Values that stand for no time, with their numbers of rows.
    pub(super) sentinels: Vec<(SqlValue, usize)>,
    /// Values that are neither.
    pub(super) unreadable: usize,
    /// Values among those that are lengths, if the times are in seconds.
    pub(super) lengths: usize,
    /// Pattern by which all texts could be read, too.
    pub(super) alternative: Option<&'static str>,
}

impl TimeValues {
    /// Reads the values of a column; `None`: they are hardly times.
    ///
    /// 1. A value that programs write for no time is a sentinel value and proves nothing.
    /// 2. At least three of five other values, and more than those that are not times, must be
    ///    times in one encoding for each storage class.
    /// 3. Numbers that are lengths if the others are times in seconds do not count against it.
    /// 4. If the name does not speak for a time, the newest must lie within two years of now.
    pub(super) fn of(observed: &ObservedValues, is_named: bool, now: UnixTime) -> Option<Self> {
        let near = Timestamp::from(now);
        let values: Vec<&SqlValue> =
            observed.present().filter(|value| !is_sentinel(value)).collect();
        let (encoding, is_zoneless, alternative) = encoding(&values, is_named, near)?;
        let found = Self::read(observed, encoding, is_zoneless, alternative);
        let total = found.readable + found.unreadable;
        let newest = found.newest()?;
        let is_near = (newest.0 - near.0).abs() < 2 * YEAR;
        let is_likely = found.readable * 5 >= (total - found.lengths) * 3;
        (is_likely && (is_named || is_near)).then_some(found)
    }

    /// Values of a table without rows: nothing is known but the names.
    pub(super) fn unseen(declared: &str) -> Self {
        let declared = declared.to_ascii_lowercase();
        let is_number = ["int", "num", "real", "float"].iter().any(|kind| declared.contains(kind));
        let (encoding, is_zoneless) = if is_number {
            (Encoding::Unix(Unit::Seconds, vec![Storage::Integer]), false)
        } else {
            (text_times::unseen().encoding, true)
        };
        Self {
            encoding,
            is_zoneless,
            moments: Vec::new(),
            readable: 0,
            nulls: 0,
            sentinels: Vec::new(),
            unreadable: 0,
            lengths: 0,
            alternative: None,
        }
    }

    fn read(
        observed: &ObservedValues,
        encoding: Encoding,
        is_zoneless: bool,
        alternative: Option<&'static str>,
    ) -> Self {
        let moment = |value: &SqlValue| match encoding.read(value.raw()) {
            DecodedTime::At(moment) if !is_sentinel(value) => Some(moment),
            _ => None,
        };
        let moments: Vec<Option<Timestamp>> = observed.values.iter().map(moment).collect();
        let readable = moments.iter().flatten().count();
        let nulls = observed.values.len() - observed.present().count();
        let counts = observed.counts();
        let sentinels: Vec<(SqlValue, usize)> = counts
            .into_iter()
            .filter(|(value, _)| is_sentinel(value))
            .map(|(value, count)| (value.clone(), count))
            .collect();
        let known = readable + nulls + sentinels.iter().map(|(_, count)| count).sum::<usize>();
        let unreadable = observed.values.len() - known;
        let is_length = |value: &&SqlValue| {
            matches!(value, SqlValue::Integer(1..=LONGEST_LENGTH))
                && matches!(&encoding, Encoding::Unix(Unit::Seconds, _))
        };
        let lengths = observed.present().filter(is_length).count();
        Self {
            encoding,
            is_zoneless,
            moments,
            readable,
            nulls,
            sentinels,
            unreadable,
            lengths,
            alternative,
        }
    }

    /// Reports whether these are numbers whose times are at least two decades ago, or after now
    /// unless they may be ends: then it is unknown what they count.
    pub(super) fn is_decades_away(&self, is_end: bool, now: UnixTime) -> bool {
        let decades = 20 * YEAR;
        let now = Timestamp::from(now).0;
        let is_far = |newest: Timestamp, oldest: Timestamp| {
            newest.0 < now - decades || (!is_end && oldest.0 > now + decades)
        };
        is_of_numbers(&self.encoding)
            && self
                .newest()
                .zip(self.oldest())
                .is_some_and(|(newest, oldest)| is_far(newest, oldest))
    }

    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.moments.iter().flatten().max().copied()
    }

    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.moments.iter().flatten().min().copied()
    }

    pub(super) fn after(&self, moment: Timestamp) -> usize {
        self.moments.iter().flatten().filter(|time| **time > moment).count()
    }
}

fn encoding(
    values: &[&SqlValue],
    is_named: bool,
    near: Timestamp,
) -> Option<(Encoding, bool, Option<&'static str>)> {
    let class = |wanted: &str| -> Vec<&SqlValue> {
        values.iter().copied().filter(|value| value.raw().class() == wanted).collect()
    };
    let mut numbers: Vec<Encoding> = Vec::new();
    numbers.extend(of_numbers(&class("integer"), Storage::Integer, is_named, near));
    numbers.extend(of_numbers(&class("real"), Storage::Real, is_named, near));
    let texts = class("text");
    let digits: Vec<&SqlValue> = texts.iter().copied().filter(|value| is_digits(value)).collect();
    let words: Vec<&str> = texts.iter().filter_map(|value| value.raw().text()).collect();
    let by_text = text_times::find(&words, near);
    let mut other = None;
    match by_text {
        Some(found) if read_by(&found.encoding, &texts) * 2 > digits.len() || digits.is_empty() => {
            other = Some(found);
        }
        _ if digits.len() * 2 > texts.len() => {
            numbers.extend(of_numbers(&digits, Storage::Text, is_named, near));
        }
        _ => {}
    }
    let mut forms = merged(numbers);
    let is_zoneless = other.as_ref().is_some_and(|found| found.is_zoneless);
    let alternative = other.as_ref().and_then(|found| found.alternative);
    forms.extend(other.map(|found| found.encoding));
    match forms.len() {
        0 => None,
        1 => Some((forms.remove(0), is_zoneless, alternative)),
        _ => Some((Encoding::OneOf(forms), is_zoneless, alternative)),
    }
}

fn is_of_numbers(encoding: &Encoding) -> bool {
    match encoding {
        Encoding::Unix(..) | Encoding::Julian(_) | Encoding::Ticks(_) => true,
        Encoding::OneOf(forms) => forms.iter().all(is_of_numbers),
        _ => false,
    }
}

fn is_digits(value: &SqlValue) -> bool {
    value.raw().text().is_some_and(|text| {
        !text.is_empty() && text.len() < 20 && text.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Joins encodings that differ only in the storage class.
fn merged(numbers: Vec<Encoding>) -> Vec<Encoding> {
    let mut forms: Vec<Encoding> = Vec::new();
    for number in numbers {
        let same = forms.iter_mut().find_map(|known| match (known, &number) {
            (Encoding::Unix(unit, known), Encoding::Unix(other, more)) if unit == other => {
                Some((known, more))
            }
            (Encoding::Julian(known), Encoding::Julian(more))
            | (Encoding::Ticks(known), Encoding::Ticks(more)) => Some((known, more)),
            _ => None,
        });
        match same {
            Some((known, more)) => known.extend(more),
            None => forms.push(number),
        }
    }
    forms
}

/// Encoding of most numbers of one class. Without a name that speaks for a time, neither
/// minutes nor whole Julian days are considered, as small numbers may count anything.
fn of_numbers(
    values: &[&SqlValue],
    class: Storage,
    is_named: bool,
    near: Timestamp,
) -> Option<Encoding> {
    const UNITS: [Unit; 5] =
        [Unit::Seconds, Unit::Milliseconds, Unit::Microseconds, Unit::Nanoseconds, Unit::Minutes];
    let storage = || vec![class];
    let mut encodings: Vec<Encoding> =
        UNITS.iter().map(|unit| Encoding::Unix(*unit, storage())).collect();
    encodings.extend([Encoding::Ticks(storage()), Encoding::Julian(storage())]);
    let is_small = |encoding: &Encoding| {
        matches!(encoding, Encoding::Unix(Unit::Minutes, _))
            || matches!(encoding, Encoding::Julian(_) if class != Storage::Real)
    };
    encodings.retain(|encoding| is_named || !is_small(encoding));
    let close = |encoding: &Encoding| {
        let years = if is_small(encoding) { 5 } else { 20 };
        let is_close = |value: &&&SqlValue| match encoding.read(value.raw()) {
            DecodedTime::At(moment) => (moment.0 - near.0).abs() < years * YEAR,
            _ => false,
        };
        values.iter().filter(is_close).count()
    };
    let count = |encoding: &Encoding| {
        // Any year counts if the name speaks for a time, but less than one that is close.
        (close(encoding), if is_named { read_by(encoding, values) } else { 0 })
    };
    let best = encodings.into_iter().rev().map(|it| (count(&it), it)).max_by_key(|it| it.0)?;
    (best.0 > (0, 0)).then_some(best.1)
}

fn read_by(encoding: &Encoding, values: &[&SqlValue]) -> usize {
    let is_read = |value: &&&SqlValue| matches!(encoding.read(value.raw()), DecodedTime::At(_));
    values.iter().filter(is_read).count()
}

/// Reports whether programs write a value for no time: 0, −1, the largest integers, empty text,
/// and the first and the last days of calendars.
pub(super) fn is_sentinel(value: &SqlValue) -> bool {
    const INTEGERS: [i64; 6] =
        [0, -1, i64::MAX, i32::MAX as i64, u32::MAX as i64, 3_155_378_975_999_999_999];
    const DAYS: [&str; 7] = [
        "9999-12-31",
        "0001-01-01",
        "0000-00-00",
        "1970-01-01",
        "1900-01-01",
        "31.12.9999",
        "01.01.1970",
    ];
    match value.raw() {
        SqlValueRef::Integer(number) => INTEGERS.contains(&number),
        SqlValueRef::Real(_) => {
            INTEGERS.iter().any(|number| value.is_same(SqlValueRef::Integer(*number)))
        }
        SqlValueRef::Text(bytes) => {
            let text = str::from_utf8(bytes).unwrap_or("?");
            let is_number = text.parse().is_ok_and(|number: i64| INTEGERS.contains(&number));
            text.is_empty() || is_number || DAYS.iter().any(|day| text.starts_with(day))
        }
        SqlValueRef::Null | SqlValueRef::Blob(_) => false,
    }
}
