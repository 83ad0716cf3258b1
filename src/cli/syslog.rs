//! The system's log. It has the runs that root starts: the owner of a database can rewrite the
//! ledger in it, but not this. And it has the sessions that end, where somebody wants that.

use std::os::unix::net::{UnixDatagram, UnixStream};

use crate::app::{EndedRun, REPORT, RESTORE, RunObserver};
use crate::storage::{Invoker, RunOutcome};
use nix::syslog::{Facility, LogFlags, Priority, Severity, openlog, syslog};

use crate::output::sanitize::escape;

const SOCKET: &str = "/dev/log";

/// Writes each run to the facility `auth`.
pub struct Syslog {
    /// Database and user, as in `/srv/app.db as www-data, for alice`.
    subject: String,
}

impl Syslog {
    /// A log of runs on a database with the privileges of a user. Where no daemon listens,
    /// there is no log to write to.
    pub fn new(database: &str, user: &str, invoker: Invoker) -> Self {
        open();
        let person = invoker.sudo_user.or(invoker.login_user).filter(|person| person != user);
        let person = person.map_or_else(String::new, |person| format!(", for {person}"));
        Self { subject: format!("{database} as {user}{person}") }
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

pub fn session_ended(line: &str) {
    open();
    write(Severity::LOG_INFO, line);
}

/// Checks that a daemon takes what is written: the C library drops it without a word if none
/// does.
///
/// # Errors
/// Reason why the last connection failed.
pub fn check() -> Result<(), String> {
    let connected = UnixDatagram::unbound().and_then(|socket| socket.connect(SOCKET));
    // An old daemon has a socket of the other kind.
    let connected = connected.or_else(|_| UnixStream::connect(SOCKET).map(drop));
    connected.map_err(|e| format!("there is no system log at {SOCKET}: {e}"))
}

/// Names this program in the log. To do it again changes nothing.
fn open() {
    let _ = openlog(Some(c"sessctl"), LogFlags::LOG_PID, Facility::LOG_AUTH);
}

fn write(severity: Severity, message: &str) {
    let _ = syslog(Priority::new(severity, Facility::LOG_AUTH), &*escape(message));
}

/// A run in one line: `purge of /srv/app.db as www-data: done; marked 0, ended 5, deleted 3`.
pub fn message(subject: &str, run: &EndedRun<'_>) -> String {
    let EndedRun { work, note, job, end, .. } = run;
    let job = job.map_or_else(String::new, |job| format!("job {job}: "));
    let part = |text: &Option<String>, before: &str| {
        text.as_ref().map_or_else(String::new, |text| format!("{before}{text}"))
    };
    let (selection, why) = (part(&note.selection, ", "), part(&note.why, "; why: "));
    let counts = match *work {
        REPORT => String::new(),
        RESTORE => format!("; restored {}", end.ended),
        _ => format!("; marked {}, ended {}, deleted {}", end.marked, end.ended, end.deleted),
    };
    format!(
        "{job}{work} of {subject}{selection}: {}{counts}{}{why}",
        end.outcome.as_str(),
        part(&end.reason, ": "),
    )
}
