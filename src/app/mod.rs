//! The operations. They know neither the table nor the database that they work
//! on, only what [`Backend`] promises; `now` comes from the caller.

mod clock;
mod compact;
mod copy;
mod cycle;
mod jobs;
mod notify;
mod permissions;
mod purge;
mod query;
mod run;
mod sessions;
mod skipped;
mod throttle;
mod touch_batch;

use std::cell::RefCell;

use crate::domain::error::Result;
use crate::domain::filter::TaskPattern;
use crate::domain::policy::Policies;
use crate::domain::session::Session;
use crate::domain::time::UnixTime;
use crate::storage::{Backend, PolicyContext, RunOrigin, TaskNames};

use clock::ClockCheck;
use notify::Notifier;
use touch_batch::TouchBatchSizer;

#[cfg(feature = "internals")]
pub use clock::ClockReader;
pub use compact::{CompactReport, CompactRequest, CompactStopReason};
pub use copy::{Comparison, CopyProgress, CopyReport, CopyRequest};
pub use cycle::{CycleRequest, Cycled};
pub use jobs::{JobOptions, JobOutcome};
pub use notify::{EndHook, MissedNotifications};
pub use purge::{PurgePreview, PurgeProgress, PurgeRequest, PurgeSummary, StopReason};
#[cfg(feature = "internals")]
pub use query::ListCounts;
pub use query::{ListRequest, TaskUsage};
#[cfg(feature = "internals")]
pub use run::JobRun;
pub use run::{EndedRun, MonotonicClock, ProcessProbe, RunObserver};
pub use sessions::{OpenRequest, OpenedSession, TouchOutcome, TouchResult};
pub use touch_batch::{MOST_AT_ONCE, TouchResults};

/// A table of sessions, and the policies that hold for it.
pub struct SessionService {
    store: Box<dyn Backend>,
    policies: Policies,
    origin: RunOrigin,
    bell: Notifier,
    /// As far as they were needed.
    names: RefCell<TaskNames>,
    stride: TouchBatchSizer,
    uptime: MonotonicClock,
    observer: Option<Box<dyn RunObserver>>,
    user: fn() -> String,
    processes: ProcessProbe,
    /// `None`: the time is taken for right.
    clock: Option<ClockCheck>,
}

impl SessionService {
    /// Takes charge of a table, such as [`store::open`](crate::store::open)
    /// gives.
    pub fn new(store: Box<dyn Backend>, policies: Policies) -> Self {
        let origin = RunOrigin {
            host: "localhost".to_owned(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            user: String::new(),
        };
        Self {
            store,
            policies,
            origin,
            bell: Notifier::default(),
            names: RefCell::default(),
            stride: TouchBatchSizer::default(),
            uptime: run::since_start,
            observer: None,
            user: String::new,
            processes: ProcessProbe::default(),
            clock: None,
        }
    }

    /// The same on a host of this name: the ledger has it, and jobs may be tied
    /// to it.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.origin.host = host.into();
        self
    }

    /// Adds a listener, which is told of each session that ends.
    #[must_use]
    pub fn with_hook(mut self, listener: Box<dyn EndHook>) -> Self {
        self.bell.add(listener);
        self
    }

    /// Adds an observer of the runs, which is told of each that ends.
    #[must_use]
    pub fn with_observer(mut self, observer: Box<dyn RunObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sets how to find the user whose privileges this process has: the ledger has its name
    /// with each run. It is asked only for runs.
    #[must_use]
    pub fn with_user(mut self, user: fn() -> String) -> Self {
        self.user = user;
        self
    }

    fn origin(&self) -> RunOrigin {
        RunOrigin { user: (self.user)(), ..self.origin.clone() }
    }

    /// The same with a clock that tells how long its runs take.
    #[must_use]
    pub fn with_clock(mut self, uptime: MonotonicClock) -> Self {
        self.uptime = uptime;
        self
    }

    /// Sets how to identify processes of this machine: a run takes over the lease of a process
    /// that has ended at once.
    #[must_use]
    pub fn with_process_probe(mut self, processes: ProcessProbe) -> Self {
        self.processes = processes;
        self
    }

    /// The policies that hold.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// What the listener has missed since this was last asked.
    pub fn take_missed_notifications(&mut self) -> Option<MissedNotifications> {
        self.bell.take_missed_notifications()
    }

    /// A session under the name of its task, however its row spells that.
    fn named(&self, session: Session) -> Result<Session> {
        let mut names = self.names.borrow_mut();
        if names.get(&session.task).is_none() {
            *names = self.store.task_names()?;
            let name = names.of(session.task.clone());
            names.insert(name);
        }
        Ok(Session { task: names.of(session.task.clone()), ..session })
    }

    /// Tells the listeners of sessions that have ended.
    fn ring(&mut self, ended: Vec<Session>) {
        if self.bell.is_heard() {
            // They have ended, whether their task's name can be read or not.
            let named = |session: Session| self.named(session.clone()).unwrap_or(session);
            let ended: Vec<Session> = ended.into_iter().map(named).collect();
            self.bell.ring(&ended, &self.policies);
        }
    }

    fn scope<'a>(&'a self, task: Option<&'a TaskPattern>, now: UnixTime) -> PolicyContext<'a> {
        PolicyContext { policies: &self.policies, now, planned: None, task }
    }
}
