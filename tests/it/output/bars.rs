//! Tests of `output::bars`.

use proptest::prelude::*;
use sessctl::output::bars::{BarScale, BarSymbols};

const fn scale(most: u64, columns: usize, unicode: bool) -> BarScale {
    BarScale { most, columns, unicode }
}

fn drawn(scale: BarScale, solid: u64, light: u64) -> String {
    let (solid, light) = scale.bar(solid, light);
    solid + &light
}

#[test]
fn lengths_are_linear_in_eighths_of_a_column() {
    let scale = scale(80, 10, true);
    for (count, expected) in [
        (0, ""),
        (1, "▏"),
        (4, "▌"),
        (7, "▉"),
        (8, "█"),
        (9, "█▏"),
        (79, "█████████▉"),
        (80, "██████████"),
    ] {
        assert_eq!(drawn(scale, count, 0), expected, "{count}");
    }
}

#[test]
fn both_parts_can_be_told_apart_without_colors() {
    assert_eq!(drawn(scale(80, 10, true), 40, 40), "█████▒▒▒▒▒");
    assert_eq!(drawn(scale(80, 10, false), 40, 40), "#####:::::");
    assert_eq!(drawn(scale(80, 10, false), 41, 0), "######");
}

#[test]
fn a_count_that_is_not_zero_is_visible() {
    assert_eq!(drawn(scale(u64::MAX, 10, true), 1, 1), "▏▒");
    assert_eq!(drawn(scale(1_000_000, 10, true), 999_999, 1), "█████████▒");
    assert_eq!(drawn(scale(1_000_000, 10, true), 1, 999_999), "█▒▒▒▒▒▒▒▒▒");
    assert_eq!(drawn(scale(1_000_000, 10, false), 1, 999_999), "#:::::::::");
    assert_eq!(drawn(scale(0, 10, true), 0, 0), "");
    assert_eq!(drawn(scale(5, 0, true), 3, 2), "");
}

proptest! {
    #[test]
    fn no_bar_is_longer_than_its_scale(
        solid in any::<u64>(), light in any::<u64>(), columns in 2..200_usize, unicode in any::<bool>()
    ) {
        let (solid, light) = (solid / 2, light / 2);
        let scale = scale((solid + light).max(1), columns, unicode);
        let (drawn, shaded) = scale.bar(solid, light);
        prop_assert!(drawn.chars().count() + shaded.chars().count() <= columns);
        prop_assert_eq!(drawn.is_empty(), solid == 0);
        prop_assert_eq!(shaded.is_empty(), light == 0);
        let symbol = BarSymbols::new(unicode).light;
        prop_assert!(shaded.chars().all(|c| c == symbol));
    }

    #[test]
    fn a_larger_count_has_no_shorter_bar(small in 0..10_000_u64, more in 0..10_000_u64) {
        let scale = scale(20_000, 40, true);
        let eighths = |count| -> usize {
            let blocks = |c| "▏▎▍▌▋▊▉█".chars().position(|block| block == c).unwrap() + 1;
            scale.bar(count, 0).0.chars().map(blocks).sum()
        };
        prop_assert!(eighths(small) <= eighths(small + more));
    }
}
