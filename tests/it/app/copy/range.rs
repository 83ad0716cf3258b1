//! Tests of `app::copy::range`.

use sessctl::app::copy::range::counters_to_change;
use sessctl::storage::OnConflict;
use sessctl::storage::raw_row::Counter;

fn counter(task: &str, value: i64) -> Counter {
    Counter { task: task.into(), name: b"peak".to_vec(), value }
}

#[test]
fn higher_counters_stay_unless_the_destination_is_replaced() {
    let here = [counter("a", 3), counter("b", 3), counter("c", 3), counter("d", 3)];
    let there = [counter("A", 3), counter("b", 2), counter("c", 4), counter("e", 1)];
    let change = |on_conflict| {
        let (set, drop) = counters_to_change(&here, &there, on_conflict);
        let tasks = |counters: Vec<&Counter>| -> String {
            counters.iter().map(|counter| char::from(counter.task[0])).collect()
        };
        (tasks(set), tasks(drop))
    };
    assert_eq!(change(OnConflict::KeepNewer), ("bd".to_owned(), String::new()));
    assert_eq!(change(OnConflict::Overwrite), ("abcd".to_owned(), "e".to_owned()));
}
