//! Messages on standard error.

use super::settings::Context;
use crate::app::{MissedNotifications, SessionService};
use crate::cli::exit::{Exit, eprint_line};
use crate::cli::priority::Priority;
use crate::domain::format::format_count;
use crate::domain::profile::Profile;
use crate::output::sanitize;

impl Context {
    /// Prints a message to standard error unless --quiet was given.
    pub fn print_notice(&self, sentence: &str) {
        self.print_at(Priority::Notice, sentence);
    }

    /// Prints a message that asks for attention to standard error unless --quiet was given.
    pub fn print_warning(&self, sentence: &str) {
        self.print_at(Priority::Warning, sentence);
    }

    fn print_at(&self, priority: Priority, sentence: &str) {
        if !self.global.quiet {
            eprint_line(priority, &sanitize::escape(sentence));
        }
    }

    /// Prints the reason why a command achieves nothing, even with --quiet.
    pub fn print_failure(&self, sentence: &str) {
        eprint_line(Priority::Error, &sanitize::escape(&format!("sessctl: {sentence}")));
    }

    pub fn report_missed(&self, service: &mut SessionService) -> Exit {
        match service.take_missed_notifications() {
            None => Exit::Done,
            Some(missed) => {
                self.print_missed(&missed);
                Exit::StoppedEarly
            }
        }
    }

    pub fn print_missed(&self, missed: &MissedNotifications) {
        let sentence = format!("sessctl: {missed}; {}", recovery_hint(missed));
        eprint_line(Priority::Warning, &sanitize::escape(&sentence));
    }

    /// Reports sessions whose user cannot be read, if any, and the consequence, in which `{}`
    /// stands for them. Returns the exit code of a command that selects sessions by user.
    pub fn unreadable_users(&self, sessions: u64, what_follows: &str) -> Exit {
        let (sessions, them) = match sessions {
            0 => return Exit::Done,
            1 => ("1 session".to_owned(), "it"),
            many => (format!("{} sessions", format_count(many)), "them"),
        };
        let so = what_follows.replace("{}", them);
        let sentence = format!(
            "sessctl: could not read the user of {sessions}, so {so}; `sessctl list \
             --user-unreadable` shows {them}, and `sessctl cycle --user-unreadable` ends {them}"
        );
        eprint_line(Priority::Warning, &sentence);
        Exit::StoppedEarly
    }

    /// Says with --verbose why the names of users are not shown, if the profile says where they
    /// are.
    pub fn report_user_names(&self, service: &SessionService) -> crate::Result<()> {
        if self.global.verbose
            && service.has_user_names()
            && let Some(obstacle) = service.user_names_obstacle()?
        {
            self.print_notice(&format!("sessctl: users are shown by their ids: {obstacle}"));
        }
        Ok(())
    }

    /// Says which logins outlive the sessions that have ended.
    pub fn print_survivors(&self, profile: Option<&Profile>) {
        if let Some(survivors) = profile.and_then(Profile::survivors) {
            self.print_notice(&format!("sessctl: note: this does not end: {survivors}"));
        }
    }

    pub fn print_clock_warning(&self, service: &mut SessionService) {
        if let Some(warning) = service.take_clock_warning() {
            self.warn(&warning);
        }
    }

    pub fn warn(&self, sentence: &str) {
        self.print_warning(&format!("sessctl: warning: {sentence}"));
    }
}

pub fn recovery_hint(missed: &MissedNotifications) -> String {
    let since = missed.since;
    format!(
        "`sessctl list --state ended --ended-since {since} -o jsonl` lists those whose rows are \
         kept"
    )
}
