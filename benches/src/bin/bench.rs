//! Runs the benchmark scenarios.

use std::process::ExitCode;

use clap::Parser;
use sessctl_benches::bench::{self, Options};
use sessctl_benches::exit_code;

fn main() -> ExitCode {
    exit_code("bench", &bench::run(&Options::parse()))
}
