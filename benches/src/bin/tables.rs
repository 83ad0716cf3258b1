//! Builds a table of sessions for a benchmark.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use sessctl_benches::table::{Kind, Layout, TableSpec};
use sessctl_benches::{clock, exit_code};

/// Build a table of sessions for a benchmark
///
/// The same arguments give the same rows, with times relative to now: live sessions have been
/// used within the last minutes and stay live for hours.
#[derive(Parser)]
struct Args {
    /// File to create
    path: PathBuf,
    /// Schema of the table
    #[arg(long, value_enum, default_value = "native")]
    kind: Kind,
    /// Number of rows
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    rows: u64,
    /// Share of the rows that are due, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    due: f64,
    /// Position of the due rows
    #[arg(long, value_enum, default_value = "uniform")]
    layout: Layout,
    /// Approximate size of a row in bytes; the user column is padded
    #[arg(long, value_name = "N", default_value_t = 110)]
    bytes: usize,
    /// Seed of the random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The sessctl program that creates a native table
    #[arg(long, value_name = "PATH", default_value = "target/dist/sessctl")]
    sessctl: PathBuf,
}

fn main() -> ExitCode {
    let Args { path, kind, rows, due, layout, bytes, seed, sessctl } = Args::parse();
    let spec = TableSpec { kind, rows, due_share: due, layout, row_bytes: bytes, seed };
    exit_code("tables", &spec.build(&path, &sessctl, clock::now()))
}
