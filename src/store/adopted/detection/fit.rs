//! A profile compared with a table: its columns, its name and its values.

use std::collections::BTreeSet;

use super::doubt::offset_evidence;
use crate::domain::error::{Error, Result};
use crate::domain::profile::table_name::is_copy;
use crate::domain::profile::{
    DecodedTime, Encoding, NameMatch, OffsetEvidence, Profile, Storage, TimeColumn, is_distinctive,
};
use crate::store::adopted::check::encoding_errors;
use crate::store::adopted::reader::TableReader;
use crate::store::adopted::sample::{SampleRow, Sampling};
use crate::store::adopted::table::{TableSchema, declared_types};
use crate::store::database::Database;

/// Table that has all columns of a profile.
pub(super) struct Fit {
    /// The profile, with the name of this table.
    pub profile: Profile,
    pub name: NameMatch,
    /// Number of sampled rows.
    pub rows: usize,
    /// Values that are times in the profile's encoding, and values that are not.
    readable: usize,
    pub unreadable: usize,
    /// Each id identifies one row, as far as the schema and the sample show.
    has_unique_ids: bool,
    /// Reasons why the values do not fit; empty: they do.
    pub sentences: Vec<String>,
    /// Columns of the table that the profile knows, in lower case.
    explained: BTreeSet<String>,
    pub clock: Option<(String, OffsetEvidence)>,
}

impl Fit {
    /// Compares a profile with a table of this name; `None`: the table lacks a column.
    pub fn of(database: &impl Database, mut profile: Profile, table: &str) -> Result<Option<Self>> {
        let schema = match usable(TableSchema::read(database, table))? {
            Ok(schema) => schema,
            Err(reason) => return Ok(Some(Self::unusable(profile, table, reason))),
        };
        if profile.difference(&schema.columns).is_some() {
            return Ok(None);
        }
        let name = NameMatch::of(table, &profile.table);
        profile.table.clone_from(&schema.name);
        let known = profile.columns.iter().chain(&profile.optional);
        let explained = known.filter(|column| schema.has(column));
        let explained = explained.map(|column| column.to_ascii_lowercase()).collect();
        let has_unique_columns = schema.are_unique(&profile.id);
        let reader = match usable(TableReader::new(database, profile.clone(), schema))? {
            Ok(reader) => reader,
            Err(reason) => return Ok(Some(Self::unusable(profile, table, reason))),
        };
        let sampling = Sampling::of(database, &reader)?;
        let sentences = encoding_errors(database, &reader, &sampling)?;
        let clock = if sentences.is_empty() && reader.profile.is_detected {
            offset_evidence(database, &reader)?
        } else {
            None
        };
        let mut ids = BTreeSet::new();
        let is_new = |row: &SampleRow| ids.insert(format!("{:?}", row.id));
        let has_unique_ids = has_unique_columns || sampling.rows.iter().all(is_new);
        let (readable, unreadable) = count_times(&reader.profile, &sampling);
        let TableReader { profile, .. } = reader;
        let rows = sampling.rows.len();
        Ok(Some(Self {
            profile,
            name,
            rows,
            readable,
            unreadable,
            has_unique_ids,
            sentences,
            explained,
            clock,
        }))
    }

    fn unusable(mut profile: Profile, table: &str, reason: String) -> Self {
        let name = NameMatch::of(table, &profile.table);
        table.clone_into(&mut profile.table);
        Self {
            profile,
            name,
            rows: 0,
            readable: 0,
            unreadable: 0,
            has_unique_ids: false,
            sentences: vec![reason],
            explained: BTreeSet::new(),
            clock: None,
        }
    }

    /// Reports whether the columns alone tell the table from unrelated ones.
    pub fn is_distinctive(&self) -> bool {
        self.profile.columns.iter().any(|column| is_distinctive(column))
    }

    /// Reports whether there is enough evidence that the table is the profile's, although it has
    /// another name:
    ///
    /// 1. The name is not that of a copy, such as `sessions_old`.
    /// 2. Each id identifies one row.
    /// 3. If there are rows, at least one value is a time in the profile's encoding.
    /// 4. If the name is not even [related](NameMatch::Related), all values are, and some column
    ///    [tells](is_distinctive) the table from unrelated ones.
    pub fn is_recognized(&self) -> bool {
        let has_times = self.rows == 0 || self.readable > 0;
        let is_certain = self.unreadable == 0 && self.is_distinctive();
        self.name == NameMatch::Exact
            || (!is_copy(&self.profile.table)
                && self.has_unique_ids
                && has_times
                && (self.name == NameMatch::Related || is_certain))
    }

    /// Reports whether the other profile requires all columns of this one, and more.
    pub fn is_within(&self, other: &Self) -> bool {
        let has = |column: &String| {
            other.profile.columns.iter().any(|known| known.eq_ignore_ascii_case(column))
        };
        other.profile.columns.len() > self.profile.columns.len()
            && self.profile.columns.iter().all(has)
    }

    /// Reports whether the other profile knows all columns of the table that this one knows, and
    /// more.
    pub fn explains_less(&self, other: &Self) -> bool {
        self.explained.len() < other.explained.len() && self.explained.is_subset(&other.explained)
    }

    /// Reports whether the declared type of a column is of another kind than the values that the
    /// profile expects in it.
    pub fn contradicts_types(&self, database: &impl Database) -> Result<bool> {
        let types = declared_types(database, &self.profile.table)?;
        let contradicts = |time: &TimeColumn| {
            let source = self.profile.inputs.get(time.input).filter(|it| it.path.is_none());
            let declared = source.and_then(|source| {
                types.iter().find(|(name, _)| name.eq_ignore_ascii_case(&source.column))
            });
            declared.is_some_and(|(_, declared)| match &time.declared {
                Some(expected) => !declared.eq_ignore_ascii_case(expected),
                None => contradicts(declared, &time.encoding),
            })
        };
        Ok(self.profile.times.iter().any(contradicts))
    }
}

/// The result, or the reason why a table is refused.
fn usable<T>(result: Result<T>) -> Result<std::result::Result<T, String>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Error::Refused(reason)) => Ok(Err(reason)),
        Err(error) => Err(error),
    }
}

/// Counts the values of all times that can be read and that cannot. NULL and values that stand for
/// something else than a time do not count.
fn count_times(profile: &Profile, sampling: &Sampling) -> (usize, usize) {
    let (mut readable, mut unreadable) = (0, 0);
    for row in &sampling.rows {
        let inputs = row.raw();
        if !profile.filter.iter().all(|condition| condition.holds(&inputs)) {
            continue;
        }
        for time in &profile.times {
            match time.read(&inputs) {
                DecodedTime::At(_) => readable += 1,
                DecodedTime::Unreadable => unreadable += 1,
                DecodedTime::Null | DecodedTime::Never | DecodedTime::Expired => {}
            }
        }
    }
    (readable, unreadable)
}

/// SQLite's rules for the affinity of a column, as far as they tell numbers from text.
fn contradicts(declared: &str, encoding: &Encoding) -> bool {
    let declared = declared.to_ascii_uppercase();
    let says = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    let is_text = says(&["CHAR", "CLOB", "TEXT", "DATE"]);
    let is_number = says(&["INT", "REAL", "FLOA", "DOUB"]);
    let classes = encoding.classes();
    let reads_text = classes.contains(&Storage::Text);
    let reads_numbers = classes.iter().any(|class| *class != Storage::Text);
    (is_text && !is_number && !reads_text) || (is_number && !is_text && !reads_numbers)
}
