//! Compares sessctl with what people would do otherwise.

use std::process::ExitCode;

use clap::Parser;
use sessctl_benches::bench::{self, Options};
use sessctl_benches::end;

fn main() -> ExitCode {
    end("bench", &bench::run(&Options::parse()))
}
