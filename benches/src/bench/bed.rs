//! Tables, and fresh copies of them for each repetition.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rusqlite::Connection;
use tempfile::TempDir;

use super::Options;
use crate::table::Spec;
use crate::{clock, say};

/// The live sessions of an older table may expire while they are measured.
const KEPT_FOR: Duration = Duration::from_hours(1);

/// Where everything takes place.
pub struct Bed {
    folder: PathBuf,
    /// Removed at the end, unless the tables are to be kept.
    _temporary: Option<TempDir>,
    sessctl: PathBuf,
}

impl Bed {
    pub fn new(options: &Options) -> Result<Self> {
        let sessctl = options.sessctl.canonicalize().with_context(|| {
            format!(
                "there is no {}: build it, or name it with --sessctl",
                options.sessctl.display()
            )
        })?;
        let (folder, temporary) = match &options.keep {
            Some(folder) => (folder.clone(), None),
            None => {
                // Not /tmp, which may be in memory.
                let beside = sessctl.parent().unwrap_or(Path::new("."));
                let folder = tempfile::Builder::new().prefix("benches-").tempdir_in(beside)?;
                (folder.path().to_owned(), Some(folder))
            }
        };
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not make the folder {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        Ok(Self { folder, _temporary: temporary, sessctl })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn sessctl(&self) -> &Path {
        &self.sessctl
    }

    /// A file of this text, such as a configuration.
    pub fn file(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))?;
        Ok(path)
    }

    /// A table as described, built unless there is a recent one.
    fn table(&self, spec: &Spec) -> Result<PathBuf> {
        let path = self.folder.join(spec.to_string());
        if !is_recent(&path) {
            remove(&path)?;
            say(&format!("  building {spec}"));
            // What is built halfway must not be taken for a table.
            let building = self.folder.join("building.db");
            remove(&building)?;
            spec.build(&building, &self.sessctl, clock::now())?;
            fs::rename(&building, &path)?;
        }
        Ok(path)
    }

    /// A copy that nobody has used, on the disk and in the machine's memory.
    pub fn copy(&self, spec: &Spec) -> Result<Copy> {
        let table = self.table(spec)?;
        let folder = tempfile::Builder::new().prefix("copy-").tempdir_in(&self.folder)?;
        let path = folder.path().join("sessions.db");
        fs::copy(&table, &path).with_context(|| format!("could not copy {}", table.display()))?;
        File::open(&path)?.sync_all()?;
        io::copy(&mut File::open(&path)?, &mut io::sink())?;
        Ok(Copy { path, _folder: folder })
    }
}

fn is_recent(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|found| found.modified());
    modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < KEPT_FOR))
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// A copy of a table, for one repetition.
pub struct Copy {
    pub path: PathBuf,
    _folder: TempDir,
}

impl Copy {
    /// The answer to a question that has a number for one.
    pub fn ask(&self, sql: &str) -> Result<i64> {
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

    /// Anything that is there will do as a program that is not run.
    fn bed(folder: &Path) -> Bed {
        let args = ["bench", "--sessctl", "/bin/sh", "--keep", folder.to_str().unwrap()];
        Bed::new(&Options::parse_from(args)).unwrap()
    }

    #[test]
    fn a_table_is_built_once_and_copied_for_each_use() {
        let folder = tempfile::tempdir().unwrap();
        let bed = bed(folder.path());
        let spec = Spec::half(Kind::Usual, 100);
        let first = bed.copy(&spec).unwrap();
        Connection::open(&first.path).unwrap().execute("DELETE FROM sessions", []).unwrap();
        assert_eq!(first.ask("SELECT count(*) FROM sessions").unwrap(), 0);
        let built = fs::metadata(folder.path().join(spec.to_string())).unwrap().modified().unwrap();
        let second = bed.copy(&spec).unwrap();
        assert_eq!(second.ask("SELECT count(*) FROM sessions").unwrap(), 100);
        let still = fs::metadata(folder.path().join(spec.to_string())).unwrap().modified().unwrap();
        assert_eq!(built, still);
    }

    #[test]
    fn one_of_an_hour_ago_is_built_anew() {
        let folder = tempfile::tempdir().unwrap();
        let bed = bed(folder.path());
        let spec = Spec::half(Kind::Usual, 100);
        let path = bed.table(&spec).unwrap();
        let built = fs::metadata(&path).unwrap().modified().unwrap();
        File::options().append(true).open(&path).unwrap().set_modified(built - KEPT_FOR).unwrap();
        bed.table(&spec).unwrap();
        assert!(fs::metadata(&path).unwrap().modified().unwrap() >= built);
    }
}
