//! Samples of the history.

use std::time::Duration;

use sessctl::domain::session::EndReason;
use sessctl::domain::time::{Span, UnixTime};
use sessctl::storage::Sample;

use crate::library::store::ledger_entries::at;
use crate::support::store::{TestDb, suite};

suite!(tests);

fn sample(seconds: i64) -> Sample {
    Sample {
        at: at(seconds),
        period: Span::ZERO,
        runs: 1,
        live: Some([1, 2, 3]),
        expired: Some(4),
        rows: Some(10),
        ended_by: [(EndReason::Expired, 3), (EndReason::Lifetime, 1)].into(),
        deleted: 5,
        file_bytes: Some(8192),
        free_bytes: Some(4096),
        longest_hold: Some(Duration::from_micros(1_500)),
        duration: Some(Duration::from_millis(20)),
    }
}

fn all(db: &TestDb) -> Vec<Sample> {
    db.sessions.samples(UnixTime(i64::MIN), UnixTime(i64::MAX)).unwrap()
}

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn samples_are_returned_as_they_were_recorded() {
            let mut db = db();
            let samples = [sample(0), Sample { at: at(7), ..Sample::default() }];
            for sample in &samples {
                db.sessions.record_sample(sample, None).unwrap();
            }
            assert_eq!(all(&db), samples);
            assert_eq!(db.sessions.samples(at(1), at(7)).unwrap(), samples[1..]);
            assert_eq!(db.sessions.samples(at(8), at(9)).unwrap(), []);
        }

        #[test]
        $(#[$on])*
        fn samples_of_one_second_become_one() {
            let mut db = db();
            db.sessions.record_sample(&sample(0), None).unwrap();
            let second = Sample {
                runs: 2,
                live: None,
                expired: Some(0),
                rows: None,
                ended_by: [(EndReason::Cycled, 1), (EndReason::Expired, 1)].into(),
                longest_hold: None,
                duration: Some(Duration::from_millis(30)),
                ..sample(0)
            };
            db.sessions.record_sample(&second, None).unwrap();
            let expected = Sample {
                runs: 3,
                expired: Some(0),
                ended_by: [
                    (EndReason::Expired, 4),
                    (EndReason::Lifetime, 1),
                    (EndReason::Cycled, 1),
                ]
                .into(),
                deleted: 10,
                duration: Some(Duration::from_millis(30)),
                ..sample(0)
            };
            assert_eq!(all(&db), [expected]);
        }

        #[test]
        $(#[$on])*
        fn a_sample_can_be_left_out_if_there_is_a_recent_one() {
            let mut db = db();
            let hour = Some(Span::hours(1));
            for seconds in [0, 3_599, 3_600, 10_000] {
                db.sessions.record_sample(&sample(seconds), hour).unwrap();
            }
            // One of a wrong clock does not count.
            db.sessions.record_sample(&sample(9_000), hour).unwrap();
            let times: Vec<UnixTime> = all(&db).iter().map(|sample| sample.at).collect();
            assert_eq!(times, [at(0), at(3_600), at(9_000), at(10_000)]);
        }
    };
}
use tests;
