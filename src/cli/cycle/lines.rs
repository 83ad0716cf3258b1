//! Output of a cycle: a line for each session, a summary, and progress.

use std::collections::HashSet;
use std::io::{self, IsTerminal};

use crate::app::SessionService;
use crate::cli::context::Context;
use crate::cli::ended_sessions::{planned_sentence, sentence};
use crate::cli::exit::Exit;
use crate::cli::progress::{ProgressDisplay, remaining_time};
use crate::cli::reporter::Reporter;
use crate::cli::session_records;
use crate::domain::format::format_count;
use crate::domain::policy::Policies;
use crate::domain::session::{End, EndReason, Session};
use crate::output::FormatName;
use crate::output::record::Value;

/// Users that are told apart; more are not counted exactly.
const MAX_USERS: usize = 10_000;

pub struct SessionLines {
    policies: Policies,
    end: End,
    /// List of what survives, if the table is a framework's.
    survivors: Option<Value>,
    dry_run: bool,
    reporter: Reporter,
    pub totals: Totals,
    /// Set if the user decided against it.
    pub is_canceled: bool,
}

/// Number of sessions that were shown, and of their users.
#[derive(Default)]
pub struct Totals {
    pub sessions: u64,
    without_user: u64,
    users: HashSet<String>,
}

impl SessionLines {
    pub fn new(context: &Context, service: &SessionService, dry_run: bool) -> Self {
        let profile = service.profile();
        let reporter = Reporter::new(context, session_records::cycled_schema(profile));
        let survivors = profile.map(|profile| Value::text(profile.survivors()));
        let end = End { at: context.now, reason: EndReason::Cycled };
        let (policies, totals) = (service.policies().clone(), Totals::default());
        Self { policies, end, survivors, dry_run, reporter, totals, is_canceled: false }
    }

    pub fn show(&mut self, session: &Session) {
        self.totals.add(session);
        let record = || {
            let mut record = if self.dry_run {
                session_records::ending(session, &self.policies, self.end)
            } else {
                session_records::ended(session, &self.policies, self.end, None)
            };
            record = session_records::with_user_name(record, session);
            record.values.extend(self.survivors.clone());
            record
        };
        self.reporter.report(record, || {
            if self.dry_run {
                planned_sentence(session, self.end)
            } else {
                sentence(session, self.end, None)
            }
        });
    }

    /// Completes the output, and prints the summary.
    pub fn end(self, exit: anyhow::Result<Exit>, context: &Context) -> anyhow::Result<Exit> {
        if exit.is_err() {
            // Its own error comes first.
            let _ = self.reporter.finish_partial();
        } else {
            self.reporter.finish()?;
        }
        // Those that had ended before a failure stay ended.
        let is_for_people = self.dry_run
            || context.global.verbose
            || context.format() == FormatName::Table
            || io::stderr().is_terminal();
        if self.totals.sessions > 0 && is_for_people {
            let verb = if self.dry_run { "would end" } else { "ended" };
            context.print_notice(&format!("{verb} {}", self.totals.text()));
        }
        exit
    }
}

impl Totals {
    fn add(&mut self, session: &Session) {
        self.sessions += 1;
        match &session.user {
            None => self.without_user += 1,
            Some(user) if self.users.len() <= MAX_USERS && !self.users.contains(user) => {
                self.users.insert(user.clone());
            }
            Some(_) => {}
        }
    }

    fn text(&self) -> String {
        let count = |number: u64, noun: &str| match number {
            1 => format!("1 {noun}"),
            many => format!("{} {noun}s", format_count(many)),
        };
        let sessions = count(self.sessions, "session");
        let users = match self.users.len() {
            0 => return format!("{sessions} without a user"),
            users if users > MAX_USERS => format!("more than {}", count(MAX_USERS as u64, "user")),
            users => count(users as u64, "user"),
        };
        match self.without_user {
            0 => format!("{sessions} of {users}"),
            others => format!(
                "{sessions}: {} of {users}, {} without a user",
                format_count(self.sessions.saturating_sub(others)),
                format_count(others)
            ),
        }
    }
}

/// Progress on a terminal, while the lines go elsewhere.
pub struct CycleProgress {
    display: Option<ProgressDisplay>,
    ended: u64,
    total: u64,
}

impl CycleProgress {
    pub fn new(total: Option<u64>, context: &Context) -> Self {
        let is_free = !io::stdout().is_terminal();
        let display = total.filter(|_| is_free).map(|_| ProgressDisplay::new(None, context));
        Self { display, ended: 0, total: total.unwrap_or(0).max(1) }
    }

    pub fn count(&mut self) {
        self.ended += 1;
        let Some(display) = &mut self.display else { return };
        #[expect(clippy::cast_precision_loss, reason = "it is for people")]
        let fraction = (self.ended as f64 / self.total as f64).min(1.0);
        let ended = self.ended;
        display.show_share(fraction, |elapsed| {
            let left = remaining_time(fraction, elapsed);
            format!("{} ended, {left} left", format_count(ended))
        });
    }
}
