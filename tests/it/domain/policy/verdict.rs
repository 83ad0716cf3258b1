//! Tests of `domain::policy::verdict`.

use sessctl::domain::policy::{ExpiryMode, Policy, PurgeTime, TouchDecision, Verdict};
use sessctl::domain::profile::StricterRules;
use sessctl::domain::session::{EndReason, Session, SessionKey, SessionState};
use sessctl::domain::time::UnixTime;

const NOON: UnixTime = UnixTime(1_781_524_800);

fn hours(hours: i64) -> UnixTime {
    UnixTime(NOON.0 + hours * 3_600)
}

fn two_pass() -> Policy {
    Policy { expire: ExpiryMode::TwoPass, ..Policy::default() }
}

/// A session that was opened and used then, and has this mark.
fn session(created: i64, used: i64, mark: Option<i64>) -> Session {
    Session {
        key: SessionKey::Text("a".into()),
        handle: "a".into(),
        user: None,
        user_name: None,
        is_user_unreadable: false,
        task: "box".into(),
        client: None,
        agent: None,
        created_at: Some(hours(created)),
        last_used_at: Some(hours(used)),
        idle_timeout: None,
        marked_at: mark.map(hours),
        end: None,
        expiry: None,
        stricter: StricterRules::default(),
        exceeds_user_limit: false,
    }
}

#[test]
fn a_mark_that_is_older_than_the_last_use_or_the_opening_does_not_count() {
    let verdict = |session: &Session| two_pass().verdict(session, PurgeTime::at(NOON));
    for (created, used) in [(-48, -1), (-1, -48), (-1, -1)] {
        // Marked by a purge whose clock was a day behind
        let stale = session(created, used, Some(-24));
        assert_eq!(verdict(&stale), Verdict::Mark(NOON));
        assert_eq!(two_pass().due(&stale, PurgeTime::at(NOON)), None);
        assert_eq!(two_pass().expires_at(&stale), None);
        assert_eq!(two_pass().state(&stale, NOON), SessionState::Active);
        // A touch clears it all the same
        assert_eq!(two_pass().touch(&stale, NOON), TouchDecision::Renew);
    }
    let marked_at_the_last_use = session(-48, -24, Some(-24));
    assert_eq!(verdict(&marked_at_the_last_use), Verdict::End(EndReason::Expired));
    assert_eq!(two_pass().state(&marked_at_the_last_use, NOON), SessionState::Expired);
}

#[test]
fn a_check_marks_no_earlier_than_the_last_use_and_changes_nothing_twice() {
    let late = PurgeTime::planned(hours(-1), NOON);
    for (created, used, mark) in [(-48, -2, -1), (-48, 0, 0), (-48, 3, 3), (2, 1, 2)] {
        let unmarked = session(created, used, None);
        let verdict = two_pass().verdict(&unmarked, late);
        assert_eq!(verdict, Verdict::Mark(hours(mark)));
        let marked = session(created, used, Some(mark));
        assert_eq!(two_pass().verdict(&marked, late), Verdict::Keep);
    }
}
