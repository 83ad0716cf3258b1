//! Litestream as a child process that replicates a table to a directory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

/// Maximum time until the first snapshot is in the replica.
const MAX_START_TIME: Duration = Duration::from_mins(2);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Directory of the snapshots in a replica.
const SNAPSHOTS: &str = "ltx/9";

/// Running Litestream.
pub struct LitestreamProcess {
    program: PathBuf,
    child: Child,
    replica: PathBuf,
    log: PathBuf,
}

impl LitestreamProcess {
    /// Starts Litestream, and waits until the replica has a snapshot of the database.
    pub fn start(program: &Path, db: &Path) -> Result<Self> {
        let (replica, log) = (db.with_extension("replica"), db.with_extension("litestream.log"));
        let output = File::create(&log)?;
        let child = Command::new(program)
            .arg("replicate")
            .arg(db)
            .arg(url(&replica))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("could not run {}", program.display()))?;
        let mut process = Self { program: program.to_owned(), child, replica, log };
        process.wait_for_snapshot()?;
        Ok(process)
    }

    fn wait_for_snapshot(&mut self) -> Result<()> {
        let start = Instant::now();
        while !has_snapshot(&self.replica) {
            let status = self.child.try_wait()?;
            ensure!(status.is_none(), "Litestream has exited: {}", self.log());
            ensure!(start.elapsed() < MAX_START_TIME, "no snapshot in time: {}", self.log());
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default().trim().to_owned()
    }

    /// Stops Litestream, which replicates the rest first, and restores the replica to a file.
    pub fn stop_and_restore(mut self, restored: &Path) -> Result<()> {
        let pid = self.child.id().to_string();
        let status = Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &pid]).status()?;
        ensure!(status.success(), "could not stop Litestream: {status}");
        self.child.wait()?;
        let mut restore = Command::new(&self.program);
        restore.arg("restore").arg("-o").arg(restored).arg(url(&self.replica));
        let output = restore.output().context("could not restore the replica")?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        let is_restored = output.status.success();
        ensure!(is_restored, "could not restore the replica: {}; {}", stderr.trim(), self.log());
        Ok(())
    }
}

/// Ends Litestream after an error.
impl Drop for LitestreamProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn url(replica: &Path) -> String {
    format!("file://{}", replica.display())
}

fn has_snapshot(replica: &Path) -> bool {
    let files = fs::read_dir(replica.join(SNAPSHOTS)).into_iter().flatten().flatten();
    files.map(|file| file.path()).any(|file| file.extension().is_some_and(|kind| kind == "ltx"))
}
