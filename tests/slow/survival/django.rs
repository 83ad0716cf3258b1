//! Django's table: an application that uses it, and what must be in it.
//!
//! Rows go when they are due, and nothing of them stays. What a purge deletes is counted in
//! another file than the table's: a purge that dies between the two has counted less than it
//! has deleted, and never more.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};
use serde_json::Value;

use crate::support::{HOUR, Rng, now, sha256};
use crate::survival::application::{Action, Receipt, Serve};
use crate::survival::ledger_check::{Counts, Expectation};

const SCHEMA: &str = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
                      session_data text NOT NULL, expire_date datetime NOT NULL);
     CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date);";
/// Session data signed two weeks before the expiry, from which the time zone UTC is detected.
const DATA: &str = "e30:1xUaB8:YzDFU2NrytPoy9-vUDJ4xJatL2uN4OoEecwbzYi6tbU";
const TWO_WEEKS: i64 = 14 * 24 * HOUR;
/// Seconds for which due rows have been due at the start.
const OVERDUE: i64 = 12 * HOUR;
/// Number of reads before each write.
const READS_PER_WRITE: usize = 4;

/// Makes the table. Half of the rows are due, and the rest is in use.
pub fn fill(db: &Connection, rows: u32) {
    db.execute_batch(&format!("{SCHEMA} BEGIN")).unwrap();
    for number in 0..rows {
        let ahead = if number % 8 < 4 { -OVERDUE } else { TWO_WEEKS };
        insert(db, &key(&number.to_string()), now() + ahead);
    }
    db.execute_batch("COMMIT").unwrap();
}

fn key(text: &str) -> String {
    sha256(text)[..32].to_owned()
}

fn insert(db: &Connection, key: &str, over: i64) {
    let sql = "INSERT INTO django_session (session_key, session_data, expire_date) \
               VALUES (?1, ?2, datetime(?3, 'unixepoch') || '.123456')";
    assert_eq!(db.prepare_cached(sql).unwrap().execute(params![key, DATA, over]), Ok(1));
}

/// A process of the application.
pub struct Application {
    db: Connection,
    rng: Rng,
    index: u64,
    opened: u64,
    /// Sessions of this process.
    own: Vec<String>,
}

impl Application {
    /// Creates the process with this index; each existing row belongs to one of the processes.
    pub fn new(path: &Path, index: u64, processes: u64) -> Self {
        let db = connect(path);
        let mut own: Vec<String> = rows(&db).into_keys().collect();
        own.retain(|key| u64::from_str_radix(&key[..8], 16).unwrap() % processes == index);
        Self { db, rng: Rng::seeded(index), index, opened: 0, own }
    }

    fn open(&mut self) -> Receipt {
        self.opened += 1;
        let (id, at) = (key(&format!("{} {}", self.index, self.opened)), self.over());
        insert(&self.db, &id, at);
        self.own.push(id.clone());
        receipt(Action::Opened, id, at)
    }

    /// Expiry of a session that is saved now: in two weeks, or in the past.
    fn over(&mut self) -> i64 {
        now() + if self.rng.percent(20) { -HOUR } else { TWO_WEEKS }
    }

    fn read_sessions(&mut self) {
        let sql = "SELECT session_data FROM django_session \
                   WHERE session_key = ?1 AND expire_date > ?2";
        let mut look = self.db.prepare_cached(sql).unwrap();
        for _ in 0..READS_PER_WRITE {
            let place = self.rng.between(0, i64::try_from(self.own.len()).unwrap() - 1);
            let id = &self.own[usize::try_from(place).unwrap()];
            look.exists([id.as_str(), "2020-01-01 00:00:00"]).unwrap();
        }
    }
}

impl Serve for Application {
    fn reconnect(&mut self, path: &Path) {
        self.db = connect(path);
    }

    fn serve(&mut self) -> Receipt {
        if self.own.is_empty() || self.rng.percent(15) {
            return self.open();
        }
        self.read_sessions();
        let place = self.rng.between(0, i64::try_from(self.own.len()).unwrap() - 1);
        let place = usize::try_from(place).unwrap();
        let (id, at) = (self.own[place].clone(), self.over());
        let (action, rows) = if self.rng.percent(15) {
            let sql = "DELETE FROM django_session WHERE session_key IN (?1)";
            (Action::Closed, self.db.prepare_cached(sql).unwrap().execute([&id]).unwrap())
        } else {
            // A request that began in time may save its session when that is due.
            let sql = "UPDATE django_session SET session_data = ?2, \
                       expire_date = datetime(?3, 'unixepoch') || '.123456' WHERE session_key = ?1";
            let mut update = self.db.prepare_cached(sql).unwrap();
            (Action::Touched, update.execute(params![id, DATA, at]).unwrap())
        };
        let action = if rows == 1 { action } else { Action::Refused };
        if action != Action::Touched {
            self.own.swap_remove(place);
        }
        receipt(action, id, at)
    }
}

/// Creates a receipt with the expiry of the session.
fn receipt(action: Action, id: String, at: i64) -> Receipt {
    Receipt { action, id, task: "django".to_owned(), at }
}

fn connect(path: &Path) -> Connection {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    // As Python's sqlite3 has it.
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    db.pragma_update(None, "foreign_keys", "ON").unwrap();
    db
}

/// Keys with their expiry times.
fn rows(db: &Connection) -> BTreeMap<String, i64> {
    let sql = "SELECT session_key, unixepoch(expire_date), session_data FROM django_session";
    let mut select = db.prepare(sql).unwrap();
    let rows = select.query_map([], |row| {
        assert_eq!(row.get::<_, String>(2).unwrap(), DATA);
        Ok((row.get(0)?, row.get(1)?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Known facts about a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Row that expires at this time, and stays until then.
    Kept { over: i64 },
    /// Expired at this time, and not found by a request.
    Missed { over: i64 },
    /// The application has deleted its row.
    Closed,
    /// A purge has.
    Gone,
}

/// Every session that was ever opened.
#[derive(Clone)]
pub struct ExpectedRows {
    entries: BTreeMap<String, Fate>,
}

impl ExpectedRows {
    /// Begins with the rows that are there.
    pub fn new(db: &Connection) -> Self {
        let kept = |(key, over)| (key, Fate::Kept { over });
        Self { entries: rows(db).into_iter().map(kept).collect() }
    }

    fn count(&self, is: impl Fn(Fate) -> bool) -> usize {
        self.entries.values().filter(|fate| is(**fate)).count()
    }
}

impl Expectation for ExpectedRows {
    fn record(&mut self, receipt: &Receipt) {
        let Receipt { action, id, at, .. } = receipt;
        if *action == Action::Opened {
            let fate = Fate::Kept { over: *at };
            assert!(self.entries.insert(id.clone(), fate).is_none(), "{receipt} twice");
            return;
        }
        let fate = self.entries.get_mut(id).unwrap();
        *fate = match (*fate, action) {
            (Fate::Kept { .. }, Action::Touched) => Fate::Kept { over: *at },
            (Fate::Kept { .. }, Action::Closed) => Fate::Closed,
            (Fate::Kept { over }, Action::Refused) => Fate::Missed { over },
            (Fate::Gone, Action::Refused) => Fate::Gone,
            (fate, _) => panic!("{receipt}, which was {fate:?}"),
        };
    }

    #[track_caller]
    fn compare(&mut self, db: &Connection) {
        let integrity: String =
            db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(integrity, "ok");
        let mut rows = rows(db);
        for (key, fate) in &mut self.entries {
            let row = rows.remove(key);
            *fate = match (*fate, row) {
                (Fate::Kept { over }, Some(row)) if over == row => *fate,
                (Fate::Kept { over } | Fate::Missed { over }, None) if over < now() => Fate::Gone,
                (Fate::Closed | Fate::Gone, None) => *fate,
                (fate, row) => panic!("{key} was {fate:?}, and is {row:?} at {}", now()),
            };
        }
        assert!(rows.is_empty(), "nobody has opened {rows:?}");
    }

    #[track_caller]
    fn compare_figures(&self, stat: &Value) {
        let number = |name: &str| usize::try_from(stat[0][name].as_u64().unwrap()).unwrap();
        assert_eq!(number("sessions"), self.count(|fate| matches!(fate, Fate::Kept { .. })));
        assert!(number("deleted") <= self.counts().deleted, "{stat}");
        assert_eq!(number("deleted"), number("ended_expired"), "{stat}");
    }

    fn counts(&self) -> Counts {
        let gone = self.count(|fate| fate == Fate::Gone);
        Counts { ended: gone, deleted: gone }
    }

    fn due(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Kept { over } if over < now()))
    }

    fn overdue(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Kept { over } if over < now() - OVERDUE / 2))
    }

    fn copy(&self) -> Box<dyn Expectation> {
        Box::new(self.clone())
    }
}
