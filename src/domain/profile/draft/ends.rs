//! Telling the end of the session from other ends.

use super::candidate::TimeCandidate;
use super::clock::length;
use super::names;
use super::names::TimeHint;
use crate::domain::profile::timestamp::{SECOND, Timestamp};

/// Time after the last use within which hardly any session ends: tokens for forms and for access
/// do.
const SOON: i128 = 20 * 60 * SECOND;

/// Finds a reason why a time is not the end of the session, although it is named as an end or has
/// values after now. `ends` are all such times.
///
/// 1. It is only a date, and another column has the time of day.
/// 2. Its name is that of the end of something else. A refresh token may be the session, unless
///    there is another end.
/// 3. It is NULL in most rows, and the table has the last use or the opening.
/// 4. The table has the last use, and all values are in the past, or only minutes after it.
pub(super) fn doubt(
    end: &TimeCandidate,
    ends: &[&TimeCandidate],
    all: &[TimeCandidate],
    now: Timestamp,
) -> Option<String> {
    if let Some(time) = &end.time_of_day {
        return Some(format!(
            "it is only a date, and the time of day is in another column, {time}"
        ));
    }
    let is_own = |end: &TimeCandidate| {
        !names::is_other_end(&end.source) && !names::is_refresh_token(&end.source)
    };
    let has_own = ends.iter().any(|end| is_own(end));
    if names::is_other_end(&end.source) || (names::is_refresh_token(&end.source) && has_own) {
        return Some("by its name, it is the end of something else".to_owned());
    }
    let is_start = |other: &TimeCandidate| {
        !std::ptr::eq(other, end)
            && !matches!(other.hint, Some(TimeHint::Expires | TimeHint::Deleted))
            && other.time_of_day.is_none()
            && !ends.iter().any(|end| std::ptr::eq(*end, other))
    };
    let values = &end.values;
    if values.nulls * 2 > values.moments.len() && all.iter().any(is_start) {
        return Some("most rows have none".to_owned());
    }
    let used = all.iter().filter(|other| other.hint == Some(TimeHint::Used));
    used.filter(|used| !used.values.moments.is_empty()).find_map(|used| beside(end, used, now))
}

/// Compares an end with the last use.
fn beside(end: &TimeCandidate, used: &TimeCandidate, now: Timestamp) -> Option<String> {
    let name = used.label();
    let newest = end.values.newest()?;
    if newest <= now {
        let ago = length(now.0 - newest.0);
        return Some(format!(
            "the newest is {ago} ago, although {name} tells when a session was last used"
        ));
    }
    let (both, later) = end.order(used, SOON + 1);
    let is_comparable = end.values.is_zoneless == used.values.is_zoneless;
    let soon = both - later;
    (is_comparable && both >= 3 && soon * 10 >= both * 9)
        .then(|| format!("it is at most 20 minutes after {name} in {soon} of {both} rows"))
}
