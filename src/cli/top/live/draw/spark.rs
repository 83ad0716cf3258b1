//! Sparklines of the view.

use crate::cli::top::live::model::database::{Database, Reading};
use crate::domain::time::UnixTime;
use crate::output::sparkline::{Ramp, series, sparkline};

/// Time that the sparklines of a whole table show, if there are samples.
const DAY: i64 = 86_400;

/// Draws values, one in each column.
pub fn draw(values: &[Option<u64>], ramp: Ramp) -> String {
    sparkline(&series(values.iter().copied()), values.len(), ramp)
}

/// The last values, one for each reading.
pub fn last<'v>(
    values: impl DoubleEndedIterator<Item = &'v u64>,
    width: usize,
) -> Vec<Option<u64>> {
    let mut last: Vec<Option<u64>> = values.rev().take(width).copied().map(Some).collect();
    last.reverse();
    last
}

/// Values of the last day, if the ledger has samples of it; else those of the last readings.
/// Reports whether they are of a day.
pub fn of_table(
    database: &Database,
    value: fn(&Reading) -> Option<u64>,
    now: UnixTime,
    width: usize,
) -> (Vec<Option<u64>>, bool) {
    if database.samples.len() < 2 {
        let readings = database.readings.iter().rev().take(width).rev();
        return (readings.map(value).collect(), false);
    }
    let mut cells = vec![None; width];
    for reading in database.samples.iter().chain(&database.readings) {
        let age = now.since(reading.at).as_seconds();
        let columns = i64::try_from(width).unwrap_or(1);
        let place = (DAY - 1 - age).clamp(-1, DAY - 1) * columns / DAY;
        if age < DAY
            && let Ok(place) = usize::try_from(place)
            && let Some(value) = value(reading)
        {
            cells[place.min(width - 1)] = Some(value);
        }
    }
    (cells, true)
}

/// A bar of this many columns for a share in `[0, 1]`.
pub fn bar(share: f64, width: usize) -> String {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few columns"
    )]
    let full = ((share.clamp(0.0, 1.0) * width as f64) as usize).min(width);
    format!("[{}{}]", "#".repeat(full), "-".repeat(width - full))
}
