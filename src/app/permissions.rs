//! Operations that are allowed on a table: a framework table allows fewer than a native one.

use super::service::SessionService;
use crate::domain::error::{Error, Result};
use crate::domain::profile::Profile;

impl SessionService {
    /// Returns the profile of a framework table; `None`: the table is native.
    pub fn profile(&self) -> Option<&Profile> {
        self.store.profile()
    }

    /// Makes sure that sessions can be opened.
    ///
    /// # Errors
    /// [`Error::Refused`] in a framework table: its application opens them.
    pub fn ensure_can_open(&self) -> Result<()> {
        self.ensure_native("its application opens the sessions")
    }

    /// Makes sure that sessions can be touched.
    ///
    /// # Errors
    /// [`Error::Refused`] in a framework table: its application records each use.
    pub fn ensure_can_touch(&self) -> Result<()> {
        self.ensure_native("its application records the use of the sessions")
    }

    /// Makes sure that sessions can be closed by the tokens of their clients.
    ///
    /// # Errors
    /// [`Error::Refused`] if deletion is not allowed, or if the profile of a framework table
    /// does not define how to find the row of a token.
    pub fn ensure_can_close(&self) -> Result<()> {
        self.ensure_can_delete()?;
        self.profile().map_or(Ok(()), |profile| profile.token_form().map(drop))
    }

    /// Makes sure that the file may be compacted.
    ///
    /// # Errors
    /// [`Error::Refused`] in a framework table.
    pub fn ensure_can_compact(&self) -> Result<()> {
        self.ensure_native("compacting the file is left to its application")
    }

    /// Makes sure that sessions may be ended and their rows deleted.
    ///
    /// # Errors
    /// [`Error::Refused`] if the profile does not allow deletion, and
    /// [`Error::UnconfirmedProfile`] if the profile has to be named first.
    pub fn ensure_can_delete(&self) -> Result<()> {
        self.profile().map_or(Ok(()), Profile::may_delete)
    }

    /// Makes sure that the profile was named, or is the only one that matches.
    ///
    /// # Errors
    /// [`Error::UnconfirmedProfile`] if it has to be named before rows are deleted.
    pub fn ensure_profile_confirmed(&self) -> Result<()> {
        match self.ensure_can_delete() {
            Err(error @ Error::UnconfirmedProfile { .. }) => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) fn ensure_native(&self, why: &str) -> Result<()> {
        self.profile().map_or(Ok(()), |profile| {
            let Profile { table, title, name, .. } = profile;
            Err(Error::Refused(format!("{table} is a table of {title} (profile {name}): {why}")))
        })
    }
}
