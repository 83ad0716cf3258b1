//! Where a database is: in a file on this machine, or on a cluster of several.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::http::Uri;

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
    /// `https` is a cluster, everything else the path of a file. The scheme may stand
    /// before each node or before the first alone; the port is 4001 if none is given.
    ///
    /// # Errors
    /// What is wrong with the address of a cluster. The sentence repeats nothing that
    /// may be a password.
    pub fn parse(name: &OsStr) -> Result<Self, LocationError> {
        let text = name.to_str().unwrap_or_default();
        let is_cluster = |scheme: &str| {
            text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        match ["http://", "https://"].into_iter().find(|scheme| is_cluster(scheme)) {
            Some(scheme) => Cluster::parse(scheme, text).map(Self::Cluster),
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
    /// The certificates of the authorities that are trusted, in PEM; `None`: those that
    /// browsers trust.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take.
    pub timeout: Duration,
    /// For how long a step is tried again, on one node after the other, until it is
    /// given up.
    pub patience: Duration,
}

impl Cluster {
    /// The usual time that a request may take.
    pub const TIMEOUT: Duration = Duration::from_secs(10);
    /// The usual patience: a new leader is there after two seconds or so.
    pub const PATIENCE: Duration = Duration::from_secs(30);

    fn parse(scheme: &str, text: &str) -> Result<Self, LocationError> {
        let node = |name: &str| node(scheme, name);
        Ok(Self {
            nodes: text.split(',').map(node).collect::<Result<_, _>>()?,
            consistency: Consistency::default(),
            credentials: None,
            ca_file: None,
            timeout: Self::TIMEOUT,
            patience: Self::PATIENCE,
        })
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
    if host.contains('@') {
        return Err(LocationError(
            "user and password do not belong into the address, which other users can see: give \
             them in a file, with --credentials"
                .to_owned(),
        ));
    }
    let wrong = || LocationError(format!("{name:?} is no node of a cluster: write HOST:PORT"));
    let uri: Uri = format!("{scheme}{host}").parse().map_err(|_| wrong())?;
    let (Some(host), "/", None) =
        (uri.host().filter(|host| !host.is_empty()), uri.path(), uri.query())
    else {
        return Err(wrong());
    };
    Ok(format!("{}{host}:{}", scheme.to_ascii_lowercase(), uri.port_u16().unwrap_or(PORT)))
}

/// A user and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl Credentials {
    /// Reads `USER:PASSWORD`, the content of a file or of a variable: its first line.
    /// `None` if there is no colon.
    pub fn parse(text: &str) -> Option<Self> {
        let line = text.lines().next()?;
        let (user, password) = line.split_once(':')?;
        Some(Self { user: user.to_owned(), password: password.to_owned() })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

crate::domain::session::words!(Consistency, "consistency", {
    Weak => "weak",
    Linearizable => "linearizable",
    None => "none",
});

/// What a read from a cluster may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Consistency {
    /// What the leader has. If it has just been replaced without knowing it, it may be
    /// up to its lease of about a second behind.
    #[default]
    Weak,
    /// All that was acknowledged before the read began.
    Linearizable,
    /// What the node has that was asked, which may be behind the others by any time.
    None,
}
