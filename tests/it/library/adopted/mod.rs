//! The store of framework tables, on real files with applications that use them.

mod archive;
mod close;
mod delete_due;
mod detection;
mod diagnosis;
mod file_states;
mod foreign_keys;
mod framework_tables;
mod jobs;
mod keys;
mod list;
mod mismatched_tables;
mod properties;
mod purge;
mod rebuild;
mod referenced_rows;
mod several_columns;
mod state;
mod stricter;
mod users;
mod versions;
mod walkthrough;
