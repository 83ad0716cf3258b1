//! The refusal of a database without a table that can be used as it is.

use super::fit::Fit;
use super::near_miss::NearMiss;
use super::selection::Unused;
use crate::domain::error::{Error, ForeignContent, NextStep, Result, TableProfile};
use crate::domain::profile::{NameMatch, Profile};
use crate::store::adopted::table::join_names;
use crate::store::migrations;

/// Says what was found, and what leads on. `near` looks for a table that no profile fits.
pub(super) fn refuse(
    database: &str,
    unused: Unused,
    names: &[String],
    near: impl Fn(&[String]) -> Result<NearMiss>,
) -> Result<Error> {
    if names.is_empty() {
        return Ok(migrations::without_tables(database));
    }
    let (sentences, next) = if unused.mismatches.is_empty() {
        unrecognized(unused, names, near)?
    } else {
        let next = NextStep::Check(named(&unused.mismatches[0]));
        // The table is known, and only its values are not.
        let sentences = unused.mismatches.into_iter().flat_map(|fit| fit.sentences);
        (sentences.chain(unused.hints.iter().filter_map(hint)).collect(), next)
    };
    let (at, found) = (database.to_owned(), sentences.join("; "));
    Ok(Error::ForeignDatabase { at, found, content: ForeignContent::Tables(next) })
}

fn unrecognized(
    unused: Unused,
    names: &[String],
    near: impl Fn(&[String]) -> Result<NearMiss>,
) -> Result<(Vec<String>, NextStep)> {
    let (tables, which) = match names {
        [_] => ("the table", "which is not"),
        _ => ("the tables", "none of which is"),
    };
    let mut sentences = vec![format!(
        "it contains {tables} {}, {which} a session table that sessctl recognizes",
        join_names(names)
    )];
    let Unused { mut hints, weak, further, .. } = unused;
    hints.retain(|fit| fit.sentences.is_empty());
    let choices: Vec<&Fit> = if hints.is_empty() && weak.is_empty() {
        further.iter().collect()
    } else {
        hints.iter().chain(&weak).collect()
    };
    sentences.extend(hints.iter().filter_map(hint));
    sentences.extend(weak.iter().map(columns_only));
    sentences.extend(further.iter().map(other_rows));
    let only_further = hints.is_empty() && weak.is_empty();
    let near = if only_further { near(names)? } else { NearMiss::default() };
    let is_further =
        |table: &String| further.iter().any(|fit| fit.profile.table.eq_ignore_ascii_case(table));
    let suspect = near.table.filter(|table| !is_further(table));
    if choices.is_empty() || suspect.is_some() {
        match (near.comparison, &suspect) {
            (Some(comparison), _) => sentences.push(comparison),
            (None, Some(table)) if names.len() > 1 => {
                sentences.push(format!("{table} looks most like one"));
            }
            _ => {}
        }
        return Ok((sentences, NextStep::Draft(suspect)));
    }
    let next = NextStep::Choose(choices.into_iter().map(named).collect());
    Ok((sentences, next))
}

fn named(fit: &Fit) -> TableProfile {
    let Profile { name, table, is_detected, .. } = &fit.profile;
    TableProfile {
        table: table.clone(),
        profile: name.clone(),
        finds_table: fit.name == NameMatch::Exact,
        is_detected: *is_detected,
    }
}

fn hint(fit: &Fit) -> Option<String> {
    let Profile { table, title, about, .. } = &fit.profile;
    fit.sentences.is_empty().then(|| format!("{table} may be {title} ({about})"))
}

fn columns_only(fit: &Fit) -> String {
    let Profile { table, title, about, .. } = &fit.profile;
    format!("{table} has the columns of {title} ({about}), but another name")
}

fn other_rows(fit: &Fit) -> String {
    let Profile { table, title, holds, .. } = &fit.profile;
    format!("{table} holds {holds} of {title}")
}
