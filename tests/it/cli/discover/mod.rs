//! `sessctl discover`: databases with tables of sessions are found, and nothing is changed.

mod databases_in_use;
mod entries;
mod frameworks;
mod hostile_files;
mod listing;
mod names;
mod privileges;
mod reference_walk;
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;

use crate::cli::adopted::{DJANGO, LARAVEL};
use crate::support::{Finished, Sandbox};

/// Long over, and far from being over: the tests need no clock.
const OVER: &str = "2020-02-03 04:05:06.789000";
const VALID: &str = "2999-12-31 23:59:59";

/// A directory with the files of a host.
struct Host {
    sandbox: Sandbox,
}

impl Host {
    fn new() -> Self {
        let sandbox = Sandbox::without_database();
        fs::create_dir(sandbox.path("srv")).unwrap();
        Self { sandbox }
    }

    /// Path below the directory that is searched.
    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path("srv").join(name)
    }

    /// Path in which the directories are made.
    fn made(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    /// A new database with these tables and rows.
    fn database(&self, name: &str, sql: &str) -> Connection {
        let db = Connection::open(self.made(name)).unwrap();
        db.execute_batch(sql).unwrap();
        db
    }

    /// Django's table with this many sessions, of which the first ones are expired.
    fn django(&self, name: &str, expired: u32, sessions: u32) -> Connection {
        let db = self.database(name, DJANGO);
        add_sessions(&db, expired, sessions);
        db
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.made(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn run(&self, args: &str) -> Finished {
        self.sandbox.run(["discover"].into_iter().chain(args.split_whitespace()))
    }

    /// The listing of all databases, which is complete.
    #[track_caller]
    fn found(&self) -> BTreeMap<String, Value> {
        by_path(&self.run("srv --json").succeeds().json(), &self.path(""))
    }

    /// The listing, of which a part could not be examined.
    #[track_caller]
    fn found_in_part(&self) -> BTreeMap<String, Value> {
        by_path(&self.run("srv --json").exits(3).json(), &self.path(""))
    }

    /// Everything that a search could change: names, contents, times of change, and links.
    fn state(&self) -> BTreeMap<PathBuf, String> {
        let mut state = BTreeMap::new();
        add_state(&self.path(""), &mut state);
        state
    }

    /// Runs a search that leaves everything as it is.
    #[track_caller]
    fn search_unchanged(&self) -> Finished {
        let before = self.state();
        let ran = self.run("srv --json");
        assert_eq!(self.state(), before);
        ran
    }
}

fn add_sessions(db: &Connection, expired: u32, sessions: u32) {
    let insert = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT ?2)
        INSERT INTO django_session SELECT printf('%032x', n), 'e30:1xXxXx:signature',
            CASE WHEN n <= ?1 THEN ?3 ELSE ?4 END FROM n WHERE ?2 > 0";
    db.execute(insert, (expired, sessions, OVER, VALID)).unwrap();
}

fn add_state(directory: &Path, state: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let found = fs::symlink_metadata(&path).unwrap();
        let content =
            if found.is_file() { fs::read(&path).unwrap_or_default() } else { Vec::new() };
        // As root, SQLite makes the owner of a log that of its database, whoever it was.
        let is_log = path.extension().is_some_and(|end| end.to_string_lossy().ends_with("-wal"));
        let changed = (!is_log).then(|| (found.ctime(), found.ctime_nsec()));
        let times = (found.mtime(), found.mtime_nsec(), changed);
        let (mode, owner, inode) = (found.mode(), found.uid(), found.ino());
        let facts = format!("{mode:o} {owner} {inode} {times:?} {}", digest(&content));
        state.insert(path.clone(), facts);
        if found.is_dir() {
            add_state(&path, state);
        }
    }
}

fn digest(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

fn by_path(found: &Value, root: &Path) -> BTreeMap<String, Value> {
    let relative = |entry: &Value| {
        let path = entry["path"].as_str().unwrap();
        let path = path.strip_prefix(root.to_str().unwrap().trim_end_matches('/')).unwrap_or(path);
        (path.trim_start_matches('/').to_owned(), entry.clone())
    };
    found.as_array().unwrap().iter().map(relative).collect()
}

fn names(found: &BTreeMap<String, Value>) -> Vec<&str> {
    found.keys().map(String::as_str).collect()
}
