//! The system's log. It has the runs that root starts: the owner of a database can rewrite the
//! ledger in it, but not this. And it has the sessions that end, where somebody wants that.

use nix::syslog::{Facility, LogFlags, Priority, Severity, openlog, syslog};
use sessctl::app::{EndedRun, RunObserver};
use sessctl::domain::port::RunOutcome;
use sessctl::domain::session::{End, Session};

use crate::output::harmless::visible;
use crate::output::people;

/// Writes each run to the facility `auth`.
pub struct Syslog {
    /// Database and user, as in `/srv/app.db as www-data`.
    subject: String,
}

impl Syslog {
    /// A log of runs on a database with the privileges of a user. Where no daemon listens,
    /// there is no log to write to.
    pub fn new(database: &str, user: &str) -> Self {
        open();
        Self { subject: format!("{database} as {user}") }
    }
}

impl RunObserver for Syslog {
    fn run_ended(&mut self, run: &EndedRun<'_>) {
        let severity = match run.end.outcome {
            RunOutcome::Done => Severity::LOG_INFO,
            _ => Severity::LOG_WARNING,
        };
        let message = message(&self.subject, run);
        write(severity, &message);
    }
}

/// Writes that a session has ended.
pub fn session_ended(session: &Session, end: End, job: Option<&str>) {
    open();
    write(Severity::LOG_INFO, &line(session, end, job));
}

/// Names this program in the log. To do it again changes nothing.
fn open() {
    let _ = openlog(Some(c"sessctl"), LogFlags::LOG_PID, Facility::LOG_AUTH);
}

fn write(severity: Severity, message: &str) {
    let _ = syslog(Priority::new(severity, Facility::LOG_AUTH), &*visible(message));
}

/// The end of a session in one line:
/// `imap: ended alice from 192.0.2.7, 3fa94c1d2e3f, unused for 42m: expired (job nightly)`.
fn line(session: &Session, end: End, job: Option<&str>) -> String {
    let Session { task, user, client, handle, .. } = session;
    let user = user.as_deref().unwrap_or("a session of nobody");
    let client = client.as_ref().map_or_else(String::new, |client| format!(" from {client}"));
    let unused = session.idle(end.at);
    let unused =
        unused.map_or_else(String::new, |idle| format!(", unused for {}", people::span(idle)));
    let job = job.map_or_else(String::new, |job| format!(" (job {job})"));
    format!("{task}: ended {user}{client}, {handle}{unused}: {}{job}", end.reason)
}

/// A run in one line: `purge of /srv/app.db as www-data: done; marked 0, ended 5, deleted 3`.
fn message(subject: &str, run: &EndedRun<'_>) -> String {
    let EndedRun { work, task, job, end } = run;
    let job = job.map_or_else(String::new, |job| format!("job {job}: "));
    let task = task.map_or_else(String::new, |task| format!(", task {task}"));
    let reason = end.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!(
        "{job}{work} of {subject}{task}: {}; marked {}, ended {}, deleted {}{reason}",
        end.outcome.as_str(),
        end.marked,
        end.ended,
        end.deleted,
    )
}

#[cfg(test)]
mod tests {
    use sessctl::domain::port::RunEnd;
    use sessctl::domain::time::UnixTime;

    use super::*;

    #[test]
    fn a_run_takes_one_line() {
        let end = RunEnd {
            finished: UnixTime(0),
            outcome: RunOutcome::Partial,
            reason: Some("stopped by a signal".to_owned()),
            marked: 0,
            ended: 5,
            deleted: 3,
            anchor: None,
        };
        let run = EndedRun { work: "purge", task: Some("imap"), job: Some("nightly"), end: &end };
        assert_eq!(
            message("/srv/app.db as www-data", &run),
            "job nightly: purge of /srv/app.db as www-data, task imap: partial; marked 0, ended 5, \
             deleted 3: stopped by a signal"
        );
    }

    #[test]
    fn a_session_that_ends_takes_one_line_in_which_nothing_acts() {
        use sessctl::domain::session::{EndReason, Key};
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
            line(&session, end, Some("nightly")),
            "imap: ended alice from 192.0.2.7, 3fa94c1d2e3f, unused for 42m: expired (job nightly)"
        );
        let nobody = Session { user: None, client: None, last_used_at: None, ..session.clone() };
        assert_eq!(
            line(&nobody, end, None),
            "imap: ended a session of nobody, 3fa94c1d2e3f: expired"
        );
        let odd = Session { user: Some("bo\nb\u{1b}[2J".to_owned()), ..session };
        let seen = visible(&line(&odd, end, None)).into_owned();
        assert!(seen.starts_with(r"imap: ended bo\nb\u{1b}[2J from 192.0.2.7, "), "{seen}");
    }
}
