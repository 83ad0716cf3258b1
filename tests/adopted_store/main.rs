//! What the store promises of tables that belong to frameworks: real files, with their
//! applications at work.

mod close;
mod detection;
mod drawn;
mod examination;
mod files;
mod fixtures;
mod held;
mod jobs;
mod keys;
mod listing;
mod profiles;
mod purge;
mod references;
mod state;
mod unfit;
mod users;
mod values;
mod walkthrough;
mod world;
