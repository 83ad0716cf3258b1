//! Finding a column with the lifetime of each session.

use super::encodings::is_sentinel;
use super::names;
use super::observation::{ObservedTable, ObservedValues};
use crate::domain::profile::definition::ColumnSource;
use crate::domain::profile::encoding::Unit;
use crate::domain::profile::value::SqlValue;

#[derive(Debug, Clone)]
pub(super) struct Duration {
    pub(super) source: ColumnSource,
    pub(super) unit: Unit,
    /// Values that are not lengths, with their numbers of rows.
    pub(super) sentinels: Vec<(SqlValue, usize)>,
    pub(super) has_nulls: bool,
    pub(super) evidence: String,
}

/// Finds the first column that is named as a length and holds lengths; a path in JSON only if
/// there is no column. `times` is the unit of the times to which the length is added.
pub(super) fn find(
    table: &ObservedTable,
    is_time: impl Fn(&ColumnSource) -> bool,
    times: Option<Unit>,
) -> Option<Duration> {
    let of = |observed: &ObservedValues| {
        let is_left = names::is_duration(&observed.source) && !is_time(&observed.source);
        if is_left { duration(observed, times) } else { None }
    };
    let (columns, paths): (Vec<_>, Vec<_>) =
        table.values.iter().partition(|observed| observed.source.path.is_none());
    columns.into_iter().find_map(of).or_else(|| paths.into_iter().find_map(of))
}

fn duration(observed: &ObservedValues, times: Option<Unit>) -> Option<Duration> {
    let counts = observed.counts();
    let (sentinels, lengths): (Vec<_>, Vec<_>) =
        counts.into_iter().partition(|(value, _)| is_sentinel(value) || is_negative(value));
    let mut numbers = Vec::new();
    for (value, count) in &lengths {
        numbers.extend(std::iter::repeat_n(Unit::Nanoseconds.length(value.raw())?, *count));
    }
    numbers.sort_unstable();
    let usual = *numbers.get(numbers.len() / 2)?;
    let by_name = names::unit(&observed.source);
    let unit = by_name.unwrap_or_else(|| likely_unit(usual, times));
    let reason = match (by_name, unit) {
        (Some(_), _) => "the unit is that of its name",
        (None, Unit::Milliseconds) if times == Some(unit) => {
            "the unit is a guess by their size and by the times, which count milliseconds: check it \
             in the application"
        }
        (None, _) => "the unit is a guess by their size: check it in the application",
    };
    let evidence = format!(
        "{} of {} rows have a length, mostly {usual}; {reason}",
        numbers.len(),
        observed.values.len()
    );
    let own = |(value, count): (&SqlValue, usize)| (value.clone(), count);
    Some(Duration {
        source: observed.source.clone(),
        unit,
        sentinels: sentinels.into_iter().map(own).collect(),
        has_nulls: observed.present().count() < observed.values.len(),
        evidence,
    })
}

fn is_negative(value: &SqlValue) -> bool {
    match value {
        SqlValue::Integer(number) => *number < 0,
        SqlValue::Real(number) => *number < 0.0,
        _ => false,
    }
}

/// Unit of a usual length whose name says nothing: the longest one by which it is at most ten
/// years. A number below half an hour in seconds counts minutes. From a million on, it counts
/// milliseconds if the times do.
fn likely_unit(usual: i128, times: Option<Unit>) -> Unit {
    match usual {
        1_000_000..=315_576_000_000 if times == Some(Unit::Milliseconds) => Unit::Milliseconds,
        ..1_800 => Unit::Minutes,
        1_800..=315_576_000 => Unit::Seconds,
        315_576_001..=315_576_000_000 => Unit::Milliseconds,
        315_576_000_001..=3_155_760_000_000_000 => Unit::Ticks,
        _ => Unit::Nanoseconds,
    }
}
