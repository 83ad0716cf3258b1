//! One search: the walk, the answers about its files, and what is said about them.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::answer::Answer;
use super::configured::Configured;
use super::found::Found;
use super::process::{self, User};
use super::progress::Progress;
use super::walk::{Candidate, Visitor, Walk};
use crate::cli::{accounts, trust};
use crate::store::discovery::FileIdentity;

/// Files that wait until there are enough of them to start processes for.
const BATCH: usize = 10_000;
/// Number of files and directories that are remembered by name because they cannot be read.
const MAX_UNREADABLE: usize = 10_000;
/// Endings by which a file says that it is an SQLite database.
const ENDINGS: [&str; 2] = ["sqlite", "sqlite3"];

pub struct Search<'a> {
    configured: &'a Configured<'a>,
    progress: Progress,
    waiting: Vec<Candidate>,
    owners: BTreeMap<u32, String>,
    seen: HashSet<FileIdentity>,
    pub found: Vec<Found>,
    pub unreadable: Unreadable,
    /// Number of SQLite databases.
    pub databases: u64,
}

/// Files and directories that could not be read, with the reasons.
#[derive(Default)]
pub struct Unreadable {
    pub count: u64,
    pub named: Vec<(PathBuf, String)>,
}

impl<'a> Search<'a> {
    pub fn new(configured: &'a Configured<'a>, progress: Progress) -> Self {
        Self {
            configured,
            progress,
            waiting: Vec::new(),
            owners: BTreeMap::new(),
            seen: HashSet::new(),
            found: Vec::new(),
            unreadable: Unreadable::default(),
            databases: 0,
        }
    }

    /// Searches directories, and sorts what was found by its path.
    ///
    /// # Errors
    /// A directory cannot be opened.
    pub fn run(&mut self, walk: &mut Walk, directories: &[PathBuf]) -> anyhow::Result<()> {
        walk.run(directories, self)?;
        self.examine_waiting()?;
        self.progress.finish();
        self.found.sort_by(|one, other| one.path.cmp(&other.path));
        self.unreadable.named.sort();
        Ok(())
    }

    /// Has the files that wait examined, those of one user after those of another.
    fn examine_waiting(&mut self) -> anyhow::Result<()> {
        let mut by_user: BTreeMap<User, Vec<Candidate>> = BTreeMap::new();
        for file in std::mem::take(&mut self.waiting) {
            // Root's own files need no other privileges than those of this process.
            let user = trust::is_root().then_some(file.opened_by).filter(|user| user.0 != 0);
            by_user.entry(user).or_default().push(file);
        }
        for (user, mut files) in by_user {
            // Of a file that is mounted at several places, the first name counts.
            files.sort_by(|one, other| one.path.cmp(&other.path));
            process::examine(user, &files, |file, answer| {
                self.add(file, answer);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn add(&mut self, file: &Candidate, answer: Answer) {
        self.progress.examined(self.found.len());
        let is_other = answer == Answer::NoDatabase;
        let table = match answer {
            Answer::NoDatabase if !claims_to_be_database(&file.path) => return,
            Answer::NoDatabase => {
                Err("it is not an SQLite database, or it is encrypted".to_owned())
            }
            Answer::Unreadable(why) => return self.unreadable.add(&file.path, &why),
            Answer::NoSessions => {
                self.databases += 1;
                return;
            }
            Answer::Table(table) => Ok(*table),
            Answer::Failed(why) => Err(why),
        };
        if !self.seen.insert(file.id) {
            return;
        }
        self.databases += u64::from(!is_other);
        let owner = self.owners.entry(file.owner).or_insert_with(|| accounts::user(file.owner));
        self.found.push(Found {
            path: file.path.clone(),
            owner: owner.clone(),
            table,
            configured: self.configured.of(&file.path),
            has_purge: self.configured.has_purge(&file.path),
        });
    }
}

impl Visitor for Search<'_> {
    fn directory(&mut self, walk: &Walk) {
        self.progress.walked(walk, self.found.len());
    }

    fn file(&mut self, file: Candidate) -> anyhow::Result<()> {
        self.waiting.push(file);
        if self.waiting.len() < BATCH { Ok(()) } else { self.examine_waiting() }
    }

    fn fault(&mut self, path: &Path, why: &str) {
        self.unreadable.add(path, why);
    }
}

impl Unreadable {
    fn add(&mut self, path: &Path, why: &str) {
        self.count += 1;
        if self.named.len() < MAX_UNREADABLE {
            self.named.push((path.to_owned(), why.to_owned()));
        }
    }
}

fn claims_to_be_database(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}
