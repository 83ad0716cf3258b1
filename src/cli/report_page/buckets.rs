//! Samples, grouped by local time for bars and tables.

use super::page::Period;
use super::scale::moment;
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;
use crate::storage::Sample;

/// Samples that are shown one by one at most.
const MAX_SINGLE: usize = 120;
/// Length of a period from which days are too many, and from which hours are.
const MANY_DAYS: Span = Span::days(200);
const MANY_HOURS: Span = Span::days(4);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    Sample,
    Hour,
    Day,
    Week,
}

impl Grouping {
    pub fn of(samples: &[Sample]) -> Self {
        let length =
            samples.first().zip(samples.last()).map_or(Span::ZERO, |(a, z)| z.at.since(a.at));
        match length {
            _ if samples.len() <= MAX_SINGLE => Self::Sample,
            length if length > MANY_DAYS => Self::Week,
            length if length > MANY_HOURS => Self::Day,
            _ => Self::Hour,
        }
    }

    /// End of a title of a chart.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Sample => "per run",
            Self::Hour => "per hour",
            Self::Day => "per day",
            Self::Week => "per week",
        }
    }

    const fn seconds(self) -> i64 {
        match self {
            Self::Sample => 1,
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Week => 7 * 86_400,
        }
    }

    /// Local beginning of the group of a moment. Weeks begin on Mondays.
    fn begin(self, at: UnixTime, zone: &TimeZone) -> i64 {
        let wall = at.0.saturating_add(zone.offset_at(at).unwrap_or(0));
        let phase = if self == Self::Week { 4 * 86_400 } else { 0 };
        wall - (wall - phase).rem_euclid(self.seconds())
    }
}

/// Samples of a time, as one.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub period: Period,
    pub sample: Sample,
}

/// Groups samples, the earliest first. Times without samples have no group.
pub fn group(samples: &[Sample], grouping: Grouping, zone: &TimeZone) -> Vec<Bucket> {
    if grouping == Grouping::Sample {
        let one = |sample: &Sample| Bucket {
            period: Period { from: sample.at, to: sample.at },
            sample: sample.clone(),
        };
        return samples.iter().map(one).collect();
    }
    let is_same = |a: &Sample, b: &Sample| grouping.begin(a.at, zone) == grouping.begin(b.at, zone);
    let bucket = |samples: &[Sample]| {
        let begin = grouping.begin(samples[0].at, zone);
        let period = Period {
            from: moment(begin, zone),
            to: moment(begin.saturating_add(grouping.seconds()), zone),
        };
        Bucket { period, sample: merge(samples) }
    };
    samples.chunk_by(is_same).map(bucket).collect()
}

/// One sample for several: the last known gauges, the sums of counts, the largest times.
fn merge(samples: &[Sample]) -> Sample {
    let mut merged = Sample::default();
    for sample in samples {
        merged.at = sample.at;
        merged.runs += sample.runs;
        merged.live = sample.live.or(merged.live);
        merged.expired = sample.expired.or(merged.expired);
        merged.rows = sample.rows.or(merged.rows);
        for (reason, count) in &sample.ended_by {
            *merged.ended_by.entry(*reason).or_default() += count;
        }
        merged.deleted += sample.deleted;
        merged.file_bytes = sample.file_bytes.or(merged.file_bytes);
        merged.free_bytes = sample.free_bytes.or(merged.free_bytes);
        merged.longest_hold = merged.longest_hold.max(sample.longest_hold);
        merged.duration = merged.duration.max(sample.duration);
    }
    merged
}
