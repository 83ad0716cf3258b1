//! How large a database's log becomes, seen from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often to look. A log does not shrink before it is removed.
const GLANCE: Duration = Duration::from_millis(2);

/// Looks at the size of a log until it is asked. It opens no file: to close one would
/// take away the locks that this process has on it.
pub struct LogWatch {
    stop: Arc<AtomicBool>,
    watcher: JoinHandle<u64>,
}

impl LogWatch {
    /// Watches the write-ahead log of a database, and its rollback journal.
    pub fn start(db: &Path) -> Self {
        let files = ["-wal", "-journal"].map(|suffix| {
            let mut name = db.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        });
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let watcher = thread::spawn(move || {
            let mut peak = 0;
            while !stopped.load(Ordering::Relaxed) {
                let sizes = files.iter().filter_map(|file| fs::metadata(file).ok());
                peak = sizes.map(|found| found.len()).fold(peak, u64::max);
                thread::sleep(GLANCE);
            }
            peak
        });
        Self { stop, watcher }
    }

    /// The most bytes that were seen.
    pub fn peak(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.watcher.join().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sees_the_largest_log() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("a.db");
        let log = folder.path().join("a.db-wal");
        let watch = LogWatch::start(&db);
        for size in [10, 300, 20] {
            fs::write(&log, vec![0; size]).unwrap();
            // Long enough for many glances, however busy the machine is.
            thread::sleep(GLANCE * 50);
        }
        assert_eq!(watch.peak(), 300);
    }
}
