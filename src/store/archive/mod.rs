//! Archiving: the rows that a connection deletes or changes, recorded by temporary triggers, and
//! statements that put them back.

mod children;
mod recorder;
mod restore;
mod table;
mod triggers;

pub(super) use children::ChildTable;
pub(super) use recorder::{SessionNaming, record_to, stop_recording};
pub(super) use restore::RestoredTables;
