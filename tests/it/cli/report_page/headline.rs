//! The headline, and the remarks below it.

use std::time::Duration;

use sessctl::cli::report_page::growth::Growth;
use sessctl::cli::report_page::headline::{
    Headline, LateJob, PurgeState, Situation, growth_sentence,
};
use sessctl::cli::report_page::page::Tone;
use sessctl::domain::time_zone::TimeZone;
use sessctl::{Span, UnixTime};

use crate::support::{DAY, HOUR, MINUTE, NOW, later};

fn ago(seconds: i64) -> UnixTime {
    later(NOW, -seconds)
}

fn purged(completed: Option<UnixTime>) -> PurgeState {
    PurgeState::Known { completed, failed: None, running: None }
}

fn rows(rows: u64, live: u64) -> Situation {
    Situation { rows, live, purge: purged(Some(ago(3 * HOUR))), ..Situation::default() }
}

fn headline(situation: &Situation) -> (Tone, String) {
    let all = Headline::of(situation, NOW, &TimeZone::UTC).remarks();
    (all[0].tone, all[0].text.clone())
}

fn rest(situation: &Situation) -> Vec<String> {
    let rest = Headline::of(situation, NOW, &TimeZone::UTC).rest;
    rest.into_iter().map(|remark| format!("{}: {}", remark.tone.word(), remark.text)).collect()
}

#[test]
fn rows_are_counted_and_live_ones_have_a_share() {
    let said = |all, live| {
        let (_, text) = headline(&rows(all, live));
        text.strip_suffix("; last purge 3 hours ago").unwrap().to_owned()
    };
    for (all, live, text) in [
        (0, 0, "no rows"),
        (1, 1, "1 row, live"),
        (1, 0, "1 row, not live"),
        (2, 2, "2 rows, all live"),
        (2, 0, "2 rows, none live"),
        (1_000, 1, "1,000 rows, less than 1 % live"),
        (1_000, 999, "1,000 rows, 99 % live"),
        (1_204_551, 36_200, "1,204,551 rows, 3 % live"),
    ] {
        assert_eq!(said(all, live), text);
    }
}

fn with(purge: PurgeState, late_jobs: Vec<LateJob>) -> Situation {
    Situation { purge, late_jobs, ..rows(1_204_551, 36_200) }
}

fn late(last: Option<UnixTime>, missed: u64) -> LateJob {
    LateJob { name: "nightly purge".to_owned(), is_purge: true, last, missed }
}

#[test]
fn the_headline_says_whether_purges_keep_up() {
    let failed = PurgeState::Known {
        completed: Some(ago(5 * DAY)),
        failed: Some((ago(2 * HOUR), "failed", Some("the disk is full".to_owned()))),
        running: None,
    };
    let cases = [
        (with(purged(Some(ago(59))), vec![]), Tone::Good, "last purge 59 seconds ago"),
        (with(purged(Some(ago(47 * HOUR))), vec![]), Tone::Good, "last purge 47 hours ago"),
        (with(purged(Some(ago(4 * DAY))), vec![]), Tone::Bad, "no purge has completed for 4 days"),
        (with(purged(None), vec![]), Tone::Bad, "no purge is on record"),
        (with(PurgeState::Never, vec![]), Tone::Bad, "never purged"),
        (with(PurgeState::Unknown, vec![]), Tone::Warning, "it is unknown when it was last purged"),
        (with(failed, vec![]), Tone::Bad, "the purge of 2 hours ago failed"),
        (
            with(purged(Some(ago(4 * DAY))), vec![late(Some(ago(4 * DAY)), 4)]),
            Tone::Bad,
            "the job \"nightly purge\" has not run for 4 days",
        ),
        (
            with(PurgeState::Never, vec![late(None, 1)]),
            Tone::Bad,
            "the job \"nightly purge\" did not run at its last time",
        ),
        (
            with(PurgeState::Never, vec![late(None, 3)]),
            Tone::Bad,
            "the job \"nightly purge\" did not run at its last 3 times",
        ),
        (
            with(purged(Some(later(NOW, HOUR))), vec![]),
            Tone::Warning,
            "the last purge, of 2026-06-15T13:00:00Z, is ahead of the clock",
        ),
    ];
    for (situation, tone, clause) in cases {
        let text = format!("1,204,551 rows, 3 % live; {clause}");
        assert_eq!(headline(&situation), (tone, text));
    }
}

#[test]
fn an_empty_table_that_was_never_purged_is_no_problem() {
    let empty = Situation { purge: PurgeState::Never, ..Situation::default() };
    assert_eq!(headline(&empty), (Tone::Neutral, "no rows; never purged".to_owned()));
}

#[test]
fn a_table_that_sessctl_does_not_purge_has_no_purge_in_its_headline() {
    let situation = with(PurgeState::Unwanted("it is read-only".to_owned()), vec![]);
    assert_eq!(headline(&situation), (Tone::Neutral, "1,204,551 rows, 3 % live".to_owned()));
    assert_eq!(rest(&situation), ["note: it is read-only"]);
}

#[test]
fn a_late_job_is_only_a_warning_while_others_purge() {
    let situation = with(purged(Some(ago(HOUR))), vec![late(Some(ago(4 * DAY)), 4)]);
    assert_eq!(headline(&situation).0, Tone::Good);
    assert_eq!(rest(&situation), ["warning: the job \"nightly purge\" has not run for 4 days"]);
}

#[test]
fn the_rest_begins_with_the_worst() {
    let purge = PurgeState::Known {
        completed: Some(ago(5 * DAY)),
        failed: Some((ago(2 * HOUR), "failed", Some("the disk is full".to_owned()))),
        running: Some(ago(3 * MINUTE)),
    };
    let situation = Situation {
        purge,
        expired: 1_000_000,
        failed_runs: 1,
        worst_hold: Some((Duration::from_millis(12), ago(DAY))),
        space: Some((1_200_000_000, 3_400_000_000)),
        unreadable: 2,
        future: 1,
        ..rows(1_204_551, 36_200)
    };
    insta::assert_snapshot!(rest(&situation).join("\n"), @r#"
    problem: the last purge failed: the disk is full; the last one completed 5 days ago
    warning: 1 run did not complete in this period: see Failures
    warning: 1,000,000 sessions have expired and are still in the table: 96 % of all that have not ended
    warning: 2 rows have times that cannot be read, so that their sessions are never purged
    warning: 1 row was used, opened or marked in the future: a clock is or was wrong
    note: a purge has been running for 3 minutes
    note: the longest write transaction of a run blocked other programs for 12 ms (on 2026-06-14 12:00)
    note: 1.20 GB of the 3.40 GB of the file are free
    "#);
}

#[test]
fn a_hold_that_programs_notice_is_a_warning() {
    let situation =
        Situation { worst_hold: Some((Duration::from_secs(3), ago(DAY))), ..rows(10, 10) };
    assert!(rest(&situation)[0].starts_with("warning: the longest write transaction"));
}

#[test]
fn growth_is_a_ratio_in_words() {
    let said = |before, after| {
        let growth = Growth { before, after, over: Span::days(30), window: Span::days(7) };
        growth_sentence(&growth)
    };
    let averages = "averages over a week)";
    for (before, after, text) in [
        (602.0, 1_204.0, "twice as many live sessions as 30 days ago (602 then, 1,204 now, "),
        (100.0, 340.0, "3.4 times as many live sessions as 30 days ago (100 then, 340 now, "),
        (100.0, 1_000.0, "10 times as many live sessions as 30 days ago (100 then, 1,000 now, "),
        (100.0, 137.0, "37 % more live sessions than 30 days ago (100 then, 137 now, "),
        (100.0, 102.0, "about as many live sessions as 30 days ago (100 then, 102 now, "),
        (100.0, 60.0, "40 % fewer live sessions than 30 days ago (100 then, 60 now, "),
        (100.0, 0.0, "100 % fewer live sessions than 30 days ago (100 then, 0 now, "),
        (0.2, 50.0, "no sessions were live 30 days ago (0 then, 50 now, "),
    ] {
        assert_eq!(said(before, after), format!("{text}{averages}"));
    }
    assert_eq!(said(0.0, 0.0), "no sessions were live, neither 30 days ago nor now");
}
