//! Messages on standard error.

use super::settings::Context;
use crate::app::{MissedNotifications, SessionService};
use crate::cli::exit::{Exit, eprint_line};
use crate::output::{human, sanitize};

impl Context {
    /// Tells people something that is no data.
    pub fn print_notice(&self, sentence: &str) {
        if !self.global.quiet {
            eprint_line(&sanitize::escape(sentence));
        }
    }

    /// The same, of those of a command that answers otherwise; and the exit code that
    /// follows.
    pub fn report_missed(&self, service: &mut SessionService) -> Exit {
        match service.take_missed_notifications() {
            None => Exit::Done,
            Some(untold) => {
                self.print_missed(&untold);
                Exit::StoppedEarly
            }
        }
    }

    /// Tells of ended sessions that the hook was not told of.
    pub fn print_missed(&self, untold: &MissedNotifications) {
        eprint_line(&sanitize::escape(&format!("sessctl: {untold}; {}", recovery_hint(untold))));
    }

    /// Tells of sessions whose user cannot be read, if there are any, and what follows, `{}`
    /// standing for them. Answers the exit code of a command that was asked for a user's.
    pub fn unreadable_users(&self, sessions: u64, what_follows: &str) -> Exit {
        let (sessions, them) = match sessions {
            0 => return Exit::Done,
            1 => ("1 session".to_owned(), "it"),
            many => (format!("{} sessions", human::thousands(many)), "them"),
        };
        let so = what_follows.replace("{}", them);
        eprint_line(&format!(
            "sessctl: could not read the user of {sessions}, so {so}; `sessctl list \
             --user-unreadable` shows {them}, and `sessctl cycle --user-unreadable` ends {them}"
        ));
        Exit::StoppedEarly
    }

    /// Says what has kept the clock from being checked, if anything has.
    pub fn print_clock_warning(&self, service: &mut SessionService) {
        if let Some(warning) = service.take_clock_warning() {
            self.warn(&warning);
        }
    }

    /// Says what may surprise.
    pub fn warn(&self, sentence: &str) {
        self.print_notice(&format!("sessctl: warning: {sentence}"));
    }
}

/// How to have ended sessions again that the hook was not told of.
pub fn recovery_hint(untold: &MissedNotifications) -> String {
    let since = untold.since;
    format!(
        "`sessctl list --state ended --ended-since {since} -o jsonl` lists those whose rows are \
         kept"
    )
}
