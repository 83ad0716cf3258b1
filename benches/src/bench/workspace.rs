//! Directory of the benchmark, with its tables and a fresh copy for each repetition.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rusqlite::Connection;
use tempfile::TempDir;

use super::Options;
use crate::table::TableSpec;
use crate::{clock, print_status};

/// Maximum age of a table that is reused. In an older one, live sessions could expire during the
/// benchmark.
const MAX_TABLE_AGE: Duration = Duration::from_hours(1);

/// Directory for tables and other files, and the program to measure.
pub struct Workspace {
    dir: PathBuf,
    /// Guard that removes the directory at the end, unless `--keep` is given.
    _temporary: Option<TempDir>,
    sessctl: PathBuf,
}

impl Workspace {
    pub fn new(options: &Options) -> Result<Self> {
        let sessctl = options.sessctl.canonicalize().with_context(|| {
            format!(
                "could not find {}: build it, or name another with --sessctl",
                options.sessctl.display()
            )
        })?;
        let (dir, temporary) = match &options.keep {
            Some(dir) => (dir.clone(), None),
            None => {
                // Not in /tmp, which may be in memory.
                let parent = sessctl.parent().unwrap_or(Path::new("."));
                let dir = tempfile::Builder::new().prefix("benches-").tempdir_in(parent)?;
                (dir.path().to_owned(), Some(dir))
            }
        };
        fs::create_dir_all(&dir)
            .with_context(|| format!("could not create the directory {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        Ok(Self { dir, _temporary: temporary, sessctl })
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn sessctl(&self) -> &Path {
        &self.sessctl
    }

    /// Writes a file, such as a configuration, and returns its path.
    pub fn file(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.dir.join(name);
        fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))?;
        Ok(path)
    }

    /// Returns the path of a table, and builds it unless a recent one exists.
    fn table(&self, spec: &TableSpec) -> Result<PathBuf> {
        let path = self.dir.join(spec.to_string());
        if !is_recent(&path) {
            remove(&path)?;
            print_status(&format!("  building {spec}"));
            // An incomplete table must not be reused.
            let building = self.dir.join("building.db");
            remove(&building)?;
            spec.build(&building, &self.sessctl, clock::now())?;
            fs::rename(&building, &path)?;
        }
        Ok(path)
    }

    /// Returns a fresh copy of a table, synced to the disk and read into the page cache.
    pub fn copy(&self, spec: &TableSpec) -> Result<TableCopy> {
        let table = self.table(spec)?;
        let dir = tempfile::Builder::new().prefix("copy-").tempdir_in(&self.dir)?;
        let path = dir.path().join("sessions.db");
        fs::copy(&table, &path).with_context(|| format!("could not copy {}", table.display()))?;
        File::open(&path)?.sync_all()?;
        io::copy(&mut File::open(&path)?, &mut io::sink())?;
        Ok(TableCopy { path, _dir: dir })
    }
}

fn is_recent(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|found| found.modified());
    modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < MAX_TABLE_AGE))
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Copy of a table for one repetition.
pub struct TableCopy {
    pub path: PathBuf,
    _dir: TempDir,
}

impl TableCopy {
    /// Executes a query that returns one integer.
    pub fn query_i64(&self, sql: &str) -> Result<i64> {
        let connection = Connection::open(&self.path)?;
        let answer = connection.query_row(sql, [], |row| row.get(0));
        answer.with_context(|| format!("{}: {sql}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::table::Kind;

    /// Creates a workspace with a program that exists but is never run.
    fn workspace(dir: &Path) -> Workspace {
        let args = ["bench", "--sessctl", "/bin/sh", "--keep", dir.to_str().unwrap()];
        Workspace::new(&Options::parse_from(args)).unwrap()
    }

    #[test]
    fn a_table_is_built_once_and_copied_for_each_use() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = workspace(dir.path());
        let spec = TableSpec::half_due(Kind::Generic, 100);
        let first = workspace.copy(&spec).unwrap();
        Connection::open(&first.path).unwrap().execute("DELETE FROM sessions", []).unwrap();
        assert_eq!(first.query_i64("SELECT count(*) FROM sessions").unwrap(), 0);
        let built = fs::metadata(dir.path().join(spec.to_string())).unwrap().modified().unwrap();
        let second = workspace.copy(&spec).unwrap();
        assert_eq!(second.query_i64("SELECT count(*) FROM sessions").unwrap(), 100);
        let still = fs::metadata(dir.path().join(spec.to_string())).unwrap().modified().unwrap();
        assert_eq!(built, still);
    }

    #[test]
    fn a_table_older_than_an_hour_is_rebuilt() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = workspace(dir.path());
        let spec = TableSpec::half_due(Kind::Generic, 100);
        let path = workspace.table(&spec).unwrap();
        let built = fs::metadata(&path).unwrap().modified().unwrap();
        File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .set_modified(built - MAX_TABLE_AGE)
            .unwrap();
        workspace.table(&spec).unwrap();
        assert!(fs::metadata(&path).unwrap().modified().unwrap() >= built);
    }
}
