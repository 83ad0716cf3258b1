//! Times as text of a date and a time of the day.

use super::form::{Decimals, Separator, TextForm, ZoneForm};
use super::{calendar, local, number};
use crate::domain::profile::timestamp::{SECOND, Timestamp};
use crate::domain::profile::value::SqlValueRef;
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;

/// `2026-06-15T12:00:00`.
const LENGTH: usize = 19;

impl TextForm {
    pub(super) fn read(&self, value: SqlValueRef<'_>) -> Option<Timestamp> {
        let SqlValueRef::Text(text) = value else {
            return None;
        };
        let (head, rest) = text.split_first_chunk::<LENGTH>()?;
        if !self.separator.is(head[10]) {
            return None;
        }
        let reading = reading(head)?;
        let (nanoseconds, rest) = self.decimals.read(rest)?;
        let second = self.zone.second(reading, rest)?;
        let moment = Timestamp(i128::from(second) * SECOND + i128::from(nanoseconds));
        Some(moment).filter(|moment| moment.0 >= number::FIRST)
    }

    pub(super) fn upper_bound(&self, moment: UnixTime) -> Option<String> {
        let separator = self.separator.letter()?;
        self.zone.upper_bound(&self.decimals, separator, moment)
    }
}

/// UTC time as text, then `rest`; beyond the calendar, a text that sorts before or after all times.
fn written(moment: UnixTime, separator: char, rest: &str) -> String {
    const FIRST: UnixTime = UnixTime(-62_135_596_800);
    match moment.utc() {
        Some(time) if (FIRST..=UnixTime::MAX).contains(&moment) => {
            format!("{}{separator}{}{rest}", time.format("%Y-%m-%d"), time.format("%H:%M:%S"))
        }
        _ if moment < FIRST => String::new(),
        // The character after `9` in ASCII.
        _ => ":".to_owned(),
    }
}

/// Seconds shown by a clock, as if it were UTC.
fn reading(text: &[u8; LENGTH]) -> Option<i64> {
    let has_marks = text[4] == b'-' && text[7] == b'-' && text[13] == b':' && text[16] == b':';
    if !has_marks {
        return None;
    }
    let year = pair(text[0], text[1])? * 100 + pair(text[2], text[3])?;
    let (month, day) = (pair(text[5], text[6])?, pair(text[8], text[9])?);
    let days = calendar::days(year, usize::try_from(month).ok()?, day)?;
    let (hour, minute) = (pair(text[11], text[12])?, pair(text[14], text[15])?);
    let second = pair(text[17], text[18])?;
    let is_time = hour < 24 && minute < 60 && second < 60;
    is_time.then_some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

fn pair(tens: u8, ones: u8) -> Option<i64> {
    let digits = [tens, ones];
    let is_number = digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

impl Separator {
    fn is(self, letter: u8) -> bool {
        match self {
            Self::Blank => letter == b' ',
            Self::T => letter == b'T',
            Self::Either => letter == b' ' || letter == b'T',
        }
    }

    /// Separator, if it is always the same.
    const fn letter(self) -> Option<char> {
        match self {
            Self::Blank => Some(' '),
            Self::T => Some('T'),
            Self::Either => None,
        }
    }
}

impl Decimals {
    /// Nanoseconds, and what stands behind them.
    fn read<'t>(&self, text: &'t [u8]) -> Option<(u32, &'t [u8])> {
        let Some((b'.', rest)) = text.split_first() else {
            return self.0.contains(&0).then_some((0, text));
        };
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 || !self.0.iter().any(|known| usize::from(*known) == count) {
            return None;
        }
        let (digits, rest) = rest.split_at(count);
        // More than nine would be less than nanoseconds.
        let missing = 9_usize.checked_sub(count)?;
        let digits = digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        Some(((0..missing).fold(digits, |sum, _| sum * 10), rest))
    }

    fn most(&self) -> u8 {
        self.0.iter().copied().max().unwrap_or(0)
    }

    fn least(&self) -> u8 {
        self.0.iter().copied().min().unwrap_or(0)
    }

    fn zeros(count: u8) -> String {
        if count == 0 { String::new() } else { format!(".{}", "0".repeat(count.into())) }
    }
}

impl ZoneForm {
    /// See [`Encoding::upper_bound`](super::Encoding::upper_bound). Of several forms it is the
    /// last: each of them says the second first.
    fn upper_bound(
        &self,
        decimals: &Decimals,
        separator: char,
        moment: UnixTime,
    ) -> Option<String> {
        let written = |moment, rest: &str| Some(written(moment, separator, rest));
        match self {
            Self::None(zone) if *zone == TimeZone::UTC => {
                written(moment, &Decimals::zeros(decimals.most()))
            }
            // `Z` sorts after digits and after the dot.
            Self::Z => written(moment, &format!("{}Z", Decimals::zeros(decimals.least()))),
            Self::None(_) | Self::Offset => written(moment.plus(local::MAX_UTC_OFFSET), ""),
            Self::AnyOf(forms) => {
                forms.iter().filter_map(|form| form.upper_bound(decimals, separator, moment)).max()
            }
        }
    }

    pub(super) fn is_silently_utc(&self) -> bool {
        match self {
            Self::None(zone) => *zone == TimeZone::UTC,
            Self::Z | Self::Offset => false,
            Self::AnyOf(forms) => forms.iter().any(Self::is_silently_utc),
        }
    }

    /// Unix second at which a clock shows this, with the text of a zone.
    fn second(&self, reading: i64, zone: &[u8]) -> Option<i64> {
        match self {
            Self::None(zone_of_text) => zone.is_empty().then(|| local::unix(reading, zone_of_text)),
            Self::Z => (zone == b"Z").then_some(reading),
            Self::Offset => Some(reading - offset(zone)?),
            Self::AnyOf(forms) => forms.iter().find_map(|form| form.second(reading, zone)),
        }
    }
}

/// Seconds that a clock is ahead of UTC: ` +02:00`, `+0200`, `+02`.
fn offset(text: &[u8]) -> Option<i64> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (hours, minutes) = match text {
        [_, h, i, b':', m, n] | [_, h, i, m, n] => (pair(*h, *i)?, pair(*m, *n)?),
        [_, h, i] => (pair(*h, *i)?, 0),
        _ => return None,
    };
    let ahead = hours * 3_600 + minutes * 60;
    match text[0] {
        _ if hours > 23 || minutes > 59 => None,
        b'+' => Some(ahead),
        b'-' => Some(-ahead),
        _ => None,
    }
}
