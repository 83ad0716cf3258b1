//! `sessctl cycle`

mod confirmation;
mod lines;

use std::time::Duration;

use crate::app::{CycleRequest, SessionService, StopReason};
use crate::cli::archive::{ArchiveArgs, ArchivedRun};
use crate::cli::args::{duration, task};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Usage};
use crate::cli::guard::CycleLimits;
use crate::cli::interrupt::Interrupt;
use crate::cli::kept_rows::{Wording, print_kept};
use crate::cli::privileges::helper;
use crate::cli::run_note::{Typed, Why, print_unrecorded};
use crate::cli::selection::{FoundSelection, Selection, unknown_task};
use crate::cli::statement_watchdog::Deadline;
use crate::cli::{kept_rows, session_records};
use crate::domain::error::{Error, UnknownUsers};
use crate::domain::filter::Filter;
use crate::domain::format::format_count;
use crate::domain::guard::Guard;
use crate::domain::session::{Session, SessionState};
use crate::domain::task::TaskPattern;
use crate::store::Access;

use lines::{CycleProgress, SessionLines};

/// End sessions now
///
/// Each selected session that the application still accepts is ended, and is printed; a summary
/// goes to standard error (in formats for programs, only if that is a terminal). Sessions that the
/// application refuses anyway are left to the purge, unless --state selects them. A cycled session
/// cannot come back, unless it is restored from an archive (--archive): its next touch is refused.
/// For a framework's table, a note names the logins that a cycle does not end, if the profile knows
/// any. If nothing matches, the exit code is 5; except that a known task, or --all, may have no
/// session left to end. With conditions on users, sessions of a framework's table whose user cannot
/// be read are left alone and counted, and the exit code is 3; --user-unreadable ends them.
/// `sessctl list --state usable` with the same selection lists the same sessions.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl cycle imap                           all sessions of a task
  sessctl cycle 'im*' --user alice             of one user, in these tasks
  sessctl cycle --user alice --except 3fa9c1   everywhere but here
  sessctl cycle --keep-newest 3                all but the 3 newest of each user
  sessctl cycle --client 192.0.2.0/24 --dry-run
  sessctl cycle --session 3fa94c1d2e3f
  sessctl cycle --used-before 30d --limit 1000 at most 1000, the longest unused first
  sessctl cycle --user alice --max-rows 20     end nothing if there are more of them
  sessctl cycle --all --yes --run-time 5m      without a question, for at most 5 minutes
  sessctl cycle --all --except-user root,admin")]
pub struct Args {
    /// End the sessions of this task; * matches any text, case is ignored
    #[arg(value_name = "TASK", value_parser = task, conflicts_with = "task")]
    of_task: Option<TaskPattern>,
    #[command(flatten)]
    selection: Selection,
    /// End the sessions of all tasks
    #[arg(long, conflicts_with_all = ["of_task", "task", "user", "user_unreadable", "client", "agent", "session"])]
    all: bool,
    /// End at most N sessions, the longest unused first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u64>,
    /// Print the sessions that would end; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask: on a terminal, a cycle asks before more than 100 sessions end, and with --all
    #[arg(long)]
    yes: bool,
    /// Stop after this time, with exit code 3 if work remains
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    run_time: Option<Duration>,
    #[command(flatten)]
    archive: ArchiveArgs,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    limits: CycleLimits,
}

impl Args {
    /// The files that only root may be able to write.
    ///
    /// # Errors
    /// Errors of the configuration.
    pub fn privileged_files(&self, context: &Context) -> anyhow::Result<helper::Args> {
        let files = helper::Args::default();
        Ok(if self.dry_run { files } else { files.with_archives(self.archive.file(context)?) })
    }

    pub fn run(mut self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&session_records::SESSIONS)?;
        self.selection.task = self.of_task.take().or(self.selection.task);
        self.check()?;
        let access = if self.dry_run { Access::Read } else { Access::Write };
        let mut service = context.open(access)?;
        context.report_user_names(&service)?;
        if self.dry_run {
            self.archive.announce(context)?;
        } else {
            let run = ArchivedRun { work: "cycle", job: None, now: context.now };
            context.archive(&mut service, self.archive.target(context)?, run)?;
        }
        let mut lines = SessionLines::new(context, &service, self.dry_run);
        let exit = self.end(&mut service, context, &mut lines);
        let shown = lines.totals.sessions;
        // The user of a login that survives may have no session.
        let may_survive =
            shown > 0 || (context.is_interactive() && !self.selection.user.is_empty());
        let exit = lines.end(exit, context)?;
        let found_none = shown == 0 && exit == Exit::Done;
        let exit = if found_none { self.found_none(&service, context)? } else { exit };
        if may_survive {
            context.print_survivors(service.profile());
        }
        Ok(exit.max_severity(context.report_missed(&mut service)))
    }

    fn check(&self) -> anyhow::Result<()> {
        self.selection.refuse_ended()?;
        if !self.all && !self.selection.is_specific() {
            return Err(Usage::error(
                "no session was selected; pass a TASK, or an option such as \
                                     --user or --session, or --all for all sessions",
            ));
        }
        Ok(())
    }

    /// Reports that nothing matches. A task may have no session left to end, but the table
    /// must have held one.
    fn found_none(&self, service: &SessionService, context: &Context) -> anyhow::Result<Exit> {
        if let Some(exit) = unknown_task(service, self.selection.task.as_ref(), context)? {
            return Ok(exit);
        }
        if !self.all && self.selection.is_more_than_a_task() {
            let why = self.explanation(service, context)?;
            context.print_failure(&format!("no live session{}{why}", self.selection));
            return Ok(Exit::NoSession);
        }
        if context.is_interactive() {
            context.print_notice("no live session matches");
        }
        Ok(Exit::Done)
    }

    /// Reason why nothing matches, as far as it is known, after the sentence that says so.
    fn explanation(&self, service: &SessionService, context: &Context) -> anyhow::Result<String> {
        if self.selection.state.is_empty() {
            let states = vec![
                SessionState::Active,
                SessionState::Idle,
                SessionState::Abandoned,
                SessionState::Expired,
            ];
            let default = Filter { states, ..Filter::default() };
            let filter = self.selection.find(service, default, context.now)?.filter;
            let request = CycleRequest { filter, ..CycleRequest::default() };
            match service.count_cycle(&request, context.now)? {
                0 => {}
                over => {
                    let states =
                        if service.profile().is_some() { "expired" } else { "expired,abandoned" };
                    return Ok(format!(
                        "; {} that the application refuses already {} left to the purge, and \
                         --state {states} selects {}",
                        format_count(over),
                        if over == 1 { "is" } else { "are" },
                        if over == 1 { "it" } else { "them" },
                    ));
                }
            }
        }
        if let Some(why) = self.other_states(service, context)? {
            return Ok(why);
        }
        Ok(self
            .selection
            .about_users(service, context.now)?
            .map_or_else(String::new, |text| format!("; {text}")))
    }

    /// Number of the sessions that match but for their state, at the end of the sentence.
    fn other_states(
        &self,
        service: &SessionService,
        context: &Context,
    ) -> anyhow::Result<Option<String>> {
        let states: Vec<String> = self.selection.state.iter().map(ToString::to_string).collect();
        if states.is_empty() {
            return Ok(None);
        }
        let any = Selection { state: Vec::new(), ..self.selection.clone() };
        let filter = any.find(service, Filter::default(), context.now)?.filter;
        let request = CycleRequest { filter, ..CycleRequest::default() };
        let others = match service.count_cycle(&request, context.now)? {
            0 => return Ok(None),
            1 => "1 is".to_owned(),
            others => format!("{} are", format_count(others)),
        };
        Ok(Some(format!(" is in state {}; {others} in another", states.join(" or "))))
    }

    fn typed(&self) -> Typed {
        let mut typed = self.selection.typed();
        typed.flag("--all", self.all).option("--limit", self.limit);
        typed
    }

    fn end(
        &self,
        service: &mut SessionService,
        context: &Context,
        lines: &mut SessionLines,
    ) -> anyhow::Result<Exit> {
        let FoundSelection { filter, unknown, ended } =
            self.selection.find(service, Filter::usable(), context.now)?;
        if !unknown.is_empty() {
            return Err(Error::UnknownUsers(UnknownUsers(unknown)).into());
        }
        let request = CycleRequest {
            filter,
            limit: self.limit,
            guard: self.limits.guard(),
            run_time: self.run_time,
            note: self.why.note(self.typed()),
        };
        let exit = if self.dry_run {
            let _deadline = Deadline::after(self.run_time);
            preview(&request, service, context, lines)?
        } else {
            self.confirm_and_cycle(&request, service, context, lines)?
        };
        for session in &ended {
            let why = session.end.map_or("", |end| end.reason.as_str());
            context.print_failure(&format!("{}: had already ended ({why})", session.handle));
        }
        let ended = if ended.is_empty() { Exit::Done } else { Exit::NoSession };
        Ok(exit.max_severity(ended))
    }
}

impl Args {
    fn confirm_and_cycle(
        &self,
        request: &CycleRequest,
        service: &mut SessionService,
        context: &Context,
        lines: &mut SessionLines,
    ) -> anyhow::Result<Exit> {
        let mut total = None;
        if confirmation::is_possible() && !context.global.quiet {
            let would_end = service.count_cycle(request, context.now)?;
            let is_large = would_end > confirmation::MAX_UNASKED || self.all;
            let asks = !self.yes && is_large && would_end > 0;
            if asks && !confirmation::ask(would_end, kept_users(request, service, context)?)? {
                context.print_notice("nothing was ended");
                lines.is_canceled = true;
                return Ok(Exit::Failed);
            }
            total = Some(would_end);
        }
        cycle(request, total, service, context, lines)
    }
}

/// Sessions that would end but for their users, and the number of these users.
fn kept_users(
    request: &CycleRequest,
    service: &SessionService,
    context: &Context,
) -> anyhow::Result<Option<(u64, usize)>> {
    let users = request.filter.except_users.clone();
    if users.is_empty() {
        return Ok(None);
    }
    let number = users.len();
    let filter =
        Filter { users, except_users: Vec::new(), keep_newest: None, ..request.filter.clone() };
    let request = CycleRequest { filter, ..CycleRequest::default() };
    Ok(Some((service.count_cycle(&request, context.now)?, number)))
}

fn preview(
    request: &CycleRequest,
    service: &SessionService,
    context: &Context,
    lines: &mut SessionLines,
) -> anyhow::Result<Exit> {
    let now = context.now;
    let cycled = service.preview_cycle(request, now, &mut |session| lines.show(session))?;
    print_kept(&cycled.kept, Wording::end(true), context);
    let left = context.unreadable_users(cycled.unreadable_users, "cycle would leave {} alone");
    let refused = would_refuse(service, cycled.ended, request.guard, context)?;
    Ok(refused.max_severity(left).max_severity(kept_rows::exit(&cycled.kept)))
}

fn cycle(
    request: &CycleRequest,
    total: Option<u64>,
    service: &mut SessionService,
    context: &Context,
    lines: &mut SessionLines,
) -> anyhow::Result<Exit> {
    let interrupt = Interrupt::listen()?;
    let mut bar = CycleProgress::new(total, context);
    let mut show = |session: &Session| {
        lines.show(session);
        bar.count();
    };
    let cycled = service.cycle(request, context.now, &mut show, &mut || interrupt.go_on())?;
    drop(bar);
    if let Some(missed) = &cycled.missed_notifications {
        context.print_missed(missed);
    }
    print_kept(&cycled.kept, Wording::end(false), context);
    if let Some(obstacle) = &cycled.obstacle {
        context.print_failure(&format!("cycle stopped early: {obstacle}"));
    }
    if let Some(why) = &cycled.unrecorded {
        print_unrecorded(why);
    }
    if cycled.stopped == Some(StopReason::RunTime) {
        context
            .print_failure("cycle stopped early: its time is over; run it again to end the rest");
    }
    let left = context.unreadable_users(cycled.unreadable_users, "cycle left {} alone");
    let missed =
        if cycled.missed_notifications.is_some() || cycled.stopped == Some(StopReason::RunTime) {
            Exit::StoppedEarly
        } else {
            Exit::Done
        };
    let partial = missed.max_severity(left).max_severity(kept_rows::exit(&cycled.kept));
    let signal = interrupt.signal().filter(|_| cycled.stopped.is_some());
    Ok(signal.map_or(partial, Exit::Interrupted))
}

fn would_refuse(
    service: &SessionService,
    would_end: u64,
    guard: Guard,
    context: &Context,
) -> anyhow::Result<Exit> {
    Ok(match service.check_cycle_guard(would_end, guard, context.now)? {
        Ok(()) => Exit::Done,
        Err(refusal) => {
            let finding = refusal.finding();
            context.print_failure(&format!("the guard would refuse this cycle: {finding}"));
            Exit::Refused
        }
    })
}
