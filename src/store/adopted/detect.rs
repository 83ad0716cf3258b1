//! Detecting the profile that fits a database.

use std::collections::BTreeSet;
use std::path::Path;

use super::check::{describe_mismatch, encoding_errors};
use super::detection_doubt::{detection_doubt, offset_evidence};
use super::open::open_file;
use super::reader::TableReader;
use super::sample::Sampling;
use super::table;
use super::table::TableSchema;
use crate::domain::error::{Error, ForeignContent, Result};
use crate::domain::profile::{ColumnMismatch, OffsetEvidence, Profile};
use crate::store::database::Database;
use crate::store::database::rqlite::Rqlite;
use crate::store::database::sqlite::{Access, SqliteFile};
use crate::store::location::Location;
use crate::store::migrations;

/// Finds the profile that fits the one session table of a database, by its columns and values. If
/// another profile may be the right one and has to be named, the result has a
/// [doubt](Profile::doubt).
///
/// The database is only read; with [`Access::Write`], a cluster is read with the consistency of a
/// subsequent change.
///
/// # Errors
/// [`Error::ForeignDatabase`] if no profile fits, and [`Error::AmbiguousTable`] if several do.
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
    let mut found = Detection::default();
    for profile in profiles {
        if names.iter().any(|name| name.eq_ignore_ascii_case(&profile.table)) {
            found.check_profile(database, profile)?;
        }
    }
    found.conclude(database.display_name(), &names)
}

/// Refuses a file that has tables, but none of these names, before it is modified. Accepts a file
/// with a write-ahead log in use, which may contain more tables, and one that is being written.
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
    unsafe_to_open.or_else(|| Detection::default().conclude(file.display_name(), &names).err())
}

#[derive(Default)]
struct Detection {
    fits: Vec<Fit>,
    /// Profiles that fit, but have to be named, with the names of the tables.
    hints: Vec<(String, Profile)>,
    /// Tables that fit by their columns, but not by their values.
    mismatches: Vec<Mismatch>,
    /// The profile whose table has the fewest other columns.
    nearest: Option<(usize, String)>,
}

struct Fit {
    table: String,
    profile: Profile,
    clock: Option<(String, OffsetEvidence)>,
}

struct Mismatch {
    table: String,
    /// Name of the profile, if the values do not match it.
    profile: Option<String>,
    is_detected: bool,
    sentences: Vec<String>,
}

impl Detection {
    fn check_profile(&mut self, database: &impl Database, profile: Profile) -> Result<()> {
        let is_detected = profile.is_detected;
        let table = match TableSchema::read(database, &profile.table) {
            Ok(table) => table,
            Err(Error::Refused(reason)) => {
                let (table, sentences) = (profile.table, vec![reason]);
                self.mismatches.push(Mismatch { table, profile: None, is_detected, sentences });
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if let Some(difference) = profile.difference(&table.columns) {
            self.record_nearest(&table, &profile, &difference);
            return Ok(());
        }
        let table_name = table.name.clone();
        let reader = match TableReader::new(database, profile, table) {
            Ok(reader) => reader,
            Err(Error::Refused(reason)) => {
                let (table, sentences) = (table_name, vec![reason]);
                self.mismatches.push(Mismatch { table, profile: None, is_detected, sentences });
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let sentences = encoding_errors(database, &reader, &Sampling::of(database, &reader)?)?;
        if !sentences.is_empty() {
            let (table, profile) = (reader.table.name, Some(reader.profile.name));
            self.mismatches.push(Mismatch { table, profile, is_detected, sentences });
        } else if is_detected {
            let clock = offset_evidence(database, &reader)?;
            let TableReader { profile, table, .. } = reader;
            self.fits.push(Fit { table: table.name, profile, clock });
        } else {
            self.hints.push((reader.table.name, reader.profile));
        }
        Ok(())
    }

    fn record_nearest(
        &mut self,
        table: &TableSchema,
        profile: &Profile,
        difference: &ColumnMismatch,
    ) {
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
            let found = fits.collect::<Vec<String>>().join(", ");
            return Err(Error::AmbiguousTable { at, found });
        }
        let Some(Fit { table, mut profile, clock }) = self.fits.pop() else {
            return Err(self.no_fit(at, names));
        };
        let local = self.hints.iter().find(|(other, _)| *other == table);
        let local = local.map(|(_, local)| local);
        profile.doubt = clock
            .and_then(|(column, evidence)| detection_doubt(&profile, local, &column, evidence));
        Ok(profile)
    }

    fn no_fit(self, at: String, names: &[String]) -> Error {
        if names.is_empty() {
            return migrations::without_tables(&at);
        }
        let hint = |(table, Profile { title, about, .. }): &(String, Profile)| {
            format!("{table} may be {title} ({about})")
        };
        let candidate =
            |(table, profile): &(String, Profile)| (table.clone(), profile.name.clone());
        let hints = self.hints.iter().map(hint);
        let mismatches = reported_mismatches(self.mismatches);
        let content = ForeignContent::Tables {
            is_known: !mismatches.is_empty(),
            mismatches: mismatches.iter().filter_map(|found| found.profile.clone()).collect(),
            candidates: self.hints.iter().map(candidate).collect(),
        };
        let sentences: Vec<String> = if mismatches.is_empty() {
            let (tables, which) = match names {
                [_] => ("the table", "which is not"),
                _ => ("the tables", "none of which is"),
            };
            let unknown = format!(
                "it contains {tables} {}, {which} a session table that sessctl recognizes",
                table::join_names(names)
            );
            let nearest = self.nearest.map(|(_, nearest)| nearest);
            std::iter::once(unknown).chain(hints).chain(nearest).collect()
        } else {
            // The table is known, and only its values are not.
            mismatches.into_iter().flat_map(|mismatch| mismatch.sentences).chain(hints).collect()
        };
        Error::ForeignDatabase { at, found: sentences.join("; "), content }
    }
}

/// Removes the mismatches with a profile that has to be named where a detected one, of which
/// it is a variant, has the same reasons.
fn reported_mismatches(mut mismatches: Vec<Mismatch>) -> Vec<Mismatch> {
    let detected = mismatches.iter().filter(|mismatch| mismatch.is_detected);
    let detected: BTreeSet<String> = detected.map(|mismatch| mismatch.table.clone()).collect();
    mismatches.retain(|mismatch| mismatch.is_detected || !detected.contains(&mismatch.table));
    mismatches
}
