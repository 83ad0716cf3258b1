//! Tests of `domain::error`.

use sessctl::domain::error::{ExceededLimit, GuardRefusal, GuardedRun, RunImpact};
use sessctl::domain::time::UnixTime;

fn message(work: GuardedRun, would_end: u64, backlog: u64, limit: ExceededLimit) -> String {
    let impact = RunImpact { work, task: None, sessions: 98_120, would_end, backlog };
    GuardRefusal { impact, limit }.to_string()
}

#[test]
fn a_refusal_never_rounds_up_to_all_of_them() {
    assert_eq!(
        message(GuardedRun::Cycle, 98_112, 0, ExceededLimit::Percent(50.0)),
        "the guard refuses this cycle: it would end 98,112 of 98,120 sessions in the table \
         (99.9 %), more than max_percent = 50"
    );
}

#[test]
fn a_refusal_tells_a_backlog_from_sessions_that_were_live_a_moment_ago() {
    let limit = ExceededLimit::Rows(1_000);
    let last = GuardedRun::PurgeSince(UnixTime(1_781_524_800));
    insta::assert_snapshot!(message(GuardedRun::FirstPurge, 49_060, 0, limit), @"the guard refuses this purge: it would end 49,060 of 98,120 sessions in the table (50.0 %), more than max_rows = 1,000; no earlier purge is on record, so this may be a backlog");
    insta::assert_snapshot!(message(last, 49_060, 0, limit), @"the guard refuses this purge: it would end 49,060 of 98,120 sessions in the table (50.0 %), more than max_rows = 1,000; all of these were live at the last purge (2026-06-15T12:00:00Z) or opened after it");
    insta::assert_snapshot!(message(last, 49_060, 39_248, limit), @"the guard refuses this purge: it would end 9,812 of 98,120 sessions in the table (10.0 %), more than max_rows = 1,000; all of these were live at the last purge (2026-06-15T12:00:00Z) or opened after it; 39,248 that were due by then do not count");
}
