//! Users that options name.

use std::collections::BTreeSet;

use super::context::Context;
use super::exit::Usage;
use crate::app::SessionService;
use crate::domain::error::{Error, UnknownUser, UnknownUsers};
use crate::domain::time::UnixTime;

/// Users that were looked up.
#[derive(Default)]
pub struct FoundUsers {
    pub ids: BTreeSet<String>,
    pub unknown: Vec<UnknownUser>,
}

impl FoundUsers {
    /// Looks up names or ids, separated by commas.
    pub fn of(service: &SessionService, given: &[String], now: UnixTime) -> anyhow::Result<Self> {
        let mut found = Self::default();
        for text in given {
            // A name may contain commas, or be blank.
            let is_odd = text.contains(',') || text.trim().is_empty();
            if is_odd && !text.is_empty() && found.add(service, text, now)?.is_none() {
                continue;
            }
            for user in text.split(',') {
                if user.trim().is_empty() {
                    return Err(Usage::error(
                        "a user is empty; pass names or ids, separated by commas",
                    ));
                }
                let is_padded = user != user.trim();
                if is_padded && found.add(service, user, now)?.is_none() {
                    continue;
                }
                if let Some(unknown) = found.add(service, user.trim(), now)? {
                    found.unknown.push(unknown);
                }
            }
        }
        Ok(found)
    }

    /// Adds a user, unless nobody knows it.
    fn add(
        &mut self,
        service: &SessionService,
        user: &str,
        now: UnixTime,
    ) -> crate::Result<Option<UnknownUser>> {
        let unknown = service.unknown_user(user, now)?;
        if unknown.is_none() {
            self.ids.extend(service.select_users(user)?);
        }
        Ok(unknown)
    }

    /// Ids of the users, if all are known.
    ///
    /// # Errors
    /// [`Error::UnknownUsers`], with a name for each user that nobody knows.
    pub fn all(self) -> crate::Result<Vec<String>> {
        if self.unknown.is_empty() {
            return Ok(self.ids.into_iter().collect());
        }
        Err(Error::UnknownUsers(UnknownUsers(self.unknown)))
    }

    /// Ids of the users; one that nobody knows is an id without a session.
    pub fn lenient(&self) -> Vec<String> {
        let unknown = self.unknown.iter().map(|unknown| unknown.user.clone());
        self.ids.iter().cloned().chain(unknown).collect()
    }
}

/// Prints the users that nobody knows.
pub fn report_unknown(users: &[UnknownUser], context: &Context) {
    for user in users {
        context.print_failure(&user.to_string());
    }
}

/// Reason why nothing is known of a user, if a table of users does not have it.
///
/// # Errors
/// Any error of reading the tables.
pub fn unknown_user(
    user: Option<&str>,
    service: &SessionService,
    now: UnixTime,
) -> crate::Result<Option<UnknownUser>> {
    let Some(user) = user else { return Ok(None) };
    if service.user_name_column()?.is_none() {
        return Ok(None);
    }
    service.unknown_user(user, now)
}
