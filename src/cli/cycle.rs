//! `sessctl cycle`

use crate::app::{CycleRequest, SessionService};
use crate::domain::filter::Filter;
use crate::domain::guard::Guard;
use crate::domain::policy::Policies;
use crate::domain::session::{End, EndReason, Session};
use crate::domain::task::TaskPattern;
use crate::store::Access;

use super::archive::{ArchiveArgs, ArchivedRun};
use super::args::task;
use super::context::Context;
use super::ended_sessions::sentence;
use super::exit::{Exit, Usage};
use super::guard::CycleLimits;
use super::interrupt::Interrupt;
use super::kept_rows::{Wording, print_kept};
use super::privileges::helper;
use super::reporter::Reporter;
use super::run_note::{Typed, Why, print_unrecorded};
use super::selection::{FoundSelection, Selection, unknown_task};
use super::{kept_rows, session_records};
use crate::output::record::Value;

/// End sessions now
///
/// Each selected session that the application still accepts is ended, and is printed. Sessions
/// that the application refuses anyway are left to the purge, unless --state selects them. A
/// cycled session cannot come back: its next touch is refused. If nothing matches, the exit code
/// is 5; except that a known task, or --all, may have no session left to end. With conditions on
/// users, sessions of a framework's table whose user cannot be read are left alone and counted,
/// and the exit code is 3; --user-unreadable ends them. `sessctl list --state usable` with the
/// same selection lists the same sessions.
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
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Print the sessions that would end; change nothing
    #[arg(long)]
    dry_run: bool,
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
        let shown = lines.shown;
        let may_survive = shown > 0 || !self.selection.user.is_empty();
        let exit = lines.end(exit)?;
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
            context.print_failure(&format!("no live session{}", self.selection));
            return Ok(Exit::NoSession);
        }
        if context.is_interactive() {
            context.print_notice("no live session matches");
        }
        Ok(Exit::Done)
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
        let FoundSelection { filter, ended } =
            self.selection.find(service, Filter::usable(), context.now)?;
        let request = CycleRequest {
            filter,
            limit: self.limit,
            guard: self.limits.guard(),
            note: self.why.note(self.typed()),
        };
        let exit = if self.dry_run {
            preview(&request, service, context, lines)?
        } else {
            cycle(&request, service, context, lines)?
        };
        for session in &ended {
            let why = session.end.map_or("", |end| end.reason.as_str());
            context.print_notice(&format!("{}: had already ended ({why})", session.handle));
        }
        let ended = if ended.is_empty() { Exit::Done } else { Exit::NoSession };
        Ok(exit.max_severity(ended))
    }
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
    service: &mut SessionService,
    context: &Context,
    lines: &mut SessionLines,
) -> anyhow::Result<Exit> {
    let interrupt = Interrupt::listen()?;
    let show = &mut |session: &Session| lines.show(session);
    let cycled = service.cycle(request, context.now, show, &mut || interrupt.go_on())?;
    if let Some(missed) = &cycled.missed_notifications {
        context.print_missed(missed);
    }
    print_kept(&cycled.kept, Wording::end(false), context);
    if let Some(obstacle) = &cycled.obstacle {
        context.print_notice(&format!("sessctl: cycle stopped early: {obstacle}"));
    }
    if let Some(why) = &cycled.unrecorded {
        print_unrecorded(why);
    }
    let left = context.unreadable_users(cycled.unreadable_users, "cycle left {} alone");
    let missed =
        if cycled.missed_notifications.is_some() { Exit::StoppedEarly } else { Exit::Done };
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
            context
                .print_notice(&format!("the guard would refuse this cycle: {}", refusal.finding()));
            Exit::Refused
        }
    })
}

struct SessionLines {
    policies: Policies,
    end: End,
    /// List of what survives, if the table is a framework's.
    survivors: Option<Value>,
    dry_run: bool,
    reporter: Reporter,
    shown: u64,
}

impl SessionLines {
    fn new(context: &Context, service: &SessionService, dry_run: bool) -> Self {
        let profile = service.profile();
        let reporter = Reporter::new(context, session_records::cycled_schema(profile));
        let survivors = profile.map(|profile| Value::text(profile.survivors()));
        let end = End { at: context.now, reason: EndReason::Cycled };
        Self { policies: service.policies().clone(), end, survivors, dry_run, reporter, shown: 0 }
    }

    fn show(&mut self, session: &Session) {
        self.shown += 1;
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
        self.reporter.report(record, || sentence(session, self.end, None));
    }

    fn end(self, exit: anyhow::Result<Exit>) -> anyhow::Result<Exit> {
        if exit.is_err() {
            // Its own error comes first.
            let _ = self.reporter.finish_partial();
            return exit;
        }
        self.reporter.finish()?;
        exit
    }
}
