//! Names of state files.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::domain::error::{Error, Result};
use crate::domain::token::Digest;
use crate::store::cluster::Cluster;

const HASH_DIGITS: usize = 12;

/// The name of the file for what is remembered of another, wherever that is reached from.
pub(super) fn name_of_file(path: &Path) -> Result<OsString> {
    let at = |e| Error::failed(format!("read {}", path.display()), e);
    let path = fs::canonicalize(path).map_err(at)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix(path.as_os_str().as_encoded_bytes()));
    Ok(name)
}

/// The name of the file for what is remembered of a cluster: the same in whatever order
/// and spelling its nodes are named. It begins with the first of them.
pub(super) fn name_of_cluster(cluster: &Cluster) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::location::Location;

    fn name(url: &str) -> String {
        match Location::parse(url.as_ref()).unwrap() {
            Location::Cluster(cluster) => name_of_cluster(&cluster),
            Location::File(_) => panic!("{url}"),
        }
    }

    #[test]
    fn a_cluster_has_one_name_whatever_the_order_of_its_nodes() {
        let usual = name("http://db1:4001,db2:4001");
        let hash = usual.strip_prefix("db1-4001-").and_then(|rest| rest.strip_suffix(".db"));
        assert_eq!(hash.map(str::len), Some(HASH_DIGITS), "{usual}");
        for same in ["https://DB2:4001,Db1", "http://db2,db1,db2"] {
            assert_eq!(name(same), usual);
        }
        assert_ne!(name("http://db1:4001"), usual);
        assert!(name("http://[::1]:4001").starts_with("1-4001-"));
    }
}
