//! What may be done to a table: in that of a framework less than in one of sessctl's
//! own.

use super::SessionService;
use crate::domain::error::{Error, Result};
use crate::domain::profile::Profile;
use crate::storage::{Backend, RowCopy, SessionOpen, Vacuum};

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

    /// The capability to give free space back.
    pub(super) fn vacuumable(&mut self) -> Result<&mut dyn Vacuum> {
        self.must_be_own("the file is its application's to compact")?;
        let at = self.store.display_name().to_owned();
        self.store.vacuum().ok_or_else(|| {
            Error::Refused(format!(
                "each node of {at} has a file of its own, and rqlite looks after it: its option \
                 -auto-vacuum-int gives space back"
            ))
        })
    }
}

/// The capability of a store to open and touch sessions.
pub(super) fn opening(store: &mut dyn Backend) -> Result<&mut dyn SessionOpen> {
    let at = store.display_name().to_owned();
    store.opening().ok_or_else(|| {
        Error::Refused(format!("{at}: the application opens and touches the sessions there"))
    })
}

/// The capability of a store to read its rows as they are stored.
pub(super) fn row_copy(store: &dyn Backend) -> Result<&dyn RowCopy> {
    store.row_copy().ok_or_else(|| not_copied(store))
}

/// The capability of a store to write its rows as they are stored.
pub(super) fn row_copy_mut(store: &mut dyn Backend) -> Result<&mut dyn RowCopy> {
    row_copy(store)?;
    store.row_copy_mut().ok_or_else(|| Error::Refused("its rows cannot be written".to_owned()))
}

fn not_copied(store: &dyn Backend) -> Error {
    let at = store.display_name();
    Error::Refused(match store.profile() {
        Some(Profile { table, title, .. }) => {
            format!("{table} in {at} is a table of {title}: it moves with its application")
        }
        None => format!("the rows of {at} cannot be copied"),
    })
}
