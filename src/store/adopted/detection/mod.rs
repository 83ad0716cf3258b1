//! Detecting the table of sessions in a database, and the profile that fits it.

mod doubt;
mod fit;
mod near_miss;
mod refusal;
mod schema_scan;
mod selection;

use std::path::Path;
use std::time::{Duration, Instant};

use super::open::open_file;
use super::table::TableSchema;
use crate::domain::error::{Error, InterruptReason, Result};
use crate::domain::profile::{Profile, ProfileCatalog, ProfileOutline};
use crate::store::database::Database;
use crate::store::database::rqlite::Rqlite;
use crate::store::database::sqlite::{Access, SqliteFile};
use crate::store::location::Location;

use fit::Fit;
use near_miss::NearMiss;
use schema_scan::{IdentifierIndex, SchemaScan};
use selection::{Selection, Unused};

pub(super) use doubt::{contradiction, offset_evidence};

/// Finds the profile that fits the one session table of a database, by its columns and values, and
/// puts the name of the table into the profile. If another profile may be the right one and has to
/// be named, the result has a [doubt](Profile::doubt). With the name of a table, only that one is
/// considered, whatever its rows are.
///
/// The database is only read; with [`Access::Write`], a cluster is read with the consistency of a
/// subsequent change.
///
/// # Errors
/// [`Error::ForeignDatabase`] if no profile fits, [`Error::AmbiguousTable`] if several tables are
/// known, and [`Error::AmbiguousProfile`] if several profiles fit a table.
pub fn detect(
    at: impl Into<Location>,
    access: Access,
    profiles: &(impl ProfileCatalog + ?Sized),
    table: Option<&str>,
) -> Result<Profile> {
    match at.into() {
        Location::File(path) => {
            if let Some(refusal) = refuse_unknown(&path, profiles, table) {
                return Err(refusal);
            }
            detect_in(&open_file(&path, Access::Read)?, profiles, table)
        }
        Location::Cluster(cluster) => detect_in(&Rqlite::new(&cluster, access), profiles, table),
    }
}

/// Finds the one table that a profile fits under another name than its own, and puts the name into
/// the profile.
///
/// # Errors
/// As [`detect`].
pub fn locate(at: impl Into<Location>, access: Access, profile: &Profile) -> Result<Profile> {
    // As the user has named it, it is as good as one of sessions.
    let holds = Profile::SESSIONS.to_owned();
    let named = Profile { is_detected: true, holds, ..profile.clone() };
    let found = detect(at, access, [named].as_slice(), None)?;
    Ok(Profile { table: found.table, ..profile.clone() })
}

fn detect_in(
    database: &impl Database,
    profiles: &(impl ProfileCatalog + ?Sized),
    table: Option<&str>,
) -> Result<Profile> {
    Detector::new(profiles).detect(database, table, None)
}

/// Limits of a detection that explains nothing, for many databases of unknown origin.
#[derive(Debug, Clone, Copy)]
pub struct SurveyLimits {
    /// Moment at which it gives up.
    pub until: Instant,
    /// Maximum number of pairs of a table and a profile that are compared.
    pub candidates: usize,
}

/// The profiles to choose from, prepared once for any number of databases.
pub struct Detector<'a, C: ?Sized> {
    profiles: &'a C,
    outlines: Vec<ProfileOutline<'a>>,
    index: IdentifierIndex,
}

impl<'a, C: ProfileCatalog + ?Sized> Detector<'a, C> {
    pub fn new(profiles: &'a C) -> Self {
        let outlines = profiles.outlines();
        let index = IdentifierIndex::of(&outlines);
        Self { profiles, outlines, index }
    }

    /// Same as [`detect`]. Within limits, the refusal does not say which profile is the nearest.
    ///
    /// # Errors
    /// Errors of [`detect`]; [`Error::Interrupted`] and [`Error::Refused`] if a limit is reached.
    pub fn detect(
        &self,
        database: &impl Database,
        table: Option<&str>,
        limits: Option<SurveyLimits>,
    ) -> Result<Profile> {
        let scan = SchemaScan::of(database, &self.index)?;
        if let Some(table) = table
            && !scan.names.iter().any(|name| name.eq_ignore_ascii_case(table))
        {
            // A view, or missing.
            TableSchema::read(database, table)?;
        }
        let is_meant = |name: &String| table.is_none_or(|table| name.eq_ignore_ascii_case(table));
        let fits = self.fits(database, &scan, is_meant, limits)?;
        match Selection::of(database, fits, table.is_some())?.conclude(database.display_name())? {
            Ok(profile) => Ok(profile),
            Err(unused) => {
                let names: Vec<String> = scan.names.into_iter().filter(is_meant).collect();
                self.conclude_unused(database, unused, &names, limits.is_none())
            }
        }
    }

    fn fits(
        &self,
        database: &impl Database,
        scan: &SchemaScan,
        is_meant: impl Fn(&String) -> bool,
        limits: Option<SurveyLimits>,
    ) -> Result<Vec<Fit>> {
        if limits.is_some_and(|limits| scan.candidates.len() > limits.candidates) {
            return Err(Error::Refused("too many of its tables may hold sessions".to_owned()));
        }
        let mut fits = Vec::new();
        for (table, profile) in scan.candidates.iter().copied() {
            if limits.is_some_and(|limits| Instant::now() >= limits.until) {
                let (cause, after) = (InterruptReason::Time, Duration::ZERO);
                return Err(Error::Interrupted {
                    doing: "detect a profile".to_owned(),
                    cause,
                    after,
                });
            }
            let name = &scan.names[table];
            if is_meant(name) {
                fits.extend(Fit::of(database, self.profiles.profile(profile)?, name)?);
            }
        }
        Ok(fits)
    }

    /// The table of something else that expires, if it is the only one, or a refusal.
    fn conclude_unused(
        &self,
        database: &impl Database,
        mut unused: Unused,
        names: &[String],
        explains: bool,
    ) -> Result<Profile> {
        let is_further = |name: &String| {
            unused.further.iter().any(|fit| fit.profile.table.eq_ignore_ascii_case(name))
        };
        let others: Vec<String> = names.iter().filter(|name| !is_further(name)).cloned().collect();
        if !unused.further.is_empty()
            && !near_miss::looks_like_sessions(database, &others)?
            && let Some(profile) = unused.take_only_further()
        {
            return Ok(profile);
        }
        let near = |names: &[String]| {
            if explains {
                near_miss::of(database, self.profiles, &self.outlines, names)
            } else {
                Ok(NearMiss::default())
            }
        };
        Err(refusal::refuse(database.display_name(), unused, names, near)?)
    }
}

/// Refuses a file without any table that a profile may fit, before it is modified. Accepts a file
/// with a write-ahead log in use, which may contain more tables, and one that is being written.
fn refuse_unknown(
    path: &Path,
    profiles: &(impl ProfileCatalog + ?Sized),
    table: Option<&str>,
) -> Option<Error> {
    if SqliteFile::has_a_log_in_use(path) {
        return None;
    }
    let file = SqliteFile::open_immutable(path).ok()?;
    let detector = Detector::new(profiles);
    let scan = SchemaScan::of(&file, &detector.index).ok()?;
    if scan.names.is_empty() || !scan.candidates.is_empty() {
        return None;
    }
    let unsafe_to_open = SqliteFile::must_be_safe_to_open(path).err();
    unsafe_to_open.or_else(|| {
        let refusal = detector.detect(&file, table, None).err();
        refusal.filter(|error| matches!(error, Error::ForeignDatabase { .. }))
    })
}
