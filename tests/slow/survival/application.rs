//! The application: it opens, touches and closes sessions by the statements of the
//! contract, on connections with the settings of the contract, and says what the
//! database has acknowledged.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use rusqlite::{Connection, OpenFlags, named_params};

use crate::support::{Rng, now, sha256};

const PAGE: &str = include_str!("../../../docs/sql-contract.md");
const TASKS: [&str; 2] = ["imap", "http"];
/// Number of reads before each write. They leave other processes the time of a request between two
/// writes.
const LOOKS: usize = 4;

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

/// The statement of this name on the page of the contract.
fn statement(name: &str) -> &'static str {
    let block = PAGE.split_once(&format!("```sql\n-- {name}\n")).unwrap().1;
    block.split_once("```").unwrap().0
}

/// A process of an application, or one that takes turns with others.
pub trait Serve {
    /// Opens the file anew, as applications do that are started for each request.
    fn reconnect(&mut self, path: &Path);

    /// Serves a request of some client.
    fn serve(&mut self) -> Receipt;
}

/// An application that has sessctl's own table.
pub struct Application {
    db: Connection,
    rng: Rng,
    seat: u64,
    opened: u64,
    /// The sessions that no other process serves, each with its task.
    mine: Vec<(String, String)>,
}

impl Application {
    /// The one of so many that has this seat; sessions that are there belong to one of
    /// them each.
    pub fn new(path: &Path, seat: u64, seats: u64) -> Self {
        let db = connect(path);
        let mut mine = live(&db);
        let seat_of = |id: &str| u64::from_str_radix(&id[..8], 16).unwrap() % seats;
        mine.retain(|(id, _)| seat_of(id) == seat);
        Self { db, rng: Rng::seeded(seat), seat, opened: 0, mine }
    }

    fn looks(&mut self, last: i64) {
        let mut look = self.db.prepare_cached(statement("look")).unwrap();
        for _ in 0..LOOKS {
            let place = self.rng.between(0, last);
            let (id, _) = &self.mine[usize::try_from(place).unwrap()];
            look.exists(named_params! { ":id": id }).unwrap();
        }
    }

    fn open(&mut self) -> Receipt {
        self.opened += 1;
        let id = sha256(&format!("{} {}", self.seat, self.opened));
        let (task, at) = (self.rng.one_of(&TASKS), now());
        let bound = named_params! {
            ":id": id, ":user": "bob", ":task": task, ":client": None::<&str>, ":now": at,
            ":idle_timeout": 1_800,
        };
        self.db.prepare_cached(statement("open")).unwrap().execute(bound).unwrap();
        self.mine.push((id.clone(), task.to_owned()));
        Receipt { action: Action::Opened, id, task: task.to_owned(), at }
    }
}

impl Serve for Application {
    fn reconnect(&mut self, path: &Path) {
        self.db = connect(path);
    }

    fn serve(&mut self) -> Receipt {
        let last = i64::try_from(self.mine.len()).unwrap() - 1;
        if last < 0 || self.rng.percent(15) {
            return self.open();
        }
        let place = usize::try_from(self.rng.between(0, last)).unwrap();
        let (id, task) = self.mine[place].clone();
        self.looks(last);
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
            self.mine.swap_remove(place);
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
