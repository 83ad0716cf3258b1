//! One process for each database: the parent starts this program again as a worker for each.
//!
//! The parent opens no database and keeps its privileges; each worker takes those of the owner of
//! its database. What a worker finds and does goes to the parent over a socket ([`wire`]), and the
//! parent writes one listing, one file of metrics and one log of runs.

pub mod call;
pub mod codes;
pub mod events;
mod figures;
mod items;
pub mod job_reporter;
pub mod lines;
mod listing;
pub mod log;
pub mod order;
mod outputs;
mod pages;
mod parent;
pub mod process;
mod report_rows;
mod results;
mod runs;
pub mod schemas;
pub mod serve;
pub mod tracker;
pub mod values;
mod watch;
pub mod wire;
pub mod worker;

use std::env;
use std::ffi::OsString;

pub use call::{Call, ManyDatabases, Work, parallel};

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::interrupt::Interrupt;

/// Serves the databases of a call, each by a process of its own.
///
/// # Errors
/// Errors of the configuration, and a format that the command does not have.
pub fn run(call: &Call, context: &Context) -> anyhow::Result<Exit> {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    if matches!(call.work, Work::Run { watch: true, .. }) {
        return watch::watch(call, &words, context);
    }
    serve::serve(call, &words, &Interrupt::listen()?, context)
}
