//! The rows that must be in the table, by what the database has acknowledged.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{DAY, now};
use crate::survival::application::{Action, Receipt};
use crate::survival::setup::Retention;

/// Known facts about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// Last used at this time, and not due.
    Live {
        used: i64,
    },
    /// Last used at this time and due: ends unless it is used again.
    Due {
        used: i64,
    },
    /// Last used at this time, and refused by a request because it was due.
    Refused {
        used: i64,
    },
    Ended {
        at: i64,
        reason: String,
    },
    /// The row was deleted.
    Gone {
        reason: String,
    },
}

#[derive(Debug, Clone)]
struct Entry {
    task: String,
    fate: Fate,
}

/// A row of the table.
#[derive(Debug)]
struct Seen {
    task: String,
    used: i64,
    end: Option<(i64, String)>,
    is_due: bool,
}

/// The expected rows of a table.
pub trait Expectation: Send + Sync {
    /// Enters what an application was told.
    fn record(&mut self, receipt: &Receipt);

    /// Compares the whole table with what must be in it, and enters what purges have
    /// done.
    fn compare(&mut self, db: &Connection);

    /// Compares the figures of `show stat --json` with the sessions.
    fn compare_figures(&self, stat: &Value);

    fn counts(&self) -> Counts;

    /// Number of sessions that are due to end, or of rows due to be deleted.
    fn due(&self) -> usize;

    /// Number of them that were due before any application began.
    fn overdue(&self) -> usize;

    fn copy(&self) -> Box<dyn Expectation>;
}

/// Every session that was ever opened.
#[derive(Clone)]
pub struct ExpectedRows {
    retention: Retention,
    entries: BTreeMap<String, Entry>,
}

/// Numbers of sessions ended and of rows deleted by purges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub ended: usize,
    pub deleted: usize,
}

impl ExpectedRows {
    /// Begins with the rows that are there.
    pub fn new(db: &Connection, retention: Retention) -> Self {
        let entry = |seen: Seen| {
            let fate = match seen.end {
                Some((at, reason)) => Fate::Ended { at, reason },
                None if seen.is_due => Fate::Due { used: seen.used },
                None => Fate::Live { used: seen.used },
            };
            Entry { task: seen.task, fate }
        };
        let entries = rows(db).into_iter().map(|(id, seen)| (id, entry(seen))).collect();
        Self { retention, entries }
    }
}

impl Expectation for ExpectedRows {
    fn record(&mut self, receipt: &Receipt) {
        let Receipt { action, id, task, at } = receipt;
        if *action == Action::Opened {
            let entry = Entry { task: task.clone(), fate: Fate::Live { used: *at } };
            assert!(self.entries.insert(id.clone(), entry).is_none(), "{receipt} twice");
            return;
        }
        let fate = &mut self.entries.get_mut(id).unwrap().fate;
        *fate = match (&*fate, action) {
            (Fate::Live { used } | Fate::Due { used }, Action::Touched) => {
                Fate::Live { used: *at.max(used) }
            }
            (Fate::Live { .. } | Fate::Due { .. }, Action::Closed) => {
                Fate::Ended { at: *at, reason: "closed".to_owned() }
            }
            (Fate::Due { used }, Action::Refused) => Fate::Refused { used: *used },
            // Only a purge ends sessions here, so it ended this one for being unused.
            (Fate::Ended { reason, .. } | Fate::Gone { reason }, Action::Refused)
                if reason == "expired" =>
            {
                return;
            }
            (fate, _) => panic!("{receipt}, which was {fate:?}"),
        };
    }

    #[track_caller]
    fn compare(&mut self, db: &Connection) {
        let integrity: String =
            db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(integrity, "ok");
        let mut rows = rows(db);
        for (id, entry) in &mut self.entries {
            let row = rows.remove(id);
            let next = entry.after(row.as_ref(), self.retention);
            entry.fate = next.unwrap_or_else(|| panic!("{id} was {entry:?}, and is {row:?}"));
        }
        assert!(rows.is_empty(), "nobody has opened {rows:?}");
    }

    #[track_caller]
    fn compare_figures(&self, stat: &Value) {
        for task in ["imap", "http"] {
            let figures = stat.as_array().unwrap().iter().find(|figures| figures["task"] == task);
            let count = |is: fn(&Fate) -> bool| {
                self.entries.values().filter(|entry| entry.task == task && is(&entry.fate)).count()
            };
            for (name, count) in [
                ("opened", count(|_| true)),
                ("live", count(|fate| matches!(fate, Fate::Live { .. }))),
                ("expired", count(|fate| matches!(fate, Fate::Due { .. } | Fate::Refused { .. }))),
                ("ended", count(|fate| matches!(fate, Fate::Ended { .. }))),
                ("deleted", count(|fate| matches!(fate, Fate::Gone { .. }))),
                ("ended_closed", count(|fate| fate.reason() == Some("closed"))),
                ("ended_expired", count(|fate| fate.reason() == Some("expired"))),
            ] {
                assert_eq!(figures.unwrap()[name], count, "{task}: {name} of {stat}");
            }
        }
    }

    fn counts(&self) -> Counts {
        let count =
            |is: fn(&Fate) -> bool| self.entries.values().filter(|entry| is(&entry.fate)).count();
        Counts {
            ended: count(|fate| fate.reason() == Some("expired")),
            deleted: count(|fate| matches!(fate, Fate::Gone { .. })),
        }
    }

    fn due(&self) -> usize {
        self.entries.values().filter(|entry| entry.is_due(self.retention)).count()
    }

    fn overdue(&self) -> usize {
        // The application only closes sessions, and that was no day ago.
        self.entries.values().filter(|entry| entry.is_due(Retention::Day)).count()
    }

    fn copy(&self) -> Box<dyn Expectation> {
        Box::new(self.clone())
    }
}

impl Entry {
    fn is_due(&self, retention: Retention) -> bool {
        match self.fate {
            Fate::Due { .. } | Fate::Refused { .. } => true,
            Fate::Ended { at, .. } => is_to_go(&self.task, at, retention),
            Fate::Live { .. } | Fate::Gone { .. } => false,
        }
    }

    /// The next fate by the row; `None` if the row is not a possible one.
    fn after(&self, row: Option<&Seen>, retention: Retention) -> Option<Fate> {
        let discards = retention.discards(&self.task);
        let expired = "expired".to_owned();
        match (&self.fate, row) {
            (Fate::Live { used } | Fate::Due { used }, Some(row @ Seen { end: None, .. })) => {
                (row.used == *used).then(|| self.fate.clone())
            }
            (
                Fate::Due { used } | Fate::Refused { used },
                Some(Seen { end: Some((at, reason)), used: seen, .. }),
            ) => {
                let is_expected = !discards && *reason == expired && seen == used;
                is_expected.then_some(Fate::Ended { at: *at, reason: expired })
            }
            (Fate::Due { .. } | Fate::Refused { .. }, None) => {
                discards.then_some(Fate::Gone { reason: expired })
            }
            (Fate::Ended { at, reason }, Some(row)) => {
                (row.end == Some((*at, reason.clone()))).then(|| self.fate.clone())
            }
            (Fate::Ended { at, reason }, None) => {
                is_to_go(&self.task, *at, retention).then(|| Fate::Gone { reason: reason.clone() })
            }
            (Fate::Gone { .. }, None) => Some(self.fate.clone()),
            _ => None,
        }
    }
}

/// True if the row of a session that ended then is no longer kept.
fn is_to_go(task: &str, ended_at: i64, retention: Retention) -> bool {
    retention.discards(task) || ended_at <= now() - DAY
}

impl Fate {
    /// The reason of its end, if it has ended.
    fn reason(&self) -> Option<&str> {
        match self {
            Self::Live { .. } | Self::Due { .. } | Self::Refused { .. } => None,
            Self::Ended { reason, .. } | Self::Gone { reason } => Some(reason),
        }
    }
}

fn rows(db: &Connection) -> BTreeMap<String, Seen> {
    let sql = "SELECT id, task, last_used_at, ended_at, end_reason, \
               ended_at IS NULL AND last_used_at + idle_timeout < ?1 FROM sessions";
    let mut select = db.prepare(sql).unwrap();
    let rows = select.query_map([now()], |row| {
        let end = row.get::<_, Option<i64>>(3)?.zip(row.get(4)?);
        Ok((row.get(0)?, Seen { task: row.get(1)?, used: row.get(2)?, end, is_due: row.get(5)? }))
    });
    rows.unwrap().map(Result::unwrap).collect()
}
