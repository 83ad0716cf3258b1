//! Curves of samples: their gaps, and their reduction to as many points as a screen shows.

use super::page::Point;
use crate::domain::time::{Span, UnixTime};

/// Number of points that a curve has at most.
pub const MAX_POINTS: usize = 400;
/// Ages from which the ledger has one sample for each hour and for each day, and these lengths.
const THINNED: [(Span, Span); 2] =
    [(Span::days(90), Span::days(1)), (Span::days(7), Span::hours(1))];
/// Number of usual distances from which a distance between samples is a gap.
const GAP: i64 = 3;

/// Parts of a curve without gaps: two points that are further from each other than three usual
/// distances belong to different parts. The usual distance is the median, or that of the thinned
/// samples of their age.
pub fn parts(points: &[Point], now: UnixTime) -> Vec<Vec<Point>> {
    let usual = usual_distance(points);
    let is_connected = |one: &Point, other: &Point| {
        let age = now.since(one.at);
        let thinned = THINNED.iter().find(|(least, _)| age >= *least).map(|(_, length)| *length);
        let usual = usual.max(thinned.unwrap_or_default()).as_seconds();
        other.at.since(one.at).as_seconds() <= usual.saturating_mul(GAP)
    };
    points.chunk_by(is_connected).map(<[Point]>::to_vec).collect()
}

/// Median distance between points.
pub fn usual_distance(points: &[Point]) -> Span {
    let mut distances: Vec<Span> =
        points.windows(2).map(|pair| pair[1].at.since(pair[0].at)).collect();
    distances.sort_unstable();
    distances.get(distances.len() / 2).copied().unwrap_or_default()
}

/// Reduces points to about `most`, but at least two: of each stretch, the smallest and the largest
/// stay.
pub fn thin(points: &[Point], most: usize) -> Vec<Point> {
    if points.len() <= most {
        return points.to_vec();
    }
    let stretches = (most / 2).max(1);
    let mut kept = Vec::with_capacity(2 * stretches);
    for stretch in 0..stretches {
        let from = stretch * points.len() / stretches;
        let to = (stretch + 1) * points.len() / stretches;
        kept.extend(extremes(&points[from..to]));
    }
    kept
}

/// Smallest and largest point, in the order of their times.
fn extremes(points: &[Point]) -> Vec<Point> {
    let by_value = |one: &&Point, other: &&Point| one.value.total_cmp(&other.value);
    let (Some(least), Some(most)) =
        (points.iter().min_by(by_value), points.iter().max_by(by_value))
    else {
        return Vec::new();
    };
    match least.at.cmp(&most.at) {
        std::cmp::Ordering::Less => vec![*least, *most],
        std::cmp::Ordering::Equal => vec![*least],
        std::cmp::Ordering::Greater => vec![*most, *least],
    }
}
