//! Application that opens, touches and closes sessions with the statements and the connection
//! settings of the contract, and reports what the database has acknowledged.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use rusqlite::{Connection, OpenFlags, named_params};

use crate::support::{Rng, now, sha256};

const PAGE: &str = include_str!("../../../docs/sql-contract.md");
const TASKS: [&str; 2] = ["imap", "http"];
/// Number of reads before each write. They leave other processes the time of a request between two
/// writes.
const READS_PER_WRITE: usize = 4;

/// Result of a request, once the statement has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Opened,
    Touched,
    Refused,
    Closed,
}

/// A request that was served.
#[derive(Debug, Clone)]
pub struct Receipt {
    pub action: Action,
    pub id: String,
    pub task: String,
    pub at: i64,
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {} {}", self.action, self.id, self.task, self.at)
    }
}

impl FromStr for Receipt {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let words: Vec<&str> = line.split(' ').collect();
        let &[action, id, task, at] = &words[..] else { return Err(()) };
        let all = [Action::Opened, Action::Touched, Action::Refused, Action::Closed];
        let action = all.into_iter().find(|known| format!("{known:?}") == action);
        let at = at.parse().map_err(|_| ())?;
        Ok(Self { action: action.ok_or(())?, id: id.to_owned(), task: task.to_owned(), at })
    }
}

/// Statement with this name in the documentation of the contract.
fn statement(name: &str) -> &'static str {
    let block = PAGE.split_once(&format!("```sql\n-- {name}\n")).unwrap().1;
    block.split_once("```").unwrap().0
}

/// A process of an application, or one that takes turns with others.
pub trait Serve {
    /// Opens a new connection, like applications that are started for each request.
    fn reconnect(&mut self, path: &Path);

    /// Serves a request of some client.
    fn serve(&mut self) -> Receipt;
}

/// Application that uses the native table.
pub struct Application {
    db: Connection,
    rng: Rng,
    index: u64,
    opened: u64,
    /// Sessions of this process, each with its task.
    own: Vec<(String, String)>,
}

impl Application {
    /// Creates the process with this index; each existing session belongs to one of the processes.
    pub fn new(path: &Path, index: u64, processes: u64) -> Self {
        let db = connect(path);
        let mut own = live(&db);
        let owner_of = |id: &str| u64::from_str_radix(&id[..8], 16).unwrap() % processes;
        own.retain(|(id, _)| owner_of(id) == index);
        Self { db, rng: Rng::seeded(index), index, opened: 0, own }
    }

    fn read_sessions(&mut self, last: i64) {
        let mut look = self.db.prepare_cached(statement("look")).unwrap();
        for _ in 0..READS_PER_WRITE {
            let place = self.rng.between(0, last);
            let (id, _) = &self.own[usize::try_from(place).unwrap()];
            look.exists(named_params! { ":id": id }).unwrap();
        }
    }

    fn open(&mut self) -> Receipt {
        self.opened += 1;
        let id = sha256(&format!("{} {}", self.index, self.opened));
        let (task, at) = (self.rng.one_of(&TASKS), now());
        let bound = named_params! {
            ":id": id, ":user": "bob", ":task": task, ":client": None::<&str>, ":now": at,
            ":idle_timeout": 1_800,
        };
        self.db.prepare_cached(statement("open")).unwrap().execute(bound).unwrap();
        self.own.push((id.clone(), task.to_owned()));
        Receipt { action: Action::Opened, id, task: task.to_owned(), at }
    }
}

impl Serve for Application {
    fn reconnect(&mut self, path: &Path) {
        self.db = connect(path);
    }

    fn serve(&mut self) -> Receipt {
        let last = i64::try_from(self.own.len()).unwrap() - 1;
        if last < 0 || self.rng.percent(15) {
            return self.open();
        }
        let place = usize::try_from(self.rng.between(0, last)).unwrap();
        let (id, task) = self.own[place].clone();
        self.read_sessions(last);
        let name = if self.rng.percent(15) { "close" } else { "touch, lenient" };
        let at = now();
        let bound = named_params! { ":id": id, ":now": at };
        let rows = self.db.prepare_cached(statement(name)).unwrap().execute(bound).unwrap();
        let action = match (rows, name) {
            (1, "close") => Action::Closed,
            (1, _) => Action::Touched,
            (rows, _) => {
                assert_eq!(rows, 0);
                Action::Refused
            }
        };
        if action != Action::Touched {
            self.own.swap_remove(place);
        }
        Receipt { action, id, task, at }
    }
}

fn connect(path: &Path) -> Connection {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    db.execute_batch(statement("connect")).unwrap();
    db
}

fn live(db: &Connection) -> Vec<(String, String)> {
    let mut live = db.prepare("SELECT id, task FROM sessions WHERE ended_at IS NULL").unwrap();
    let rows = live.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}
