//! Properties of a move between any two tables.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use proptest::prelude::*;
use sessctl::app::{MoveProgress, MoveRequest, Moved};
use sessctl::domain::port::Stretch;
use sessctl::domain::stored::StoredRow;
use sessctl::{Error, Housekeeper, Policies};

use crate::library::store::copy::{all, put_all, table};
use crate::support::NOW;
use crate::support::generators::check;
use crate::support::store::TestDb;

fn bring(here: &TestDb, there: &TestDb, replace: bool) -> sessctl::Result<Moved> {
    let request = MoveRequest { replace, ..MoveRequest::default() };
    let mut go_on = |_: &MoveProgress| ControlFlow::Continue(());
    let mut keeper = Housekeeper::new(there.beside(), Policies::default());
    keeper.bring(here.sessions.as_ref(), &request, NOW, &mut go_on)
}

/// Moves each of many tables to another one.
fn each(
    property: impl Fn(&TestDb, &TestDb, &[StoredRow], &[StoredRow]) -> Result<(), TestCaseError>,
) {
    let here = RefCell::new(TestDb::native_in_sqlite());
    check(TestDb::native_in_sqlite(), 60, (table(), table()), |there, (source, destination)| {
        let mut here = here.borrow_mut();
        here.clear();
        put_all(&mut here, &source);
        put_all(there, &destination);
        property(&here, there, &source, &destination)
    });
}

#[test]
fn nothing_that_is_newer_or_there_alone_is_lost_and_all_else_is_as_in_the_source() {
    each(|here, there, source, destination| {
        let by_key = |rows: &[StoredRow]| -> BTreeMap<String, StoredRow> {
            rows.iter().map(|row| (row.id.clone(), row.clone())).collect()
        };
        let mut expected = by_key(destination);
        let (mut written, mut newer) = (0, 0);
        for (key, row) in by_key(source) {
            match expected.get(&key) {
                Some(other) if other.is_newer_than(&row) => newer += 1,
                Some(other) if *other == row => {}
                _ => {
                    expected.insert(key, row);
                    written += 1;
                }
            }
        }
        let moved = bring(here, there, false).unwrap();
        prop_assert_eq!(by_key(&all(there)), expected.clone());
        prop_assert_eq!((moved.written(), moved.newer, moved.deleted), (written, newer, 0));
        prop_assert_eq!(moved.extra, (expected.len() - source.len()) as u64);
        // And the comparison has found what is left
        let comparison = moved.comparison.unwrap();
        prop_assert_eq!((comparison.missing, comparison.older), (0, 0));
        prop_assert_eq!(comparison.differ(), moved.newer + moved.extra);
        prop_assert_eq!(comparison.is_same(), source == all(there));
        prop_assert_eq!(bring(here, there, false).unwrap().written(), 0);
        Ok(())
    });
}

#[test]
fn with_replace_both_are_equal_unless_that_would_leave_nothing() {
    each(|here, there, source, destination| {
        let moved = bring(here, there, true);
        if source.is_empty() && !destination.is_empty() {
            prop_assert!(matches!(moved, Err(Error::Refused(_))), "{:?}", moved);
            prop_assert_eq!(all(there), destination);
            return Ok(());
        }
        let moved = moved.unwrap();
        prop_assert_eq!(all(there), source);
        prop_assert_eq!(all(here), source);
        prop_assert_eq!(moved.left_alone(), 0);
        prop_assert!(moved.comparison.unwrap().is_same());
        Ok(())
    });
}

#[test]
fn a_move_can_be_stopped_after_each_batch_and_resumed() {
    // Given a table that takes several batches
    let (mut here, there) = (TestDb::native_in_sqlite(), TestDb::native_in_sqlite());
    let row = |number: u32| StoredRow {
        id: format!("{number:064x}"),
        ..crate::library::store::copy::stored('0')
    };
    let rows: Vec<StoredRow> = (0..900).map(row).collect();
    put_all(&mut here, &rows);
    // When it is stopped after its first, and after the first of the next, and so on
    let mut stops = 0;
    loop {
        let mut keeper = Housekeeper::new(there.beside(), Policies::default());
        let mut go_on = |progress: &MoveProgress| {
            if progress.written > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let request = MoveRequest::default();
        let moved = keeper.bring(here.sessions.as_ref(), &request, NOW, &mut go_on).unwrap();
        if moved.stopped.is_none() {
            assert_eq!((moved.written(), moved.comparison.unwrap().is_same()), (0, true));
            break;
        }
        // Then each has written a batch, and nothing twice
        stops += 1;
        assert!(moved.written() > 0 && moved.comparison.is_none());
    }
    assert!(stops > 1, "{stops}");
    assert_eq!(all(&there), rows);
}

#[test]
fn tables_of_many_portions_are_compared_as_a_whole() {
    // Given tables of which now the one and now the other has more rows, some of them long
    let row = |number: u32, length: usize| StoredRow {
        id: format!("{number:08x}").repeat(8),
        user: Some(vec![b'a'; if number.is_multiple_of(700) { 100_000 } else { length }]),
        ..crate::library::store::copy::stored('0')
    };
    let drawn = |length: usize, is_in: fn(u32) -> bool| -> Vec<StoredRow> {
        (0..6_000).filter(|number| is_in(*number)).map(|number| row(number, length)).collect()
    };
    let source = drawn(9, |number| !number.is_multiple_of(3) && number < 4_500);
    let destination = drawn(8, |number| number.is_multiple_of(7) || number > 3_000);
    let (mut here, mut there) = (TestDb::native_in_sqlite(), TestDb::native_in_sqlite());
    put_all(&mut here, &source);
    put_all(&mut there, &destination);
    // When the one is made equal to the other, then it is, and each row was counted once
    let has = |rows: &[StoredRow], key: &str| {
        rows.binary_search_by(|row| row.id.as_str().cmp(key)).is_ok()
    };
    let new = source.iter().filter(|row| !has(&destination, &row.id)).count() as u64;
    let gone = destination.iter().filter(|row| !has(&source, &row.id)).count() as u64;
    let alike = source.iter().filter(|row| destination.contains(row)).count() as u64;
    let moved = bring(&here, &there, true).unwrap();
    assert_eq!((moved.new, moved.deleted), (new, gone));
    assert_eq!(moved.changed, source.len() as u64 - new - alike);
    assert!(moved.comparison.unwrap().is_same());
    assert_eq!((all_of_many(&here), all_of_many(&there)), (source.clone(), source));
}

fn all_of_many(db: &TestDb) -> Vec<StoredRow> {
    let stretch = Stretch { rows: 10_000, bytes: usize::MAX, ..Stretch::default() };
    db.sessions.stored(stretch).unwrap().rows
}
