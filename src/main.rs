//! The `sessctl` command: parse, run, exit code.

#![warn(clippy::unwrap_used)]

mod cli;
mod output;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
