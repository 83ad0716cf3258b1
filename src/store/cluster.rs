//! Addresses and connection options of an rqlite cluster.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::database::rqlite::{SharedState, address};
use crate::storage::consistency::Consistency;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Base URLs of the nodes, such as `http://db1:4001`, in the order in which they are tried.
    pub nodes: Vec<String>,
    /// Read consistency of commands that change nothing.
    pub consistency: Consistency,
    /// Credentials for basic authentication.
    pub credentials: Option<Credentials>,
    /// Trusted CA certificates; `None` for those that browsers trust.
    pub authorities: Option<CaCertificates>,
    /// Maximum duration of one request.
    pub timeout: Duration,
    /// Time for which a step is retried, on one node after another, before it fails.
    pub retry_for: Duration,
    pub(super) shared: SharedState,
}

impl Cluster {
    pub const TIMEOUT: Duration = Duration::from_secs(10);
    /// Default of [`retry_for`](Self::retry_for). Electing a leader takes about two seconds.
    pub const RETRY_FOR: Duration = Duration::from_secs(30);

    /// Parses the addresses of nodes; the first begins with `scheme`.
    #[cfg(feature = "rqlite")]
    pub(super) fn parse(scheme: &str, text: &str) -> Result<Self, String> {
        let node = |name: &str| address::node_url(scheme, name);
        Ok(Self {
            nodes: text.split(',').map(node).collect::<Result<_, _>>()?,
            consistency: Consistency::default(),
            credentials: None,
            authorities: None,
            timeout: Self::TIMEOUT,
            retry_for: Self::RETRY_FOR,
            shared: SharedState::default(),
        })
    }

    #[cfg(not(feature = "rqlite"))]
    pub(super) fn parse(_scheme: &str, _text: &str) -> Result<Self, String> {
        Err("rqlite clusters are not supported by this build of sessctl: its feature \"rqlite\" \
             is disabled"
            .to_owned())
    }

    pub fn is_encrypted(&self) -> bool {
        self.nodes.iter().all(|node| node.starts_with("https:"))
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut nodes = self.nodes.iter();
        f.write_str(nodes.next().map_or("", String::as_str))?;
        nodes.try_for_each(|node| {
            let host = node.split_once("://").map_or(node.as_str(), |(_, host)| host);
            write!(f, ",{host}")
        })
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl Credentials {
    /// Parses `USER:PASSWORD` from the first line. `None` without a user or without a colon.
    pub fn parse(text: &str) -> Option<Self> {
        let line = text.lines().next()?;
        let (user, password) = line.split_once(':').filter(|(user, _)| !user.is_empty())?;
        Some(Self { user: user.to_owned(), password: password.to_owned() })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct CaCertificates(Arc<Vec<Vec<u8>>>);

impl CaCertificates {
    /// Parses certificates in PEM format. `None` if there is none, or an invalid one.
    pub fn parse(pem: &[u8]) -> Option<Self> {
        let certificates = address::parse_certificates(pem)?;
        (!certificates.is_empty()).then(|| Self(Arc::new(certificates)))
    }

    #[cfg(feature = "rqlite")]
    pub(super) fn der(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }
}

impl fmt::Debug for CaCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaCertificates({})", self.0.len())
    }
}
