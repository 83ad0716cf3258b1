//! How long the ledger keeps what it has.

use sessctl::domain::time::Span;

use super::{DAY, HOUR, Host, at, later, purge_at, purge_every};

#[test]
fn entries_go_when_they_are_older_than_their_retention() {
    // given an hourly purge and entries that are kept for two days
    let (mut host, _database) = Host::alone();
    host.terms.keep_runs = Some(Span::days(2));
    let (job, start) = (purge_at("0 * *"), at("2026-06-15T00:00:00Z"));
    // when it runs for five days
    host.asks_each_minute(&job, start, later(start, 5 * DAY));
    let end = later(start, 5 * DAY - HOUR);
    let ledger = host.ledger(end);
    // then those of the last two are left, also the one that is two days old
    assert_eq!(ledger.len(), 49);
    assert_eq!(ledger[0].started, later(end, -2 * DAY));
    // and the job is known although its entries are gone
    let back = later(start, 30 * DAY);
    host.asks(&job, back);
    let ledger = host.ledger(back);
    assert_eq!((ledger.len(), ledger[0].missed), (1, 600));
}

#[test]
fn without_a_retention_all_entries_stay() {
    let (mut host, _database) = Host::alone();
    let (job, start) = (purge_every("12h"), at("2026-06-15T00:00:00Z"));
    for day in 0..40 {
        host.asks(&job, later(start, day * DAY));
    }
    assert_eq!(host.ledger(start).len(), 40);
}

#[test]
fn many_old_entries_go_in_a_few_runs() {
    // given a thousand entries
    let (mut host, _database) = Host::alone();
    let (job, start) = (purge_every("1m"), at("2026-06-15T00:00:00Z"));
    host.asks_each_minute(&job, start, later(start, 2_200 * 60));
    let before = host.ledger(start).len();
    assert!(before > 1_000);
    // when they are to be kept no longer, then some hundred go with each run
    host.terms.keep_runs = Some(Span::days(1));
    let now = later(start, 30 * DAY);
    host.asks(&job, now);
    assert!((before - 500..before).contains(&host.ledger(now).len()));
    for run in 1..10 {
        host.asks(&job, later(now, run * HOUR));
    }
    assert_eq!(host.ledger(now).len(), 10);
}
