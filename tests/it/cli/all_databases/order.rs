//! What workers say goes out in the order of their databases.

use proptest::prelude::*;
use sessctl::cli::all_databases::order::Ordering;

proptest! {
    #[test]
    fn nothing_is_lost_and_all_is_in_order(
        said in prop::collection::vec(0..4_usize, 0..40),
        ends in Just(vec![0, 1, 2, 3]).prop_shuffle(),
        limit in prop_oneof![Just(usize::MAX), 0..5_usize],
    ) {
        let mut ordering = Ordering::with_limit(4, limit);
        let mut out = Vec::new();
        for (number, database) in said.iter().enumerate() {
            out.extend(ordering.add(*database, number, 1));
        }
        for database in ends {
            out.extend(ordering.end(database));
        }
        out.extend(ordering.take_all());
        let of = |database: usize| -> Vec<usize> {
            out.iter().filter(|(of, _)| *of == database).map(|(_, number)| *number).collect()
        };
        for database in 0..4 {
            let expected: Vec<usize> = (0..said.len()).filter(|n| said[*n] == database).collect();
            prop_assert_eq!(of(database), expected);
        }
        if limit == usize::MAX {
            prop_assert!(out.is_sorted_by_key(|(database, _)| *database));
        }
    }
}

#[test]
fn the_first_database_is_not_held_back_nor_the_next_one_once_it_has_ended() {
    let mut ordering = Ordering::new(2);
    assert_eq!(ordering.add(0, 'a', 1), [(0, 'a')]);
    assert_eq!(ordering.add(1, 'b', 1), []);
    assert_eq!(ordering.end(0), [(1, 'b')]);
    assert_eq!(ordering.add(1, 'c', 1), [(1, 'c')]);
}
