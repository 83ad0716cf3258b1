//! How far a move is, and how fast it goes.

use std::time::Instant;

use super::range::Section;
use super::{GoOn, MoveProgress, MoveRequest, Moved};
use crate::app::run::Shift;
use crate::app::throttle::{Cost, Pace};
use crate::storage::{Put, Store};

/// What a batch does with its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Insert,
    WriteOver,
    Delete,
}

/// A move that is at work.
pub(super) struct Journey<'a> {
    pub(super) request: &'a MoveRequest,
    pub(super) source: &'a dyn Store,
    /// `None`: it only looks.
    pub(super) shift: Option<Shift>,
    pub(super) pace: Pace,
    /// When the last batch let go of the lock.
    pub(super) released: Instant,
    pub(super) done: Moved,
    pub(super) progress: MoveProgress,
    pub(super) go_on: GoOn<'a>,
}

impl<'a> Journey<'a> {
    pub(super) fn new(source: &'a dyn Store, request: &'a MoveRequest, go_on: GoOn<'a>) -> Self {
        Self {
            request,
            source,
            shift: None,
            pace: Pace::aiming_at(request.hold.0),
            released: Instant::now(),
            done: Moved::default(),
            progress: MoveProgress::default(),
            go_on,
        }
    }

    pub(super) fn came_through(&mut self, section: &Section) {
        let walked = section.walked();
        self.progress.walked = match (&self.shift, self.progress.is_comparing) {
            (None, _) => walked,
            (Some(_), false) => walked / 2.0,
            (Some(_), true) => f64::midpoint(1.0, walked),
        };
        self.progress.rows += section.here.len() as u64;
    }

    pub(super) fn did(&mut self, deed: Deed, asked: u64, put: &Put) {
        let count = match deed {
            Deed::Insert => &mut self.done.new,
            Deed::WriteOver => &mut self.done.changed,
            Deed::Delete => &mut self.done.deleted,
        };
        *count += put.rows;
        if deed != Deed::Delete {
            // Somebody has been faster.
            self.done.newer += asked.saturating_sub(put.rows);
        }
        self.progress.written += put.rows;
        self.pace.notice(put.version);
        self.pace.learn(asked, put);
        self.released = Instant::now();
    }
}

impl From<&Put> for Cost {
    fn from(put: &Put) -> Self {
        let Put { hold, commit, waited, .. } = *put;
        Self { hold, commit, waited }
    }
}
