//! Suspicious but permitted values of a table.

use std::collections::BTreeSet;

use super::check::applicable_rows;
use super::sample::{Row, Sampling, is_expired};
use crate::domain::profile::{DecodedTime, Expiry, RowStatus, SqlValue};
use crate::domain::time::UnixTime;
use crate::store::adopted::reader::TableReader;

/// The year 9999, the last that most programs can write.
const YEAR_9999: std::ops::Range<i64> = 253_370_764_800..253_402_300_800;

/// Describes suspicious values.
pub(in crate::store::adopted) fn warnings(
    reader: &TableReader,
    sampling: &Sampling,
    now: UnixTime,
) -> Vec<String> {
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
             means never, write never = [{}]",
            reader.display_value(time.input, value)
        )
    };
    found.map(sentence).collect()
}

/// Index of the sentinel that a value probably is.
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

/// Message for ids that are not unique.
fn duplicate_ids(reader: &TableReader, sampling: &Sampling) -> Option<String> {
    let is_session = |row: &&Row| row.judge(&reader.profile) != RowStatus::NoSession;
    let ids = sampling.rows.iter().filter(is_session).map(|row| format!("{:?}", row.id));
    let (mut sessions, mut known) = (0, BTreeSet::new());
    known.extend(ids.inspect(|_| sessions += 1));
    let id = &reader.profile.id;
    (known.len() < sessions).then(|| {
        format!(
            "{sessions} sampled sessions have {} different values of {id}: it is not unique",
            known.len()
        )
    })
}
