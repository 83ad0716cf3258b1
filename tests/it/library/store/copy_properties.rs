//! Properties of a move between any two tables.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use proptest::prelude::*;
use sessctl::app::{CopyProgress, CopyReport, CopyRequest};
use sessctl::storage::RowRange;
use sessctl::storage::raw_row::RawRow;
use sessctl::{Error, Policies, SessionService};

use crate::library::store::copy::{all, put_all, table};
use crate::support::NOW;
use crate::support::generators::check;
use crate::support::store::TestDb;

fn copy_from(here: &TestDb, there: &TestDb, replace: bool) -> sessctl::Result<CopyReport> {
    let request = CopyRequest { replace, ..CopyRequest::default() };
    let mut go_on = |_: &CopyProgress| ControlFlow::Continue(());
    let mut service = SessionService::new(there.beside(), Policies::default());
    service.copy_from(here.sessions.as_ref(), &request, NOW, &mut go_on)
}

/// Moves each of many tables to another one.
fn each(property: impl Fn(&TestDb, &TestDb, &[RawRow], &[RawRow]) -> Result<(), TestCaseError>) {
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
        let by_key = |rows: &[RawRow]| -> BTreeMap<String, RawRow> {
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
        let moved = copy_from(here, there, false).unwrap();
        prop_assert_eq!(by_key(&all(there)), expected.clone());
        prop_assert_eq!((moved.written(), moved.newer, moved.deleted), (written, newer, 0));
        prop_assert_eq!(moved.extra, (expected.len() - source.len()) as u64);
        // And the comparison has found what is left
        let comparison = moved.comparison.unwrap();
        prop_assert_eq!((comparison.missing, comparison.older), (0, 0));
        prop_assert_eq!(comparison.differ(), moved.newer + moved.extra);
        prop_assert_eq!(comparison.is_same(), source == all(there));
        prop_assert_eq!(copy_from(here, there, false).unwrap().written(), 0);
        Ok(())
    });
}

#[test]
fn with_replace_both_are_equal_unless_that_would_leave_nothing() {
    each(|here, there, source, destination| {
        let moved = copy_from(here, there, true);
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
    let row = |number: u32| RawRow {
        id: format!("{number:064x}"),
        ..crate::library::store::copy::read_rows('0')
    };
    let rows: Vec<RawRow> = (0..900).map(row).collect();
    put_all(&mut here, &rows);
    // When it is stopped after its first, and after the first of the next, and so on
    let mut stops = 0;
    loop {
        let mut service = SessionService::new(there.beside(), Policies::default());
        let mut go_on = |progress: &CopyProgress| {
            if progress.written > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let request = CopyRequest::default();
        let moved = service.copy_from(here.sessions.as_ref(), &request, NOW, &mut go_on).unwrap();
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
    let row = |number: u32, length: usize| RawRow {
        id: format!("{number:08x}").repeat(8),
        user: Some(vec![b'a'; if number.is_multiple_of(700) { 100_000 } else { length }]),
        ..crate::library::store::copy::read_rows('0')
    };
    let drawn = |length: usize, is_in: fn(u32) -> bool| -> Vec<RawRow> {
        (0..6_000).filter(|number| is_in(*number)).map(|number| row(number, length)).collect()
    };
    let source = drawn(9, |number| !number.is_multiple_of(3) && number < 4_500);
    let destination = drawn(8, |number| number.is_multiple_of(7) || number > 3_000);
    let (mut here, mut there) = (TestDb::native_in_sqlite(), TestDb::native_in_sqlite());
    put_all(&mut here, &source);
    put_all(&mut there, &destination);
    // When the one is made equal to the other, then it is, and each row was counted once
    let has =
        |rows: &[RawRow], key: &str| rows.binary_search_by(|row| row.id.as_str().cmp(key)).is_ok();
    let new = source.iter().filter(|row| !has(&destination, &row.id)).count() as u64;
    let gone = destination.iter().filter(|row| !has(&source, &row.id)).count() as u64;
    let alike = source.iter().filter(|row| destination.contains(row)).count() as u64;
    let moved = copy_from(&here, &there, true).unwrap();
    assert_eq!((moved.new, moved.deleted), (new, gone));
    assert_eq!(moved.changed, source.len() as u64 - new - alike);
    assert!(moved.comparison.unwrap().is_same());
    assert_eq!((all_of_many(&here), all_of_many(&there)), (source.clone(), source));
}

fn all_of_many(db: &TestDb) -> Vec<RawRow> {
    let stretch = RowRange { rows: 10_000, bytes: usize::MAX, ..RowRange::default() };
    db.sessions.row_copy().unwrap().read_rows(stretch).unwrap().rows
}
