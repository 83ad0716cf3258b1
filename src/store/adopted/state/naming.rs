//! Names of state files.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::domain::error::{Error, Result};
use crate::domain::token::Digest;
use crate::store::cluster::Cluster;

pub const HASH_DIGITS: usize = 12;

/// The name of the file for what is remembered of another, wherever that is reached from.
pub(super) fn name_of_file(path: &Path) -> Result<OsString> {
    let at = |e| Error::failed(format!("read \"{}\"", path.display()), e);
    let path = fs::canonicalize(path).map_err(at)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix(path.as_os_str().as_encoded_bytes()));
    Ok(name)
}

/// The name of the file for what is remembered of a cluster: the same in whatever order
/// and spelling its nodes are named. It begins with the first of them.
pub fn name_of_cluster(cluster: &Cluster) -> String {
    let host = |node: &String| {
        let host = node.split_once("://").map_or(node.as_str(), |(_, host)| host);
        host.to_ascii_lowercase()
    };
    let hosts: BTreeSet<String> = cluster.nodes.iter().map(host).collect();
    let first = hosts.first().map_or("", String::as_str);
    let parts = first.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-'));
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let all: Vec<&str> = hosts.iter().map(String::as_str).collect();
    format!("{}{}", parts.join("-"), suffix(all.join(",").as_bytes()))
}

/// Suffix that distinguishes databases of the same name.
fn suffix(whole: &[u8]) -> String {
    let hash = Digest::of_bytes(whole).id();
    format!("-{}.db", hash.get(..HASH_DIGITS).unwrap_or(&hash))
}

/// Reports whether a path has the form of the name of a state file.
pub fn is_name_of_state(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let hash = name.strip_suffix(b".db").and_then(|name| {
        let (rest, hash) = name.split_at_checked(name.len().checked_sub(HASH_DIGITS)?)?;
        rest.ends_with(b"-").then_some(hash)
    });
    hash.is_some_and(|hash| hash.iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b)))
}
