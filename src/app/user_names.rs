//! Names of users, which the application's own table of users has.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::query::ListRequest;
use super::service::{KnownNames, SessionService};
use crate::domain::error::{Error, Result, UnknownUser, UnknownUsers};
use crate::domain::filter::Filter;
use crate::domain::profile::Profile;
use crate::domain::session::Session;
use crate::domain::time::UnixTime;
use crate::storage::{UserStats, VisitResult};

/// Sessions whose users are looked up together: on a cluster, by one request.
const BATCH: usize = 250;
/// Names that are kept in memory.
const MAX_KNOWN: usize = 10_000;
/// Users of one name that can be selected together.
const MAX_NAMESAKES: usize = 1_000;

impl SessionService {
    /// Reports whether the profile says where the names of the users are.
    pub fn has_user_names(&self) -> bool {
        let user = self.profile().and_then(|profile: &Profile| profile.user.as_ref());
        user.is_some_and(|user| user.names.is_some())
    }

    /// Reason why no names can be looked up although the profile says where they are.
    ///
    /// # Errors
    /// Any error of reading the schema.
    pub fn user_names_obstacle(&self) -> Result<Option<String>> {
        self.store.user_names_obstacle()
    }

    /// Sets the names of the users of sessions, as far as they are known. Each is looked up once.
    ///
    /// # Errors
    /// Any error of reading the table of users.
    pub fn name_users(&self, sessions: &mut [Session]) -> Result<()> {
        self.look_up(sessions.iter().filter_map(|session| session.user.as_deref()))?;
        let known = self.user_names.borrow();
        for session in sessions {
            session.user_name = name_of(&known, session.user.as_deref());
        }
        Ok(())
    }

    /// Sets the names of these users, as far as they are known. Each is looked up once.
    ///
    /// # Errors
    /// Any error of reading the table of users.
    pub fn name_loads(&self, loads: &mut [UserStats]) -> Result<()> {
        self.look_up(loads.iter().filter_map(|load| load.user.as_deref()))?;
        let known = self.user_names.borrow();
        for load in loads {
            load.user_name = name_of(&known, load.user.as_deref());
        }
        Ok(())
    }

    fn look_up<'u>(&self, users: impl Iterator<Item = &'u str>) -> Result<()> {
        if !self.has_user_names() {
            return Ok(());
        }
        let mut known = self.user_names.borrow_mut();
        if known.len() > MAX_KNOWN {
            known.clear();
        }
        let unknown: BTreeSet<&str> = users.filter(|user| !known.contains_key(*user)).collect();
        let unknown: Vec<&str> = unknown.into_iter().collect();
        let found = match self.store.known_users(&unknown) {
            // Such as a view that fails on some rows: ids will do.
            Err(Error::Failed { .. } | Error::Refused(_)) => vec![None; unknown.len()],
            found => found?,
        };
        let names = found.into_iter().map(|user| user.and_then(|user| user.name));
        known.extend(unknown.into_iter().map(str::to_owned).zip(names));
        Ok(())
    }

    /// Returns the ids of the users that a user's name or id stands for: what is no name is an id.
    ///
    /// # Errors
    /// [`Error::AmbiguousUser`] if it is the id of one user and the name of another,
    /// [`Error::Unselectable`] if too many users have the name, and any error of reading the table
    /// of users.
    pub fn select_users(&self, user: &str) -> Result<Vec<String>> {
        let ids = if self.has_user_names() {
            self.store.users_named(user, MAX_NAMESAKES + 1)?
        } else {
            Vec::new()
        };
        if ids.len() > MAX_NAMESAKES {
            return Err(Error::Unselectable(format!(
                "more than {MAX_NAMESAKES} users have the name {user:?}"
            )));
        }
        let others: Vec<&String> = ids.iter().filter(|id| *id != user).collect();
        if others.is_empty() {
            return Ok(vec![user.to_owned()]);
        }
        match self.store.known_users(&[user])?.into_iter().next().flatten() {
            Some(found) => Err(Error::AmbiguousUser {
                user: user.to_owned(),
                name: found.name,
                ids: others.into_iter().cloned().collect(),
            }),
            None => Ok(ids),
        }
    }

    /// Reports that a text stands for no user: no user has this name or id, and no session has
    /// this user.
    ///
    /// # Errors
    /// See [`select_users`](Self::select_users), and any error of reading the table.
    pub fn unknown_user(&self, user: &str, now: UnixTime) -> Result<Option<UnknownUser>> {
        let ids = self.select_users(user)?;
        if ids.as_slice() != [user] || self.is_known_id(user)? || self.has_session(ids, now)? {
            return Ok(None);
        }
        let table = self.profile().map_or("sessions", |profile| profile.table.as_str()).to_owned();
        let user = user.to_owned();
        let Some(names) = self.user_name_column()? else {
            return Ok(Some(UnknownUser { user, table, names: None, similar: None }));
        };
        let similar = self.similar_user(&user)?;
        Ok(Some(UnknownUser { user, table, names: Some(names), similar }))
    }

    fn is_known_id(&self, user: &str) -> Result<bool> {
        Ok(self.store.known_users(&[user])?.into_iter().flatten().next().is_some())
    }

    fn has_session(&self, users: Vec<String>, now: UnixTime) -> Result<bool> {
        let filter = Filter { users, ..Filter::default() };
        let request = ListRequest { filter, limit: Some(1), ..ListRequest::default() };
        let listed = self.list(&request, now, &mut |_| Ok(ControlFlow::Continue(())))?;
        Ok(listed.shown > 0)
    }

    /// Column with the names of the users, such as `users.email`, if they can be looked up.
    ///
    /// # Errors
    /// Any error of reading the schema.
    pub fn user_name_column(&self) -> Result<Option<String>> {
        let user = self.profile().and_then(|profile| profile.user.as_ref());
        let Some(names) = user.and_then(|user| user.names.as_ref()) else { return Ok(None) };
        let column = format!("{}.{}", names.table, names.name);
        Ok(self.user_names_obstacle()?.is_none().then_some(column))
    }

    /// The only name that begins like this, first of all as an address of this user.
    fn similar_user(&self, user: &str) -> Result<Option<String>> {
        for prefix in [format!("{user}@"), user.to_owned()] {
            match self.store.user_names_like(&prefix, 2) {
                // A hint is not worth an error.
                Err(Error::Failed { .. } | Error::Refused(_)) => return Ok(None),
                found => match found?.as_slice() {
                    [] => {}
                    [only] => return Ok(Some(only.clone())),
                    _ => return Ok(None),
                },
            }
        }
        Ok(None)
    }

    /// Returns the ids of users all of whom are known, where the table has its users' names;
    /// elsewhere, a user may have no session now.
    pub(super) fn select_known_users(
        &self,
        users: &[String],
        now: UnixTime,
    ) -> Result<Vec<String>> {
        let unknown: Result<Vec<Option<UnknownUser>>> =
            users.iter().map(|user| self.unknown_user(user, now)).collect();
        let unknown: Vec<UnknownUser> =
            unknown?.into_iter().flatten().filter(|user| user.names.is_some()).collect();
        if unknown.is_empty() {
            return self.select_each(users);
        }
        Err(Error::UnknownUsers(UnknownUsers(unknown)))
    }

    /// Returns the ids of users.
    pub(super) fn select_each(&self, users: &[String]) -> Result<Vec<String>> {
        let ids: Result<Vec<Vec<String>>> =
            users.iter().map(|user| self.select_users(user)).collect();
        Ok(ids?.concat())
    }

    /// Number of sessions that are visited together, with the names of their users.
    pub(super) fn batch_with_names(&self) -> usize {
        if self.has_user_names() { BATCH } else { 1 }
    }

    /// Visits these sessions, with the names of their users, until the visitor has enough.
    pub(super) fn visit_with_names(
        &self,
        sessions: &mut Vec<Session>,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> VisitResult {
        self.name_users(sessions)?;
        for session in sessions.drain(..) {
            if visit(session)? == ControlFlow::Break(()) {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn name_of(known: &KnownNames, user: Option<&str>) -> Option<String> {
    known.get(user?).cloned().flatten()
}
