//! The process that starts the others, tells them when to begin and to stop, and
//! gathers what they have to say.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::report::read_samples;
use super::sample::Sample;
use super::{Options, Until};
use crate::clock;

/// How long before the first operation all processes hear of it.
const NOTICE: Duration = Duration::from_millis(50);
const GLANCE: Duration = Duration::from_millis(10);

/// Runs the application until it is told to stop. `command` runs one process of it
/// when it is given its number; `ready` is called when all have begun.
pub fn run(
    options: &Options,
    until: &Until,
    command: impl Fn(u32) -> Command,
    ready: impl FnOnce(),
) -> Result<Vec<Sample>> {
    let started = (0..options.processes).map(|index| Worker::start(command(index)));
    let mut workers = started.collect::<Result<Vec<_>>>()?;
    for worker in &mut workers {
        worker.wait_until_ready()?;
    }
    let begin = clock::micros() + u64::try_from(NOTICE.as_micros())?;
    for worker in &mut workers {
        worker.begin(begin)?;
    }
    ready();
    wait(until);
    for worker in &mut workers {
        // To close it is the sign to stop; all must have it before one is waited for.
        worker.child.stdin = None;
    }
    let mut samples = Vec::new();
    for worker in workers {
        samples.extend(worker.finish()?);
    }
    Ok(samples)
}

struct Worker {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Worker {
    fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("could not start a process of the application")?;
        let stdout = child.stdout.take().context("its standard output is a pipe")?;
        Ok(Self { child, stdout: BufReader::new(stdout) })
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        ensure!(line == "ready\n", "a process of the application has failed before it began");
        Ok(())
    }

    fn begin(&mut self, at: u64) -> Result<()> {
        let stdin = self.child.stdin.as_mut().context("its standard input is a pipe")?;
        writeln!(stdin, "{at}").context("could not begin")
    }

    fn finish(mut self) -> Result<Vec<Sample>> {
        let mut text = String::new();
        self.stdout.read_to_string(&mut text)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "a process of the application has failed: {status}");
        read_samples(&text)
    }
}

fn wait(until: &Until) {
    match until {
        Until::Passed(time) => thread::sleep(*time),
        Until::Appears(file) => poll(|| file.exists()),
        Until::InputEnds => {
            let ended = Arc::new(AtomicBool::new(false));
            let set = Arc::clone(&ended);
            thread::spawn(move || {
                let _ = io::stdin().lock().read_to_end(&mut Vec::new());
                set.store(true, Ordering::Relaxed);
            });
            poll(|| ended.load(Ordering::Relaxed));
        }
    }
}

fn poll(mut is_over: impl FnMut() -> bool) {
    let begun = Instant::now();
    // Nobody measures for a day: whoever should have told it to stop has gone.
    while !is_over() && begun.elapsed() < Duration::from_hours(24) {
        thread::sleep(GLANCE);
    }
}
