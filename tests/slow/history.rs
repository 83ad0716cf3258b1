//! The history over a simulated year.

use std::time::Duration;

use rusqlite::Connection;
use sessctl::domain::session::EndReason;
use sessctl::domain::time::UnixTime;
use sessctl::storage::Sample;

use crate::support::store::TestDb;
use crate::support::{HOUR, NOW};

/// Sample of a table with about a million sessions.
fn sample(moment: i64) -> Sample {
    let count = u64::try_from(moment % 9_973).unwrap();
    Sample {
        at: UnixTime(moment),
        runs: 1,
        live: Some([1_000_000 + count, 20_000, 3_000]),
        expired: Some(count),
        rows: Some(1_500_000),
        ended_by: [(EndReason::Expired, count)].into(),
        deleted: count,
        file_bytes: Some(500_000_000),
        free_bytes: Some(1_000_000),
        longest_hold: Some(Duration::from_micros(2_000 + count)),
        duration: Some(Duration::from_secs(4)),
        ..Sample::default()
    }
}

/// Runs a purge at this interval for a year; returns the bytes of the table per day.
fn bytes_per_day(interval: i64) -> i64 {
    let mut db = TestDb::native_in_sqlite();
    let start = NOW.0;
    let mut recorded = 0;
    for hour in 0..365 * 24 {
        let begin = start + hour * HOUR;
        let others: Vec<Sample> =
            (1..HOUR / interval).map(|run| sample(begin + run * interval)).collect();
        db.sessions.add_samples(&others).unwrap();
        db.sessions.record_sample(&sample(begin + HOUR - 1), None).unwrap();
        recorded += others.len() as u64 + 1;
    }
    let kept = db.sessions.samples(UnixTime(0), UnixTime(i64::MAX)).unwrap();
    assert_eq!(kept.iter().map(|sample| sample.runs).sum::<u64>(), recorded);
    let file = Connection::open(db.path()).unwrap();
    let bytes = "SELECT sum(pgsize) FROM dbstat WHERE name = 'samples'";
    let bytes: i64 = file.query_row(bytes, [], |row| row.get(0)).unwrap();
    bytes / 365
}

#[test]
fn a_year_of_hourly_purges_takes_a_few_hundred_bytes_a_day() {
    let bytes = bytes_per_day(HOUR);
    assert!((300..600).contains(&bytes), "{bytes}");
}

#[test]
fn a_year_of_purges_each_minute_is_mostly_the_last_week() {
    let bytes = bytes_per_day(60);
    assert!((1_500..3_000).contains(&bytes), "{bytes}");
}
