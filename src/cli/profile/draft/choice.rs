//! Choice of the table for which a profile is drafted.

use std::fmt::Write as _;

use crate::Error;
use crate::cli::exit::Usage;
use crate::domain::profile::draft;
use crate::domain::profile::draft::{Draft, TableRank};
use crate::domain::time::UnixTime;
use crate::store::{Location, adopted};

/// Number of tables whose values are compared.
const MAX_COMPARED: usize = 8;
/// Points without which a table is not considered, unless it is the only one.
const MIN_POINTS: i32 = 3;
/// Points by which a table must exceed all others.
const MIN_LEAD: i32 = 2;
const MAX_NAMES: usize = 12;

/// Advice on a table without a time.
pub(super) const BY_HAND: &str = "a profile written by hand can read JSON in a BLOB by `path`, but neither base64 \
                       nor another binary form (docs/profiles.md, \"From an unknown table to a tested \
                       profile\")";

/// Drafts a profile for the table that looks most like one of sessions. Returns the reason, too,
/// as a sentence.
///
/// # Errors
/// If no table looks like it, or several do, or none of those has a time.
pub(super) fn choose(db: &Location, now: UnixTime) -> anyhow::Result<(Draft, String)> {
    let tables: Vec<(String, Vec<String>)> =
        adopted::table_overview(db)?.into_iter().map(|table| (table.name, table.columns)).collect();
    let names: Vec<String> = tables.iter().map(|(name, _)| name.clone()).collect();
    let mut likely: Vec<(TableRank, &String)> = tables
        .iter()
        .map(|(name, columns)| (draft::rank_by_schema(name, columns), name))
        .filter(|(rank, _)| rank.points >= MIN_POINTS || tables.len() == 1)
        .collect();
    likely.sort_by_key(|(rank, _)| -rank.points);
    let mut drafts: Vec<(TableRank, Draft)> = Vec::new();
    let mut accounts = String::new();
    for (_, table) in likely.iter().take(MAX_COMPARED) {
        match draft::draft(&adopted::observe(db, table)?, now) {
            Ok(Draft { accounts: Some(reason), .. }) => {
                let _ = write!(accounts, "; the rows of {table} look like accounts: {reason}");
            }
            Ok(draft) => drafts.push((draft::rank(table, &draft), draft)),
            Err(_) => {}
        }
    }
    if drafts.is_empty() {
        let likely: Vec<String> = likely.into_iter().map(|(_, name)| name.clone()).collect();
        return Err(none_fits(db, &names, &likely, &accounts));
    }
    drafts.sort_by_key(|(rank, _)| -rank.points);
    let (best, found) = drafts.remove(0);
    match drafts.first() {
        Some((second, _)) if best.points < second.points + MIN_LEAD => {
            let others = drafts.into_iter().map(|(_, draft)| draft.table);
            let likely: Vec<String> = std::iter::once(found.table).chain(others).collect();
            Err(Usage::error(format!(
                "cannot tell which table in \"{db}\" holds the sessions: {} look alike; pass --table \
                 with one of its tables: {}",
                likely.join(" and "),
                join(&names)
            )))
        }
        _ => {
            let reason = reason(&found.table, &best, &names);
            Ok((found, format!("{reason}{accounts}")))
        }
    }
}

/// Error if no table can be chosen; `accounts` says which ones look like accounts.
fn none_fits(db: &Location, names: &[String], likely: &[String], accounts: &str) -> anyhow::Error {
    if names.is_empty() {
        return Error::Refused(format!("\"{db}\" has no tables")).into();
    }
    if likely.is_empty() || !accounts.is_empty() {
        return Usage::error(format!(
            "no table in \"{db}\" looks like one of sessions{accounts}; pass --table with one of its \
             tables: {}",
            join(names)
        ));
    }
    let others: Vec<String> = names.iter().filter(|name| !likely.contains(name)).cloned().collect();
    let advice = if others.is_empty() {
        String::new()
    } else {
        format!("; to draft a profile for another table, pass --table: {}", join(&others))
    };
    Error::Refused(format!(
        "{} has no column whose values can be a time of a session: its end, its last use or its \
         opening{advice}; {BY_HAND}",
        likely.join(" or ")
    ))
    .into()
}

fn reason(table: &str, rank: &TableRank, names: &[String]) -> String {
    let columns = match &rank.columns[..] {
        [] => String::new(),
        [only] => format!("its column {only}"),
        several => format!("its columns {}", join(several)),
    };
    let by = match (rank.is_named, columns.is_empty()) {
        (true, true) => "by its name".to_owned(),
        (true, false) => format!("by its name and {columns}"),
        (false, true) => "as the only one".to_owned(),
        (false, false) => format!("by {columns}"),
    };
    let others: Vec<String> = names.iter().filter(|name| *name != table).cloned().collect();
    let others = if others.is_empty() {
        String::new()
    } else {
        format!("; for another table, pass --table: {}", join(&others))
    };
    format!("{table} looks most like a table of sessions, {by}{others}")
}

pub(super) fn join(names: &[String]) -> String {
    let more = names.len().saturating_sub(MAX_NAMES);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names[..names.len() - more].join(", "))
}
