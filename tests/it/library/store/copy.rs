//! The promises of `domain::port::Copies`, one by one.

use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;
use sessctl::storage::raw_row::{Counter, RawRow};
use sessctl::storage::{OnConflict, RowRange};

use crate::support::NOW;
use crate::support::generators::check;
use crate::support::store::{TestDb, suite};

/// A row whose key is this digit, 64 times.
pub fn read_rows(digit: char) -> RawRow {
    RawRow {
        id: digit.to_string().repeat(64),
        user: Some(b"alice".to_vec()),
        task: b"imap".to_vec(),
        client: None,
        created_at: NOW.0,
        last_used_at: NOW.0,
        idle_timeout: Some(1_800),
        marked_at: None,
        ended_at: None,
        end_reason: None,
        agent: None,
    }
}

/// A row that differs from others of its key in what decides which is newer, or not even
/// in that.
fn drawn_row(digit: char) -> impl Strategy<Value = RawRow> {
    let user = option::of(prop_oneof![Just(b"alice".to_vec()), Just(vec![0xff, b'\''])]);
    (0..4_i64, option::of(0..4_i64), option::of(0..2_i64), user.clone(), user).prop_map(
        move |(used, ended, marked, user, agent)| RawRow {
            last_used_at: NOW.0 + used,
            ended_at: ended.map(|at| NOW.0 + at),
            end_reason: ended.map(|_| b"closed".to_vec()),
            marked_at: marked.map(|at| NOW.0 + at),
            user,
            agent,
            ..read_rows(digit)
        },
    )
}

/// A table of a few rows, in key order.
pub fn table() -> impl Strategy<Value = Vec<RawRow>> {
    let digits = prop::sample::select("0123456789ab".chars().collect::<Vec<_>>());
    let rows = btree_map(digits, drawn_row('0'), 0..9);
    rows.prop_map(|rows| {
        let keyed = |(digit, row): (char, _)| RawRow { id: read_rows(digit).id, ..row };
        rows.into_iter().map(keyed).collect()
    })
}

pub fn all(db: &TestDb) -> Vec<RawRow> {
    let stretch = RowRange { rows: 1_000, bytes: usize::MAX, ..RowRange::default() };
    db.sessions.row_copy().unwrap().read_rows(stretch).unwrap().rows
}

pub fn put_all(db: &mut TestDb, rows: &[RawRow]) {
    db.sessions
        .row_copy_mut()
        .unwrap()
        .upsert_rows(&rows.iter().collect::<Vec<_>>(), OnConflict::Overwrite)
        .unwrap();
}

fn counter(task: &str, value: i64) -> Counter {
    Counter { task: task.into(), name: b"peak".to_vec(), value }
}

suite!(tests);

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn a_row_is_read_as_it_was_put_whatever_its_text_is() {
            let texts: [&[u8]; 5] = [b"", b"o'hara\0\n", "jürgen".as_bytes(), b"\xff\xfe", b"b'"];
            let mut rows = vec![read_rows('0'), RawRow { user: None, ..read_rows('1') }];
            for (digit, text) in ('2'..).zip(texts) {
                let text = text.to_vec();
                let (task, client) = ([b"x".as_slice(), &text].concat(), Some(text.clone()));
                rows.push(RawRow { user: Some(text), task, client, ..read_rows(digit) });
            }
            let end_reason = Some(b"evicted".to_vec());
            let (marked_at, ended_at) = (Some(NOW.0 - 9), Some(NOW.0));
            rows.push(RawRow {
                idle_timeout: None,
                marked_at,
                ended_at,
                end_reason,
                ..read_rows('9')
            });
            let mut db = db();
            put_all(&mut db, &rows);
            assert_eq!(all(&db), rows);
        }

        #[test]
        $(#[$on])*
        fn a_key_range_has_bounds_and_is_read_in_batches() {
            let mut db = db();
            let rows: Vec<RawRow> = ('0'..='7').map(read_rows).collect();
            put_all(&mut db, &rows);
            let portion = |after: Option<usize>, until: Option<usize>, most, bytes| {
                let stretch = RowRange {
                    after: after.map(|at| rows[at].id.as_str()),
                    until: until.map(|at| rows[at].id.as_str()),
                    rows: most,
                    bytes,
                };
                let portion = db.sessions.row_copy().unwrap().read_rows(stretch).unwrap();
                (portion.rows, portion.has_more)
            };
            assert_eq!(portion(Some(1), Some(5), 9, 9_999), (rows[2..=5].to_vec(), false));
            assert_eq!(portion(None, None, 3, 9_999), (rows[..3].to_vec(), true));
            assert_eq!(portion(Some(6), None, 3, 1), (rows[7..].to_vec(), false));
            // The one with which so many bytes are reached is the last.
            assert_eq!(portion(None, None, 9, rows[0].size() + 1), (rows[..2].to_vec(), true));
        }

        #[test]
        $(#[$on])*
        fn a_failed_put_has_changed_nothing() {
            let mut db = db();
            put_all(&mut db, &[read_rows('a')]);
            let good = RawRow { user: None, ..read_rows('a') };
            let bad = RawRow { last_used_at: -1, ..read_rows('b') };
            assert!(db.sessions.row_copy_mut().unwrap().upsert_rows(&[&good, &bad], OnConflict::Overwrite).is_err());
            assert_eq!(all(&db), [read_rows('a')]);
        }

        #[test]
        $(#[$on])*
        fn what_is_removed_is_not_counted_as_deleted() {
            let mut db = db();
            put_all(&mut db, &[read_rows('a'), read_rows('b')]);
            let removed = db.sessions.row_copy_mut().unwrap().remove(&[&read_rows('a'), &read_rows('c')]).unwrap();
            assert_eq!((removed.rows, all(&db)), (1, vec![read_rows('b')]));
            assert_eq!(db.sessions.row_copy().unwrap().read_counters().unwrap(), []);
        }

        #[test]
        $(#[$on])*
        fn a_counter_is_set_where_it_may_be_and_dropped() {
            let mut db = db();
            let store = db.sessions.row_copy_mut().unwrap();
            let (low, high, other) = (counter("imap", 3), counter("IMAP", 4), counter("http", 1));
            store.set_counters(&[&high, &other], &[], OnConflict::KeepNewer).unwrap();
            store.set_counters(&[&low], &[], OnConflict::KeepNewer).unwrap();
            assert_eq!(store.read_counters().unwrap(), [other.clone(), high]);
            store.set_counters(&[&low], &[&other], OnConflict::Overwrite).unwrap();
            assert_eq!(store.read_counters().unwrap(), [low]);
            store.set_counters(&[], &[], OnConflict::Overwrite).unwrap();
        }

        #[test]
        $(#[$on])*
        fn a_row_that_is_newer_stays_and_is_not_counted() {
            check(db(), 300, (drawn_row('a'), drawn_row('a')), |db, (there, new)| {
                put_all(db, std::slice::from_ref(&there));
                let rows = db.sessions.row_copy_mut().unwrap();
                let put = rows.upsert_rows(&[&new], OnConflict::KeepNewer).unwrap();
                let stays = there.is_newer_than(&new);
                prop_assert_eq!(put.rows, u64::from(!stays));
                prop_assert_eq!(all(db), [if stays { there } else { new }]);
                Ok(())
            });
        }
    };
}
use tests;
