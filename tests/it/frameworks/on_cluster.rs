//! Execution on a cluster: with `SESSCTL_TEST_ON=cluster`, a command of a test runs on three rqlite
//! nodes that hold a copy of the file, and the result is copied back into the file.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::support::rqlite::{Nodes, copy};

/// True if the tests run on a cluster.
pub fn is_requested() -> bool {
    std::env::var_os("SESSCTL_TEST_ON").is_some_and(|on| on == "cluster")
}

/// The nodes, and what they hold, as far as that is known: the bytes of a file with its
/// log, and how much of the cluster's own log they were.
struct Cluster {
    nodes: Nodes,
    holds: Option<([Vec<u8>; 2], u64)>,
}

impl Cluster {
    fn start() -> Mutex<Self> {
        // As a framework needs them whose tables refer to each other.
        Mutex::new(Self { nodes: Nodes::start_with(3, &["-fk"]), holds: None })
    }

    fn index(&self) -> u64 {
        self.nodes.nodes[self.nodes.leader()].log_index()
    }
}

/// Exclusive use of the nodes, which hold the content of a file.
pub struct LoadedNodes {
    cluster: MutexGuard<'static, Cluster>,
    file: PathBuf,
}

impl LoadedNodes {
    /// Locks the nodes and loads the file into them.
    pub fn of(file: &Path) -> Self {
        static CLUSTER: OnceLock<Mutex<Cluster>> = OnceLock::new();
        let cluster = CLUSTER.get_or_init(Cluster::start);
        let mut cluster = cluster.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = bytes(file);
        let is_there =
            |(held, index): &([Vec<u8>; 2], u64)| *held == bytes && *index == cluster.index();
        if !cluster.holds.as_ref().is_some_and(is_there) {
            copy::load(file, &cluster.nodes.nodes[0].url());
            cluster.holds = Some((bytes, cluster.index()));
        }
        Self { cluster, file: file.to_owned() }
    }

    /// The nodes, as `--db` takes them.
    pub fn url(&self) -> String {
        self.cluster.nodes.url()
    }
}

impl Drop for LoadedNodes {
    fn drop(&mut self) {
        let index = self.cluster.holds.as_ref().map(|(_, index)| *index);
        if !std::thread::panicking() && index != Some(self.cluster.index()) {
            copy::fetch(&self.cluster.nodes.nodes[0].url(), &self.file);
        }
    }
}

fn bytes(file: &Path) -> [Vec<u8>; 2] {
    [file.to_owned(), file.with_extension("db-wal")]
        .map(|file| std::fs::read(file).unwrap_or_default())
}
