//! What the store promises of tables that belong to frameworks: real files, with their
//! applications at work.

mod close;
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
mod referenced_rows;
mod state;
mod users;
mod walkthrough;
