//! The choice among the tables and profiles that fit.
//!
//! Of the profiles that fit one table:
//!
//! 1. One whose columns are all required by another, which requires more, is out, even if the
//!    values do not fit the other.
//! 2. Those whose values fit are left; of these, those whose name is nearest to the table's, those
//!    that know the most columns, and those with the fewest unreadable values.
//! 3. For an empty table, those that the declared types do not contradict.
//!
//! Of the tables that are [recognized](Fit::is_recognized), those of sessions are left; of these,
//! those whose name is nearest to the profile's, and of these, those with rows.

use std::collections::BTreeMap;

use super::doubt::detection_doubt;
use super::fit::Fit;
use crate::domain::error::{Error, Result};
use crate::domain::profile::{NameMatch, Profile};
use crate::store::database::Database;

/// Fits, each table with its best ones.
pub(super) struct Selection {
    recognized: Vec<TableFits>,
    /// What has to be named to be used.
    pub unused: Unused,
}

#[derive(Default)]
pub(super) struct Unused {
    /// Profiles that are never detected.
    pub hints: Vec<Fit>,
    /// Fits without enough evidence.
    pub weak: Vec<Fit>,
    /// Tables of something else that expires.
    pub further: Vec<Fit>,
    /// Tables that fit by their columns, but not by their values.
    pub mismatches: Vec<Fit>,
}

struct TableFits {
    table: String,
    name: NameMatch,
    fits: Vec<Fit>,
}

impl TableFits {
    fn has_rows(&self) -> bool {
        self.fits.iter().any(|fit| fit.rows > 0)
    }
}

impl Selection {
    /// `is_named`: the user has named the table, which says more than its name.
    pub fn of(database: &impl Database, fits: Vec<Fit>, is_named: bool) -> Result<Self> {
        let mut tables: BTreeMap<String, Vec<Fit>> = BTreeMap::new();
        let mut unused = Unused::default();
        for fit in fits {
            if fit.profile.is_detected {
                tables.entry(fit.profile.table.clone()).or_default().push(fit);
            } else {
                unused.hints.push(fit);
            }
        }
        let mut recognized = Vec::new();
        for (table, fits) in tables {
            let (fits, misfits) = best(database, fits)?;
            let (known, weak): (Vec<_>, Vec<_>) =
                fits.into_iter().partition(|fit| is_named || fit.is_recognized());
            let (known, further): (Vec<_>, Vec<_>) =
                known.into_iter().partition(|fit| is_named || fit.profile.holds_sessions());
            if known.is_empty() && weak.is_empty() && further.is_empty() {
                unused.add_mismatch(misfits, is_named);
            }
            unused.weak.extend(weak.into_iter().filter(|fit| fit.profile.holds_sessions()));
            unused.further.extend(further);
            if let Some(name) = known.iter().map(|fit| fit.name).max() {
                recognized.push(TableFits { table, name, fits: known });
            }
        }
        Ok(Self { recognized, unused })
    }

    /// The one profile that fits, or else what has to be named.
    pub fn conclude(mut self, database: &str) -> Result<std::result::Result<Profile, Unused>> {
        let nearest = self.recognized.iter().map(|found| found.name).max();
        let mut found = self.recognized;
        found.retain(|table| Some(table.name) == nearest);
        if found.iter().any(TableFits::has_rows) {
            found.retain(TableFits::has_rows);
        }
        if nearest == Some(NameMatch::Other)
            && !found.iter().any(TableFits::has_rows)
            && !self.unused.weak.is_empty()
        {
            self.unused.weak.extend(found.drain(..).flat_map(|table| table.fits));
        }
        let at = || database.to_owned();
        match found.as_slice() {
            [] => return Ok(Err(self.unused)),
            [_] => {}
            several => {
                let tables = several.iter().map(|found| found.table.clone()).collect();
                return Err(Error::AmbiguousTable { at: at(), found: describe(several), tables });
            }
        }
        let TableFits { table, mut fits, .. } = found.remove(0);
        if fits.len() > 1 {
            let one = |Fit { profile: Profile { name, title, about, .. }, .. }: &Fit| {
                format!("profile {name} is for {title} ({about})")
            };
            let found = fits.iter().map(one).collect::<Vec<_>>().join("; ");
            let profiles = fits.into_iter().map(|fit| fit.profile.name).collect();
            return Err(Error::AmbiguousProfile { at: at(), table, found, profiles });
        }
        let Fit { mut profile, clock, .. } = fits.remove(0);
        let is_twin =
            |hint: &&Fit| hint.profile.table == table && hint.profile.columns == profile.columns;
        let local = self.unused.hints.iter().find(is_twin);
        let local = local.filter(|hint| hint.sentences.is_empty()).map(|hint| &hint.profile);
        profile.doubt = clock
            .and_then(|(column, evidence)| detection_doubt(&profile, local, &column, evidence));
        Ok(Ok(profile))
    }
}

impl Unused {
    /// The profile of the one table of something else that expires, if nothing else fits or nearly
    /// fits. Tables without rows count only if all are.
    pub fn take_only_further(&mut self) -> Option<Profile> {
        if !self.weak.is_empty() || !self.mismatches.is_empty() {
            return None;
        }
        let has_rows = self.further.iter().any(|fit| fit.rows > 0);
        let mut counting =
            (0..self.further.len()).filter(|index| !has_rows || self.further[*index].rows > 0);
        let only = counting.next().filter(|_| counting.next().is_none())?;
        Some(self.further.swap_remove(only).profile)
    }

    /// Adds the one that is nearest to fitting, if it is more than a coincidence.
    fn add_mismatch(&mut self, mut misfits: Vec<Fit>, is_named: bool) {
        misfits.retain(|fit| {
            let is_likely = fit.name > NameMatch::Other || fit.is_distinctive();
            is_named || (fit.profile.holds_sessions() && is_likely)
        });
        let nearest = |fit: &Fit| (std::cmp::Reverse(fit.name), fit.unreadable);
        misfits.sort_by_key(nearest);
        self.mismatches.extend(misfits.into_iter().next());
    }
}

/// The profiles that fit a table best, and those whose values do not fit.
fn best(database: &impl Database, fits: Vec<Fit>) -> Result<(Vec<Fit>, Vec<Fit>)> {
    let fits = without_dominated(fits, Fit::is_within);
    let (mut fits, misfits): (Vec<_>, Vec<_>) =
        fits.into_iter().partition(|fit| fit.sentences.is_empty());
    let nearest = fits.iter().map(|fit| fit.name).max();
    fits.retain(|fit| Some(fit.name) == nearest);
    let mut fits = without_dominated(fits, Fit::explains_less);
    let fewest = fits.iter().map(|fit| fit.unreadable).min();
    fits.retain(|fit| Some(fit.unreadable) == fewest);
    if fits.len() > 1 && fits.iter().all(|fit| fit.rows == 0) {
        let mut contradicted = Vec::new();
        for fit in &fits {
            contradicted.push(fit.contradicts_types(database)?);
        }
        if contradicted.iter().any(|is_contradicted| !is_contradicted) {
            let mut contradicted = contradicted.into_iter();
            fits.retain(|_| contradicted.next() == Some(false));
        }
    }
    Ok((fits, misfits))
}

fn without_dominated(fits: Vec<Fit>, is_dominated: fn(&Fit, &Fit) -> bool) -> Vec<Fit> {
    let keeps: Vec<bool> =
        fits.iter().map(|fit| !fits.iter().any(|other| is_dominated(fit, other))).collect();
    fits.into_iter().zip(keeps).filter(|(_, keeps)| *keeps).map(|(fit, _)| fit).collect()
}

fn describe(tables: &[TableFits]) -> String {
    let names = |found: &TableFits| {
        let profiles: Vec<&str> = found.fits.iter().map(|fit| fit.profile.name.as_str()).collect();
        format!("{}: {}", found.table, profiles.join(" or "))
    };
    tables.iter().map(names).collect::<Vec<_>>().join(", ")
}
