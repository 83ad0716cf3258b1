//! Growth over the period of a report.

use crate::domain::time::{Span, UnixTime};
use crate::storage::Sample;

/// Averages at the beginning and at the end of a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    pub before: f64,
    pub after: f64,
    /// Time between the two.
    pub over: Span,
    /// Length of the times over which the averages are taken.
    pub window: Span,
}

/// Shortest history from which growth is derived, and the one from which weeks are compared.
const MIN_HISTORY: Span = Span::days(3);
const LONG_HISTORY: Span = Span::days(21);

impl Growth {
    /// Growth of the live sessions.
    ///
    /// 1. Sessions follow the day and the week, so that averages over whole days are compared, and
    ///    averages over weeks where the samples reach back for three weeks.
    /// 2. Each hour counts once, however many samples it has.
    /// 3. Less than three days say nothing, and so does a history that ends long before `now`.
    pub fn of(samples: &[Sample], now: UnixTime) -> Option<Self> {
        let live: Vec<(UnixTime, u64)> =
            samples.iter().filter_map(|sample| Some((sample.at, sample.live_total()?))).collect();
        let ((first, _), (last, _)) = live.first().copied().zip(live.last().copied())?;
        let length = last.since(first);
        let window = if length >= LONG_HISTORY { Span::days(7) } else { Span::days(1) };
        if length < MIN_HISTORY || now.since(last) > window {
            return None;
        }
        let begins = |at: UnixTime| at.since(first) < window;
        let ends = |at: UnixTime| last.since(at) < window;
        let (before, after) = (average(&live, begins)?, average(&live, ends)?);
        Some(Self { before, after, over: length, window })
    }
}

/// Average over hours of those values whose times are selected.
fn average(values: &[(UnixTime, u64)], is_selected: impl Fn(UnixTime) -> bool) -> Option<f64> {
    let selected: Vec<_> = values.iter().filter(|(at, _)| is_selected(*at)).collect();
    let same_hour = |one: &&(UnixTime, u64), other: &&(UnixTime, u64)| {
        one.0.0.div_euclid(3_600) == other.0.0.div_euclid(3_600)
    };
    let hours: Vec<f64> = selected
        .chunk_by(same_hour)
        .map(|hour| mean(hour.iter().map(|(_, value)| as_number(*value))))
        .collect();
    (!hours.is_empty()).then(|| mean(hours.into_iter()))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / f64::max(count, 1.0)
}

#[expect(clippy::cast_precision_loss, reason = "charts and averages show fewer digits")]
pub const fn as_number(value: u64) -> f64 {
    value as f64
}
