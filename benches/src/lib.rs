//! Benchmarks of sessctl: generated tables, a load generator that simulates an application, and
//! a runner of comparisons. docs/performance.md describes the method.

pub mod bench;
pub mod clock;
pub mod cluster;
pub mod load;
pub mod random;
pub mod stats;
pub mod table;

use std::io::{self, Write};
use std::process::ExitCode;

/// Converts the result of a program to its exit code, and prints an error on standard error.
pub fn exit_code(program: &str, result: &anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_status(&format!("{program}: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints a line on standard error. A closed standard error is ignored.
pub fn print_status(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
