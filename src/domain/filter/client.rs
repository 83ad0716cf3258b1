//! Clients and agents that a filter selects.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use crate::domain::task::TaskPattern;

/// Address of a client, a network in CIDR notation, or any other text that the
/// application writes into the column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFilter {
    /// All addresses of a network; a single address is a network of one.
    Net(IpNet),
    Text(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAClient {
    #[error("use an address such as 10.0.0.7, or CIDR notation such as 10.0.0.0/8")]
    Empty,
    #[error(
        "{0:?} is not a valid network: use an address or CIDR notation such as 10.0.0.0/8 or 2001:db8::/32"
    )]
    Network(String),
    /// Part of an address, or a pattern of addresses.
    #[error("{0:?} is not a valid address: use CIDR such as 198.51.100.0/24")]
    Address(String),
}

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
    type Err = NotAClient;

    fn from_str(text: &str) -> Result<Self, NotAClient> {
        if text.is_empty() {
            return Err(NotAClient::Empty);
        }
        if let Some(address) = address(text) {
            return Ok(Self::Net(address.into()));
        }
        let looks_like_a_network =
            text.split_once('/').is_some_and(|(host, _)| host.parse::<IpAddr>().is_ok());
        match text.parse::<IpNet>() {
            Ok(net) => Ok(Self::Net(net.trunc())),
            Err(_) if looks_like_a_network => Err(NotAClient::Network(text.to_owned())),
            Err(_) if resembles_an_address(text) => Err(NotAClient::Address(text.to_owned())),
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

/// Text of a client's program, such as the header User-Agent, in which `*` matches any text;
/// ASCII case is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentPattern(TaskPattern);

impl AgentPattern {
    /// The pattern as it was typed.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub fn matches(&self, agent: &str) -> bool {
        self.0.matches(agent)
    }
}

impl From<&str> for AgentPattern {
    fn from(pattern: &str) -> Self {
        Self(pattern.into())
    }
}

/// Reports whether a text has nothing but the characters of IPv4 addresses, and `*`.
fn resembles_an_address(text: &str) -> bool {
    text.contains('.') && text.bytes().all(|byte| byte.is_ascii_digit() || b".*".contains(&byte))
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
