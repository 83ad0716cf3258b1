//! The same applications on a cluster: with `SESSCTL_TEST_ON=cluster`, whatever sessctl
//! does to a file here, it does to three rqlite nodes that hold the same, and what is then
//! there is carried back into the file.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::rqlite::{Nodes, copy};

/// Whether the tests are to be run like this.
pub fn is_meant() -> bool {
    std::env::var_os("SESSCTL_TEST_ON").is_some_and(|on| on == "cluster")
}

/// The time for which the nodes hold what a file does.
pub struct Turn {
    nodes: MutexGuard<'static, Nodes>,
    file: PathBuf,
}

impl Turn {
    /// Waits until nobody else has the nodes, and gives them what is in the file.
    pub fn of(file: &Path) -> Self {
        static NODES: OnceLock<Mutex<Nodes>> = OnceLock::new();
        // As a framework needs them whose tables refer to each other.
        let nodes = NODES.get_or_init(|| Mutex::new(Nodes::start_with(3, &["-fk"])));
        let nodes = nodes.lock().unwrap_or_else(PoisonError::into_inner);
        copy::load(file, &nodes.nodes[0].url());
        Self { nodes, file: file.to_owned() }
    }

    /// How `--db` names the nodes.
    pub fn url(&self) -> String {
        self.nodes.url()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            copy::fetch(&self.nodes.nodes[0].url(), &self.file);
        }
    }
}
