//! Operations that are allowed on a table: a framework table allows fewer than a native one.

use super::service::SessionService;
use crate::domain::error::{Error, Result};
use crate::domain::profile::Profile;
use crate::storage::{Backend, RowCopy, SessionOpener, Vacuum};

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
    /// [`Error::Refused`] if deletion is not allowed, and [`Error::Unselectable`] if the profile
    /// of a framework table does not define how to find the row of a token.
    pub fn ensure_can_close(&self) -> Result<()> {
        self.ensure_can_delete()?;
        self.profile().map_or(Ok(()), |profile| profile.token_forms().map(drop))
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

    /// Makes sure that the file may be compacted; `allow_foreign` allows it for the file of an
    /// application.
    ///
    /// # Errors
    /// [`Error::Refused`] in a framework table unless that is allowed.
    pub fn ensure_can_compact(&self, allow_foreign: bool) -> Result<()> {
        if allow_foreign {
            return Ok(());
        }
        self.ensure_native("the file belongs to its application")
    }

    pub(super) fn vacuumable(&mut self) -> Result<&mut dyn Vacuum> {
        let at = self.store.display_name().to_owned();
        self.store.vacuum().ok_or_else(|| {
            Error::Refused(format!(
                "each node of \"{at}\" has its own file, which rqlite maintains; start rqlited with \
                 -auto-vacuum-int, such as 24h, to return the space"
            ))
        })
    }
}

pub(super) fn session_opener(store: &mut dyn Backend) -> Result<&mut dyn SessionOpener> {
    let at = store.display_name().to_owned();
    store.session_opener().ok_or_else(|| {
        Error::Refused(format!("\"{at}\": the application opens and touches the sessions there"))
    })
}

pub(super) fn row_copy(store: &dyn Backend) -> Result<&dyn RowCopy> {
    store.row_copy().ok_or_else(|| not_copied(store))
}

pub(super) fn row_copy_mut(store: &mut dyn Backend) -> Result<&mut dyn RowCopy> {
    row_copy(store)?;
    store.row_copy_mut().ok_or_else(|| Error::Refused("its rows cannot be written".to_owned()))
}

fn not_copied(store: &dyn Backend) -> Error {
    let at = store.display_name();
    Error::Refused(match store.profile() {
        Some(Profile { table, title, .. }) => {
            format!("{table} in \"{at}\" is a table of {title}: it moves with its application")
        }
        None => format!("the rows of \"{at}\" cannot be copied"),
    })
}
