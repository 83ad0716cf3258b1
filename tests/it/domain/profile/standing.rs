//! Tests of `domain::profile::standing`.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use sessctl::domain::profile::{
    Expiry, SessionTimes, Standing, StricterRule, StricterRules, Timestamp,
};
use sessctl::domain::time::{Span, UnixTime};

const NOW: UnixTime = UnixTime(1_781_524_800);
const HOUR: i64 = 3_600;

fn ago(seconds: i64) -> UnixTime {
    UnixTime(NOW.0 - seconds)
}

fn at(seconds_ago: i64) -> Expiry {
    Expiry::At { moment: Timestamp::from(ago(seconds_ago)), inclusive: true }
}

fn times(expiry: Expiry, used: Option<i64>, created: Option<i64>) -> SessionTimes {
    SessionTimes {
        expiry,
        used: used.map(ago),
        created: created.map(ago),
        exceeds_user_limit: false,
    }
}

fn rules(timeout: Option<i64>, lifetime: Option<i64>, retention: Option<i64>) -> StricterRules {
    StricterRules {
        timeout: timeout.map(Span::seconds),
        lifetime: lifetime.map(Span::seconds),
        user_limit: 0,
        retention: retention.map(Span::seconds),
    }
}

#[test]
fn a_timeout_and_a_lifetime_end_a_second_after_their_last_moment() {
    let timeout = rules(Some(HOUR), None, Some(0));
    let never = |used| times(Expiry::Never, Some(used), None);
    assert_eq!(timeout.standing(&never(HOUR), NOW), Standing::Live);
    assert_eq!(timeout.standing(&never(HOUR + 1), NOW), Standing::Due(StricterRule::Timeout));
    let lifetime = rules(None, Some(HOUR), Some(0));
    let never = |created| times(Expiry::Never, None, Some(created));
    assert_eq!(lifetime.standing(&never(HOUR), NOW), Standing::Live);
    assert_eq!(lifetime.standing(&never(HOUR + 1), NOW), Standing::Due(StricterRule::Lifetime));
    // A use in the future counts as of now, and an unknown one ends nothing.
    assert_eq!(timeout.standing(&times(Expiry::Never, Some(-HOUR), None), NOW), Standing::Live);
    assert_eq!(timeout.standing(&times(Expiry::Never, None, Some(9 * HOUR)), NOW), Standing::Live);
}

#[test]
fn a_row_whose_times_cannot_be_read_is_kept() {
    let rules = StricterRules { user_limit: 1, ..rules(Some(1), Some(1), Some(0)) };
    let unknown = times(Expiry::Unknown, Some(HOUR), Some(HOUR));
    let unknown = SessionTimes { exceeds_user_limit: true, ..unknown };
    assert_eq!(rules.standing(&unknown, NOW), Standing::Live);
    assert_eq!(rules.last_moment(&unknown), None);
}

#[test]
fn the_row_of_an_expired_session_is_kept_for_the_retention() {
    let week = rules(None, None, Some(HOUR));
    assert_eq!(week.standing(&times(at(HOUR - 1), None, None), NOW), Standing::Retained);
    assert_eq!(week.standing(&times(at(HOUR), None, None), NOW), Standing::Expired);
    let for_ever = rules(None, None, None);
    assert_eq!(for_ever.standing(&times(at(99 * HOUR), None, None), NOW), Standing::Retained);
    assert_eq!(for_ever.standing(&times(Expiry::Expired, None, None), NOW), Standing::Retained);
    // Without a time of the end, the last use or the opening counts, and else nothing.
    let over = |used, created| times(Expiry::Expired, used, created);
    assert_eq!(week.standing(&over(Some(HOUR - 1), Some(9 * HOUR)), NOW), Standing::Retained);
    assert_eq!(week.standing(&over(Some(HOUR), Some(9 * HOUR)), NOW), Standing::Expired);
    assert_eq!(week.standing(&over(None, Some(HOUR - 1)), NOW), Standing::Retained);
    assert_eq!(week.standing(&over(None, None), NOW), Standing::Expired);
}

#[test]
fn the_retention_does_not_revive_what_was_due() {
    let rules = rules(Some(HOUR), None, Some(9 * HOUR));
    let expired = times(at(HOUR), Some(2 * HOUR + 1), None);
    assert_eq!(rules.standing(&expired, ago(HOUR + 1)), Standing::Live);
    assert_eq!(
        rules.standing(&times(at(-HOUR), Some(2 * HOUR), None), NOW),
        Standing::Due(StricterRule::Timeout)
    );
    assert_eq!(rules.standing(&expired, NOW), Standing::Expired);
    // This one was over by the framework's rules first.
    assert_eq!(rules.standing(&times(at(HOUR), Some(2 * HOUR), None), NOW), Standing::Retained);
}

fn expiry() -> impl Strategy<Value = Expiry> {
    let moment = (-3..=3_i64, -1..=1_i64, any::<bool>()).prop_map(|(hours, more, inclusive)| {
        Expiry::At { moment: Timestamp::from(ago(hours * HOUR + more)), inclusive }
    });
    prop_oneof![
        4 => moment,
        1 => select(vec![Expiry::Never, Expiry::Expired, Expiry::Unknown]),
    ]
}

fn span() -> impl Strategy<Value = Option<i64>> {
    option::of(select(vec![0, 1, HOUR, 2 * HOUR]))
}

fn time() -> impl Strategy<Value = Option<i64>> {
    option::of((-1..=3_i64, -1..=1_i64).prop_map(|(hours, more)| hours * HOUR + more))
}

fn any_rules() -> impl Strategy<Value = StricterRules> {
    (span(), span(), 0..=1_u64, span()).prop_map(|(timeout, lifetime, user_limit, retention)| {
        StricterRules { user_limit, ..rules(timeout, lifetime, retention) }
    })
}

proptest! {
    /// Stricter rules only shorten: what the framework refuses is never live, and without a
    /// retention its row goes as early as without rules.
    #[test]
    fn no_session_outlives_the_rules_of_its_framework(
        rules in any_rules(), expiry in expiry(), used in time(), created in time(),
        exceeds_user_limit: bool,
    ) {
        let times = SessionTimes { exceeds_user_limit, ..times(expiry, used, created) };
        let standing = rules.standing(&times, NOW);
        prop_assert_eq!(
            expiry.is_expired(NOW),
            matches!(standing, Standing::Expired | Standing::Retained)
        );
        if rules.retention == Some(Span::ZERO) {
            prop_assert_ne!(standing, Standing::Retained);
        }
        let alone = StricterRules::default().standing(&times, NOW);
        if !exceeds_user_limit {
            prop_assert_eq!(alone != Standing::Live, expiry.is_expired(NOW));
        }
    }

    /// What is due stays due until the session is used again, and is live up to its last moment.
    #[test]
    fn a_session_that_is_due_stays_due(
        rules in any_rules(), expiry in expiry(), used in time(), created in time(),
        later in 0..=5 * HOUR,
    ) {
        let times = times(expiry, used, created);
        let goes = |now| !matches!(rules.standing(&times, now), Standing::Live | Standing::Retained);
        prop_assert!(!goes(NOW) || goes(ago(-later)));
        let is_live = |now| rules.standing(&times, now) == Standing::Live;
        match rules.last_moment(&times) {
            Some(last) => {
                prop_assert!(is_live(UnixTime(last.0 - 1)));
                prop_assert!(!is_live(UnixTime(last.0 + 1)));
            }
            None => prop_assert_eq!(is_live(NOW), is_live(UnixTime(NOW.0 + 9 * HOUR))),
        }
    }
}
