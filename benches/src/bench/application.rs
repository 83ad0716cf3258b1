//! The load generator, beside which something else is measured.

use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context as _, Result, ensure};

use super::bed::Copy;
use crate::clock;
use crate::load::{Report, read_samples};

/// How long the application runs alone first: its caches fill.
const WARM_UP: Duration = Duration::from_secs(3);
/// What a purge leaves behind, such as a long log, may stall the application only
/// afterwards. So this time counts as well.
const AFTERMATH: Duration = Duration::from_secs(2);

/// An application at work on a copy.
struct Application {
    child: Child,
    /// To drop it is the sign to stop.
    stdin: ChildStdin,
    stderr: BufReader<ChildStderr>,
}

impl Application {
    fn start(db: &Path, samples: &Path, rate: f64) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("load");
        let mut child = Command::new(&program)
            .arg(db)
            .arg("--samples")
            .arg(samples)
            .args(["--rate", &rate.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not run {}", program.display()))?;
        let stdin = child.stdin.take().context("its standard input is a pipe")?;
        let mut said = String::new();
        let stderr = child.stderr.take().context("its standard error is a pipe")?;
        let mut stderr = BufReader::new(stderr);
        stderr.read_line(&mut said)?;
        ensure!(said == "ready\n", "the application has not begun: {}", said.trim());
        Ok(Self { child, stdin, stderr })
    }

    fn stop(self) -> Result<()> {
        let Self { mut child, stdin, mut stderr } = self;
        drop(stdin);
        let mut said = String::new();
        stderr.read_to_string(&mut said)?;
        let status = child.wait()?;
        ensure!(status.success(), "the application has failed: {status}: {}", said.trim());
        Ok(())
    }
}

/// Does something beside an application, and answers with what both have to say. The
/// application's figures are of what was due from the beginning of it until a while
/// after its end.
pub fn beside<T>(
    copy: &Copy,
    rate: f64,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, Report, Duration)> {
    let samples = copy.path.with_extension("samples");
    let application = Application::start(&copy.path, &samples, rate)?;
    thread::sleep(WARM_UP);
    let begun = clock::micros();
    let outcome = work();
    let ended = clock::micros();
    thread::sleep(AFTERMATH);
    application.stop()?;
    let outcome = outcome?;
    let window: Range<u64> = begun..ended + u64::try_from(AFTERMATH.as_micros())?;
    let samples = read_samples(&fs::read_to_string(&samples)?)?;
    let report = Report::of(&samples, &window);
    ensure!(report.operations > 0, "the application has done nothing");
    Ok((outcome, report, Duration::from_micros(ended - begun)))
}
