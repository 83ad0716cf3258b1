//! Tests of `domain::policy::user_limit`.

use sessctl::domain::policy::UserSessions;
use sessctl::domain::profile::{Expiry, SessionTimes, StricterRules};
use sessctl::domain::time::{Span, UnixTime};

const NOW: UnixTime = UnixTime(1_781_524_800);

fn times(used: Option<i64>, created: Option<i64>) -> SessionTimes {
    let at = |ago| UnixTime(NOW.0 - ago);
    SessionTimes {
        expiry: Expiry::Never,
        used: used.map(at),
        created: created.map(at),
        exceeds_user_limit: false,
    }
}

fn two() -> UserSessions {
    let rules = StricterRules { user_limit: 2, ..StricterRules::default() };
    UserSessions::new(rules, NOW)
}

#[test]
fn the_sessions_of_each_user_that_were_used_last_stay() {
    let mut users = two();
    for (user, handle, used) in
        [("ann", "a", 30), ("ann", "b", 10), ("ben", "c", 90), ("ann", "d", 20), ("ann", "e", 40)]
    {
        users.add(user.to_owned(), &times(Some(used), None), handle);
    }
    let excess = users.into_excess();
    let is_above = |user, handle, used| excess.includes(user, &times(Some(used), None), handle);
    assert!(is_above("ann", "a", 30) && is_above("ann", "e", 40));
    assert!(!is_above("ann", "b", 10) && !is_above("ann", "d", 20));
    assert!(!is_above("ben", "c", 90) && !is_above("eve", "x", 99));
    // Used since the count.
    assert!(!is_above("ann", "a", 0));
}

#[test]
fn of_sessions_used_at_the_same_time_the_handle_decides() {
    let mut users = two();
    for handle in ["aa", "ab", "ac"] {
        users.add("ann".to_owned(), &times(Some(5), None), handle);
    }
    let excess = users.into_excess();
    let above = ["aa", "ab", "ac"].map(|it| excess.includes("ann", &times(Some(5), None), it));
    assert_eq!(above, [true, false, false]);
}

#[test]
fn where_no_last_use_is_known_the_opening_counts() {
    let mut users = two();
    for (handle, created) in [("a", Some(3)), ("b", Some(2)), ("c", None)] {
        users.add("ann".to_owned(), &times(None, created), handle);
    }
    let excess = users.into_excess();
    assert!(excess.includes("ann", &times(None, Some(3)), "a"));
    assert!(!excess.includes("ann", &times(None, None), "c"), "it has no time at all");
}

#[test]
fn sessions_that_are_due_anyway_do_not_count() {
    let timeout = Some(Span::seconds(60));
    let rules = StricterRules { timeout, user_limit: 2, ..StricterRules::default() };
    let users = UserSessions::new(rules, NOW);
    assert!(users.counts(&times(Some(60), None)));
    assert!(!users.counts(&times(Some(61), None)));
    let over = SessionTimes { expiry: Expiry::Expired, ..times(Some(1), None) };
    assert!(!users.counts(&over));
    let unreadable = SessionTimes { expiry: Expiry::Unknown, ..times(Some(1), None) };
    assert!(!users.counts(&unreadable));
}
