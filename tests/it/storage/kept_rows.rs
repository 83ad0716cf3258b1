//! Tests of `storage::kept_rows`.

use std::collections::BTreeMap;

use sessctl::storage::kept_rows::EXAMPLES;
use sessctl::storage::{KeptRows, ReferencingTable, RejectedRow};

#[test]
fn counts_add_up_and_examples_are_few() {
    let referrer = |table: &str| ReferencingTable {
        table: table.to_owned(),
        columns: vec!["session".to_owned()],
        targets: vec!["id".to_owned()],
        through: None,
        may_be_null: true,
    };
    let mut kept = KeptRows::default();
    for number in 0..20 {
        let mut other = KeptRows::default();
        other.refer(&referrer(if number % 2 == 0 { "a" } else { "b" }), 2);
        other.reject(|| RejectedRow { handle: number.to_string(), why: "no".to_owned() });
        kept.add(other);
    }
    assert_eq!(kept.referenced, BTreeMap::from([(referrer("a"), 20), (referrer("b"), 20)]));
    assert_eq!((kept.referenced_rows(), kept.rejected, kept.rows()), (40, 20, 60));
    assert_eq!(kept.examples.len(), EXAMPLES);
}
