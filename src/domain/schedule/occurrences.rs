//! Occurrences of a schedule in a zone with daylight saving.

use chrono::DateTime;

use super::definition::{Hours, Schedule};
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;

const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;

/// A Monday, midnight.
pub(in crate::domain) const MONDAY: i64 = 978_307_200;

/// Interval at which offsets are compared, in seconds. Every zone has kept each of its offsets
/// for longer (the shortest time was four days, in Freetown in 1939).
const MIN_OFFSET_DURATION: i64 = 12 * 3_600;

/// The largest distance of a local clock from UTC.
const MAX_UTC_OFFSET: i64 = 16 * 3_600;

/// A local-clock time, as the second at which a clock in UTC shows it.
type LocalSeconds = i64;

impl Schedule {
    /// The first run later than `after`; nothing at the end of the calendar.
    ///
    /// 1. A run is due whenever the local clock of the zone shows a minute,
    ///    an hour and a weekday of the schedule, at its full minute.
    /// 2. With `*` as the hour that is all: where the clock is set back a repeated time runs twice,
    ///    where it is set forward a skipped one does not run.
    /// 3. With anything else as the hour a repeated time runs the first time only, and a skipped
    ///    one at the first instant after the gap, unless its whole date was skipped.
    /// 4. Times that fall on one instant are one run.
    pub fn next_after(&self, after: UnixTime, zone: &TimeZone) -> Option<UnixTime> {
        let mut start = UnixTime(after.0.checked_add(1)?);
        loop {
            if self.skipped_before(start, zone)? {
                return Some(start);
            }
            // With a constant offset the local clock is as monotone as time.
            let offset = zone.offset_at(start)?;
            let local = self.next_local(start.0 + offset)?;
            let due = UnixTime(local - offset);
            start = match first_change(zone, start, due)? {
                Some(change) => change,
                None if self.hours == Hours::Every
                    || first_instant_showing(zone, local) == Some(due) =>
                {
                    return Some(due);
                }
                None => UnixTime(due.0 + 1),
            };
        }
    }

    /// The runs later than `after`, in their order.
    pub fn occurrences_after(
        &self,
        after: UnixTime,
        zone: &TimeZone,
    ) -> impl Iterator<Item = UnixTime> {
        let next = |last: &UnixTime| self.next_after(*last, zone);
        std::iter::successors(next(&after), next)
    }

    /// The last run up to `until`: the time to which a run that starts at `until` belongs.
    pub fn latest_at_or_before(&self, until: UnixTime, zone: &TimeZone) -> Option<UnixTime> {
        // Weekly at most, but a date can be skipped.
        let spans = std::iter::successors(Some(60), |span| Some(span * 2));
        spans
            .take_while(|span| *span < 4 * WEEK)
            .map(|span| UnixTime(until.0.saturating_sub(span)))
            .find(|start| self.next_after(*start, zone).is_some_and(|run| run <= until))
            .and_then(|start| {
                self.occurrences_after(start, zone).take_while(|run| *run <= until).last()
            })
    }

    /// Reports whether a skipped run takes place at an instant: the first one after a gap.
    fn skipped_before(&self, instant: UnixTime, zone: &TimeZone) -> Option<bool> {
        let from = instant.0 + zone.offset_at(UnixTime(instant.0 - 1))?;
        let to = instant.0 + zone.offset_at(instant)?;
        if self.hours == Hours::Every || from >= to {
            return Some(false);
        }
        // The clock showed something on the dates on both of its sides.
        let on_a_day = |local: LocalSeconds| {
            let midnight = local - local.rem_euclid(DAY);
            midnight < from || midnight + DAY > to
        };
        let skipped =
            std::iter::successors(self.next_local(from), |local| self.next_local(local + 1));
        Some(skipped.take_while(|local| *local < to).any(on_a_day))
    }

    /// The first local-clock time of the schedule from `local` on.
    fn next_local(&self, local: LocalSeconds) -> Option<LocalSeconds> {
        // All weeks are alike, so one serves for all: the years of the cron crate end in 2100.
        let monday = local - (local - MONDAY).rem_euclid(WEEK);
        let before = DateTime::from_timestamp(local - monday + MONDAY - 1, 0)?;
        let next = self.cron.after(&before).next()?;
        Some(next.timestamp() - MONDAY + monday)
    }
}

/// The first instant after `from`, up to `to`, at which the offset is another than at `from`.
#[expect(clippy::option_option, reason = "the outer one is the end of the calendar")]
fn first_change(zone: &TimeZone, from: UnixTime, to: UnixTime) -> Option<Option<UnixTime>> {
    let offset = zone.offset_at(from)?;
    let (mut same, mut other) = (from.0, from.0);
    while zone.offset_at(UnixTime(other))? == offset {
        if other == to.0 {
            return Some(None);
        }
        same = other;
        other = to.0.min(other + MIN_OFFSET_DURATION);
    }
    while same + 1 < other {
        let middle = same.midpoint(other);
        if zone.offset_at(UnixTime(middle))? == offset {
            same = middle;
        } else {
            other = middle;
        }
    }
    Some(Some(UnixTime(other)))
}

/// The first instant at which the local clock shows a time; nothing if it skips that time.
fn first_instant_showing(zone: &TimeZone, local: LocalSeconds) -> Option<UnixTime> {
    let reach = MAX_UTC_OFFSET + MIN_OFFSET_DURATION;
    (-reach..=reach)
        .step_by(usize::try_from(MIN_OFFSET_DURATION).ok()?)
        .filter_map(|distance| zone.offset_at(UnixTime(local + distance)))
        .map(|offset| (UnixTime(local - offset), offset))
        .filter(|(instant, offset)| zone.offset_at(*instant) == Some(*offset))
        .map(|(instant, _)| instant)
        .min()
}
