//! What may be done to a table: in that of a framework less than in one of sessctl's
//! own.

use super::SessionService;
use crate::domain::error::{Error, Result};
use crate::domain::profile::Profile;

impl SessionService {
    /// The profile of the framework whose table it is; `None`: it is sessctl's own.
    pub fn profile(&self) -> Option<&Profile> {
        self.store.profile()
    }

    /// Makes sure that sessions can be opened here.
    ///
    /// # Errors
    /// [`Error::Refused`] in a framework's table: its application opens them.
    pub fn may_open(&self) -> Result<()> {
        self.must_be_own("its application opens the sessions")
    }

    /// Makes sure that sessions can be touched here.
    ///
    /// # Errors
    /// [`Error::Refused`] in a framework's table: its application knows of each use.
    pub fn may_touch(&self) -> Result<()> {
        self.must_be_own("its application says of the sessions that they are in use")
    }

    /// Makes sure that sessions can be closed here by what their clients hold.
    ///
    /// # Errors
    /// [`Error::Refused`] if nothing may be deleted, or if the profile of a framework's
    /// table does not say how a token leads to its row.
    pub fn may_close(&self) -> Result<()> {
        self.may_delete()?;
        self.profile().map_or(Ok(()), |profile| profile.token_form().map(drop))
    }

    /// Makes sure that the file may be written anew.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is a framework's.
    pub fn may_compact(&self) -> Result<()> {
        self.must_be_own("the file is its application's to compact")
    }

    /// Makes sure that sessions may be ended, and their rows deleted.
    ///
    /// # Errors
    /// [`Error::Refused`] if the profile says that nothing may be, and [`Error::UnconfirmedProfile`]
    /// if it has to be named first.
    pub fn may_delete(&self) -> Result<()> {
        self.profile().map_or(Ok(()), Profile::may_delete)
    }

    /// Makes sure that the profile was named, or is beyond doubt.
    ///
    /// # Errors
    /// [`Error::UnconfirmedProfile`] if it has to be named before anything is deleted.
    pub fn must_be_certain(&self) -> Result<()> {
        match self.may_delete() {
            Err(error @ Error::UnconfirmedProfile { .. }) => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) fn must_be_own(&self, why: &str) -> Result<()> {
        self.profile().map_or(Ok(()), |profile| {
            let Profile { table, title, name, .. } = profile;
            Err(Error::Refused(format!("{table} is a table of {title} (profile {name}): {why}")))
        })
    }
}
