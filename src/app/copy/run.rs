//! How far a move is, and how fast it goes.

use std::time::Instant;

use super::range::KeyRange;
use super::{CopyProgress, CopyReport, CopyRequest, GoOn};
use crate::app::run::ActiveRun;
use crate::app::throttle::{Throttle, WriteTiming};
use crate::storage::{Backend, WriteResult};

/// What a batch does with its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CopyAction {
    Insert,
    WriteOver,
    Delete,
}

/// A move that is at work.
pub(super) struct CopyRun<'a> {
    pub(super) request: &'a CopyRequest,
    pub(super) source: &'a dyn Backend,
    /// `None`: it only looks.
    pub(super) shift: Option<ActiveRun>,
    pub(super) pace: Throttle,
    /// When the last batch let go of the lock.
    pub(super) released: Instant,
    pub(super) done: CopyReport,
    pub(super) progress: CopyProgress,
    pub(super) go_on: GoOn<'a>,
}

impl<'a> CopyRun<'a> {
    pub(super) fn new(source: &'a dyn Backend, request: &'a CopyRequest, go_on: GoOn<'a>) -> Self {
        Self {
            request,
            source,
            shift: None,
            pace: Throttle::aiming_at(request.hold.0),
            released: Instant::now(),
            done: CopyReport::default(),
            progress: CopyProgress::default(),
            go_on,
        }
    }

    pub(super) fn came_through(&mut self, section: &KeyRange) {
        let walked = section.walked();
        self.progress.walked = match (&self.shift, self.progress.is_comparing) {
            (None, _) => walked,
            (Some(_), false) => walked / 2.0,
            (Some(_), true) => f64::midpoint(1.0, walked),
        };
        self.progress.rows += section.here.len() as u64;
    }

    pub(super) fn did(&mut self, deed: CopyAction, asked: u64, put: &WriteResult) {
        let count = match deed {
            CopyAction::Insert => &mut self.done.new,
            CopyAction::WriteOver => &mut self.done.changed,
            CopyAction::Delete => &mut self.done.deleted,
        };
        *count += put.rows;
        if deed != CopyAction::Delete {
            // Somebody has been faster.
            self.done.newer += asked.saturating_sub(put.rows);
        }
        self.progress.written += put.rows;
        self.pace.notice(put.version);
        self.pace.learn(asked, put);
        self.released = Instant::now();
    }
}

impl From<&WriteResult> for WriteTiming {
    fn from(put: &WriteResult) -> Self {
        let WriteResult { hold, commit, waited, .. } = *put;
        Self { hold, commit, waited }
    }
}
