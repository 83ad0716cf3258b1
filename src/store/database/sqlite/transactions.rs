//! Begin and commit of write transactions: the free space that they need, and their observer.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Result, Transaction};

use super::disk_space::FreeSpace;
use crate::domain::error::Error;
use crate::store::database::CommitHook;

pub(super) struct Transactions {
    free_space: FreeSpace,
    hook: RefCell<Option<Box<dyn CommitHook>>>,
}

impl Transactions {
    pub(super) fn of(path: &Path) -> Self {
        Self { free_space: FreeSpace::of(path), hook: RefCell::new(None) }
    }

    pub(super) fn set_hook(&mut self, hook: Option<Box<dyn CommitHook>>) {
        *self.hook.borrow_mut() = hook;
    }

    /// Prepares for a transaction, which may be a repetition of one that failed.
    pub(super) fn prepare(&self, connection: &Connection) -> Result<()> {
        if let Some(hook) = self.hook.borrow_mut().as_mut() {
            hook.begin();
        }
        self.free_space.prepare(connection)
    }

    /// Commits a transaction. Returns the time spent waiting for readers.
    pub(super) fn commit(&self, transaction: &Transaction<'_>) -> Result<Duration> {
        if let Some(hook) = self.hook.borrow_mut().as_mut() {
            hook.before_commit()
                .map_err(|error| rusqlite::Error::UserFunctionError(Box::new(error)))?;
        }
        self.free_space.commit(transaction)
    }
}

/// Takes the error of an observer out of that of its transaction.
pub(super) fn hook_error(error: rusqlite::Error) -> std::result::Result<Error, rusqlite::Error> {
    match error {
        rusqlite::Error::UserFunctionError(cause) => match cause.downcast() {
            Ok(error) => Ok(*error),
            Err(cause) => Err(rusqlite::Error::UserFunctionError(cause)),
        },
        error => Err(error),
    }
}
