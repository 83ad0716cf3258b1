//! Counting what is due, without doing anything.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::report::{PurgeProgress, PurgeRequest, StopReason};
use super::scope;
use super::sweep::PurgeLimits;
use crate::app::SessionService;
use crate::app::run::ActiveRun;
use crate::domain::error::Result;
use crate::domain::time::UnixTime;
use crate::storage::{
    Backend, Cursor, DueScan, KeptRows, PolicyContext, PurgeCounts, ScanLimits, UnreadableValue,
};

/// What looks have found.
#[derive(Debug, Default)]
pub(super) struct ScanTotals {
    pub(super) census: PurgeCounts,
    /// What one of the rows has that cannot be read.
    pub(super) misfit: Option<UnreadableValue>,
    /// Rows whose time has come, and that are kept.
    pub(super) kept: KeptRows,
}

impl ScanTotals {
    /// Adds what another look has found.
    pub(super) fn add(&mut self, other: Self) {
        self.census.add(other.census);
        self.misfit = self.misfit.take().or(other.misfit);
        self.kept.add(other.kept);
    }
}

/// How long one look takes at most. Where there is no write-ahead log, nobody else
/// can commit meanwhile.
const LOOK: Duration = Duration::from_millis(250);
const LOOK_WITHOUT_A_LOG: Duration = Duration::from_millis(5);

impl SessionService {
    /// Counts all rows, and which of them were due at a moment already.
    pub(super) fn count(
        &self,
        scope: &PolicyContext<'_>,
        backlog: Option<UnixTime>,
    ) -> Result<ScanTotals> {
        let mut seen = ScanTotals::default();
        let look = PreviewScan { store: self.store.as_ref(), scope, backlog };
        look.visit(None, &mut |found| {
            seen.add(found);
            ControlFlow::Continue(())
        })?;
        Ok(seen)
    }

    /// The same for a run, which says meanwhile that it is at work, and may be stopped.
    pub(super) fn count_for(
        &mut self,
        shift: &mut ActiveRun,
        request: &PurgeRequest,
        now: UnixTime,
        backlog: Option<UnixTime>,
        limits: &mut PurgeLimits<'_>,
    ) -> Result<ControlFlow<StopReason, PurgeCounts>> {
        let (mut seen, mut after) = (PurgeCounts::default(), None);
        loop {
            let scope = scope(&self.policies, request, now);
            let look = PreviewScan { store: self.store.as_ref(), scope: &scope, backlog };
            let (found, last) = look.next(after.as_ref())?;
            seen.add(found.census);
            if last.is_none() {
                return Ok(ControlFlow::Continue(seen));
            }
            after = last;
            self.limit_statements(limits.until);
            if let Some(stopped) = self.may_go_on(shift, &PurgeProgress::default(), limits)? {
                return Ok(ControlFlow::Break(stopped));
            }
        }
    }

    /// Counts the rows behind a key for at most about so long, and answers whether
    /// those were all.
    pub(super) fn count_behind(
        &self,
        scope: &PolicyContext<'_>,
        after: Option<&Cursor>,
        time: Duration,
    ) -> Result<(ScanTotals, bool)> {
        let begun = Instant::now();
        let mut seen = ScanTotals::default();
        let look = PreviewScan { store: self.store.as_ref(), scope, backlog: None };
        let all = look.visit(after.cloned(), &mut |found| {
            seen.add(found);
            if begun.elapsed() < time { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok((seen, all))
    }
}

/// What a look is about.
#[derive(Clone, Copy)]
struct PreviewScan<'a> {
    store: &'a dyn Backend,
    scope: &'a PolicyContext<'a>,
    /// See [`ScanLimits::backlog`].
    backlog: Option<UnixTime>,
}

impl PreviewScan<'_> {
    /// Counts look by look until there are no more rows or it is enough, and answers
    /// whether those were all.
    fn visit(
        self,
        mut after: Option<Cursor>,
        visit: &mut dyn FnMut(ScanTotals) -> ControlFlow<()>,
    ) -> Result<bool> {
        loop {
            let (found, last) = self.next(after.as_ref())?;
            let enough = visit(found).is_break();
            match last {
                None => return Ok(true),
                Some(_) if enough => return Ok(false),
                last => after = last,
            }
        }
    }

    /// The next rows, and the last of them.
    fn next(self, after: Option<&Cursor>) -> Result<(ScanTotals, Option<Cursor>)> {
        let blocks_writers = match self.store.wal() {
            Some(wal) => wal.wal_status()?.is_none(),
            None => false,
        };
        let time = if blocks_writers { LOOK_WITHOUT_A_LOG } else { LOOK };
        let reach = ScanLimits { time, backlog: self.backlog, ..ScanLimits::ALL };
        let survey = self.store.scan_due(self.scope, after, reach)?;
        let DueScan { census, misfit, kept, last, .. } = survey;
        Ok((ScanTotals { census, misfit, kept }, last))
    }
}
