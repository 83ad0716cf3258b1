//! A copy in progress.

use std::ops::ControlFlow;

use super::range::KeyRange;
use super::report::{CopyProgress, CopyReport, CopyRequest};
use crate::app::run::ActiveRun;
use crate::app::throttle::Throttle;
use crate::storage::{Backend, WriteResult};

/// Receives the progress, and decides whether to continue.
pub(super) type GoOn<'a> = &'a mut dyn FnMut(&CopyProgress) -> ControlFlow<()>;

/// Change that a batch makes to its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CopyAction {
    Insert,
    Overwrite,
    Delete,
}

/// A copy or comparison in progress.
pub(super) struct CopyRun<'a> {
    pub(super) request: &'a CopyRequest,
    pub(super) source: &'a dyn Backend,
    /// `None`: comparison only.
    pub(super) run: Option<ActiveRun>,
    pub(super) throttle: Throttle,
    pub(super) done: CopyReport,
    pub(super) progress: CopyProgress,
    pub(super) go_on: GoOn<'a>,
}

impl<'a> CopyRun<'a> {
    pub(super) fn new(source: &'a dyn Backend, request: &'a CopyRequest, go_on: GoOn<'a>) -> Self {
        Self {
            request,
            source,
            run: None,
            throttle: Throttle::with_target(request.hold.0),
            done: CopyReport::default(),
            progress: CopyProgress::default(),
            go_on,
        }
    }

    pub(super) fn begin_comparison(&mut self) {
        let written = self.progress.written;
        self.progress = CopyProgress { is_comparing: true, written, ..CopyProgress::default() };
    }

    pub(super) fn record_progress(&mut self, range: &KeyRange) {
        let fraction = range.fraction();
        self.progress.fraction = match (&self.run, self.progress.is_comparing) {
            (None, _) => fraction,
            (Some(_), false) => fraction / 2.0,
            (Some(_), true) => f64::midpoint(1.0, fraction),
        };
        self.progress.rows += range.here.len() as u64;
    }

    pub(super) fn record_write(&mut self, action: CopyAction, rows: u64, written: &WriteResult) {
        let count = match action {
            CopyAction::Insert => &mut self.done.new,
            CopyAction::Overwrite => &mut self.done.changed,
            CopyAction::Delete => &mut self.done.deleted,
        };
        *count += written.rows;
        if action != CopyAction::Delete {
            // Another process has written newer rows meanwhile.
            self.done.newer += rows.saturating_sub(written.rows);
        }
        self.progress.written += written.rows;
        self.throttle.observe_version(written.version);
        self.throttle.record(rows, written.timing);
    }
}
