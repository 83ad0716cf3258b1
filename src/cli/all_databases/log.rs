//! `--log`: a line for each run.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::events::{RunEvents, RunResult, Unit};
use crate::cli::exit::eprint_line;
use crate::cli::priority::Priority;
use crate::cli::replace::directory_of;
use crate::output::sanitize::escape;

/// Stands for a job or a database without a name.
const NONE: &str = "-";

/// A file to which each run appends a line. It is opened for each line, so that it can be renamed
/// at any time.
pub struct RunLog {
    path: PathBuf,
    /// Stands for a database without a name.
    database: String,
    begun: Vec<(Unit, Instant)>,
    /// Databases of which a job has a line.
    with_jobs: Vec<String>,
    /// Set if the call has a line.
    has_any: bool,
    has_failed: Rc<Cell<bool>>,
}

impl RunLog {
    /// Creates a log. A database without a configured name is called `database`. The flag is set
    /// when a line could not be written, which is reported once.
    pub fn new(path: &Path, database: Option<&str>, has_failed: Rc<Cell<bool>>) -> Self {
        Self {
            path: path.to_owned(),
            database: database.unwrap_or(NONE).to_owned(),
            begun: Vec::new(),
            with_jobs: Vec::new(),
            has_any: false,
            has_failed,
        }
    }

    fn write(&mut self, database: Option<&str>, job: &str, result: &RunResult, took: Duration) {
        self.has_any = true;
        let line = line(database.unwrap_or(&self.database), job, result, took);
        if let Err(error) = append(&self.path, &line)
            && !self.has_failed.replace(true)
        {
            eprint_line(Priority::Error, &escape(&format!("sessctl: {error:#}")));
        }
    }

    fn elapsed(&mut self, unit: &Unit, result: &RunResult) -> Duration {
        let begun = self.begun.iter().position(|(begun, _)| begun == unit);
        result.duration(begun.map(|index| self.begun.swap_remove(index).1))
    }
}

impl RunEvents for RunLog {
    fn started(&mut self, unit: &Unit) {
        self.begun.push((unit.clone(), Instant::now()));
    }

    /// Writes a line for each job, and for a database, or a call, that failed before any.
    fn ended(&mut self, unit: &Unit, result: &RunResult) {
        let took = self.elapsed(unit, result);
        match unit {
            Unit::Job { database, job } => {
                self.with_jobs.extend(database.clone());
                self.write(database.as_deref(), job, result, took);
            }
            // Others may run at the same time.
            Unit::Database { name } if self.with_jobs.contains(name) => {
                self.with_jobs.retain(|other| other != name);
            }
            Unit::Database { name } => self.write(Some(name), NONE, result, took),
            Unit::All if !self.has_any => self.write(None, NONE, result, took),
            Unit::All => {}
        }
        if *unit == Unit::All {
            self.has_any = false;
        }
    }
}

fn line(database: &str, job: &str, result: &RunResult, took: Duration) -> String {
    let RunResult { started, outcome, marked, ended, deleted, reason, .. } = result;
    let reason = reason.as_ref().map_or_else(String::new, |reason| {
        format!(" reason=\"{}\"", escape(reason).replace('\\', "\\\\").replace('"', "\\\""))
    });
    format!(
        "{started} database={} job={} outcome={} marked={marked} ended={ended} deleted={deleted} \
         seconds={:.1}{reason}\n",
        word(database),
        word(job),
        word(outcome),
        took.as_secs_f64()
    )
}

/// A value, in quotation marks unless it is a plain word.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@');
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("\"{}\"", escape(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// Appends a line in one piece. Only a regular file is written to, and none that a link leads to.
fn append(path: &Path, line: &str) -> anyhow::Result<()> {
    let doing = || format!("could not write the log \"{}\"", path.display());
    let Some(name) = path.file_name() else {
        bail!("{}: it does not end in a file name", doing());
    };
    let directory = directory_of(path)?;
    // A pipe without a reader must not keep the work from going on.
    let flags = OFlags::WRONLY
        | OFlags::CREATE
        | OFlags::APPEND
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP;
    let opened = openat(&directory.end, name, flags, mode);
    if matches!(opened, Err(Errno::LOOP)) {
        bail!("{}: it is a symbolic link; pass the path of the file itself", doing());
    }
    let mut file = File::from(opened.map_err(io::Error::from).with_context(doing)?);
    if !file.metadata().with_context(doing)?.is_file() {
        bail!("{}: it is not a regular file", doing());
    }
    let written = file.write(line.as_bytes()).with_context(doing)?;
    if written < line.len() {
        bail!("{}: the disk is full", doing());
    }
    Ok(())
}
