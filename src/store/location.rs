//! Database locations: a file on this machine, or an rqlite cluster.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use super::cluster::Cluster;
use super::url;

/// Location of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// An rqlite cluster.
    Cluster(Cluster),
}

impl Location {
    /// Parses the name of a database: `http://HOST:PORT,HOST:PORT,…`, or the same with `https`, is
    /// a cluster; anything else is the path of a file, except URLs of another scheme. The scheme
    /// may precede each node or only the first; the default port is 4001.
    ///
    /// # Errors
    /// A `LocationError` for an invalid address of a cluster. Its text repeats nothing that may be
    /// a password.
    pub fn parse(name: &OsStr) -> Result<Self, LocationError> {
        let text = name.to_str().unwrap_or_default().trim();
        let is_cluster = |scheme: &str| {
            text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        match ["http://", "https://"].into_iter().find(|scheme| is_cluster(scheme)) {
            // In the whole text: a password may contain a comma.
            Some(_) if text.contains('@') => Err(LocationError::ContainsCredentials),
            Some(scheme) => {
                Cluster::parse(scheme, text).map(Self::Cluster).map_err(LocationError::Invalid)
            }
            None => match url::file_paths(text) {
                Some(paths) => Err(LocationError::FileUrl(paths)),
                // It may contain a password, which no message may repeat.
                None if url::has_scheme(text) => Err(LocationError::Foreign(url::server(text))),
                None => Ok(Self::File(name.into())),
            },
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
pub enum LocationError {
    #[error("the address must not contain a user and a password, which other users could see")]
    ContainsCredentials,
    #[error("{0}")]
    Invalid(String),
    /// The address of another kind of server; `None`: of an unknown kind.
    #[error("{}", described(*.0))]
    Foreign(Option<&'static str>),
    /// The address of a file, as frameworks write it, with the paths that it may stand for.
    #[error("a URL instead of the path of the file, {}", .0.join(" or "))]
    FileUrl(Vec<String>),
}

fn described(server: Option<&str>) -> String {
    let works_on = "sessctl works on SQLite files and rqlite clusters, whose addresses begin with \
                    http:// or https://";
    match server {
        Some(server) => format!("the address of a {server} server: {works_on}"),
        None => format!("unsupported URL scheme: {works_on}"),
    }
}
