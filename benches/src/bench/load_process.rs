//! Load generator as a child process, for measurements under load.

use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context as _, Result, ensure};

use super::workspace::TableCopy;
use crate::clock;
use crate::load::{Application, Report, parse_samples};

/// Time during which the application runs alone before the operation, to fill its caches.
const WARM_UP: Duration = Duration::from_secs(3);
/// Time after the operation that is also measured, because a purge may leave something behind,
/// such as a long log, that stalls the application later.
const COOL_DOWN: Duration = Duration::from_secs(2);

/// Load on a table during an operation.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub application: Application,
    /// Operations per second.
    pub rate: f64,
}

/// Running load generator.
struct LoadProcess {
    child: Child,
    /// Standard input; closing it stops the process.
    stdin: ChildStdin,
    stderr: BufReader<ChildStderr>,
}

impl LoadProcess {
    fn start(db: &Path, samples: &Path, load: Load) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("load");
        let mut child = Command::new(&program)
            .arg(db)
            .arg("--samples")
            .arg(samples)
            .args(["--rate", &load.rate.to_string()])
            .args(["--application", load.application.as_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not run {}", program.display()))?;
        let stdin = child.stdin.take().context("standard input is not piped")?;
        let mut output = String::new();
        let stderr = child.stderr.take().context("standard error is not piped")?;
        let mut stderr = BufReader::new(stderr);
        stderr.read_line(&mut output)?;
        ensure!(output == "ready\n", "the load generator did not start: {}", output.trim());
        Ok(Self { child, stdin, stderr })
    }

    fn stop(self) -> Result<()> {
        let Self { mut child, stdin, mut stderr } = self;
        drop(stdin);
        let mut output = String::new();
        stderr.read_to_string(&mut output)?;
        let status = child.wait()?;
        ensure!(status.success(), "the load generator failed: {status}: {}", output.trim());
        Ok(())
    }
}

/// Runs an operation while an application uses the table, and returns its result, the latencies of
/// the application and the duration. The latencies cover the operations that were due from the
/// start until the end of the cool-down.
pub fn run_under_load<T>(
    copy: &TableCopy,
    load: Load,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, Report, Duration)> {
    let samples = copy.path.with_extension("samples");
    let process = LoadProcess::start(&copy.path, &samples, load)?;
    thread::sleep(WARM_UP);
    let start = clock::now_micros();
    let outcome = work();
    let end = clock::now_micros();
    thread::sleep(COOL_DOWN);
    process.stop()?;
    let outcome = outcome?;
    let window: Range<u64> = start..end + u64::try_from(COOL_DOWN.as_micros())?;
    let samples = parse_samples(&fs::read_to_string(&samples)?)?;
    let report = Report::new(&samples, &window);
    ensure!(report.operations > 0, "the load generator performed no operation");
    Ok((outcome, report, Duration::from_micros(end - start)))
}
