//! Names of users, which the application's own table of users has.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::service::{KnownNames, SessionService};
use crate::domain::error::{Error, Result};
use crate::domain::profile::Profile;
use crate::domain::session::Session;
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
