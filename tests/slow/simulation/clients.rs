//! Clients that open sessions, use them, and close or abandon them.

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;
use sessctl::domain::policy::TimeoutRequest;
use sessctl::{Span, Token};

use crate::support::{DAY, HOUR, MINUTE, Rng};

/// The behavior of clients.
pub struct Behavior {
    pub tasks: &'static [&'static str],
    /// Clients of one user.
    pub per_user: usize,
    /// True if all visits are in the morning of a working day.
    pub mornings_only: bool,
    /// Maximum number of days between two visits.
    pub max_days_away: i64,
    pub timeouts: Vec<TimeoutRequest>,
}

/// Client and its session.
pub struct Client {
    pub user: String,
    pub task: &'static str,
    pub session: Option<HeldSession>,
    /// Previous session, which the client may try once more.
    pub old_session: Option<HeldSession>,
}

/// A session, for its client.
#[derive(Clone)]
pub struct HeldSession {
    pub token: Token,
    pub entry: usize,
}

/// The actions of a client.
pub enum Action {
    Open(TimeoutRequest),
    Touch,
    Close,
    RetryOldSession,
    /// Leaves without closing the session.
    Leave,
}

impl Client {
    pub fn next_action(&self, behavior: &Behavior, rng: &mut Rng) -> Action {
        match rng.between(0, 99) {
            0..70 if self.session.is_some() => Action::Touch,
            70..80 if self.session.is_some() => Action::Close,
            _ if self.session.is_some() => Action::Leave,
            0..30 if self.old_session.is_some() => Action::RetryOldSession,
            _ => Action::Open(rng.one_of(&behavior.timeouts)),
        }
    }
}

/// Pause before the next use: often a few minutes, often exactly the timeout or a second more.
pub fn pause(timeout: Option<i64>, rng: &mut Rng) -> i64 {
    let timeout = timeout.unwrap_or(HOUR);
    match rng.between(0, 99) {
        0..10 => rng.between(0, 3),
        10..50 => rng.between(MINUTE, 10 * MINUTE),
        50..60 => timeout,
        60..70 => timeout + 1,
        70..80 => timeout + rng.between(2, 20 * MINUTE),
        80..98 => rng.between(MINUTE, timeout),
        _ => rng.between(HOUR, 3 * DAY),
    }
}

/// The next visit of a client that has left.
pub fn next_visit(behavior: &Behavior, now: i64, zone: Tz, rng: &mut Rng) -> i64 {
    let time = now + rng.between(MINUTE, behavior.max_days_away * DAY);
    if !behavior.mornings_only {
        return time;
    }
    let wall = DateTime::from_timestamp(time, 0).unwrap().with_timezone(&zone);
    let weekend = i64::from(wall.weekday().number_from_monday().saturating_sub(5));
    let of_day = i64::from(wall.num_seconds_from_midnight());
    let morning = time - of_day + (3 - weekend) % 3 * DAY * i64::from(weekend > 0) + 8 * HOUR;
    now.max(morning) + rng.between(0, HOUR) + rng.between(0, HOUR)
}

/// A timeout to ask for.
pub const fn minutes(minutes: i64) -> TimeoutRequest {
    TimeoutRequest::For(Span::minutes(minutes))
}
