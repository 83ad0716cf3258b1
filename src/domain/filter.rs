//! Which sessions a command is about.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::policy::Policies;
use super::session::{EndReason, Session, State};
pub use super::task::TaskPattern;
use super::time::{Span, UnixTime};

/// Which sessions to look at; everything that is not said is open.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this task, or of the tasks that match.
    pub task: Option<TaskPattern>,
    /// Of this user, to the letter.
    pub user: Option<String>,
    /// Of a user that cannot be read.
    pub user_unreadable: bool,
    /// From this client or network.
    pub client: Option<ClientFilter>,
    /// In one of these states; empty: in any.
    pub states: Vec<State>,
    /// Unused for longer than this.
    pub idle_over: Option<Span>,
    /// Ended for this reason.
    pub ended_by: Option<EndReason>,
    /// Ended at this moment or later.
    pub ended_since: Option<UnixTime>,
    /// Opened by this moment: for a look at the past.
    pub opened_by: Option<UnixTime>,
}

impl Filter {
    /// Whether the session passes; what a store's SQL must agree with.
    pub fn matches(&self, session: &Session, policies: &Policies, now: UnixTime) -> bool {
        (self.user.is_none() || self.user == session.user)
            && (!self.user_unreadable || session.is_user_unreadable)
            && self.matches_but_for_user(session, policies, now)
    }

    /// Whether the session might pass, if only its user could be read.
    pub fn might_match(&self, session: &Session, policies: &Policies, now: UnixTime) -> bool {
        self.user.is_some()
            && session.is_user_unreadable
            && self.matches_but_for_user(session, policies, now)
    }

    fn matches_but_for_user(&self, session: &Session, policies: &Policies, now: UnixTime) -> bool {
        let state = policies.of(&session.task).state(session, now);
        let end = session.end.filter(|end| end.at <= now);
        self.task.as_ref().is_none_or(|task| task.matches(&session.task))
            && self.matches_client(session)
            && (self.states.is_empty() || self.states.contains(&state))
            && self.idle_over.is_none_or(|span| session.idle(now).is_some_and(|idle| idle > span))
            && (self.ended_by.is_none() || self.ended_by == end.map(|end| end.reason))
            && self.ended_since.is_none_or(|time| end.is_some_and(|end| end.at >= time))
            && self.opened_by.is_none_or(|time| session.created_at.is_none_or(|at| at <= time))
    }

    /// Whether its client passes: the part that no SQL dialect can say.
    pub fn matches_client(&self, session: &Session) -> bool {
        self.client.as_ref().is_none_or(|filter| {
            session.client.as_deref().is_some_and(|client| filter.matches(client))
        })
    }
}

/// A client's address, a network in CIDR notation, or any other text that the
/// application writes into the column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFilter {
    /// All addresses of a network; a single address is a network of one.
    Net(IpNet),
    /// This text.
    Text(String),
}

/// Why a text is no client filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a valid network: use an address or CIDR notation such as 10.0.0.0/8 or 2001:db8::/32"
)]
pub struct NotANetwork(String);

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
    /// Whether a row's client passes.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_match_by_address_network_or_text() {
        for (filter, client, fits) in [
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.7:993", true),
            ("10.0.0.7", "::ffff:10.0.0.7", true),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.1.2.3/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "a host", false),
            ("2001:db8::/32", "[2001:db8::7]:993", true),
            ("2001:db8::/32", "[2001:db8::7]", true),
            ("0.0.0.0/0", "2001:db8::7", false),
            ("laptop", "laptop", true),
        ] {
            assert_eq!(
                filter.parse::<ClientFilter>().unwrap().matches(client),
                fits,
                "{filter} {client}"
            );
        }
        assert!("10.0.0.0/33".parse::<ClientFilter>().is_err());
    }
}
