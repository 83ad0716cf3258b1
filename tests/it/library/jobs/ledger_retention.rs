//! Retention of ledger entries.

use sessctl::domain::time::Span;
use sessctl::storage::MIN_KEPT_RUNS;

use crate::support::jobs::{Host, purge_at, purge_every};
use crate::support::{DAY, HOUR, at, later};

#[test]
fn entries_go_when_they_are_older_than_their_retention() {
    // given an hourly purge and entries that are kept for five days
    let (mut host, _database) = Host::alone();
    host.terms.keep_runs = Some(Span::days(5));
    let (job, start) = (purge_at("0 * *"), at("2026-06-15T00:00:00Z"));
    // when it runs for twelve days
    for hour in 0..12 * 24 {
        host.run_if_due(&job, later(start, hour * HOUR));
    }
    let end = later(start, 12 * DAY - HOUR);
    let ledger = host.ledger(end);
    // then those of the last five are left, and as many as stay in any case
    let youngest = HOUR * (i64::try_from(MIN_KEPT_RUNS).unwrap() - 1);
    assert_eq!(ledger[0].started, later(end, -5 * DAY - youngest));
    // and the job is known although its first entries are gone
    let back = later(start, 30 * DAY);
    host.run_if_due(&job, back);
    assert_eq!(host.ledger(back).last().unwrap().missed, 18 * 24);
}

#[test]
fn without_a_retention_all_entries_stay() {
    let (mut host, _database) = Host::alone();
    let (job, start) = (purge_every("12h"), at("2026-06-15T00:00:00Z"));
    for day in 0..=140 {
        host.run_if_due(&job, later(start, day * DAY));
    }
    assert_eq!(host.ledger(start).len(), 140);
}

#[test]
fn many_old_entries_go_in_a_few_runs() {
    // given a thousand entries
    let (mut host, _database) = Host::alone();
    let (job, start) = (purge_every("1m"), at("2026-06-15T00:00:00Z"));
    host.run_each_minute(&job, start, later(start, 2_200 * 60));
    let before = host.ledger(start).len();
    assert!(before > 1_000);
    // when they are to be kept no longer
    host.terms.keep_runs = Some(Span::days(2));
    let back = later(start, 30 * DAY);
    let kept = i64::try_from(MIN_KEPT_RUNS).unwrap();
    for run in 1..kept {
        host.run_if_due(&job, later(back, run * 600));
    }
    // then they stay until there are enough later ones
    assert_eq!(host.ledger(back).len(), before + MIN_KEPT_RUNS - 1);
    // and some hundred go with each run from then on
    let now = later(back, kept * 600);
    host.run_if_due(&job, now);
    assert!((before - 500..before).contains(&host.ledger(now).len()));
    for run in 1..20 {
        host.run_if_due(&job, later(now, run * 600));
    }
    assert_eq!(host.ledger(now).len(), MIN_KEPT_RUNS + 19);
}
