//! What a store promises, whatever its table and wherever its database: one
//! suite, deletion first, that runs over every store there is. So far that is
//! the native table in a SQLite file and on a cluster of three rqlite nodes.

#[path = "../rqlite/mod.rs"]
#[expect(clippy::allow_attributes, reason = "what is not needed changes with each test")]
#[allow(dead_code, reason = "not every test needs all that nodes can do")]
mod rqlite;

mod admission;
mod books;
mod clocks;
mod contract;
mod copies;
mod drawn;
mod leases;
mod ledger;
mod limits;
mod lost;
mod many;
mod model;
mod moves;
mod names;
mod processes;
mod rules;
mod setup;
mod worlds;
