//! Tests of `cli::ended_sessions`.

use sessctl::cli::ended_sessions::sentence;
use sessctl::domain::profile::StricterRules;
use sessctl::domain::session::{End, EndReason, Session, SessionKey};
use sessctl::domain::time::UnixTime;

#[test]
fn a_session_that_ends_takes_one_line_in_which_nothing_acts() {
    let end = End { at: UnixTime(10_000), reason: EndReason::Expired };
    let session = Session {
        key: SessionKey::Text("3fa94c1d2e3f77".into()),
        handle: "3fa94c1d2e3f".to_owned(),
        user: Some("alice".to_owned()),
        user_name: None,
        is_user_unreadable: false,
        task: "imap".to_owned(),
        client: Some("192.0.2.7".to_owned()),
        agent: None,
        created_at: None,
        last_used_at: Some(UnixTime(10_000 - 42 * 60)),
        idle_timeout: None,
        marked_at: None,
        end: Some(end),
        expiry: None,
        stricter: StricterRules::default(),
        exceeds_user_limit: false,
    };
    assert_eq!(
        sentence(&session, end, Some("nightly")),
        "3fa94c1d2e3f  imap  alice  192.0.2.7  idle 42m  expired  job nightly"
    );
    let nobody = Session { user: None, client: None, last_used_at: None, ..session.clone() };
    assert_eq!(sentence(&nobody, end, None), "3fa94c1d2e3f  imap  -  -  idle -  expired");
    let odd = Session { user: Some("bo\nb\u{1b}[2J".to_owned()), ..session };
    let seen = sentence(&odd, end, None);
    assert!(seen.starts_with(r"3fa94c1d2e3f  imap  bo\nb\u{1b}[2J  192.0.2.7  "), "{seen}");
}
