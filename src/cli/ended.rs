//! Sessions that have ended, one line each.

use sessctl::domain::session::{End, Session};

use crate::output::harmless::visible;
use crate::output::people;

/// Characters of a name that a sentence shows.
const LONGEST: usize = 40;

/// A session and its end, for people: handle, task, user, client, idle time, reason.
pub fn sentence(session: &Session, end: End, job: Option<&str>) -> String {
    let idle = session
        .idle(end.at)
        .map_or_else(String::new, |idle| format!("  idle {}", people::span(idle)));
    let job = job.map_or_else(String::new, |job| format!("  job {}", short(job)));
    format!(
        "{}  {}  {}  {}{idle}  {}{job}",
        session.handle,
        short(&session.task),
        short(session.user.as_deref().unwrap_or("-")),
        short(session.client.as_deref().unwrap_or("-")),
        end.reason,
    )
}

/// What fits into a line that people read; the other formats have all of it.
fn short(text: &str) -> String {
    let text = visible(text);
    match text.char_indices().nth(LONGEST) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}
