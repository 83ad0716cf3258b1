//! `sessctl cycle`

use std::collections::HashSet;

use crate::app::{CycleRequest, SessionService};
use crate::domain::filter::{ClientFilter, Filter};
use crate::domain::guard::Guard;
use crate::domain::policy::Policies;
use crate::domain::session::{End, EndReason, Session, SessionState};
use crate::domain::task::TaskPattern;
use crate::store::Access;

use super::archive::{ArchiveArgs, ArchivedRun};
use super::args::task;
use super::context::Context;
use super::ended_sessions::sentence;
use super::exit::Exit;
use super::guard::CycleLimits;
use super::interrupt::Interrupt;
use super::kept_rows::{Wording, print_kept};
use super::privileges::helper;
use super::reporter::Reporter;
use super::{kept_rows, session_records};
use crate::output::record::Value;

/// End sessions now, whatever their state
///
/// Every selected session that has not already ended is ended, including expired ones that
/// wait for a purge, and is printed. A cycled session cannot come back: its next touch is
/// refused. A task without any session left to end is not an error; a task that the table has
/// never held, or a user, a client or a handle without a live session, gives exit code 5. With
/// --user, sessions of a framework's table whose user cannot be read are left alone and
/// counted, and the exit code is 3; --user-unreadable ends them.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
#[command(after_help = "Examples:
  sessctl cycle imap                           all sessions of a task
  sessctl cycle 'im*' --user alice             of one user, in these tasks
  sessctl cycle --client 192.0.2.0/24 --dry-run
  sessctl cycle --session 3fa94c1d2e3f
  sessctl cycle --user alice --max-rows 20     end nothing if there are more of them
  sessctl cycle --all")]
pub struct Args {
    /// End the sessions of this task; * matches any text, case is ignored
    #[arg(value_name = "TASK", group = "which", value_parser = task)]
    task: Option<TaskPattern>,
    /// End the sessions of this user; where the profile says where names are, a name or an id
    #[arg(long, group = "which")]
    user: Option<String>,
    /// End the sessions of a framework's table whose user cannot be read
    #[arg(long, group = "which", conflicts_with = "user")]
    user_unreadable: bool,
    /// End the sessions from this address or network
    #[arg(long, value_name = "ADDRESS|CIDR", group = "which")]
    client: Option<ClientFilter>,
    /// End the sessions with these handles; if ids are not unique, all sessions with the same
    /// id
    #[arg(long, value_name = "HANDLE", num_args = 1.., group = "which", conflicts_with_all = ["task", "user", "user_unreadable", "client", "all"])]
    session: Vec<String>,
    /// End the sessions of all tasks
    #[arg(long, group = "which", conflicts_with_all = ["task", "user", "user_unreadable", "client"])]
    all: bool,
    /// Print the sessions that would end; change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    archive: ArchiveArgs,
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

    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&session_records::SESSIONS)?;
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
        let exit = if self.session.is_empty() {
            self.by_filter(&mut service, context, &mut lines)
        } else {
            self.by_handle(&mut service, context, &mut lines)
        };
        let shown = lines.shown;
        let may_survive = shown > 0 || self.user.is_some();
        let exit = lines.end(exit)?;
        let found_none = shown == 0 && exit == Exit::Done;
        let exit = if found_none { self.found_none(&service, context)? } else { exit };
        if may_survive {
            context.print_survivors(service.profile());
        }
        Ok(exit.max_severity(context.report_missed(&mut service)))
    }

    /// Reports that nothing matches. A task may have no session left to end, but the table
    /// must have held one; a user or a client must have a session.
    fn found_none(&self, service: &SessionService, context: &Context) -> anyhow::Result<Exit> {
        let report = |what: String| {
            context.print_notice(&format!("sessctl: {what}"));
            Ok(Exit::NoSession)
        };
        match &self.task {
            Some(task) if !service.knows_task(task)? => {
                let task = task.as_str();
                report(format!(
                    "the database has never held a session of task {task:?}; `sessctl show stat` \
                     lists the tasks"
                ))
            }
            _ if self.user.is_some() || self.client.is_some() => {
                report(format!("no live session{}", self.selection()))
            }
            _ if context.is_interactive() => {
                context.print_notice("no live session matches");
                Ok(Exit::Done)
            }
            _ => Ok(Exit::Done),
        }
    }

    fn selection(&self) -> String {
        let user = self.user.as_ref().map(|user| format!(" of user {user:?}"));
        let client = self.client.as_ref().map(|client| format!(" from client {client}"));
        let task = self.task.as_ref().map(|task| format!(" in task {:?}", task.as_str()));
        [user, client, task].into_iter().flatten().collect()
    }

    fn by_filter(
        &self,
        service: &mut SessionService,
        context: &Context,
        lines: &mut SessionLines,
    ) -> anyhow::Result<Exit> {
        let users = self.user.as_ref().map(|user| service.select_users(user)).transpose()?;
        let filter = Filter {
            task: self.task.clone(),
            users: users.unwrap_or_default(),
            user_unreadable: self.user_unreadable,
            client: self.client.clone(),
            states: SessionState::NOT_ENDED.to_vec(),
            ..Filter::default()
        };
        let (now, guard) = (context.now, self.limits.guard());
        if self.dry_run {
            let cycled = service.preview_cycle(&filter, now, &mut |session| lines.show(session))?;
            print_kept(&cycled.kept, Wording::end(true), context);
            let left =
                context.unreadable_users(cycled.unreadable_users, "cycle would leave {} alone");
            let refused = would_refuse(service, cycled.ended, guard, context)?;
            return Ok(refused.max_severity(left).max_severity(kept_rows::exit(&cycled.kept)));
        }
        let request = CycleRequest { filter, guard };
        let interrupt = Interrupt::listen()?;
        let cycled =
            service.cycle(&request, now, &mut |session| lines.show(session), &mut || {
                interrupt.go_on()
            })?;
        if let Some(missed) = &cycled.missed_notifications {
            context.print_missed(missed);
        }
        print_kept(&cycled.kept, Wording::end(false), context);
        if let Some(obstacle) = &cycled.obstacle {
            context.print_notice(&format!("sessctl: cycle stopped early: {obstacle}"));
        }
        let left = context.unreadable_users(cycled.unreadable_users, "cycle left {} alone");
        let missed =
            if cycled.missed_notifications.is_some() { Exit::StoppedEarly } else { Exit::Done };
        let partial = missed.max_severity(left).max_severity(kept_rows::exit(&cycled.kept));
        let signal = interrupt.signal().filter(|_| cycled.stopped.is_some());
        Ok(signal.map_or(partial, Exit::Interrupted))
    }

    fn by_handle(
        &self,
        service: &mut SessionService,
        context: &Context,
        lines: &mut SessionLines,
    ) -> anyhow::Result<Exit> {
        // All handles are looked up before the first session ends.
        let found: crate::Result<Vec<Vec<Session>>> =
            self.session.iter().map(|handle| service.sessions_by_handle(handle)).collect();
        // Two handles may mean the same session.
        let mut seen = HashSet::new();
        let (live, over): (Vec<Session>, Vec<Session>) = found?
            .into_iter()
            .flatten()
            .filter(|session| seen.insert(session.key.clone()))
            .partition(|session| session.end.is_none());
        let guard = self.limits.guard();
        let (kept, exit) = if self.dry_run {
            let (ends, kept) = service.would_end(&live)?;
            let exit = would_refuse(service, ends.len() as u64, guard, context)?;
            for session in ends {
                lines.show(session);
            }
            (kept, exit)
        } else {
            let ended = service.cycle_sessions(&live, guard, context.now)?;
            let ended = live.iter().zip(ended).filter(|(_, ended)| *ended);
            ended.for_each(|(session, _)| lines.show(session));
            (service.take_kept(), Exit::Done)
        };
        print_kept(&kept, Wording::end(self.dry_run), context);
        for session in &over {
            let why = session.end.map_or("", |end| end.reason.as_str());
            context.print_notice(&format!("{}: had already ended ({why})", session.handle));
        }
        let over = if over.is_empty() { Exit::Done } else { Exit::NoSession };
        Ok(exit.max_severity(over).max_severity(kept_rows::exit(&kept)))
    }
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
