//! Checks that a table matches its profile, before anything is deleted.

use std::collections::BTreeMap;

use super::reader::TableReader;
use super::referencing_tables::ReferencingTables;
use super::sample::{SampleRow, Sampling};
use super::table::TableSchema;
use crate::domain::error::{Error, Result};
use crate::domain::format::format_count;
use crate::domain::profile::{
    ColumnMismatch, ColumnSource, DecodedTime, NullMeaning, Profile, Rule, RuleKind, SqlValue,
    TimeColumn,
};
use crate::store::database::Database;
use crate::store::statement::{Parameters, Statement, literal, quoted};
use crate::store::trigger_effects::trigger_effects;

const MAX_EXAMPLES: usize = 2;

pub(super) fn describe_mismatch(difference: &ColumnMismatch) -> String {
    let ColumnMismatch { missing, unexpected } = difference;
    match (missing.is_empty(), unexpected.is_empty()) {
        (false, false) => {
            format!(
                "it lacks {}; it has unexpected columns {}",
                missing.join(", "),
                unexpected.join(", ")
            )
        }
        (false, true) => format!("it lacks {}", missing.join(", ")),
        (true, _) => format!("it has unexpected columns {}", unexpected.join(", ")),
    }
}

pub(super) fn column_mismatch(
    profile: &Profile,
    table: &TableSchema,
    difference: &ColumnMismatch,
) -> String {
    let (title, name) = (&profile.title, &profile.name);
    format!(
        "{} is not a table of {title}: {} (profile {name})",
        table.name,
        describe_mismatch(difference)
    )
}

/// Reasons why nothing may be deleted from a table, except the encodings of its values.
pub(super) fn delete_blockers(
    database: &impl Database,
    reader: &TableReader,
    references: &ReferencingTables,
    deletions: &[Statement],
) -> Result<Vec<String>> {
    let TableReader { profile, table, .. } = reader;
    let reasons = profile.readonly_reason().into_iter().chain(profile.missing_parameters());
    let mut reasons: Vec<String> = reasons.collect();
    reasons.extend(references.refusals.iter().cloned());
    if reasons.is_empty() {
        // SQLite compiles foreign keys, triggers and everything that depends on them.
        for deletion in deletions {
            let mut explained = explained_of(deletion, reader);
            explained.sql.insert_str(0, "EXPLAIN ");
            let tried = database.query_first(&explained, |_| ());
            let table = &table.name;
            match tried {
                Err(Error::Failed { source, .. }) => {
                    reasons.push(format!("SQLite refuses to delete rows of {table}: {source}"));
                }
                Err(Error::Refused(why)) => reasons.push(why),
                tried => {
                    tried?;
                    let trigger_effects =
                        trigger_effects(database, &explained_of(deletion, reader), table)?;
                    let deleting = trigger_effects.iter().filter(|(_, effect)| effect.deletes);
                    reasons.extend(deleting.map(|(trigger, _)| deletes_others(trigger, table)));
                }
            }
        }
    }
    Ok(reasons)
}

/// A deletion with a value for each of its parameters.
fn explained_of(deletion: &Statement, reader: &TableReader) -> Statement {
    let mut deletion = deletion.clone();
    deletion.values.resize(reader.snapshot_width(), SqlValue::Null);
    deletion
}

fn deletes_others(trigger: &str, table: &str) -> String {
    let what = if trigger.is_empty() { "a foreign key" } else { "the trigger " };
    format!(
        "{what}{trigger} deletes other rows of {table} when a session is deleted, even if they \
         have not expired; drop or change it before you purge"
    )
}

#[derive(Debug, Default)]
struct TimeValues {
    good: u64,
    /// Number of unreadable values by storage class.
    bad: BTreeMap<&'static str, u64>,
    examples: Vec<String>,
}

/// Reasons why the values of a sample do not match the profile.
///
/// 1. More than half of the values of a time that some rule needs are unreadable. NULL does
///    not count, and a value that means never counts as a time.
/// 2. A session without the time would count as expired, and the path matches no row: it is
///    most likely misspelled.
///
/// Only rows to which the rule applies are counted.
pub(super) fn encoding_errors(
    database: &impl Database,
    reader: &TableReader,
    sample: &Sampling,
) -> Result<Vec<String>> {
    let mut errors = Vec::new();
    for index in 0..reader.profile.times.len() {
        let time = &reader.profile.times[index];
        let rows: Vec<&SampleRow> = applicable_rows(reader, sample, index).collect();
        errors.extend(unreadable_times(reader, time, &rows));
        errors.extend(path_never_matches(database, reader, time, &rows)?);
    }
    Ok(errors)
}

/// The rows of a sample to which some rule by this time applies.
pub(super) fn applicable_rows<'a>(
    reader: &'a TableReader,
    sample: &'a Sampling,
    time: usize,
) -> impl Iterator<Item = &'a SampleRow> {
    let Profile { filter, rules, .. } = &reader.profile;
    sample.rows.iter().filter(move |row| {
        let inputs = row.raw();
        let applies = |rule: &Rule| uses_time(&rule.kind, time) && rule.may_apply(&inputs);
        let is_session = filter.iter().all(|condition| condition.holds(&inputs));
        is_session && rules.iter().any(applies)
    })
}

fn uses_time(kind: &RuleKind, time: usize) -> bool {
    matches!(kind, RuleKind::At(by) | RuleKind::After(by, _) if *by == time)
}

fn unreadable_times(
    reader: &TableReader,
    time: &TimeColumn,
    rows: &[&SampleRow],
) -> Option<String> {
    let values = TimeValues::of(reader, time, rows);
    let bad: u64 = values.bad.values().sum();
    if bad <= values.good {
        return None;
    }
    let (name, table) = (reader.input_name(time.input), &reader.table.name);
    let classes = values.bad.iter().map(|(class, rows)| format!("{} {class}", format_count(*rows)));
    let classes: Vec<String> = classes.collect();
    let profile = &reader.profile.name;
    Some(format!(
        "{} of {} values of {name} in {table} are not times in the format of profile {profile}: {}, such \
         as {}",
        format_count(bad),
        format_count(bad + values.good),
        classes.join(", "),
        values.examples.join(" and ")
    ))
}

impl TimeValues {
    fn of(reader: &TableReader, time: &TimeColumn, rows: &[&SampleRow]) -> Self {
        let mut values = Self::default();
        for row in rows {
            match time.read(&row.raw()) {
                DecodedTime::Null => {}
                DecodedTime::At(_) | DecodedTime::Never | DecodedTime::Expired => values.good += 1,
                DecodedTime::Unreadable => {
                    let value = &row.inputs[time.input];
                    values.add_unreadable(value, reader.display_value(time.input, value));
                }
            }
        }
        values
    }

    fn add_unreadable(&mut self, value: &SqlValue, example: String) {
        *self.bad.entry(value.raw().class()).or_default() += 1;
        if self.examples.len() < MAX_EXAMPLES && !self.examples.contains(&example) {
            self.examples.push(example);
        }
    }
}

/// Only if a session without the time would count as expired.
fn path_never_matches(
    database: &impl Database,
    reader: &TableReader,
    time: &TimeColumn,
    rows: &[&SampleRow],
) -> Result<Option<String>> {
    let source = reader.profile.inputs.get(time.input);
    let Some(ColumnSource { column, path: Some(path) }) = source else {
        return Ok(None);
    };
    let is_found = |row: &&SampleRow| {
        // A blob stands for a text that is not JSON.
        !matches!(row.inputs.get(time.input), None | Some(SqlValue::Null | SqlValue::Blob(_)))
    };
    let is_there = reader.table.has(column);
    if time.null != Some(NullMeaning::Expired) || !is_there || rows.iter().any(is_found) {
        return Ok(None);
    }
    let (value, path_literal) = (quoted(column), literal(path));
    let mut sql = reader.select(&format!(
        "CASE WHEN json_valid({value}) THEN json_type({value}, {path_literal}) IS NOT NULL END"
    ));
    sql.push(&format!(" WHERE {}", reader.key.is_bound()));
    let (mut json_texts, mut found) = (0_u64, 0_u64);
    let mut keys = rows.iter().map(|row| Parameters::Key(&row.key));
    database.query_each(&sql, &mut keys, &mut |row| {
        let is_there = row.and_then(|row| row.integer(0));
        json_texts += u64::from(is_there.is_some());
        found += u64::from(is_there == Some(1));
    })?;
    let (table, profile) = (&reader.table.name, &reader.profile.name);
    Ok((json_texts > 0 && found == 0).then(|| {
        format!(
            "no row of {table} has a value at {path} in {column}, and profile {profile} treats \
             sessions without it as expired: check the path"
        )
    }))
}
