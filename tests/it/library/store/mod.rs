//! The promises of a store: one suite, deletion first, that runs on each combination of a
//! table and a transport: the native table in an SQLite file and on a cluster of three
//! rqlite nodes.

mod bulk;
mod clock;
mod concurrent_setup;
mod contract;
mod copy;
mod copy_properties;
mod leases;
mod ledger;
mod ledger_entries;
mod limits;
mod lost_responses;
mod processes;
mod samples;
mod task_names;
