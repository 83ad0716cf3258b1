//! Looking into a file of unknown origin: does it hold a table of sessions, whose is it, and what
//! would a purge free? Nothing on disk changes, and time and memory are bounded.

mod counts;

use std::path::Path;
use std::time::{Duration, Instant};

use crate::domain::error::{
    Error, ForeignContent, InterruptReason, NextStep, Result, TableProfile,
};
use crate::domain::profile::{Profile, ProfileCatalog};
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;
use crate::storage::StatementLimit;
use crate::store::adopted::{Detector, SurveyLimits, state};
use crate::store::database::Database;
use crate::store::database::sqlite::SqliteFile;
use crate::store::database::sqlite::unchanged::{OpenedFile, UnchangedFile};
use crate::store::migrations;

pub use crate::store::database::sqlite::unchanged::FileIdentity;
pub use counts::RowCounts;

use counts::{count_adopted, count_native};

/// Maximum number of pairs of a table and a profile that are compared in one file.
const MAX_CANDIDATES: usize = 2_000;
/// Number of times that a file is read which other programs change meanwhile.
const ATTEMPTS: usize = 3;
const NATIVE_TABLE: &str = "sessions";

/// Limits for one file.
#[derive(Debug, Clone, Copy)]
pub struct DiscoveryLimits {
    /// Maximum number of rows that are read and counted.
    pub rows: u64,
    pub time: Duration,
}

#[derive(Debug)]
pub enum Discovery {
    /// The file does not begin like an SQLite database.
    NoDatabase,
    /// Reason why it is unknown whether the file is a database.
    Unreadable(String),
    /// A database without a table of sessions.
    NoSessions,
    Table(Box<DiscoveredTable>),
    /// A table that looks like one of sessions, but which one it is has to be named.
    Unclear(Unclear),
}

#[derive(Debug)]
pub struct DiscoveredTable {
    /// The profile, with the name of the table; `None`: the table is sessctl's own.
    pub profile: Option<Profile>,
    pub table: String,
    pub counts: RowCounts,
    /// Bytes that a purge and a compaction would free, about; `None`: unknown.
    pub reclaimable: Option<u64>,
}

#[derive(Debug)]
pub struct Unclear {
    pub why: String,
    /// Tables and profiles that may be meant.
    pub choices: Vec<Choice>,
}

/// At least one is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    pub table: Option<String>,
    pub profile: Option<String>,
}

/// Preparation made once for any number of files.
pub struct Examiner<'a, C: ?Sized> {
    detector: Detector<'a, C>,
    zone: &'a dyn Fn() -> Result<TimeZone>,
    now: UnixTime,
    limits: DiscoveryLimits,
}

impl<'a, C: ProfileCatalog + ?Sized> Examiner<'a, C> {
    /// `zone` resolves the time zone of the machine, for profiles with local times.
    pub fn new(
        profiles: &'a C,
        zone: &'a dyn Fn() -> Result<TimeZone>,
        now: UnixTime,
        limits: DiscoveryLimits,
    ) -> Self {
        Self { detector: Detector::new(profiles), zone, now, limits }
    }

    /// Looks into a file.
    ///
    /// # Errors
    /// A database that is corrupt, or in use in a way that leaves nothing to read;
    /// [`Error::Interrupted`] if it takes too long.
    pub fn examine(&self, path: &Path, expected: FileIdentity) -> Result<Discovery> {
        let until = Instant::now() + self.limits.time;
        for attempt in 1.. {
            let mut file = match UnchangedFile::open(path, expected)? {
                OpenedFile::NoDatabase => return Ok(Discovery::NoDatabase),
                OpenedFile::Unreadable(why) => return Ok(Discovery::Unreadable(why)),
                OpenedFile::Database(file) => file,
            };
            let time = until.saturating_duration_since(Instant::now());
            let limit = StatementLimit { time, cause: InterruptReason::Time };
            file.database.limit_statements(Some(limit));
            let found = self.examine_database(&file.database, path, until);
            let is_settled = matches!(found, Err(Error::Interrupted { .. })) || !file.has_changed();
            match found {
                _ if !is_settled && attempt < ATTEMPTS => {}
                Err(_) if !is_settled => {
                    return Err(Error::Refused("in use: a program keeps changing it".to_owned()));
                }
                found => return found,
            }
        }
        unreachable!("the last attempt returns")
    }

    fn examine_database(
        &self,
        database: &SqliteFile,
        path: &Path,
        until: Instant,
    ) -> Result<Discovery> {
        if migrations::is_sessctl_database(database)? {
            return self.native(database, path, until);
        }
        let limits = SurveyLimits { until, candidates: MAX_CANDIDATES };
        match self.detector.detect(database, None, Some(limits)) {
            Ok(profile) => self.adopted(database, profile, until),
            Err(error) => unclear(error),
        }
    }

    fn native(&self, database: &SqliteFile, path: &Path, until: Instant) -> Result<Discovery> {
        let counts = count_native(database, self.now, self.limits.rows, until)?;
        if counts.sessions == 0 && state::is_name_of_state(path) {
            return Ok(Discovery::NoSessions);
        }
        let table = NATIVE_TABLE.to_owned();
        let reclaimable = reclaimable(database, &table, &counts)?;
        let found = DiscoveredTable { profile: None, table, counts, reclaimable };
        Ok(Discovery::Table(Box::new(found)))
    }

    fn adopted(
        &self,
        database: &SqliteFile,
        mut profile: Profile,
        until: Instant,
    ) -> Result<Discovery> {
        profile.resolve_local(self.zone)?;
        let counts = count_adopted(database, &profile, self.now, self.limits.rows, until)?;
        let table = profile.table.clone();
        let may_purge = profile.missing.is_empty() && profile.readonly.is_none();
        let counts = if profile.missing.is_empty() { counts } else { counts.without_expired() };
        let reclaimable = if may_purge { reclaimable(database, &table, &counts)? } else { None };
        let found = DiscoveredTable { profile: Some(profile), table, counts, reclaimable };
        Ok(Discovery::Table(Box::new(found)))
    }
}

/// Free pages, and the expired rows at the mean size of a sample.
fn reclaimable(database: &SqliteFile, table: &str, counts: &RowCounts) -> Result<Option<u64>> {
    let usage = database.disk_usage()?;
    let rows = match database.mean_row_bytes(table) {
        Ok(row) => row.unwrap_or(0).saturating_mul(counts.expired_rows()),
        Err(Error::Interrupted { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some((usage.free_bytes().saturating_add(rows)).min(usage.file_bytes)))
}

/// Meaning of a refusal of the detection for the database.
fn unclear(error: Error) -> Result<Discovery> {
    let of_tables = |all: Vec<TableProfile>| all.into_iter().map(Choice::from).collect();
    let (why, choices) = match error {
        Error::AmbiguousTable { found, tables, .. } => {
            let choice = |table| Choice { table: Some(table), profile: None };
            (
                format!("several tables may be meant: {found}"),
                tables.into_iter().map(choice).collect(),
            )
        }
        Error::AmbiguousProfile { table, found, profiles, .. } => {
            let choice = |profile| Choice { profile: Some(profile), table: Some(table.clone()) };
            let choices = profiles.into_iter().map(choice).collect();
            (format!("several profiles fit {table}: {found}"), choices)
        }
        Error::ForeignDatabase {
            found,
            content: ForeignContent::Tables(NextStep::Check(one)),
            ..
        } => (found, of_tables(vec![one])),
        Error::ForeignDatabase {
            found,
            content: ForeignContent::Tables(NextStep::Choose(several)),
            ..
        } => (found, of_tables(several)),
        Error::ForeignDatabase {
            content: ForeignContent::Nothing | ForeignContent::Tables(_),
            ..
        } => return Ok(Discovery::NoSessions),
        error => return Err(error),
    };
    Ok(Discovery::Unclear(Unclear { why, choices }))
}

impl From<TableProfile> for Choice {
    fn from(found: TableProfile) -> Self {
        Self { table: Some(found.table), profile: Some(found.profile) }
    }
}
