//! Detecting the profile that fits a database.

use std::collections::BTreeSet;
use std::path::Path;

use super::detection_doubt::{clock_evidence, detection_doubt};
use super::diagnose::check::{describe_mismatch, encoding_errors};
use super::diagnose::sample::Sampling;
use super::open::open_file;
use super::reader::TableReader;
use super::table;
use super::table::Table;
use crate::domain::error::{Error, Result};
use crate::domain::profile::{ClockEvidence, ColumnMismatch, Profile};
use crate::store::database::Database;
use crate::store::database::rqlite::Rqlite;
use crate::store::database::sqlite::{Access, SqliteFile};
use crate::store::location::Location;

/// Finds the profile that fits the one session table of a database, by its columns and
/// values. If another profile may be the right one and has to be named, the result has a
/// [doubt](Profile::doubt).
///
/// The database is only read; with [`Access::Write`], a cluster is read with the
/// consistency of a subsequent change.
///
/// # Errors
/// [`Error::ForeignDatabase`] if no profile fits, and [`Error::AmbiguousTable`] if several
/// do.
pub fn detect(at: impl Into<Location>, access: Access, profiles: Vec<Profile>) -> Result<Profile> {
    match at.into() {
        Location::File(path) => {
            if let Some(refusal) = refuse_unknown(&path, &profiles) {
                return Err(refusal);
            }
            detect_in(&open_file(&path, Access::Read)?, profiles)
        }
        Location::Cluster(cluster) => detect_in(&Rqlite::new(&cluster, access), profiles),
    }
}

fn detect_in(database: &impl Database, profiles: Vec<Profile>) -> Result<Profile> {
    let names = table::table_names(database)?;
    let mut found = Findings::default();
    for profile in profiles {
        if names.iter().any(|name| name.eq_ignore_ascii_case(&profile.table)) {
            found.check_profile(database, profile)?;
        }
    }
    found.conclude(database.display_name(), &names)
}

/// Refuses a file that has tables, but none of these names, before it is modified. Accepts
/// a file with a write-ahead log in use, which may contain more tables, and one that is
/// being written.
fn refuse_unknown(path: &Path, profiles: &[Profile]) -> Option<Error> {
    if SqliteFile::has_a_log_in_use(path) {
        return None;
    }
    let file = SqliteFile::open_immutable(path).ok()?;
    let names = table::table_names(&file).ok()?;
    let is_known =
        |name: &String| profiles.iter().any(|profile| profile.table.eq_ignore_ascii_case(name));
    if names.is_empty() || names.iter().any(is_known) {
        return None;
    }
    let unsafe_to_open = SqliteFile::must_be_safe_to_open(path).err();
    unsafe_to_open.or_else(|| Findings::default().conclude(file.display_name(), &names).err())
}

/// Findings so far.
#[derive(Default)]
struct Findings {
    /// Profiles that fit.
    fits: Vec<Fit>,
    /// Profiles that fit, but have to be named, with the names of the tables.
    hints: Vec<(String, Profile)>,
    /// Tables that fit by their columns, but not by their values.
    mismatches: Vec<Mismatch>,
    /// The profile whose table has the fewest other columns.
    nearest: Option<(usize, String)>,
}

/// A profile that fits.
struct Fit {
    table: String,
    profile: Profile,
    /// Result of [`clock_evidence`].
    clock: Option<(String, ClockEvidence)>,
}

/// Reasons why a table with the columns of a profile does not fit it.
struct Mismatch {
    table: String,
    is_detected: bool,
    sentences: Vec<String>,
}

impl Findings {
    fn check_profile(&mut self, database: &impl Database, profile: Profile) -> Result<()> {
        let is_detected = profile.is_detected;
        let table = match Table::read(database, &profile.table) {
            Ok(table) => table,
            Err(Error::Refused(reason)) => {
                let (table, sentences) = (profile.table, vec![reason]);
                self.mismatches.push(Mismatch { table, is_detected, sentences });
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if let Some(difference) = profile.difference(&table.columns) {
            self.record_nearest(&table, &profile, &difference);
            return Ok(());
        }
        let reader = TableReader::new(database, profile, table);
        let sentences = encoding_errors(database, &reader, &Sampling::of(database, &reader)?)?;
        if !sentences.is_empty() {
            let table = reader.table.name;
            self.mismatches.push(Mismatch { table, is_detected, sentences });
        } else if is_detected {
            let clock = clock_evidence(database, &reader)?;
            let TableReader { profile, table, .. } = reader;
            self.fits.push(Fit { table: table.name, profile, clock });
        } else {
            self.hints.push((reader.table.name, reader.profile));
        }
        Ok(())
    }

    fn record_nearest(&mut self, table: &Table, profile: &Profile, difference: &ColumnMismatch) {
        let distance = difference.missing.len() + difference.unexpected.len();
        if self.nearest.as_ref().is_none_or(|(nearest, _)| distance < *nearest) {
            let (name, title) = (&table.name, &profile.title);
            let near =
                format!("{name} is most similar to {title}: {}", describe_mismatch(difference));
            self.nearest = Some((distance, near));
        }
    }

    fn conclude(mut self, database: &str, names: &[String]) -> Result<Profile> {
        let at = database.to_owned();
        if self.fits.len() > 1 {
            let fits = self.fits.iter().map(|fit| format!("{}: {}", fit.table, fit.profile.name));
            let fits: Vec<String> = fits.collect();
            let found = format!("{}; choose one with --profile", fits.join(", "));
            return Err(Error::AmbiguousTable { at, found });
        }
        let Some(Fit { table, mut profile, clock }) = self.fits.pop() else {
            return Err(Error::ForeignDatabase { at, found: self.describe_none(names) });
        };
        let local = self.hints.iter().find(|(other, _)| *other == table);
        let local = local.map(|(_, local)| local);
        profile.doubt = clock
            .and_then(|(column, evidence)| detection_doubt(&profile, local, &column, evidence));
        Ok(profile)
    }

    fn describe_none(self, names: &[String]) -> String {
        if names.is_empty() {
            return "it is an SQLite database without tables; `sessctl init` sets it up".to_owned();
        }
        let hint = |(table, profile): (String, Profile)| {
            let Profile { name, title, about, .. } = profile;
            format!("{table} may be {title} ({about}): --profile {name}")
        };
        let hints: Vec<String> = self.hints.into_iter().map(hint).collect();
        let mismatches = mismatch_sentences(self.mismatches);
        if !mismatches.is_empty() {
            // The table is known, and only its values are not.
            return mismatches.into_iter().chain(hints).collect::<Vec<_>>().join("; ");
        }
        let mut found = format!(
            "it holds {} {}; none is a table of sessions that sessctl knows (`sessctl show \
             profiles` lists them)",
            if names.len() == 1 { "the table" } else { "the tables" },
            table::join_names(names)
        );
        for sentence in hints.into_iter().chain(self.nearest.map(|(_, near)| near)) {
            found.push_str("; ");
            found.push_str(&sentence);
        }
        found
    }
}

/// Reasons for mismatching values, once for each table: a profile that has to be named is a
/// variant of a detected one, and would repeat its reasons.
fn mismatch_sentences(mismatches: Vec<Mismatch>) -> Vec<String> {
    let is_detected = |mismatches: &Mismatch| mismatches.is_detected;
    let detected: BTreeSet<String> =
        mismatches.iter().filter(|it| is_detected(it)).map(|it| it.table.clone()).collect();
    let is_reported = |it: &Mismatch| it.is_detected || !detected.contains(&it.table);
    mismatches.into_iter().filter(is_reported).flat_map(|it| it.sentences).collect()
}
