//! The service: a table of sessions with the policies that apply to it.

use std::cell::RefCell;
use std::collections::HashMap;

use super::clock::{ClockCheck, MonotonicClock, Timer, process_clock};
use super::notify::{EndHook, MissedNotifications, Notifier};
use super::recording::CloseRun;
use super::run::{ProcessProbe, RunObserver};
use super::token_batch_sizer::TokenBatchSizer;
use crate::domain::error::Result;
use crate::domain::job::ReportFile;
use crate::domain::policy::Policies;
use crate::domain::session::Session;
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;
use crate::storage::{Backend, Invoker, PolicyContext, RunOrigin, TaskNames};

/// Names that were looked up so far, by the ids of the users; `None`: there is none.
pub(super) type KnownNames = HashMap<String, Option<String>>;

/// A table of sessions, and the policies that apply to it.
pub struct SessionService {
    pub(super) store: Box<dyn Backend>,
    pub(super) policies: Policies,
    pub(super) origin: RunOrigin,
    pub(super) notifier: Notifier,
    /// Cache of the task names that were read so far.
    names: RefCell<TaskNames>,
    pub(super) user_names: RefCell<KnownNames>,
    pub(super) touch_sizer: TokenBatchSizer,
    pub(super) uptime: MonotonicClock,
    pub(super) timer: Timer,
    pub(super) observer: Option<Box<dyn RunObserver>>,
    pub(super) report_writer: Option<Box<dyn ReportWriter>>,
    user: fn() -> String,
    invoker: fn() -> Invoker,
    /// Run that closed sessions belong to; `None`: they are not recorded.
    pub(super) closes: Option<CloseRun>,
    pub(super) processes: ProcessProbe,
    /// True if each session that ends is archived.
    pub(super) is_archiving: bool,
    /// `None`: the wall clock is trusted.
    pub(super) clock: Option<ClockCheck>,
}

/// Writer of reports, which the caller of the service provides.
pub trait ReportWriter {
    /// Writes a report on the table as it is at `now`, and returns the path of its file.
    ///
    /// # Errors
    /// Any error of reading the table or the ledger, or of writing the file.
    fn write(
        &mut self,
        report: &ReportFile,
        service: &mut SessionService,
        now: UnixTime,
    ) -> Result<String>;
}

impl SessionService {
    /// Creates a service for a table, such as [`store::open`](crate::store::open) returns.
    pub fn new(store: Box<dyn Backend>, policies: Policies) -> Self {
        let origin = RunOrigin {
            host: "localhost".to_owned(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            user: String::new(),
            invoker: Invoker::default(),
        };
        Self {
            store,
            policies,
            origin,
            notifier: Notifier::default(),
            names: RefCell::default(),
            user_names: RefCell::default(),
            touch_sizer: TokenBatchSizer::default(),
            uptime: process_clock,
            timer: Timer::default(),
            observer: None,
            report_writer: None,
            user: String::new,
            invoker: Invoker::default,
            closes: None,
            processes: ProcessProbe::default(),
            is_archiving: false,
            clock: None,
        }
    }

    /// Sets the name of this host, which is recorded in the ledger; jobs may be tied to it.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.origin.host = host.into();
        self
    }

    /// Adds a hook, which is notified of each session that ends.
    #[must_use]
    pub fn with_hook(mut self, hook: Box<dyn EndHook>) -> Self {
        self.notifier.add(hook);
        self
    }

    /// Sets the observer that is notified of each run that ends.
    #[must_use]
    pub fn with_observer(mut self, observer: Box<dyn RunObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sets the writer of the reports of jobs.
    #[must_use]
    pub fn with_report_writer(mut self, writer: Box<dyn ReportWriter>) -> Self {
        self.report_writer = Some(writer);
        self
    }

    /// Sets the function that finds the user whose privileges this process has: the ledger
    /// records its name with each run. It is called only for runs.
    #[must_use]
    pub fn with_user(mut self, user: fn() -> String) -> Self {
        self.user = user;
        self
    }

    /// Sets the function that finds the users behind the user of this process. It is called only
    /// for runs.
    #[must_use]
    pub fn with_invoker(mut self, invoker: fn() -> Invoker) -> Self {
        self.invoker = invoker;
        self
    }

    pub(super) fn origin(&self) -> RunOrigin {
        RunOrigin { user: (self.user)(), invoker: (self.invoker)(), ..self.origin.clone() }
    }

    /// Sets the clock that measures how long a run and its lease last.
    #[must_use]
    pub fn with_clock(mut self, uptime: MonotonicClock) -> Self {
        self.uptime = uptime;
        self
    }

    /// Sets the time source of pauses, polling and time limits.
    #[must_use]
    pub fn with_timer(mut self, timer: Timer) -> Self {
        self.timer = timer;
        self
    }

    /// Sets how to identify processes of this machine: a run takes over the lease of a
    /// process that has exited immediately.
    #[must_use]
    pub fn with_process_probe(mut self, processes: ProcessProbe) -> Self {
        self.processes = processes;
        self
    }

    /// Returns the policies that apply.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Returns the notifications that hooks have missed since the last call.
    pub fn take_missed_notifications(&mut self) -> Option<MissedNotifications> {
        self.notifier.take_missed_notifications()
    }

    /// Replaces the task of a session, in the spelling of its row, by the canonical name.
    pub(super) fn with_task_name(&self, session: Session) -> Result<Session> {
        let mut names = self.names.borrow_mut();
        if names.get(&session.task).is_none() {
            *names = self.store.task_names()?;
            let name = names.of(session.task.clone());
            names.insert(name);
        }
        Ok(Session { task: names.of(session.task.clone()), ..session })
    }

    pub(super) fn notify(&mut self, ended: Vec<Session>) {
        if self.notifier.is_enabled() {
            // They have ended, even if the name of their task cannot be read.
            let named = |session: Session| self.with_task_name(session.clone()).unwrap_or(session);
            let ended: Vec<Session> = ended.into_iter().map(named).collect();
            self.notifier.notify(&ended, &self.policies);
        }
    }

    pub(super) fn scope<'a>(
        &'a self,
        task: Option<&'a TaskPattern>,
        now: UnixTime,
    ) -> PolicyContext<'a> {
        PolicyContext { policies: &self.policies, now, planned: None, task }
    }
}
