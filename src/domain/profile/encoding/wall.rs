//! What the wall clock of a zone shows.

use crate::domain::time::UnixTime;
use crate::domain::zone::Zone;

/// More than any wall clock differs from UTC.
const DAY: i64 = 86_400;

/// The unix second at which the wall clock of a zone shows this, its reading being
/// written as if it were UTC. What it shows twice is the later of the two moments. What
/// it never shows, because it is set forward, is the later one, too: that at which the
/// clock would show it if it had not been set.
pub(super) fn unix(reading: i64, zone: &Zone) -> i64 {
    if *zone == Zone::UTC {
        return reading;
    }
    let offset = |unix: i64| zone.offset_at(UnixTime(unix)).unwrap_or(0);
    let (before, after) = (offset(reading - DAY), offset(reading + DAY));
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
