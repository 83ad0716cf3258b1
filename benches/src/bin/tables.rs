//! Builds a table to purge.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use sessctl_benches::table::{Kind, Layout, Spec};
use sessctl_benches::{clock, end};

/// Build a table to purge
///
/// The same arguments give the same rows, with times relative to now: what is live
/// has been used within the last minutes and stays live for hours.
#[derive(Parser)]
struct Args {
    /// The new file
    path: PathBuf,
    /// Whose table it is
    #[arg(long, value_enum, default_value = "native")]
    kind: Kind,
    /// How many rows
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    rows: u64,
    /// The share of them that is due
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    due: f64,
    /// Where the due ones lie
    #[arg(long, value_enum, default_value = "scattered")]
    layout: Layout,
    /// How many bytes a row takes, about: the user is padded
    #[arg(long, value_name = "N", default_value_t = 110)]
    bytes: usize,
    /// What everything random follows from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The program that makes a native table
    #[arg(long, value_name = "PATH", default_value = "target/release/sessctl")]
    sessctl: PathBuf,
}

fn main() -> ExitCode {
    let Args { path, kind, rows, due, layout, bytes, seed, sessctl } = Args::parse();
    let spec = Spec { kind, rows, due, layout, bytes, seed };
    end("tables", &spec.build(&path, &sessctl, clock::now()))
}
