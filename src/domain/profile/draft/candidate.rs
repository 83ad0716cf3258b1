//! Columns, and paths in JSON, that may hold a time of the session.

use super::encodings::TimeValues;
use super::names;
use super::names::{TimeHint, time_hint};
use super::observation::{ObservedColumn, ObservedTable, ObservedValues, label};
use crate::domain::profile::definition::ColumnSource;
use crate::domain::profile::encoding::Encoding;
use crate::domain::profile::timestamp::Timestamp;
use crate::domain::time::UnixTime;

#[derive(Debug, Clone)]
pub(super) struct TimeCandidate {
    pub(super) source: ColumnSource,
    pub(super) hint: Option<TimeHint>,
    pub(super) values: TimeValues,
    pub(super) is_indexed: bool,
    /// Column with the time of day, if the values are only dates.
    pub(super) time_of_day: Option<String>,
}

impl TimeCandidate {
    pub(super) fn label(&self) -> String {
        label(&self.source)
    }

    /// Reports whether the values have no time of day.
    pub(super) fn is_date(&self) -> bool {
        is_date(&self.values.encoding)
    }

    /// Number of rows in which this time and another are both known, and of those in which
    /// this one is at least `lead` after the other.
    pub(super) fn order(&self, other: &Self, lead: i128) -> (usize, usize) {
        let pairs = self.values.moments.iter().zip(&other.values.moments);
        let pairs: Vec<(Timestamp, Timestamp)> =
            pairs.filter_map(|(own, other)| Some(((*own)?, (*other)?))).collect();
        let after = pairs.iter().filter(|(own, other)| own.0 - other.0 >= lead).count();
        (pairs.len(), after)
    }
}

/// Finds the candidates of a table. A column that alone identifies a row, or refers to another
/// table, holds no time.
pub(super) fn find(table: &ObservedTable, now: UnixTime) -> Vec<TimeCandidate> {
    let is_key = |source: &ColumnSource| {
        source.path.is_none()
            && (table.is_unique(&source.column) || table.reference(&source.column).is_some())
    };
    let candidate = |observed: &ObservedValues| {
        let hint = time_hint(&observed.source);
        if hint == Some(TimeHint::Other) || (hint.is_none() && is_key(&observed.source)) {
            return None;
        }
        let values = if table.rows == 0 {
            let declared = declared(table, &observed.source);
            TimeValues::unseen(hint.map(|_| declared)?)
        } else {
            let values = TimeValues::of(observed, hint.is_some(), now)?;
            let is_end = hint == Some(TimeHint::Expires);
            Some(values).filter(|values| !values.is_decades_away(is_end, now))?
        };
        let is_it = |column: &&ObservedColumn| column.name == observed.source.column;
        let is_indexed = observed.source.path.is_none()
            && table.columns.iter().find(is_it).is_some_and(|column| column.is_indexed);
        let source = observed.source.clone();
        Some(TimeCandidate { source, hint, values, is_indexed, time_of_day: None })
    };
    let mut found: Vec<TimeCandidate> = table.values.iter().filter_map(candidate).collect();
    let dates = found.iter().filter(|candidate| candidate.is_date()).count();
    for candidate in found.iter_mut().filter(|candidate| candidate.is_date()) {
        candidate.time_of_day = time_of_day(table, &candidate.source, dates == 1);
    }
    found
}

/// Columns that are named as times, but whose numbers would be decades away from now.
pub(super) fn of_unknown_encoding(table: &ObservedTable, now: UnixTime) -> Vec<String> {
    let is_it = |observed: &&ObservedValues| {
        let hint = time_hint(&observed.source).filter(|hint| *hint != TimeHint::Other);
        let is_end = hint == Some(TimeHint::Expires);
        let values = hint.and_then(|_| TimeValues::of(observed, true, now));
        values.is_some_and(|values| values.is_decades_away(is_end, now))
    };
    table.values.iter().filter(is_it).map(|observed| label(&observed.source)).collect()
}

fn is_date(encoding: &Encoding) -> bool {
    match encoding {
        Encoding::Pattern(pattern, _) => !pattern.contains("%H") && !pattern.contains("%I"),
        _ => false,
    }
}

/// Finds the column with the time of day that belongs to a date: one that shares a word with
/// it, or any if there is only one date.
fn time_of_day(table: &ObservedTable, date: &ColumnSource, is_only: bool) -> Option<String> {
    const WORDS: [&str; 5] = ["date", "time", "day", "at", "on"];
    let words = |name: &str| -> Vec<String> {
        names::words(name).into_iter().filter(|word| !WORDS.contains(&word.as_str())).collect()
    };
    let own = words(&date.column);
    let is_it = |observed: &&ObservedValues| {
        let (mut times, mut texts) = (0, 0);
        for text in observed.texts().filter(|text| !text.is_empty()) {
            texts += 1;
            times += usize::from(is_time_of_day(text));
        }
        observed.source.path.is_none() && times > 0 && times * 5 >= texts * 3
    };
    let found: Vec<&String> =
        table.values.iter().filter(is_it).map(|observed| &observed.source.column).collect();
    let shares = |column: &&&String| words(column).iter().any(|word| own.contains(word));
    let any = found.first().filter(|_| is_only);
    found.iter().find(shares).or(any).map(|column| (*column).clone())
}

/// Reports whether a text is like `14:30`, `14:30:00` or `2:30 PM`.
fn is_time_of_day(text: &str) -> bool {
    let time = text.trim_end_matches(|letter: char| " AaPpMm".contains(letter));
    let parts: Vec<&str> = time.split(':').collect();
    let below = |part: &str, most: f64| {
        let is_number = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        part.bytes().all(is_number) && part.parse().is_ok_and(|number: f64| number < most)
    };
    (2..=3).contains(&parts.len())
        && below(parts[0], 25.0)
        && parts[1..].iter().all(|part| part.len() >= 2 && below(part, 61.0))
}

fn declared<'a>(table: &'a ObservedTable, source: &ColumnSource) -> &'a str {
    let column = table.columns.iter().find(|column| column.name == source.column);
    column.map_or("", |column| column.declared.as_str())
}
