//! Three rqlite nodes, some of which are killed or stopped while a purge runs.

mod application;
mod chaos;
mod failures;
mod leader_loss;
mod ledger_check;
