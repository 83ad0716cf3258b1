//! Database locations: a file on this machine, or an rqlite cluster.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use super::cluster::Cluster;

/// Location of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// An rqlite cluster.
    Cluster(Cluster),
}

impl Location {
    /// Parses the name of a database: `http://HOST:PORT,HOST:PORT,…`, or the same with
    /// `https`, is a cluster; anything else is the path of a file, except URLs of another
    /// scheme. The scheme may precede each node or only the first; the default port is
    /// 4001.
    ///
    /// # Errors
    /// A `LocationError` for an invalid address of a cluster. Its text repeats nothing that
    /// may be a password.
    pub fn parse(name: &OsStr) -> Result<Self, LocationError> {
        let text = name.to_str().unwrap_or_default().trim();
        let is_cluster = |scheme: &str| {
            text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        match ["http://", "https://"].into_iter().find(|scheme| is_cluster(scheme)) {
            Some(scheme) => Cluster::parse(scheme, text).map(Self::Cluster).map_err(LocationError),
            // It may contain a password, which no message may repeat.
            None if has_scheme(text) => Err(LocationError(
                "unsupported URL scheme: the address of a cluster begins with http:// or https://"
                    .to_owned(),
            )),
            None => Ok(Self::File(name.into())),
        }
    }

    /// Path of a file; `None` for a cluster.
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

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LocationError(String);

fn has_scheme(name: &str) -> bool {
    let scheme = name.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        !scheme.is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(name: &str) -> Result<Location, String> {
        Location::parse(name.as_ref()).map_err(|e| e.to_string())
    }

    #[test]
    #[cfg(feature = "rqlite")]
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
    #[cfg(feature = "rqlite")]
    fn a_node_is_a_host_and_a_port() {
        let said = |name| parsed(name).unwrap_err();
        let wrong = |node: &str| format!("invalid node {node:?}: expected HOST:PORT");
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
        assert_eq!(
            said("http://db1,https://db2"),
            "all nodes of a cluster must have the same scheme"
        );
    }

    #[test]
    #[cfg(feature = "rqlite")]
    fn no_message_repeats_a_password() {
        for name in [
            "http://bob:secret@db1",
            "http://bob:sec,ret@db1",
            "https://db1,bob:secret@db2",
            "http://bob:sec/ret@db1",
        ] {
            let said = parsed(name).unwrap_err();
            assert!(!said.contains("sec") && !said.contains("ret"), "{said}");
            assert!(said.contains("credentials file"), "{said}");
        }
    }
}
