//! Encodings of times in a column.

pub mod calendar;
mod form;
mod local;
mod number;
mod pattern;
mod text;

pub use form::{Decimals, DecodedTime, Encoding, Separator, Storage, TextForm, Unit, ZoneForm};

use super::timestamp::Timestamp;
use super::value::{SqlValue, SqlValueRef};
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;

impl Encoding {
    /// Reads a value.
    ///
    /// 1. NULL is the absence of a time.
    /// 2. A number counts only in a class that the encoding names; text of digits is a number
    ///    of the class `text`, and must consist of digits, with a minus if it is negative.
    /// 3. A number means a moment from 1995 to 9999. Any other is unreadable: numbers in
    ///    another unit than the encoding's always are, and zero is. To ensure this, minutes
    ///    reach only to 2999, and ticks to 2499.
    /// 4. A Julian day is rounded to the nearest millisecond, as in SQLite itself.
    /// 5. Text must be a date of the calendar, from 1995 to 9999, and a time of a day without
    ///    leap seconds, in exactly the form of the encoding. Programs write earlier ones for an
    ///    unset time: their year 1, or 1970.
    /// 6. Text by a pattern is read as chrono does, and means a moment from 1995 to 9999 like a
    ///    number: digits of another kind may look like a date.
    /// 7. A local time that the clock shows twice, or never, is the later of the two possible
    ///    moments.
    pub fn read(&self, value: SqlValueRef<'_>) -> DecodedTime {
        if value == SqlValueRef::Null {
            return DecodedTime::Null;
        }
        self.moment(value).map_or(DecodedTime::Unreadable, DecodedTime::At)
    }

    fn moment(&self, value: SqlValueRef<'_>) -> Option<Timestamp> {
        match self {
            Self::Unix(unit, storage) => number::unix(*unit, storage, value),
            Self::Julian(storage) => number::julian(storage, value),
            Self::Ticks(storage) => number::ticks(storage, value),
            Self::Text(form) => form.read(value),
            Self::Pattern(pattern, zone) => pattern::read(pattern, zone, value),
            Self::Local(shown, zone) => Some(local::moment(shown.moment(value)?, zone)),
            Self::OneOf(forms) => forms.iter().find_map(|form| form.moment(value)),
        }
    }

    pub fn classes(&self) -> Vec<Storage> {
        match self {
            Self::Unix(_, storage) | Self::Julian(storage) | Self::Ticks(storage) => {
                storage.clone()
            }
            Self::Text(_) | Self::Pattern(..) => vec![Storage::Text],
            Self::Local(shown, _) => shown.classes(),
            Self::OneOf(forms) => forms.iter().flat_map(Self::classes).collect(),
        }
    }

    pub(super) fn resolve_local<E>(
        &mut self,
        machine: &dyn Fn() -> Result<TimeZone, E>,
    ) -> Result<(), E> {
        match self {
            Self::Text(form) => form.zone.resolve_local(machine),
            Self::Pattern(_, zone) => {
                *zone = zone.or_machine(machine)?;
                Ok(())
            }
            Self::Local(shown, zone) => {
                *zone = zone.or_machine(machine)?;
                shown.resolve_local(machine)
            }
            Self::OneOf(forms) => forms.iter_mut().try_for_each(|form| form.resolve_local(machine)),
            Self::Unix(..) | Self::Julian(_) | Self::Ticks(_) => Ok(()),
        }
    }

    /// Reports whether the encoding is text without a zone that is taken for UTC.
    pub fn is_silently_utc(&self) -> bool {
        match self {
            Self::Text(form) => form.zone.is_silently_utc(),
            Self::OneOf(forms) => forms.iter().any(Self::is_silently_utc),
            _ => false,
        }
    }

    /// A value that no readable value of a moment up to this one exceeds, in the order
    /// in which SQLite sorts a column; `None`: the order says nothing about the moments.
    ///
    /// Values of moments a second later and more exceed it; where a time has an offset
    /// or is a wall clock's outside of UTC, those of two days later and more. Of numbers
    /// that are kept as text, those with more digits than the bound may exceed it
    /// although they are earlier: seconds of before September 2001 are.
    pub fn upper_bound(&self, moment: UnixTime) -> Option<SqlValue> {
        match self {
            Self::Unix(unit, storage) => number::unix_upper_bound(*unit, storage, moment),
            Self::Julian(storage) => number::julian_upper_bound(storage, moment),
            Self::Ticks(storage) => number::ticks_upper_bound(storage, moment),
            Self::Text(form) => form.upper_bound(moment).map(|text| SqlValue::Text(text.into())),
            Self::Pattern(..) | Self::OneOf(_) => None,
            Self::Local(shown, zone) if *zone == TimeZone::UTC => shown.upper_bound(moment),
            Self::Local(shown, _) => shown.upper_bound(moment.plus(local::MAX_UTC_OFFSET)),
        }
    }
}

impl ZoneForm {
    fn resolve_local<E>(&mut self, machine: &dyn Fn() -> Result<TimeZone, E>) -> Result<(), E> {
        match self {
            Self::None(zone) => *zone = zone.or_machine(machine)?,
            Self::AnyOf(forms) => {
                forms.iter_mut().try_for_each(|form| form.resolve_local(machine))?;
            }
            Self::Z | Self::Offset => {}
        }
        Ok(())
    }
}
