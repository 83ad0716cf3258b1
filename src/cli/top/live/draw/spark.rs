//! Sparklines of the view.

use crate::cli::top::live::model::database::{Database, Reading};
use crate::domain::time::UnixTime;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Time that the sparklines of a whole table show, if there are samples.
const DAY: i64 = 86_400;

/// A block for each value, from zero to the largest; a blank where there is none.
pub fn sparkline(values: &[Option<u64>]) -> String {
    let most = values.iter().flatten().copied().max().unwrap_or(0).max(1);
    let block = |value: &Option<u64>| {
        value.map_or(' ', |value| {
            let place = u128::from(value) * 7 / u128::from(most);
            BLOCKS[usize::try_from(place).unwrap_or(7).min(7)]
        })
    };
    values.iter().map(block).collect()
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
