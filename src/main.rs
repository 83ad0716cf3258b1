//! The `sessctl` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    sessctl::run_command()
}
