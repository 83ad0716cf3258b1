//! Order of sessions from the longest unused to the newest.

use crate::domain::profile::{Expiry, Profile};
use crate::domain::session::Session;
use crate::domain::time::UnixTime;

/// Time that orders the sessions of a table, the longest unused first; `None`: unknown.
///
/// 1. The last use, or the opening where that is later or the only known time.
/// 2. In a framework's table that has neither, the expiry: where each use extends it, the longest
///    unused session expires first. A session that never expires is the newest.
pub fn recency(profile: Option<&Profile>, session: &Session) -> Option<UnixTime> {
    if profile.is_none_or(|profile| profile.used.is_some() || profile.created.is_some()) {
        return session.last_known_use();
    }
    match session.expiry? {
        Expiry::Expired => Some(UnixTime(i64::MIN)),
        Expiry::Never => Some(UnixTime(i64::MAX)),
        expiry => expiry.last_moment(),
    }
}
