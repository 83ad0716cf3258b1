//! Tests of `domain::policy::two_pass`.

use sessctl::domain::policy::{Policy, PurgeTime};
use sessctl::domain::time::{Span, UnixTime};

const PLANNED: UnixTime = UnixTime(1_781_524_800);

fn late(delay: Span, seconds: i64) -> i64 {
    let policy = Policy { delay, ..Policy::default() };
    let check = PurgeTime::planned(PLANNED, UnixTime(PLANNED.0 + seconds));
    policy.nominal_time(check).0 - PLANNED.0
}

#[test]
fn t7_a_check_that_is_a_little_late_belongs_to_its_planned_time() {
    assert_eq!(late(Span::days(1), 7), 0);
    assert_eq!(late(Span::days(1), 3_600), 0);
    assert_eq!(late(Span::days(1), 3_601), 3_601);
    assert_eq!(late(Span::days(30), 3_601), 3_601);
    assert_eq!(late(Span::hours(1), 150), 0);
    assert_eq!(late(Span::hours(1), 151), 151);
    assert_eq!(late(Span::ZERO, 1), 1);
    assert_eq!(PurgeTime::planned(UnixTime(PLANNED.0 + 9), PLANNED), PurgeTime::at(PLANNED));
}

#[test]
fn t10_marks_are_ripe_at_their_delay_and_an_hour_earlier_where_it_is_in_whole_days() {
    let needed = |delay| {
        let policy = Policy { delay, ..Policy::default() };
        PLANNED.0 - policy.mark_cutoff(PurgeTime::at(PLANNED)).0
    };
    assert_eq!(needed(Span::ZERO), 0);
    assert_eq!(needed(Span::minutes(10)), 600);
    assert_eq!(needed(Span::seconds(86_399)), 86_399);
    assert_eq!(needed(Span::days(1)), 82_800);
    assert_eq!(needed(Span::seconds(86_401)), 86_401);
    assert_eq!(needed(Span::hours(25)), 90_000);
    assert_eq!(needed(Span::days(2)), 169_200);
    assert_eq!(needed(Span::hours(49)), 176_400);
    assert_eq!(needed(Span::days(30)), 2_588_400);
}
