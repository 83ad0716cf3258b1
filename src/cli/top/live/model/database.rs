//! What the view knows of one database.

use std::collections::{BTreeMap, VecDeque};

use super::columns::List;
use super::rows::{Rows, number};
use crate::cli::all_databases::wire::TypedRecord;
use crate::cli::top::live::parts;
use crate::domain::time::UnixTime;
use crate::output::record::Value;

/// Readings that are remembered for sparklines.
const MAX_READINGS: usize = 240;

/// The process that reads a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    /// Nothing has come of it yet.
    Starting,
    Reading,
    /// It has ended, and is started again at this time.
    Failed {
        reason: String,
        again_at: UnixTime,
    },
}

/// Live and expired sessions at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub at: UnixTime,
    pub live: Option<u64>,
    pub expired: Option<u64>,
}

#[derive(Debug, Clone)]
pub struct Database {
    pub name: String,
    pub reader: Reader,
    pub status: Option<TypedRecord>,
    /// The last reading of the figures that need a scan.
    pub reading: Option<TypedRecord>,
    pub is_reading: bool,
    pub runs: Vec<TypedRecord>,
    pub tasks: Rows,
    pub users: Rows,
    pub sessions: Rows,
    pub jobs: Rows,
    /// List in which keys move.
    pub focus: List,
    pub samples: Vec<Reading>,
    pub readings: VecDeque<Reading>,
    pub trends: BTreeMap<String, VecDeque<u64>>,
}

impl Database {
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            reader: Reader::Starting,
            status: None,
            reading: None,
            is_reading: true,
            runs: Vec::new(),
            tasks: Rows::new(List::Tasks),
            users: Rows::new(List::Users),
            sessions: Rows::new(List::Sessions),
            jobs: Rows::new(List::Jobs),
            focus: List::Sessions,
            samples: Vec::new(),
            readings: VecDeque::new(),
            trends: BTreeMap::new(),
        }
    }

    pub const fn rows(&self, list: List) -> &Rows {
        match list {
            List::Tasks => &self.tasks,
            List::Users => &self.users,
            List::Sessions => &self.sessions,
            List::Jobs => &self.jobs,
        }
    }

    pub const fn rows_mut(&mut self, list: List) -> &mut Rows {
        match list {
            List::Tasks => &mut self.tasks,
            List::Users => &mut self.users,
            List::Sessions => &mut self.sessions,
            List::Jobs => &mut self.jobs,
        }
    }

    /// Takes a part that its reader has sent.
    pub fn take(&mut self, part: &str, records: Vec<TypedRecord>, now: UnixTime) {
        self.reader = Reader::Reading;
        match part {
            parts::STATUS => self.status = records.into_iter().next(),
            parts::RUNS => self.runs = records,
            parts::JOBS => self.jobs.replace(records),
            parts::TASKS => {
                self.is_reading = true;
                self.note(&records, now);
                self.tasks.replace(records);
            }
            parts::SESSIONS => self.sessions.replace(records),
            parts::USERS => self.users.replace(records),
            parts::SAMPLES_READ => self.samples = records.iter().filter_map(sample).collect(),
            parts::READING => {
                self.is_reading = false;
                self.reading = records.into_iter().next();
            }
            _ => {}
        }
    }

    /// Adds a reading to the sparklines.
    fn note(&mut self, tasks: &[TypedRecord], now: UnixTime) {
        let sum = |column: &str| tasks.iter().filter_map(|task| count(task, column)).sum();
        let reading = Reading { at: now, live: Some(sum("live")), expired: Some(sum("expired")) };
        push(&mut self.readings, reading);
        for task in tasks {
            let name = task.record.key.first().cloned().unwrap_or_default();
            let live = count(task, "live").unwrap_or(0);
            push(self.trends.entry(name).or_default(), live);
        }
        self.trends.retain(|name, _| {
            tasks.iter().any(|task| task.record.key.first().is_some_and(|key| key == name))
        });
    }

    /// Sessions now: live and expired ones.
    pub fn latest(&self) -> Option<Reading> {
        self.readings.back().copied()
    }

    /// A fact of the status.
    pub fn fact(&self, name: &str) -> Value {
        self.status.as_ref().map_or(Value::Absent, |status| status.value(name))
    }

    pub fn fact_count(&self, name: &str) -> Option<u64> {
        self.status.as_ref().and_then(|status| count(status, name))
    }

    /// A number among the facts.
    pub fn fact_number(&self, name: &str) -> Option<f64> {
        number(&self.fact(name))
    }

    /// Reports whether a run is under way.
    pub fn is_at_work(&self) -> bool {
        self.fact("work") != Value::Absent
    }
}

fn push<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() == MAX_READINGS {
        list.pop_front();
    }
    list.push_back(item);
}

pub fn count(record: &TypedRecord, column: &str) -> Option<u64> {
    match record.value(column) {
        Value::Count(number) | Value::Number(number) => Some(number),
        _ => None,
    }
}

pub fn time(record: &TypedRecord, column: &str) -> Option<UnixTime> {
    match record.value(column) {
        Value::Time(time) => Some(time),
        _ => None,
    }
}

fn sample(record: &TypedRecord) -> Option<Reading> {
    Some(Reading {
        at: time(record, "at")?,
        live: count(record, "live"),
        expired: count(record, "expired"),
    })
}
