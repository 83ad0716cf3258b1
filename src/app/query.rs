//! Read operations: lists, statistics, single sessions.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::service::SessionService;
use crate::domain::error::{Error, Result};
use crate::domain::filter::Filter;
use crate::domain::session::Session;
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;
use crate::storage::{GroupBy, Order, TaskStats, UserStats, VisitResult};

/// Handles that an error about an ambiguous prefix names.
const SUGGESTIONS: usize = 5;

#[derive(Debug, Clone, Default)]
pub struct ListRequest {
    pub filter: Filter,
    pub order: Order,
    pub limit: Option<u64>,
    /// Count those beyond the limit as well.
    pub count_all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListCounts {
    pub shown: u64,
    /// Sessions that match the filter, as far as they were counted.
    pub counted: u64,
    /// Sessions that may match: the filter has a user, and theirs cannot be read.
    pub unreadable_users: u64,
}

impl SessionService {
    /// Visits the sessions that match a filter, in constant memory, with the names of their users.
    ///
    /// # Errors
    /// Any error of reading the table, and the error of the visitor.
    pub fn list(
        &self,
        request: &ListRequest,
        now: UnixTime,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> Result<ListCounts> {
        let (mut listed, size) = (ListCounts::default(), self.batch_with_names());
        let mut batch = Vec::with_capacity(size);
        let selection = self.select(&request.filter, None, false, now)?;
        let unreadable_users =
            self.visit_selected(&selection, request.order, now, &mut |session| {
                let full = request.limit.is_some_and(|limit| listed.shown >= limit);
                if full && !request.count_all {
                    return Ok(ControlFlow::Break(()));
                }
                listed.counted += 1;
                if full {
                    return Ok(ControlFlow::Continue(()));
                }
                listed.shown += 1;
                batch.push(self.with_task_name(session)?);
                if batch.len() < size {
                    return Ok(ControlFlow::Continue(()));
                }
                self.visit_with_names(&mut batch, visit)
            })?;
        // Nothing follows that a visitor with enough could stop.
        let _ = self.visit_with_names(&mut batch, visit)?;
        Ok(ListCounts { unreadable_users: unreadable_users + selection.unreadable_users, ..listed })
    }

    /// Returns the session whose handle starts with a prefix; of several with one id, the first.
    ///
    /// # Errors
    /// See [`sessions_by_handle`](Self::sessions_by_handle).
    pub fn session(&self, prefix: &str) -> Result<Session> {
        let first = self.sessions_by_handle(prefix)?.into_iter().next();
        first.ok_or_else(|| Error::NoSession(prefix.to_owned()))
    }

    /// Returns the session whose handle starts with a prefix; in a framework table whose ids
    /// are not unique, all sessions with this id.
    ///
    /// # Errors
    /// [`Error::NotAHandle`], [`Error::NoSession`] if there is none, and
    /// [`Error::AmbiguousHandle`] if there are several with different ids.
    pub fn sessions_by_handle(&self, prefix: &str) -> Result<Vec<Session>> {
        check_handle(prefix)?;
        let sessions = self.store.by_handle(prefix, SUGGESTIONS + 1)?;
        let mut handles: Vec<String> =
            sessions.iter().map(|session| session.handle.clone()).collect();
        handles.dedup();
        match handles.as_slice() {
            [] => Err(Error::NoSession(prefix.to_owned())),
            [_] => {
                let sessions = sessions.into_iter().map(|session| self.with_task_name(session));
                let mut sessions = sessions.collect::<Result<Vec<_>>>()?;
                self.name_users(&mut sessions)?;
                Ok(sessions)
            }
            _ => {
                let is_truncated = handles.len() > SUGGESTIONS;
                handles.truncate(SUGGESTIONS);
                Err(Error::AmbiguousHandle { prefix: prefix.to_owned(), handles, is_truncated })
            }
        }
    }

    /// Sets, for sessions that were looked up, whether they exceed the limit of their user in a
    /// framework's table.
    ///
    /// # Errors
    /// Any error of reading the table.
    pub fn mark_excess(&self, sessions: Vec<Session>, now: UnixTime) -> Result<Vec<Session>> {
        self.store.mark_excess(sessions, now)
    }

    /// Returns the statistics of the matching tasks, by name.
    ///
    /// # Errors
    /// Any error of reading the table.
    pub fn tasks(&self, task: Option<&TaskPattern>, now: UnixTime) -> Result<Vec<TaskStats>> {
        let stats = self.store.tasks(&self.scope(task, now))?;
        let names = self.store.task_names()?;
        let rename = |stat: TaskStats| TaskStats { task: names.of(stat.task), ..stat };
        Ok(stats.into_iter().map(rename).collect())
    }

    /// Returns the usage of each task, with the users who have several sessions, the one with
    /// the most first.
    ///
    /// # Errors
    /// Any error of reading the table.
    pub fn task_usage(&self, task: Option<&TaskPattern>, now: UnixTime) -> Result<Vec<TaskUsage>> {
        self.task_usage_from(task, now, 2)
    }

    /// Returns the usage of each task, with all its users.
    ///
    /// # Errors
    /// See [`task_usage`](Self::task_usage).
    pub fn task_usage_with_all_users(
        &self,
        task: Option<&TaskPattern>,
        now: UnixTime,
    ) -> Result<Vec<TaskUsage>> {
        self.task_usage_from(task, now, 1)
    }

    /// Returns the usage of each task, with the users who have at least `min` sessions.
    fn task_usage_from(
        &self,
        task: Option<&TaskPattern>,
        now: UnixTime,
        min: u64,
    ) -> Result<Vec<TaskUsage>> {
        let mut usage: BTreeMap<String, TaskUsage> = BTreeMap::new();
        let names = self.store.task_names()?;
        self.store.user_stats(&self.scope(task, now), GroupBy::TaskAndUser, &mut |load| {
            let task = names.of(load.task.clone().unwrap_or_default());
            let load = UserStats { task: load.task.is_some().then(|| task.clone()), ..load };
            let task_usage = usage
                .entry(task.to_ascii_lowercase())
                .or_insert_with(|| TaskUsage { task, ..TaskUsage::default() });
            task_usage.add(load, min);
            Ok(ControlFlow::Continue(()))
        })?;
        let mut usage: Vec<TaskUsage> = usage.into_values().collect();
        for task_usage in &mut usage {
            task_usage.users_listed.sort_by_key(|load| std::cmp::Reverse(load.sessions()));
        }
        Ok(usage)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskUsage {
    pub task: String,
    /// Sessions that have not ended; in a framework table, live sessions.
    pub sessions: u64,
    pub expired: u64,
    pub users: u64,
    /// Number of these sessions that have a user.
    pub owned: u64,
    /// Last use of the session that has been unused for the longest.
    pub oldest_use: Option<UnixTime>,
    /// The requested users: all, or those with several sessions.
    pub users_listed: Vec<UserStats>,
}

impl TaskUsage {
    fn add(&mut self, load: UserStats, min: u64) {
        self.sessions += load.sessions();
        self.expired += load.expired;
        if load.user.is_some() {
            self.users += 1;
            self.owned += load.sessions();
        }
        self.oldest_use = self.oldest_use.into_iter().chain(load.oldest_use).min();
        // Sessions without a user are listed only among all users.
        if (load.user.is_some() || min == 1) && load.sessions() >= min {
            self.users_listed.push(load);
        }
    }
}

/// Ensures that a text is a handle, or a prefix of one.
pub(super) fn check_handle(prefix: &str) -> Result<()> {
    let is_handle = prefix.len() >= 4 && prefix.bytes().all(|b| b.is_ascii_hexdigit());
    if is_handle { Ok(()) } else { Err(Error::NotAHandle(prefix.to_owned())) }
}
