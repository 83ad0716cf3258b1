//! A database that holds sessions and their ledger.

use super::copy::RowCopy;
use super::interrupt::Interruptible;
use super::ledger::Ledger;
use super::sessions::SessionStore;
use super::vacuum::Vacuum;
use super::wal::Wal;

/// A database that holds sessions and their ledger.
pub trait Backend: SessionStore + Ledger + Wal + Vacuum + RowCopy + Interruptible {}

impl<T> Backend for T where T: SessionStore + Ledger + Wal + Vacuum + RowCopy + Interruptible {}
