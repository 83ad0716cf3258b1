//! Tests of `output::sparkline`.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sessctl::output::sparkline::{Ramp, series, sparkline};

const BLOCKS: &str = "▁▂▃▄▅▆▇█";
const ASCII: &str = "_.:-=+*#";

fn line(values: &[u64]) -> String {
    sparkline(&series(values.iter().copied().map(Some)), 80, Ramp::Blocks)
}

#[test]
fn the_smallest_value_is_the_lowest_and_the_largest_the_highest() {
    assert_eq!(line(&[0, 1, 2, 3, 4, 5, 6, 7]), BLOCKS);
    assert_eq!(line(&[1_000_007, 1_000_000]), "█▁");
    assert_eq!(line(&[]), "");
}

#[test]
fn equal_values_are_in_the_middle_and_zeros_at_the_bottom() {
    assert_eq!(line(&[0, 0]), "▁▁");
    assert_eq!(line(&[5, 5]), "▅▅");
}

#[test]
fn a_gap_is_a_blank() {
    let values = [Some(1.0), None, Some(f64::NAN), Some(f64::INFINITY), Some(2.0)];
    assert_eq!(sparkline(&values, 80, Ramp::Ascii), "_   #");
    assert_eq!(sparkline(&[None, None], 80, Ramp::Ascii), "  ");
}

#[test]
fn a_single_peak_in_a_long_series_stays_visible() {
    let mut values = [Some(0); 1_000];
    values[777] = Some(1);
    assert_eq!(sparkline(&series(values), 10, Ramp::Ascii), "_______#__");
    assert_eq!(sparkline(&series(values), 0, Ramp::Ascii), "");
}

proptest! {
    #[test]
    fn each_part_has_the_level_of_its_largest_value(
        values in vec(option::of(-1e300_f64..1e300), 0..200),
        width in 0_usize..250,
    ) {
        let blocks: Vec<char> = sparkline(&values, width, Ramp::Blocks).chars().collect();
        let cells = width.min(values.len());
        prop_assert_eq!(blocks.len(), cells);
        let place = |cell: char| BLOCKS.chars().position(|level| level == cell);
        let mut largest: Vec<(Option<f64>, Option<usize>)> = Vec::new();
        for (cell, drawn) in blocks.iter().enumerate() {
            // The parts cover all values in their order.
            let part = &values[cell * values.len() / cells..(cell + 1) * values.len() / cells];
            prop_assert!(!part.is_empty());
            largest.push((part.iter().flatten().copied().reduce(f64::max), place(*drawn)));
        }
        for (value, level) in &largest {
            prop_assert_eq!(value.is_some(), level.is_some());
            for (other, other_level) in &largest {
                if value < other && value.is_some() {
                    prop_assert!(level <= other_level);
                }
            }
        }
        let known = largest.iter().filter(|(value, _)| value.is_some());
        let levels: Vec<usize> = known.filter_map(|(_, level)| *level).collect();
        if levels.iter().any(|level| *level != levels[0]) {
            prop_assert!(levels.contains(&0) && levels.contains(&7));
        }
        // The other characters show the same.
        let ascii: Vec<Option<usize>> =
            sparkline(&values, width, Ramp::Ascii).chars().map(|cell| ASCII.find(cell)).collect();
        prop_assert_eq!(ascii, blocks.iter().map(|cell| place(*cell)).collect::<Vec<_>>());
    }
}
