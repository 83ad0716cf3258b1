//! The line on a terminal that shows how far a search has come.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::walk::Walk;
use crate::cli::context::Context;
use crate::domain::format::format_count;

/// Files between two changes of the line.
const STEP: u64 = 100;

pub struct Progress {
    line: Option<ProgressBar>,
    directories: u64,
    files: u64,
    examined: u64,
}

impl Progress {
    /// A line on a terminal, unless output is suppressed; nothing anywhere else.
    pub fn new(context: &Context) -> Self {
        let is_shown = io::stderr().is_terminal() && !context.global.quiet;
        Self { line: is_shown.then(new_line), directories: 0, files: 0, examined: 0 }
    }

    pub fn walked(&mut self, walk: &Walk, found: usize) {
        (self.directories, self.files) = (walk.listed, walk.files);
        self.show(found);
    }

    pub fn examined(&mut self, found: usize) {
        self.examined += 1;
        if self.examined.is_multiple_of(STEP) {
            self.show(found);
        }
    }

    fn show(&self, found: usize) {
        let Some(line) = &self.line else { return };
        line.set_message(format!(
            "{} directories, {} files, {} examined, {} found",
            format_count(self.directories),
            format_count(self.files),
            format_count(self.examined),
            format_count(found as u64),
        ));
        line.tick();
    }

    pub fn finish(&self) {
        if let Some(line) = &self.line {
            line.finish_and_clear();
        }
    }
}

fn new_line() -> ProgressBar {
    let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {msg}");
    line.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}
