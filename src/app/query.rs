//! Operations that only look: lists, figures, one session.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::SessionService;
use crate::domain::error::{Error, Result};
use crate::domain::filter::{Filter, TaskPattern};
use crate::domain::session::Session;
use crate::domain::time::UnixTime;
use crate::storage::{GroupBy, Order, SessionQuery, TaskStats, UserStats, VisitResult};

/// Handles that a message about an ambiguous one names.
const SUGGESTIONS: usize = 5;

/// Which sessions to list.
#[derive(Debug, Clone, Default)]
pub struct ListRequest {
    /// Which.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// At most so many.
    pub limit: Option<u64>,
    /// Whether to count those beyond the limit, too.
    pub count_all: bool,
}

/// How many sessions a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListCounts {
    /// Those that were visited.
    pub shown: u64,
    /// Those that the filter fits, as far as they were counted.
    pub counted: u64,
    /// Those that may have been meant: the filter asks for a user, and theirs cannot be
    /// read.
    pub unreadable_users: u64,
}

impl SessionService {
    /// Visits the sessions that a filter fits, in flat memory.
    ///
    /// # Errors
    /// Whatever keeps the table from being read, and what the visitor answers.
    pub fn list(
        &self,
        request: &ListRequest,
        now: UnixTime,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> Result<ListCounts> {
        let mut listed = ListCounts::default();
        let query = SessionQuery {
            scope: self.scope(None, now),
            filter: &request.filter,
            due_only: false,
            after: None,
            order: request.order,
        };
        let scanned = self.store.scan(&query, &mut |session| {
            if !request.filter.matches_client(&session) {
                return Ok(ControlFlow::Continue(()));
            }
            let full = request.limit.is_some_and(|limit| listed.shown >= limit);
            if full && !request.count_all {
                return Ok(ControlFlow::Break(()));
            }
            listed.counted += 1;
            if full {
                return Ok(ControlFlow::Continue(()));
            }
            listed.shown += 1;
            visit(self.named(session)?)
        })?;
        Ok(ListCounts { unreadable_users: scanned.unreadable_users, ..listed })
    }

    /// The one session whose handle begins like this; of several with the same id, the
    /// first.
    ///
    /// # Errors
    /// As for [`sessions_called`](Self::sessions_called).
    pub fn session(&self, prefix: &str) -> Result<Session> {
        let first = self.sessions_called(prefix)?.into_iter().next();
        first.ok_or_else(|| Error::NoSession(prefix.to_owned()))
    }

    /// The session whose handle begins like this. In a framework's table whose ids are not
    /// unique, all sessions with this id.
    ///
    /// # Errors
    /// [`Error::NotAHandle`], [`Error::NoSession`] if there is none, and
    /// [`Error::AmbiguousHandle`] if there are several with different ids.
    pub fn sessions_called(&self, prefix: &str) -> Result<Vec<Session>> {
        let is_handle = prefix.len() >= 4 && prefix.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_handle {
            return Err(Error::NotAHandle(prefix.to_owned()));
        }
        let sessions = self.store.by_handle(prefix, SUGGESTIONS)?;
        let mut handles: Vec<String> =
            sessions.iter().map(|session| session.handle.clone()).collect();
        handles.dedup();
        match handles.as_slice() {
            [] => Err(Error::NoSession(prefix.to_owned())),
            [_] => sessions.into_iter().map(|session| self.named(session)).collect(),
            _ => Err(Error::AmbiguousHandle { prefix: prefix.to_owned(), handles }),
        }
    }

    /// The figures of the tasks that match, by name.
    ///
    /// # Errors
    /// Whatever keeps the table from being read.
    pub fn tasks(&self, task: Option<&TaskPattern>, now: UnixTime) -> Result<Vec<TaskStats>> {
        let stats = self.store.tasks(&self.scope(task, now))?;
        let names = self.store.task_names()?;
        let rename = |stat: TaskStats| TaskStats { task: names.of(stat.task), ..stat };
        Ok(stats.into_iter().map(rename).collect())
    }

    /// What each task serves: all its users, and those that it serves more than
    /// once, the one with the most sessions first.
    ///
    /// # Errors
    /// Whatever keeps the table from being read.
    pub fn services(&self, task: Option<&TaskPattern>, now: UnixTime) -> Result<Vec<TaskUsage>> {
        self.services_to(task, now, 2)
    }

    /// Usage of each task, with all its users.
    ///
    /// # Errors
    /// As for [`services`](Self::services).
    pub fn services_to_all(
        &self,
        task: Option<&TaskPattern>,
        now: UnixTime,
    ) -> Result<Vec<TaskUsage>> {
        self.services_to(task, now, 1)
    }

    /// Usage of each task, with the users who have at least `least` sessions.
    fn services_to(
        &self,
        task: Option<&TaskPattern>,
        now: UnixTime,
        least: u64,
    ) -> Result<Vec<TaskUsage>> {
        let mut services: BTreeMap<String, TaskUsage> = BTreeMap::new();
        let names = self.store.task_names()?;
        self.store.user_stats(&self.scope(task, now), GroupBy::TaskAndUser, &mut |load| {
            let task = names.of(load.task.clone().unwrap_or_default());
            let load = UserStats { task: load.task.is_some().then(|| task.clone()), ..load };
            let service = services
                .entry(task.to_ascii_lowercase())
                .or_insert_with(|| TaskUsage { task, ..TaskUsage::default() });
            service.add(load, least);
            Ok(ControlFlow::Continue(()))
        })?;
        let mut services: Vec<TaskUsage> = services.into_values().collect();
        for service in &mut services {
            service.served.sort_by_key(|load| std::cmp::Reverse(load.sessions()));
        }
        Ok(services)
    }

    /// Visits the users of sessions that have not ended, the one with the most first; of
    /// a framework's table, those of live sessions.
    ///
    /// # Errors
    /// Whatever keeps the table from being read, and what the visitor answers.
    pub fn users(
        &self,
        task: Option<&TaskPattern>,
        now: UnixTime,
        visit: &mut dyn FnMut(UserStats) -> VisitResult,
    ) -> Result<()> {
        self.store.user_stats(&self.scope(task, now), GroupBy::User, visit)
    }
}

/// What a task serves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskUsage {
    /// Its name.
    pub task: String,
    /// Its sessions that have not ended; of a framework's table, those that are live.
    pub sessions: u64,
    /// Those of them that are expired.
    pub expired: u64,
    /// The users who have any of them.
    pub users: u64,
    /// The sessions of these users; the others belong to nobody yet.
    pub owned: u64,
    /// The last use of the session that has been unused for the longest.
    pub oldest_use: Option<UnixTime>,
    /// The users that were asked for: all, or those who have more than one.
    pub served: Vec<UserStats>,
}

impl TaskUsage {
    fn add(&mut self, load: UserStats, least: u64) {
        self.sessions += load.sessions();
        self.expired += load.expired;
        if load.user.is_some() {
            self.users += 1;
            self.owned += load.sessions();
        }
        self.oldest_use = self.oldest_use.into_iter().chain(load.oldest_use).min();
        // Sessions of nobody are no repeated service, and are part of the whole.
        if (load.user.is_some() || least == 1) && load.sessions() >= least {
            self.served.push(load);
        }
    }
}
