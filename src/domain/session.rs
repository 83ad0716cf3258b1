//! Sessions, their states and their ends.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::profile::{
    Expiry, SessionTimes, SqlValueRef, Standing, StricterRule, StricterRules, order,
};
use super::time::{Span, UnixTime};
#[cfg(feature = "internals")]
pub use super::variants::UnknownVariant;
use super::variants::string_enum;

/// A row's key, in SQLite's order: NULL, numbers by their value, then text and bytes, byte by byte;
/// several columns one after the other.
#[derive(Debug, Clone)]
pub enum SessionKey {
    /// Only as one of several columns.
    Null,
    Integer(i64),
    /// A number with a fraction, or of a column that holds whole numbers like these.
    Real(f64),
    /// Text, which need not be UTF-8: native tables have the lower-case hex SHA-256 of the token.
    Text(Vec<u8>),
    Blob(Vec<u8>),
    /// Row id and key of a framework's row: another row may take the row id.
    Row(i64, Box<Self>),
    /// Values of a key of several columns.
    Columns(Vec<Self>),
}

impl SessionKey {
    /// Content of text in UTF-8.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(bytes) => str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// Values of the columns of the key.
    pub fn columns(&self) -> &[Self] {
        match self {
            Self::Columns(values) => values,
            one => std::slice::from_ref(one),
        }
    }

    const fn class(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(_) => 2,
            Self::Blob(_) => 3,
            Self::Row(..) => 4,
            Self::Columns(_) => 5,
        }
    }
}

impl Ord for SessionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(one), Self::Integer(other)) => one.cmp(other),
            // Equal numbers may still be different values.
            (Self::Integer(one), Self::Real(other)) => order(SqlValueRef::Real(*other), *one)
                .map_or(Ordering::Less, Ordering::reverse)
                .then(Ordering::Less),
            (Self::Real(_), Self::Integer(_)) => other.cmp(self).reverse(),
            (Self::Real(one), Self::Real(other)) => one.total_cmp(other),
            (Self::Text(one), Self::Text(other)) | (Self::Blob(one), Self::Blob(other)) => {
                one.cmp(other)
            }
            (Self::Row(one, id), Self::Row(other, another)) => {
                one.cmp(other).then_with(|| id.cmp(another))
            }
            (Self::Columns(one), Self::Columns(other)) => {
                in_order(one, other).then_with(|| one.cmp(other))
            }
            _ => self.class().cmp(&other.class()),
        }
    }
}

/// Order of keys of several columns, where a number equals another of the same value.
fn in_order(one: &[SessionKey], other: &[SessionKey]) -> Ordering {
    let real = |number: f64, other: f64| number.partial_cmp(&other).unwrap_or(Ordering::Equal);
    let pair = |(one, other): (&SessionKey, &SessionKey)| match (one, other) {
        (SessionKey::Real(one), SessionKey::Real(other)) => real(*one, *other),
        (SessionKey::Real(one), SessionKey::Integer(other)) => {
            order(SqlValueRef::Real(*one), *other).unwrap_or(Ordering::Equal)
        }
        (SessionKey::Integer(one), SessionKey::Real(other)) => {
            order(SqlValueRef::Real(*other), *one).map_or(Ordering::Equal, Ordering::reverse)
        }
        (one, other) => one.cmp(other),
    };
    one.iter().zip(other).map(pair).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

impl PartialOrd for SessionKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SessionKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for SessionKey {}

impl Hash for SessionKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Null => {}
            Self::Integer(number) => number.hash(state),
            Self::Real(number) => number.to_bits().hash(state),
            Self::Text(bytes) | Self::Blob(bytes) => bytes.hash(state),
            Self::Row(place, id) => (place, id).hash(state),
            Self::Columns(values) => values.hash(state),
        }
    }
}

/// One row of a session table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The row's key; never shown, since in some tables it is a credential.
    pub key: SessionKey,
    /// Name for display and input: a prefix of the key that no other session has.
    pub handle: String,
    /// User; `None` before login.
    pub user: Option<String>,
    /// Name of the user; `None` if it is unknown or was not looked up.
    pub user_name: Option<String>,
    /// Set if the value that names the user cannot be read.
    pub is_user_unreadable: bool,
    /// The service that it belongs to. Names match without regard to ASCII case.
    pub task: String,
    /// Address of the client, or any text that the application has written.
    pub client: Option<String>,
    /// Program of the client, such as the text of the header User-Agent.
    pub agent: Option<String>,
    /// Time of opening; `None`: unknown.
    pub created_at: Option<UnixTime>,
    /// Time of the last request; `None`: unknown.
    pub last_used_at: Option<UnixTime>,
    /// Timeout granted when the session was opened; `None`: none.
    pub idle_timeout: Option<Span>,
    /// Time of the check that found it unused, under the two-pass policy.
    pub marked_at: Option<UnixTime>,
    /// End of the session; `None`: it has not ended.
    pub end: Option<End>,
    /// Expiry by the rules of the framework whose table holds the session; `None`: the
    /// table is native, and the policy of the task applies.
    pub expiry: Option<Expiry>,
    /// Rules of the configuration in addition to these.
    pub stricter: StricterRules,
    /// Set if it is due because its user has enough live sessions that were used later.
    pub exceeds_user_limit: bool,
}

impl Session {
    /// Time since the last use, if the table holds that; for an ended session, until its end.
    pub fn idle(&self, now: UnixTime) -> Option<Span> {
        let until = self.end.map_or(now, |end| end.at.min(now));
        self.last_used_at.map(|used| until.since(used))
    }

    /// Valid mark: a mark from before the last use or the opening is ignored, as it was made by
    /// a clock that was behind, or before the row was used.
    pub fn mark(&self) -> Option<UnixTime> {
        self.marked_at.filter(|mark| self.last_known_use().is_none_or(|used| used <= *mark))
    }

    /// Later of the last use and the opening, as far as they are known.
    pub fn last_known_use(&self) -> Option<UnixTime> {
        self.last_used_at.max(self.created_at)
    }

    /// Facts about a session of a framework's table for its [`stricter`](Self::stricter) rules;
    /// `None`: the table is native.
    pub fn times(&self) -> Option<SessionTimes> {
        Some(SessionTimes {
            expiry: self.expiry?,
            used: self.last_used_at,
            created: self.created_at,
            exceeds_user_limit: self.exceeds_user_limit,
        })
    }

    /// Standing of a session of a framework's table by the rules of the framework and the
    /// [`stricter`](Self::stricter) ones; `None`: the table is native.
    pub fn standing(&self, now: UnixTime) -> Option<Standing> {
        self.times().map(|times| self.stricter.standing(&times, now))
    }

    /// Reports whether the session had ended by then.
    pub fn has_ended(&self, at: UnixTime) -> bool {
        self.end.is_some_and(|end| end.at <= at)
    }
}

/// The end of a session, which nothing undoes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    pub at: UnixTime,
    pub reason: EndReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndReason {
    /// Logout by the user.
    Closed,
    /// Unused for longer than the timeout.
    Expired,
    Abandoned,
    Evicted,
    /// An administrator ended it.
    Cycled,
    /// Maximum age exceeded.
    Lifetime,
}

impl From<StricterRule> for EndReason {
    fn from(rule: StricterRule) -> Self {
        match rule {
            StricterRule::Timeout => Self::Expired,
            StricterRule::Lifetime => Self::Lifetime,
            StricterRule::UserLimit => Self::Evicted,
        }
    }
}

impl Standing {
    /// Reason for which a session is over or due; `None`: it is live.
    pub fn end_reason(self) -> Option<EndReason> {
        match self {
            Self::Live => None,
            Self::Due(rule) => Some(rule.into()),
            Self::Expired | Self::Retained => Some(EndReason::Expired),
        }
    }

    /// Reason for which the next purge deletes the row; `None`: it keeps the row.
    pub fn deletion_reason(self) -> Option<EndReason> {
        self.end_reason().filter(|_| self != Self::Retained)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SessionState {
    /// The session has been unused for no longer than its own timeout.
    Active,
    /// The session has been unused for longer than that, but is not abandoned.
    Idle,
    /// The session has been unused for longer than its timeout and the policy's `abandoned`.
    Abandoned,
    /// Due to end, but no purge has ended it yet.
    Expired,
    Ended,
}

string_enum!(EndReason, "end reason", {
    Closed => "closed",
    Expired => "expired",
    Abandoned => "abandoned",
    Evicted => "evicted",
    Cycled => "cycled",
    Lifetime => "lifetime",
});

string_enum!(SessionState, "state", {
    Active => "active",
    Idle => "idle",
    Abandoned => "abandoned",
    Expired => "expired",
    Ended => "ended",
});
