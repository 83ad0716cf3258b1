//! Where a database is: in a file on this machine, or on a cluster of several.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, parse_pem};

use super::database::rqlite::SharedState;
use crate::storage::consistency::Consistency;

/// The port of a node that names none, as rqlite's own.
const PORT: u16 = 4001;

/// A database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// An rqlite cluster.
    Cluster(Cluster),
}

impl Location {
    /// Reads what names a database: `http://HOST:PORT,HOST:PORT,…` or the same with
    /// `https` is a cluster, everything else but another address the path of a file. The scheme may stand
    /// before each node or before the first alone; the port is 4001 if none is given.
    ///
    /// # Errors
    /// What is wrong with the address of a cluster. The sentence repeats nothing that
    /// may be a password.
    pub fn parse(name: &OsStr) -> Result<Self, LocationError> {
        let text = name.to_str().unwrap_or_default().trim();
        let is_cluster = |scheme: &str| {
            text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        match ["http://", "https://"].into_iter().find(|scheme| is_cluster(scheme)) {
            Some(scheme) => Cluster::parse(scheme, text).map(Self::Cluster),
            // There may be a password in it, which no message may repeat.
            None if has_scheme(text) => Err(LocationError(
                "the address of a cluster begins with http:// or https://".to_owned(),
            )),
            None => Ok(Self::File(name.into())),
        }
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Cluster(_) => None,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Cluster(cluster) => cluster.fmt(f),
        }
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<&PathBuf> for Location {
    fn from(path: &PathBuf) -> Self {
        Self::File(path.clone())
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl From<Cluster> for Location {
    fn from(cluster: Cluster) -> Self {
        Self::Cluster(cluster)
    }
}

impl From<&Self> for Location {
    fn from(location: &Self) -> Self {
        location.clone()
    }
}

/// What is wrong with the name of a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LocationError(String);

/// An rqlite cluster, and how to talk to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its nodes, such as `http://db1:4001`, in the order in which they are asked.
    pub nodes: Vec<String>,
    /// What a command that only looks may see.
    pub consistency: Consistency,
    /// Who asks, where the nodes want to know.
    pub credentials: Option<Credentials>,
    /// The authorities whose certificates are trusted; `None`: those that browsers
    /// trust.
    pub authorities: Option<CaCertificates>,
    /// How long one request may take.
    pub timeout: Duration,
    /// For how long a step is tried again, on one node after the other, until it is
    /// given up.
    pub patience: Duration,
    /// What clones of this share.
    pub(super) link: SharedState,
}

impl Cluster {
    /// The usual time that a request may take.
    pub const TIMEOUT: Duration = Duration::from_secs(10);
    /// The usual patience: a new leader is there after two seconds or so.
    pub const PATIENCE: Duration = Duration::from_secs(30);

    fn parse(scheme: &str, text: &str) -> Result<Self, LocationError> {
        // In the whole of it: a password may have a comma.
        if text.contains('@') {
            return Err(LocationError(
                "user and password do not belong into the address, which other users can see: \
                 give them in a file, with --credentials"
                    .to_owned(),
            ));
        }
        let node = |name: &str| node(scheme, name);
        Ok(Self {
            nodes: text.split(',').map(node).collect::<Result<_, _>>()?,
            consistency: Consistency::default(),
            credentials: None,
            authorities: None,
            timeout: Self::TIMEOUT,
            patience: Self::PATIENCE,
            link: SharedState::default(),
        })
    }

    /// Whether what is said is encrypted, and the nodes show who they are.
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

/// Whether a name begins as an address does.
fn has_scheme(name: &str) -> bool {
    let scheme = name.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        !scheme.is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+')
    })
}

/// The base address of a node.
fn node(scheme: &str, name: &str) -> Result<String, LocationError> {
    let name = name.trim();
    let host = match name.split_once("://") {
        None => name,
        Some((own, host)) if format!("{own}://").eq_ignore_ascii_case(scheme) => host,
        Some(_) => {
            return Err(LocationError("all nodes of a cluster have the same scheme".to_owned()));
        }
    };
    // What stands behind a colon and is no number may be a password.
    let shown = match host.split_once(':') {
        Some((name, rest)) if !rest.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let wrong = || LocationError(format!("{shown:?} is no node of a cluster: write HOST:PORT"));
    let uri: Uri = format!("{scheme}{host}").parse().map_err(|_| wrong())?;
    let named = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    let behind = uri.authority().and_then(|all| all.as_str().strip_prefix(named));
    let port = match behind.ok_or_else(wrong)?.strip_prefix(':') {
        None => PORT,
        Some(port) => number(port).ok_or_else(wrong)?,
    };
    if uri.path() != "/" || uri.query().is_some() {
        return Err(wrong());
    }
    Ok(format!("{}{named}:{port}", scheme.to_ascii_lowercase()))
}

/// A port, which has no sign.
fn number(port: &str) -> Option<u16> {
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    port.parse().ok().filter(|port| is_number && *port > 0)
}

/// A user and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl Credentials {
    /// Reads `USER:PASSWORD`, the content of a file or of a variable: its first line.
    /// `None` if it names no user, or has no colon.
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

/// The certificates of authorities that are trusted.
#[derive(Clone, PartialEq, Eq)]
pub struct CaCertificates(Arc<Vec<Vec<u8>>>);

impl CaCertificates {
    /// Reads certificates in PEM. `None` if there is none, or one that is damaged.
    pub fn parse(pem: &[u8]) -> Option<Self> {
        let mut certificates = Vec::new();
        for item in parse_pem(pem) {
            if let PemItem::Certificate(certificate) = item.ok()? {
                certificates.push(certificate.der().to_owned());
            }
        }
        (!certificates.is_empty()).then(|| Self(Arc::new(certificates)))
    }

    pub(super) fn certificates(&self) -> Vec<Certificate<'static>> {
        self.0.iter().map(|der| Certificate::from_der(der).to_owned()).collect()
    }
}

impl fmt::Debug for CaCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorities({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(name: &str) -> Result<Location, String> {
        Location::parse(name.as_ref()).map_err(|e| e.to_string())
    }

    #[test]
    fn the_nodes_of_a_cluster_share_their_scheme() {
        for (name, shown) in [
            ("http://db1:4001,db2:4002", "http://db1:4001,db2:4002"),
            ("HTTPS://db1,https://db2/ , db3:1", "https://db1:4001,db2:4001,db3:1"),
            (" http://10.0.0.1", "http://10.0.0.1:4001"),
            ("http://[::1]:5,[fe80::1]", "http://[::1]:5,[fe80::1]:4001"),
        ] {
            assert_eq!(parsed(name).unwrap().to_string(), shown, "{name}");
        }
    }

    #[test]
    fn everything_else_is_a_file() {
        for name in ["app.db", "http", "http:/db1", "./http://db1", "", "db1:4001"] {
            assert_eq!(parsed(name), Ok(Location::File(name.into())), "{name}");
        }
    }

    #[test]
    fn a_node_is_a_host_and_a_port() {
        let said = |name| parsed(name).unwrap_err();
        let wrong = |node: &str| format!("{node:?} is no node of a cluster: write HOST:PORT");
        for (name, node) in [
            ("http://", ""),
            ("http://db1,", ""),
            ("http://db1:99999", "db1:99999"),
            ("http://db1:", "db1:"),
            ("http://db1:0", "db1:0"),
            ("http://db1:+1", "db1"),
            ("http://bob:secret", "bob"),
            ("http://db1/path", "db1/path"),
            ("http://db1?x", "db1?x"),
            ("http://db 1", "db 1"),
            ("http://:4001", ":4001"),
        ] {
            assert_eq!(said(name), wrong(node), "{name}");
        }
        assert_eq!(said("http://db1,https://db2"), "all nodes of a cluster have the same scheme");
    }

    #[test]
    fn nothing_of_a_password_is_repeated() {
        for name in [
            "http://bob:secret@db1",
            "http://bob:sec,ret@db1",
            "https://db1,bob:secret@db2",
            "http://bob:sec/ret@db1",
        ] {
            let said = parsed(name).unwrap_err();
            assert!(!said.contains("sec") && !said.contains("ret"), "{said}");
            assert!(said.contains("--credentials"), "{said}");
        }
    }

    #[test]
    fn credentials_are_the_first_line() {
        let parsed = |text| Credentials::parse(text).map(|c| (c.user, c.password));
        let is = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(parsed("bob:a:b\nmore:text"), is("bob", "a:b"));
        assert_eq!(parsed("bob:\r\n"), is("bob", ""));
        for text in ["", "bob", ":secret", "\nbob:secret"] {
            assert_eq!(parsed(text), None, "{text:?}");
        }
        let shown = format!("{:?}", Credentials::parse("bob:secret"));
        assert_eq!(shown, "Some(Credentials)");
    }

    #[test]
    fn what_holds_no_certificate_is_no_authority() {
        for text in ["", "hello", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
            assert_eq!(CaCertificates::parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
