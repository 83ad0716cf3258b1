//! Process that starts the workers, tells them when to start and to stop, and collects their
//! samples.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::report::parse_samples;
use super::sample::Sample;
use super::{Options, StopCondition};
use crate::clock;

/// Time between the message to the workers and the start of their schedules.
const START_DELAY: Duration = Duration::from_millis(50);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Runs the workers until the condition is met, and returns all samples. `command` returns the
/// command of the worker with a given index; `ready` is called when all workers have started.
pub fn run(
    options: &Options,
    stop_condition: &StopCondition,
    command: impl Fn(u32) -> Command,
    ready: impl FnOnce(),
) -> Result<Vec<Sample>> {
    let started = (0..options.processes).map(|index| WorkerProcess::start(command(index)));
    let mut workers = started.collect::<Result<Vec<_>>>()?;
    for worker in &mut workers {
        worker.wait_until_ready()?;
    }
    let start = clock::now_micros() + u64::try_from(START_DELAY.as_micros())?;
    for worker in &mut workers {
        worker.start_at(start)?;
    }
    ready();
    wait_for(stop_condition);
    for worker in &mut workers {
        // Closing standard input stops a worker. All are told before waiting for the first.
        worker.child.stdin = None;
    }
    let mut samples = Vec::new();
    for worker in workers {
        samples.extend(worker.finish()?);
    }
    Ok(samples)
}

struct WorkerProcess {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl WorkerProcess {
    fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("could not start a worker")?;
        let stdout = child.stdout.take().context("standard output is not piped")?;
        Ok(Self { child, stdout: BufReader::new(stdout) })
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        ensure!(line == "ready\n", "a worker failed before it was ready");
        Ok(())
    }

    fn start_at(&mut self, micros: u64) -> Result<()> {
        let stdin = self.child.stdin.as_mut().context("standard input is not piped")?;
        writeln!(stdin, "{micros}").context("could not tell a worker to start")
    }

    fn finish(mut self) -> Result<Vec<Sample>> {
        let mut text = String::new();
        self.stdout.read_to_string(&mut text)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "a worker failed: {status}");
        parse_samples(&text)
    }
}

fn wait_for(stop_condition: &StopCondition) {
    match stop_condition {
        StopCondition::Elapsed(time) => thread::sleep(*time),
        StopCondition::FileExists(file) => poll_until(|| file.exists()),
        StopCondition::InputEnds => {
            let ended = Arc::new(AtomicBool::new(false));
            let writer = Arc::clone(&ended);
            thread::spawn(move || {
                let _ = io::stdin().lock().read_to_end(&mut Vec::new());
                writer.store(true, Ordering::Relaxed);
            });
            poll_until(|| ended.load(Ordering::Relaxed));
        }
    }
}

fn poll_until(mut is_met: impl FnMut() -> bool) {
    let start = Instant::now();
    // No measurement takes a day: by then, the process that should stop it has exited.
    while !is_met() && start.elapsed() < Duration::from_hours(24) {
        thread::sleep(POLL_INTERVAL);
    }
}
