//! Conversion of local time.

use crate::domain::profile::timestamp::Timestamp;
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;

/// More than any wall clock differs from UTC.
pub(super) const MAX_UTC_OFFSET: Span = Span::days(1);

/// Moment at which the clock of a zone shows this local time.
pub(super) fn moment(reading: Timestamp, zone: &TimeZone) -> Timestamp {
    let second = reading.second();
    let passed = reading.0 - Timestamp::from(second).0;
    Timestamp(Timestamp::from(UnixTime(unix(second.0, zone))).0 + passed)
}

/// The unix second at which the wall clock of a zone shows this, its reading being
/// written as if it were UTC. What it shows twice is the later of the two moments. What
/// it never shows, because it is set forward, is the later one, too: that at which the
/// clock would show it if it had not been set.
pub(super) fn unix(reading: i64, zone: &TimeZone) -> i64 {
    if *zone == TimeZone::UTC {
        return reading;
    }
    let offset = |unix: i64| zone.offset_at(UnixTime(unix)).unwrap_or(0);
    let day = MAX_UTC_OFFSET.as_seconds();
    let (before, after) = (offset(reading - day), offset(reading + day));
    if before == after {
        return reading - before;
    }
    let shows = |ahead: i64| offset(reading - ahead) == ahead;
    match (shows(before), shows(after)) {
        (true, false) => reading - before,
        (false, true) => reading - after,
        (true, true) | (false, false) => reading - before.min(after),
    }
}
