//! Profile check of a database, for authors of profiles.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{applicable_rows, column_mismatch, delete_blockers, encoding_errors};
use super::delete::DeleteStatements;
use super::detection;
use super::expiry_index::ExpiryIndex;
use super::open::open_file;
use super::reader::TableReader;
use super::referencing_tables::ReferencingTables;
use super::sample::{SampleRow, Sampling, is_expired};
use super::table::{TableSchema, query_plan};
use crate::domain::error::{Error, Result};
use crate::domain::profile::{ColumnMismatch, DecodedTime, Expiry, Profile, RowStatus, SqlValue};
use crate::domain::time::UnixTime;
use crate::store::database::Database;
use crate::store::database::rqlite::Rqlite;
use crate::store::database::sqlite::Access;
use crate::store::location::Location;
use crate::store::statement::{Parameters, Statement};

const MAX_SAMPLES: usize = 8;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diagnosis {
    pub difference: Option<ColumnMismatch>,
    pub rows: u64,
    pub classes: Vec<ClassCount>,
    /// Sessions in an evenly spaced sample: of about 800 rows, or of all if less than 1,000.
    pub sampled: u64,
    /// Expired sessions among them.
    pub sampled_over: u64,
    /// Example rows from the whole table, in order of expiry.
    pub samples: Vec<Sample>,
    /// SQLite's query plans: a purpose, and the steps of the plan.
    pub plans: Vec<(String, Vec<String>)>,
    /// Tables that refer to it, and what becomes of their rows, in sentences.
    pub dependents: Vec<String>,
    pub refusals: Vec<String>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassCount {
    /// The column, with the path in it if there is one.
    pub input: String,
    /// The class, in the words of SQLite's `typeof`.
    pub class: String,
    pub rows: u64,
    /// Unreadable values among them; 0 if the input is not a time.
    pub unreadable: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub handle: String,
    pub user: Option<String>,
    /// Times of the row: input name, stored value, and interpretation.
    pub times: Vec<(String, String, Option<UnixTime>)>,
    /// Expiry; `None` if the row is not a session.
    pub expiry: Option<Expiry>,
}

/// Changes nothing. For a table with other columns, only the difference is reported.
pub fn diagnose(at: impl Into<Location>, profile: &Profile, now: UnixTime) -> Result<Diagnosis> {
    match at.into() {
        Location::File(path) => diagnose_in(&open_file(&path, Access::Read)?, profile, now),
        Location::Cluster(cluster) => {
            diagnose_in(&Rqlite::new(&cluster, Access::Read), profile, now)
        }
    }
}

fn diagnose_in(database: &impl Database, profile: &Profile, now: UnixTime) -> Result<Diagnosis> {
    let mut found = Diagnosis::default();
    let table = match TableSchema::read(database, &profile.table) {
        Err(Error::Refused(reason)) => {
            found.refusals.push(reason);
            return Ok(found);
        }
        table => table?,
    };
    if let Some(difference) = profile.difference(&table.columns) {
        found.refusals.push(column_mismatch(profile, &table, &difference));
        found.difference = Some(difference);
        return Ok(found);
    }
    let reader = match TableReader::new(database, profile.clone(), table) {
        Err(Error::Refused(reason)) => {
            found.refusals.push(reason);
            return Ok(found);
        }
        reader => reader?,
    };
    let sampling = Sampling::of(database, &reader)?;
    found.rows = reader.count(database)?;
    found.classes = classes(&reader, &sampling);
    found.count_over(&reader, &sampling, now);
    found.samples = samples(database, &reader, &sampling, now)?;
    found.plans = query_plans(database, &reader, now)?;
    found.judge(database, &reader, &sampling, now)?;
    Ok(found)
}

impl Diagnosis {
    /// Excludes the two ends of the table, which hold the oldest and the newest rows.
    fn count_over(&mut self, reader: &TableReader, sampling: &Sampling, now: UnixTime) {
        for row in sampling.rows.iter().filter(|row| row.is_evenly_spaced) {
            let status = row.judge(&reader.profile);
            self.sampled += u64::from(status != RowStatus::NoSession);
            self.sampled_over += u64::from(is_expired(status, now));
        }
    }

    fn judge(
        &mut self,
        database: &impl Database,
        reader: &TableReader,
        sampling: &Sampling,
        now: UnixTime,
    ) -> Result<()> {
        let references = ReferencingTables::of(database, reader)?;
        let deletion = DeleteStatements::if_unchanged(reader, &references);
        self.refusals = delete_blockers(database, reader, &references, &deletion.changes())?;
        self.refusals.extend(encoding_errors(database, reader, sampling)?);
        self.dependents = references.descriptions;
        self.warnings = references.unindexed.iter().map(ToString::to_string).collect();
        self.warnings.extend(warnings(reader, sampling, now));
        let clock = detection::offset_evidence(database, reader)?;
        self.warnings.extend(clock.and_then(|(column, found)| {
            detection::contradiction(&reader.table.name, &column, found)
        }));
        if !reader.profile.is_detected {
            let Profile { name, about, .. } = &reader.profile;
            self.warnings.push(format!(
                "profile {name} is never selected automatically, because another profile fits the \
                 same tables: make sure that this is {about}"
            ));
        }
        Ok(())
    }
}

fn classes(reader: &TableReader, sampling: &Sampling) -> Vec<ClassCount> {
    let mut classes = Vec::new();
    for input in 0..reader.profile.inputs.len() {
        let time = reader.profile.times.iter().find(|time| time.input == input);
        let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for row in &sampling.rows {
            let is_bad = time.is_some_and(|time| time.read(&row.raw()) == DecodedTime::Unreadable);
            let count = counts.entry(row.inputs[input].raw().class()).or_default();
            count.0 += 1;
            count.1 += u64::from(is_bad);
        }
        classes.extend(counts.into_iter().map(|(class, (rows, unreadable))| ClassCount {
            input: reader.input_name(input),
            class: class.to_owned(),
            rows,
            unreadable,
        }));
    }
    classes
}

/// Selects example rows in order of expiry, including those around the present time.
fn samples(
    database: &impl Database,
    reader: &TableReader,
    sampling: &Sampling,
    now: UnixTime,
) -> Result<Vec<Sample>> {
    let mut rows: Vec<(&SampleRow, RowStatus)> =
        sampling.rows.iter().map(|row| (row, row.judge(&reader.profile))).collect();
    rows.sort_by_key(|(_, status)| expiry_order(*status));
    let over = rows.iter().filter(|(_, status)| is_expired(*status, now)).count();
    let last = rows.len().saturating_sub(1);
    let evenly_spaced = (0..MAX_SAMPLES - 2).map(|part| last * part / (MAX_SAMPLES - 3));
    let mut indexes: Vec<usize> =
        evenly_spaced.chain([over.saturating_sub(1), over.min(last)]).collect();
    indexes.sort_unstable();
    indexes.dedup();
    let rows: Vec<(&SampleRow, RowStatus)> =
        indexes.iter().filter_map(|at| rows.get(*at)).copied().collect();
    let mut users = Vec::new();
    let mut sql = reader.select(&reader.session_columns());
    sql.push(&format!(" WHERE {}", reader.key.is_bound()));
    let mut keys = rows.iter().map(|(row, _)| Parameters::Key(&row.key));
    database.query_each(&sql, &mut keys, &mut |row| {
        users.push(row.and_then(|row| reader.session(row)).and_then(|session| session.user));
    })?;
    let rows = rows.into_iter().zip(users);
    Ok(rows.map(|((row, status), user)| sample(reader, row, status, user)).collect())
}

fn sample(
    reader: &TableReader,
    row: &SampleRow,
    status: RowStatus,
    user: Option<String>,
) -> Sample {
    let inputs = row.raw();
    let times = reader.profile.times.iter().enumerate().map(|(index, time)| {
        let shown = |value| reader.display_value(time.input, value);
        let value = row.inputs.get(time.input).map_or_else(String::new, shown);
        (reader.input_name(time.input), value, reader.profile.time(Some(index), &inputs))
    });
    Sample {
        handle: row.id_digest().handle(),
        user,
        times: times.collect(),
        expiry: match status {
            RowStatus::Session(expiry) => Some(expiry),
            RowStatus::NoSession => None,
        },
    }
}

/// By expiry; then sessions that never expire, unreadable ones, and rows that are none.
fn expiry_order(status: RowStatus) -> (u8, i128) {
    match status {
        RowStatus::Session(Expiry::Expired) => (0, 0),
        RowStatus::Session(Expiry::At { moment, .. }) => (1, moment.0),
        RowStatus::Session(Expiry::Never) => (2, 0),
        RowStatus::Session(Expiry::Unknown) => (3, 0),
        RowStatus::NoSession => (4, 0),
    }
}

fn query_plans(
    database: &impl Database,
    reader: &TableReader,
    now: UnixTime,
) -> Result<Vec<(String, Vec<String>)>> {
    let mut walk = reader.select(&reader.snapshot_columns());
    reader.order_by_key(&mut walk, None, false);
    let index = ExpiryIndex::of(database, reader).and_then(|index| index.select_due(reader, now));
    let due = index.unwrap_or_else(|| Statement::clone(&walk));
    Ok(vec![
        ("find due rows if they are few".to_owned(), query_plan(database, &due)?),
        ("scan the table".to_owned(), query_plan(database, &walk)?),
    ])
}

/// The year 9999, the last that most programs can write.
const YEAR_9999: std::ops::Range<i64> = 253_370_764_800..253_402_300_800;

fn warnings(reader: &TableReader, sampling: &Sampling, now: UnixTime) -> Vec<String> {
    let status: Vec<RowStatus> =
        sampling.rows.iter().map(|row| row.judge(&reader.profile)).collect();
    let sessions = status.iter().filter(|status| **status != RowStatus::NoSession).count();
    let over = status.iter().filter(|status| is_expired(**status, now)).count();
    let unknown = status.iter().filter(|status| **status == RowStatus::Session(Expiry::Unknown));
    let unknown = unknown.count();
    let mut warnings: Vec<String> = duplicate_ids(reader, sampling).into_iter().collect();
    if sessions > 1 && over == sessions {
        let times = reader.profile.times.iter().map(|time| reader.input_name(time.input));
        let times: Vec<String> = times.collect();
        warnings.push(format!(
            "all {sessions} sampled sessions have expired: is {} the time of the last use \
             rather than of the end, or in another time zone?",
            times.join(", ")
        ));
    }
    if unknown > 0 {
        warnings.push(format!(
            "{unknown} of {sessions} sampled sessions cannot be evaluated, and would be kept: \
             their times are not in the profile's format"
        ));
    }
    for index in 0..reader.profile.times.len() {
        warnings.extend(sentinel_warnings(reader, sampling, index));
    }
    warnings
}

/// Times that rather mean that there is none, in sentences: one for each kind.
fn sentinel_warnings(reader: &TableReader, sampling: &Sampling, index: usize) -> Vec<String> {
    let time = &reader.profile.times[index];
    let (mut sampled, mut kinds) = (0_u64, [(0_u64, None); 3]);
    for row in applicable_rows(reader, sampling, index) {
        let value = &row.inputs[time.input];
        sampled += u64::from(*value != SqlValue::Null);
        if let Some((count, example)) =
            sentinel_kind(value, time.read(&row.raw())).map(|at| &mut kinds[at])
        {
            *count += 1;
            *example = example.or(Some(value));
        }
    }
    let says = ["0", "the largest integer", "in the year 9999"];
    let found = says.into_iter().zip(kinds);
    let found = found.filter_map(|(says, (count, value))| Some((says, count, value?)));
    let name = reader.input_name(time.input);
    let sentence = |(says, count, value)| {
        let are = if count == 1 { "is" } else { "are" };
        format!(
            "{count} of {sampled} sampled values of {name} {are} {says}: if that \
             means never, use never = [{}]",
            reader.display_value(time.input, value)
        )
    };
    found.map(sentence).collect()
}

fn sentinel_kind(value: &SqlValue, reading: DecodedTime) -> Option<usize> {
    match (value, reading) {
        (_, DecodedTime::Never | DecodedTime::Expired | DecodedTime::Null) => None,
        (SqlValue::Integer(0), _) => Some(0),
        (SqlValue::Real(number), _) if number.abs() < f64::EPSILON => Some(0),
        (SqlValue::Integer(i64::MAX), _) => Some(1),
        (_, DecodedTime::At(moment)) if YEAR_9999.contains(&moment.second().0) => Some(2),
        _ => None,
    }
}

fn duplicate_ids(reader: &TableReader, sampling: &Sampling) -> Option<String> {
    let is_session = |row: &&SampleRow| row.judge(&reader.profile) != RowStatus::NoSession;
    let ids = sampling.rows.iter().filter(is_session).map(|row| format!("{:?}", row.id));
    let (mut sessions, mut known) = (0, BTreeSet::new());
    known.extend(ids.inspect(|_| sessions += 1));
    (known.len() < sessions).then(|| {
        let (id, pronoun) = match &reader.profile.id[..] {
            [id] => (id.clone(), "it is"),
            id => (format!("({})", id.join(", ")), "they are"),
        };
        let known = known.len();
        format!(
            "{sessions} sampled sessions have {known} different values of {id}: {pronoun} not unique"
        )
    })
}
