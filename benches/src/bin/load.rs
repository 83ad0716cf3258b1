//! Runs the load generator, or one of its workers.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use sessctl_benches::load::{self, Application, Options, Report, Sample, StopCondition};
use sessctl_benches::{exit_code, print_status};

/// Use the sessions of a table by a schedule, and report the latencies
///
/// The latency of an operation counts from the time at which
/// it was due. The program prints "ready" on standard error when it starts, runs until the end of
/// standard input unless --seconds or --stop-file says otherwise, and prints a report in JSON.
#[derive(Parser)]
struct Args {
    /// Database with live sessions
    db: PathBuf,
    /// Application to simulate
    #[arg(long, value_enum, default_value = "native")]
    application: Application,
    /// Number of processes, each with its own connection
    #[arg(long, value_name = "N", default_value_t = 4)]
    processes: u32,
    /// Operations per second, in all processes together
    #[arg(long, value_name = "N", default_value_t = 2000.0)]
    rate: f64,
    /// Stop after this many seconds
    #[arg(long, value_name = "SECONDS", conflicts_with = "stop_file")]
    seconds: Option<f64>,
    /// Stop when this file exists
    #[arg(long, value_name = "FILE")]
    stop_file: Option<PathBuf>,
    /// Write each operation to this file: due time and latency in microseconds, and outcome
    #[arg(long, value_name = "FILE")]
    samples: Option<PathBuf>,
    /// Seed of the random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Run as the worker with this index
    #[arg(long, hide = true)]
    worker: Option<u32>,
}

impl Args {
    fn options(&self) -> Result<Options> {
        ensure!(self.processes > 0, "--processes: must be at least 1");
        let rate = self.rate;
        ensure!(
            (0.1..=1e6).contains(&rate),
            "--rate: must be from 0.1 to 1,000,000 per second, not {rate}"
        );
        let Self { application, processes, seed, .. } = *self;
        Ok(Options { application, db: self.db.clone(), processes, rate, seed })
    }

    fn stop_condition(&self) -> Result<StopCondition> {
        Ok(match (self.seconds, &self.stop_file) {
            (Some(seconds), _) => {
                let time = Duration::try_from_secs_f64(seconds);
                StopCondition::Elapsed(
                    time.with_context(|| format!("--seconds: invalid duration {seconds}"))?,
                )
            }
            (None, Some(file)) => StopCondition::FileExists(file.clone()),
            (None, None) => StopCondition::InputEnds,
        })
    }
}

fn main() -> ExitCode {
    exit_code("load", &run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let options = args.options()?;
    if let Some(index) = args.worker {
        return load::run_worker(&options, index);
    }
    let program = std::env::current_exe().context("could not find the path of this program")?;
    let command = |index: u32| {
        let mut command = Command::new(&program);
        command.arg(&options.db).arg("--worker").arg(index.to_string());
        command.arg("--application").arg(options.application.as_str());
        command.arg("--processes").arg(options.processes.to_string());
        command.arg("--rate").arg(options.rate.to_string());
        command.arg("--seed").arg(options.seed.to_string());
        command
    };
    let samples = load::run(&options, &args.stop_condition()?, command, || print_status("ready"))?;
    if let Some(path) = &args.samples {
        write_samples(path, &samples)
            .with_context(|| format!("could not write {}", path.display()))?;
    }
    writeln!(io::stdout(), "{}", Report::new(&samples, &(0..u64::MAX)).to_json())?;
    Ok(())
}

fn write_samples(path: &Path, samples: &[Sample]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for sample in samples {
        writeln!(file, "{sample}")?;
    }
    file.flush()
}
