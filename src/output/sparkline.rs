//! Sparklines: series as a line of text.

/// Characters of a sparkline, the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ramp {
    /// Unicode block elements.
    Blocks,
    Ascii,
}

impl Ramp {
    const fn levels(self) -> [char; 8] {
        match self {
            Self::Blocks => ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Self::Ascii => ['_', '.', ':', '-', '=', '+', '*', '#'],
        }
    }
}

/// Draws a series in at most `width` characters.
///
/// 1. The smallest value has the lowest level, and the largest one the highest. If all are equal,
///    they have the lowest level where they are zero, and a middle one otherwise.
/// 2. A value that is unknown or not finite is a blank.
/// 3. A series that is longer than the width is divided into parts of about the same length, and
///    the largest value of each part is drawn: a single peak stays visible.
pub fn sparkline(series: &[Option<f64>], width: usize, ramp: Ramp) -> String {
    let cells = downsampled(series, width);
    let known = || cells.iter().flatten().copied();
    let (low, high) =
        (known().fold(f64::INFINITY, f64::min), known().fold(-f64::INFINITY, f64::max));
    cells.iter().map(|cell| cell.map_or(' ', |value| level(value, low, high, ramp))).collect()
}

/// Converts counts into values of a series.
pub fn series(counts: impl IntoIterator<Item = Option<u64>>) -> Vec<Option<f64>> {
    #[expect(clippy::cast_precision_loss, reason = "a level needs three bits")]
    counts.into_iter().map(|count| count.map(|count| count as f64)).collect()
}

fn downsampled(series: &[Option<f64>], width: usize) -> Vec<Option<f64>> {
    let cells = width.min(series.len());
    let part =
        |cell: usize| &series[cell * series.len() / cells..(cell + 1) * series.len() / cells];
    let largest = |values: &[Option<f64>]| {
        values.iter().flatten().copied().filter(|value| value.is_finite()).reduce(f64::max)
    };
    (0..cells).map(|cell| largest(part(cell))).collect()
}

fn level(value: f64, low: f64, high: f64, ramp: Ramp) -> char {
    let levels = ramp.levels();
    // Half of each, because their difference may be too large for a number.
    let range = high / 2.0 - low / 2.0;
    let share = match (value / 2.0 - low / 2.0) / range {
        share if share.is_finite() => share,
        _ if value == 0.0 => 0.0,
        _ => 0.5,
    };
    let place = share * (levels.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 0 to 7")]
    let place = place.round() as usize;
    levels[place.min(levels.len() - 1)]
}
