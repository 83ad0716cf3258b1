//! Tables that no profile fits: which of them look like tables of sessions, and which profile is
//! the nearest.

use std::collections::BTreeMap;

use crate::domain::error::Result;
use crate::domain::profile::table_name::session_likeness;
use crate::domain::profile::{NameMatch, ProfileCatalog, ProfileOutline, is_distinctive};
use crate::store::adopted::table::{columns_of_tables, join_names};
use crate::store::database::Database;

#[derive(Debug, Default)]
pub(super) struct NearMiss {
    /// The table that looks most like one of sessions.
    pub table: Option<String>,
    /// Comparison with the nearest profile, if most columns are the same.
    pub comparison: Option<String>,
}

/// Finds the nearest of these tables.
pub(super) fn of(
    database: &impl Database,
    profiles: &(impl ProfileCatalog + ?Sized),
    outlines: &[ProfileOutline<'_>],
    names: &[String],
) -> Result<NearMiss> {
    let mut tables: BTreeMap<String, Vec<String>> = columns_of_tables(database)?;
    tables.retain(|name, _| names.contains(name));
    let likeness = |(name, columns): &(&String, &Vec<String>)| session_likeness(name, columns);
    let likeliest = tables.iter().max_by_key(likeness).filter(|found| likeness(found) > 0);
    let mut found = NearMiss { table: likeliest.map(|(name, _)| name.clone()), comparison: None };
    if let [only] = names {
        found.table = Some(only.clone());
    }
    let Some((table, columns, nearest)) = nearest(&tables, outlines) else { return Ok(found) };
    let profile = profiles.profile(nearest)?;
    let (missing, others) =
        (lacking(&outlines[nearest], columns), others(&outlines[nearest], columns));
    let also = if others.is_empty() {
        String::new()
    } else {
        format!("; its other columns are {}", join_names(&others))
    };
    let title = profile.title;
    found.comparison =
        Some(format!("{table} is most similar to {title}: it lacks {}{also}", missing.join(", ")));
    found.table = Some(table.clone());
    Ok(found)
}

/// Reports whether one of these tables may hold sessions, by its name and its columns.
pub(super) fn looks_like_sessions(database: &impl Database, names: &[String]) -> Result<bool> {
    let columns = columns_of_tables(database)?;
    let is_likely = |name: &String| {
        columns.get(name).is_some_and(|columns| session_likeness(name, columns) > 0)
    };
    Ok(names.iter().any(is_likely))
}

/// Table, its columns, and the index of the nearest profile.
type Near<'a> = (&'a String, &'a Vec<String>, usize);

/// Number of columns from which on two tables have something in common.
const MIN_SHARED: usize = 3;

/// The table and the profile that share most columns: at least two thirds of the profile's, among
/// them one that tells the table from unrelated ones.
fn nearest<'a>(
    tables: &'a BTreeMap<String, Vec<String>>,
    outlines: &[ProfileOutline<'_>],
) -> Option<Near<'a>> {
    let mut nearest: Option<((usize, NameMatch), Near<'a>)> = None;
    for (table, columns) in tables {
        for (index, outline) in outlines.iter().enumerate() {
            let missing = lacking(outline, columns).len();
            let (needed, name) = (outline.columns.len(), NameMatch::of(table, outline.table));
            let is_shared = |column: &&str| has(columns, column) && is_distinctive(column);
            let is_likely = outline.columns.iter().any(is_shared);
            if missing == 0 || missing * 3 > needed || needed - missing < MIN_SHARED || !is_likely {
                continue;
            }
            let rank = (needed - missing, name);
            if nearest.as_ref().is_none_or(|(best, _)| rank > *best) {
                nearest = Some((rank, (table, columns, index)));
            }
        }
    }
    nearest.map(|(_, near)| near)
}

fn has(columns: &[String], wanted: &str) -> bool {
    columns.iter().any(|column| column.eq_ignore_ascii_case(wanted))
}

fn lacking<'a>(outline: &'a ProfileOutline<'_>, columns: &[String]) -> Vec<&'a str> {
    outline.columns.iter().copied().filter(|column| !has(columns, column)).collect()
}

fn others<'a>(outline: &ProfileOutline<'_>, columns: &'a [String]) -> Vec<&'a String> {
    let is_known =
        |column: &&String| outline.columns.iter().any(|known| known.eq_ignore_ascii_case(column));
    columns.iter().filter(|column| !is_known(column)).collect()
}
