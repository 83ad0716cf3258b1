//! An application that touches, opens and closes sessions.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use sessctl_benches::load::{self, Options, Report, Sample, Until};
use sessctl_benches::{end, say};

/// Touch, open and close sessions by a schedule, and report how long it took
///
/// 95 % of the operations touch a live session, 3 % open one, 2 % close one, by the
/// statements of docs/sql-contract.md. The latency of each counts from when it was due.
/// It says "ready" on standard error when it begins, goes on until standard input ends
/// unless something else is asked for, and then prints a report in JSON.
#[derive(Parser)]
struct Args {
    /// The database, as `sessctl init` makes it, with live sessions in it
    db: PathBuf,
    /// How many processes, each with a connection of its own
    #[arg(long, value_name = "N", default_value_t = 4)]
    processes: u32,
    /// How many operations are due in a second, in all processes together
    #[arg(long, value_name = "N", default_value_t = 2000.0)]
    rate: f64,
    /// Stop after this many seconds
    #[arg(long, value_name = "SECONDS", conflicts_with = "stop_file")]
    seconds: Option<f64>,
    /// Stop when this file is there
    #[arg(long, value_name = "FILE")]
    stop_file: Option<PathBuf>,
    /// Write each operation to this file: when it was due, how long it took, both in
    /// microseconds, and how it went
    #[arg(long, value_name = "FILE")]
    samples: Option<PathBuf>,
    /// What everything random follows from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Be this process of them
    #[arg(long, hide = true)]
    worker: Option<u32>,
}

impl Args {
    fn options(&self) -> Result<Options> {
        ensure!(self.processes > 0, "--processes: there must be one at least");
        let rate = self.rate;
        ensure!((0.1..=1e6).contains(&rate), "--rate: from 0.1 to 1,000,000 a second, not {rate}");
        let Self { processes, seed, .. } = *self;
        Ok(Options { db: self.db.clone(), processes, rate, seed })
    }

    fn until(&self) -> Result<Until> {
        Ok(match (self.seconds, &self.stop_file) {
            (Some(seconds), _) => {
                let time = Duration::try_from_secs_f64(seconds);
                Until::Passed(time.with_context(|| format!("--seconds: {seconds} is no time"))?)
            }
            (None, Some(file)) => Until::Appears(file.clone()),
            (None, None) => Until::InputEnds,
        })
    }
}

fn main() -> ExitCode {
    end("load", &run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let options = args.options()?;
    if let Some(index) = args.worker {
        return load::work(&options, index);
    }
    let program = std::env::current_exe().context("could not find this program")?;
    let command = |index: u32| {
        let mut command = Command::new(&program);
        command.arg(&options.db).arg("--worker").arg(index.to_string());
        command.arg("--processes").arg(options.processes.to_string());
        command.arg("--rate").arg(options.rate.to_string());
        command.arg("--seed").arg(options.seed.to_string());
        command
    };
    let samples = load::run(&options, &args.until()?, command, || say("ready"))?;
    if let Some(path) = &args.samples {
        write_to(path, &samples).with_context(|| format!("could not write {}", path.display()))?;
    }
    writeln!(io::stdout(), "{}", Report::of(&samples, &(0..u64::MAX)).to_json())?;
    Ok(())
}

fn write_to(path: &Path, samples: &[Sample]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for sample in samples {
        writeln!(file, "{sample}")?;
    }
    file.flush()
}
