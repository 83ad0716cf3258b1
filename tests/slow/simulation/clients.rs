//! The clients: they come, use what they have opened, log out or just leave.

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;
use sessctl::domain::policy::TimeoutRequest;
use sessctl::{Span, Token};

use crate::support::{DAY, HOUR, MINUTE, Rng};

/// The behaviour of clients.
pub struct Behaviour {
    pub tasks: &'static [&'static str],
    /// Clients of one user.
    pub per_user: usize,
    /// True if all come in the morning of a working day.
    pub in_the_morning: bool,
    /// Days from one visit to the next, at most.
    pub away: i64,
    pub asks: Vec<TimeoutRequest>,
}

/// A client and what it holds.
pub struct Client {
    pub user: String,
    pub task: &'static str,
    pub holds: Option<HeldSession>,
    /// A session that it held before, and may try once more.
    pub old: Option<HeldSession>,
}

/// A session, for its client.
#[derive(Clone)]
pub struct HeldSession {
    pub token: Token,
    pub entry: usize,
}

/// The actions of a client.
pub enum Act {
    Open(TimeoutRequest),
    Touch,
    Close,
    TryTheOldOne,
    /// Leaves without closing the session.
    Leave,
}

impl Client {
    pub fn act(&self, behaviour: &Behaviour, rng: &mut Rng) -> Act {
        match rng.between(0, 99) {
            0..70 if self.holds.is_some() => Act::Touch,
            70..80 if self.holds.is_some() => Act::Close,
            _ if self.holds.is_some() => Act::Leave,
            0..30 if self.old.is_some() => Act::TryTheOldOne,
            _ => Act::Open(rng.one_of(&behaviour.asks)),
        }
    }
}

/// The pause of a client before it uses its session again: often for a few
/// minutes, and often just as long as it may, or a second longer.
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
pub fn next_visit(behaviour: &Behaviour, now: i64, zone: Tz, rng: &mut Rng) -> i64 {
    let time = now + rng.between(MINUTE, behaviour.away * DAY);
    if !behaviour.in_the_morning {
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
