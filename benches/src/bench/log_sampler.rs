//! Peak size of a database's log, sampled from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Sampling interval. A log does not shrink before it is removed.
const SAMPLING_INTERVAL: Duration = Duration::from_millis(2);

/// Background thread that samples the size of a log. It opens no file, because closing one would
/// release the locks that this process holds on it.
pub struct LogSizeSampler {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl LogSizeSampler {
    /// Starts sampling the write-ahead log and the rollback journal of a database.
    pub fn start(db: &Path) -> Self {
        let files = ["-wal", "-journal"].map(|suffix| {
            let mut name = db.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        });
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut peak = 0;
            while !stopped.load(Ordering::Relaxed) {
                let sizes = files.iter().filter_map(|file| fs::metadata(file).ok());
                peak = sizes.map(|found| found.len()).fold(peak, u64::max);
                thread::sleep(SAMPLING_INTERVAL);
            }
            peak
        });
        Self { stop, thread }
    }

    /// Stops and returns the peak size in bytes.
    pub fn peak(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_the_largest_size() {
        let dir = tempfile::tempdir().unwrap();
        let db = dir.path().join("a.db");
        let log = dir.path().join("a.db-wal");
        let sampler = LogSizeSampler::start(&db);
        for size in [10, 300, 20] {
            fs::write(&log, vec![0; size]).unwrap();
            // Long enough for many samples even on a busy machine.
            thread::sleep(SAMPLING_INTERVAL * 50);
        }
        assert_eq!(sampler.peak(), 300);
    }
}
