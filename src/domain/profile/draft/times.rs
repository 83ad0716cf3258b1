//! The times of a draft.

use super::candidate::TimeCandidate;
use super::clock;
use super::clock::{Clock, ClockEvidence};
use super::encodings::TimeValues;
use super::names;
use super::proposal::{DraftTime, DraftZone};
use super::role::Roles;
use crate::domain::format::format_count;
use crate::domain::profile::definition::ColumnSource;
use crate::domain::profile::encoding::Encoding;
use crate::domain::profile::rule::NullMeaning;
use crate::domain::time::UnixTime;

const MAX_SENTINELS: usize = 8;

/// Describes each candidate that has a role; the others are `None`.
pub(super) fn write(
    candidates: &[TimeCandidate],
    roles: &Roles,
    clock: &ClockEvidence,
    now: UnixTime,
) -> Vec<Option<DraftTime>> {
    let mut names: Vec<String> = Vec::new();
    let mut times = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        let Some((is_suggestion, meaning)) = meaning(index, roles) else {
            times.push(None);
            continue;
        };
        let name = unused_name(&candidate.source, &names);
        names.push(name.clone());
        let own = clock::of_numbers(candidate, now).filter(|_| is_shiftable(&candidate.values));
        let found = own.as_ref().or_else(|| candidate.values.is_zoneless.then_some(clock));
        let zone = match found.map(|found| &found.clock) {
            None => DraftZone::Given,
            Some(Clock::Utc) => DraftZone::Utc,
            Some(Clock::Ahead(_) | Clock::Unknown) => DraftZone::Parameter,
        };
        let mut evidence = vec![meaning];
        evidence.extend(contents(candidate));
        evidence.extend(found.map(|found| found.sentence.clone()));
        let values = &candidate.values;
        let never = values.sentinels.iter().take(MAX_SENTINELS).map(|(value, _)| value.clone());
        times.push(Some(DraftTime {
            name,
            source: candidate.source.clone(),
            encoding: values.encoding.clone(),
            zone,
            null: (values.nulls > 0).then_some(NullMeaning::Never),
            never: never.collect(),
            evidence,
            is_suggestion,
        }));
    }
    times
}

/// Numbers that some programs count by the local clock.
fn is_shiftable(values: &TimeValues) -> bool {
    matches!(values.encoding, Encoding::Ticks(_) | Encoding::Julian(_))
}

/// Flag for a time that is only proposed, and a sentence about its meaning.
fn meaning(index: usize, roles: &Roles) -> Option<(bool, String)> {
    let is = |role: &Option<(usize, String)>, what: &str| {
        let (_, reason) = role.as_ref().filter(|(known, _)| *known == index)?;
        Some((false, format!("{what}: {reason}")))
    };
    let other = roles.other_ends.iter().find(|(known, _)| *known == index);
    is(&roles.expires, "the end of the session")
        .or_else(|| is(&roles.used, "the last use"))
        .or_else(|| is(&roles.created, "the opening of the session"))
        .or_else(|| other.map(|(_, sentence)| (true, sentence.clone())))
}

/// Sentences about the values.
fn contents(candidate: &TimeCandidate) -> Vec<String> {
    let TimeCandidate { values, is_indexed, .. } = candidate;
    let all = values.moments.len();
    if all == 0 {
        return vec!["the table has no rows: check the encoding once it has some".to_owned()];
    }
    let mut sentences = Vec::new();
    let ends = values.oldest().zip(values.newest());
    let range = ends.map_or_else(String::new, |(oldest, newest)| {
        let read = if values.is_zoneless { ", read as UTC" } else { "" };
        format!(", from {} to {}{read}", oldest.second(), newest.second())
    });
    let index = if *is_indexed { "; it has an index" } else { "" };
    sentences.push(format!("{} a time{range}{index}", rows_have(values.readable, all)));
    if values.nulls > 0 {
        sentences.push(format!(
            "{} NULL, which is taken for never; if it means that the session is over, write null \
             = \"expired\"",
            rows_have(values.nulls, all)
        ));
    }
    if !values.sentinels.is_empty() {
        let rows: usize = values.sentinels.iter().map(|(_, count)| count).sum();
        sentences.push(format!(
            "{} a value that stands for no time; it is taken for never, which deletes nothing; if \
             it means that the session is over, move it to `over`",
            rows_have(rows, all)
        ));
    }
    let unknown = values.unreadable.saturating_sub(values.lengths);
    if unknown > 0 {
        sentences.push(format!(
            "{} another value, by which the row is kept as unreadable",
            rows_have(unknown, all)
        ));
    }
    sentences.extend(values.alternative.map(|other| {
        format!(
            "the pattern {other:?} would fit all values, too: compare some with the application"
        )
    }));
    sentences
}

fn rows_have(count: usize, all: usize) -> String {
    let have = if count == 1 { "has" } else { "have" };
    format!("{} of {} rows {have}", format_count(count as u64), format_count(all as u64))
}

/// Name of a column, or of the last step of a path, with a number if it is taken.
fn unused_name(source: &ColumnSource, taken: &[String]) -> String {
    let base = source.path.as_deref().map_or(source.column.as_str(), names::last_step);
    let is_free = |name: &String| !taken.iter().any(|known| known.eq_ignore_ascii_case(name));
    let numbered = (2..).map(|number| format!("{base}_{number}"));
    std::iter::once(base.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}
