//! What a store promises, whatever its table and wherever its database: one
//! suite, deletion first, that runs over every store there is. So far that is
//! the native table in a SQLite file.

mod admission;
mod books;
mod contract;
mod copies;
mod drawn;
mod leases;
mod ledger;
mod limits;
mod model;
mod moves;
mod processes;
mod rules;
mod worlds;
