//! Filters that select sessions.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::policy::Policies;
use super::session::{EndReason, Session, SessionState};
use super::task::TaskPattern;
use super::time::{Span, UnixTime};

/// Conditions that a selected session meets; an empty filter selects all sessions.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub task: Option<TaskPattern>,
    /// Users; empty: any.
    pub users: Vec<String>,
    /// Restriction to sessions whose user cannot be read.
    pub user_unreadable: bool,
    pub client: Option<ClientFilter>,
    /// States; empty: any.
    pub states: Vec<SessionState>,
    pub idle_over: Option<Span>,
    pub ended_by: Option<EndReason>,
    pub ended_since: Option<UnixTime>,
    /// Latest time of the opening, for a look at the past.
    pub opened_by: Option<UnixTime>,
}

impl Filter {
    /// Reports whether a session matches: the reference for the SQL of a store.
    pub fn matches(&self, session: &Session, policies: &Policies, now: UnixTime) -> bool {
        (self.users.is_empty() || session.user.as_ref().is_some_and(|it| self.users.contains(it)))
            && (!self.user_unreadable || session.is_user_unreadable)
            && self.matches_but_for_user(session, policies, now)
    }

    /// Reports whether a session whose user cannot be read might match.
    pub fn might_match(&self, session: &Session, policies: &Policies, now: UnixTime) -> bool {
        !self.users.is_empty()
            && session.is_user_unreadable
            && self.matches_but_for_user(session, policies, now)
    }

    fn matches_but_for_user(&self, session: &Session, policies: &Policies, now: UnixTime) -> bool {
        let state = policies.for_task(&session.task).state(session, now);
        let end = session.end.filter(|end| end.at <= now);
        self.task.as_ref().is_none_or(|task| task.matches(&session.task))
            && self.matches_client(session)
            && (self.states.is_empty() || self.states.contains(&state))
            && self.idle_over.is_none_or(|span| session.idle(now).is_some_and(|idle| idle > span))
            && (self.ended_by.is_none() || self.ended_by == end.map(|end| end.reason))
            && self.ended_since.is_none_or(|time| end.is_some_and(|end| end.at >= time))
            && self.opened_by.is_none_or(|time| session.created_at.is_none_or(|at| at <= time))
    }

    /// Reports whether the client of a session matches: a condition that SQL cannot express.
    pub fn matches_client(&self, session: &Session) -> bool {
        self.client.as_ref().is_none_or(|filter| {
            session.client.as_deref().is_some_and(|client| filter.matches(client))
        })
    }
}

/// Address of a client, a network in CIDR notation, or any other text that the
/// application writes into the column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFilter {
    /// All addresses of a network; a single address is a network of one.
    Net(IpNet),
    Text(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a valid network: use an address or CIDR notation such as 10.0.0.0/8 or 2001:db8::/32"
)]
pub struct NotANetwork(String);

impl fmt::Display for ClientFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(net) if net.prefix_len() == net.max_prefix_len() => net.addr().fmt(f),
            Self::Net(net) => net.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl FromStr for ClientFilter {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        if let Some(address) = address(text) {
            return Ok(Self::Net(address.into()));
        }
        let looks_like_a_network =
            text.split_once('/').is_some_and(|(host, _)| host.parse::<IpAddr>().is_ok());
        match text.parse::<IpNet>() {
            Ok(net) => Ok(Self::Net(net.trunc())),
            Err(_) if looks_like_a_network => Err(NotANetwork(text.to_owned())),
            Err(_) => Ok(Self::Text(text.to_owned())),
        }
    }
}

impl ClientFilter {
    pub fn matches(&self, client: &str) -> bool {
        match self {
            Self::Net(net) => address(client).is_some_and(|address| net.contains(&address)),
            Self::Text(text) => text == client,
        }
    }
}

/// The address in `10.0.0.7`, `10.0.0.7:993`, `2001:db8::7`, `[2001:db8::7]`
/// or `[2001:db8::7]:993`; an IPv4 address in its IPv6 form counts as IPv4.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>()
        .or_else(|_| text.parse::<std::net::SocketAddr>().map(|socket| socket.ip()))
        .ok()
        .map(|address| address.to_canonical())
}
