//! Sessions that have ended, one line each.

use crate::domain::session::{End, Session};

use crate::output::human;
use crate::output::sanitize::escape;

/// Characters of a name that a sentence shows.
const LONGEST: usize = 40;

/// A session and its end, for people: handle, task, user, client, idle time, reason.
pub fn sentence(session: &Session, end: End, job: Option<&str>) -> String {
    let idle = session.idle(end.at).map_or_else(|| "-".to_owned(), human::span);
    let job = job.map_or_else(String::new, |job| format!("  job {}", short(job)));
    format!(
        "{}  {}  {}  {}  idle {idle}  {}{job}",
        session.handle,
        short(&session.task),
        short(session.user.as_deref().unwrap_or("-")),
        short(session.client.as_deref().unwrap_or("-")),
        end.reason,
    )
}

/// What fits into a line that people read; the other formats have all of it.
fn short(text: &str) -> String {
    let text = escape(text);
    match text.char_indices().nth(LONGEST) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::session::{EndReason, Key};
    use crate::domain::time::UnixTime;

    use super::*;

    #[test]
    fn a_session_that_ends_takes_one_line_in_which_nothing_acts() {
        let end = End { at: UnixTime(10_000), reason: EndReason::Expired };
        let session = Session {
            key: Key::Text("3fa94c1d2e3f77".into()),
            handle: "3fa94c1d2e3f".to_owned(),
            user: Some("alice".to_owned()),
            is_user_unreadable: false,
            task: "imap".to_owned(),
            client: Some("192.0.2.7".to_owned()),
            created_at: None,
            last_used_at: Some(UnixTime(10_000 - 42 * 60)),
            idle_timeout: None,
            marked_at: None,
            end: Some(end),
            expiry: None,
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
}
