//! What the programs under `benches/` are made of: tables to purge, an application
//! that goes on writing meanwhile, and a runner that compares. docs/performance.md
//! says what is measured and why.

pub mod bench;
pub mod clock;
pub mod cluster;
pub mod load;
pub mod random;
pub mod stats;
pub mod table;

use std::io::{self, Write};
use std::process::ExitCode;

/// How each of the programs ends: what it failed with is a line on standard error.
pub fn end(program: &str, outcome: &anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{program}: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Tells whoever watches. If nobody does any more, that is no reason to stop.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
