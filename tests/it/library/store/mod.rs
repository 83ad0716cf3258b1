//! What a store promises, whatever its table and wherever its database: one
//! suite, deletion first, that runs over every store there is. So far that is
//! the native table in a SQLite file and on a cluster of three rqlite nodes.

mod admission;
mod admission_model;
mod bulk;
mod clock;
mod concurrent_setup;
mod contract;
mod copy;
mod copy_properties;
mod generators;
mod harness;
mod leases;
mod ledger;
mod ledger_entries;
mod limits;
mod lost_responses;
mod processes;
mod rules;
mod task_names;
