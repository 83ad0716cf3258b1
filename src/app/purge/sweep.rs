//! State of one pass of a purge through the table.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::checkpoint::Checkpointer;
use super::preview::ScanTotals;
use super::report::{PurgeProgress, PurgeRequest};
use crate::app::clock::Timer;
use crate::app::run::RunCounts;
use crate::app::throttle::Throttle;
use crate::domain::error::{Error, Result};
use crate::domain::policy::Policies;
use crate::domain::session::EndReason;
use crate::domain::time::UnixTime;
use crate::storage::{
    Cursor, DueScan, FoundSessions, Heartbeat, PolicyContext, PublishedProgress, PurgeBatchResult,
    PurgeMethod, ScanLimits,
};

/// Maximum number of rows of one scan, if fewer of them are due.
const SCAN_ROWS: usize = 20_000;
/// Maximum number of rows of one scan per row of the batch, where that is more.
const SCAN_ROWS_PER_BATCH_ROW: usize = 10;

pub(super) type PurgeCallback<'a> = &'a mut dyn FnMut(&PurgeProgress) -> ControlFlow<()>;

pub(in crate::app) struct Sweep<'a> {
    pub(in crate::app) request: &'a PurgeRequest,
    pub(super) now: UnixTime,
    pub(super) go_on: PurgeCallback<'a>,
    pub(super) timer: Timer,
    pub(super) begun: Instant,
    pub(super) throttle: Throttle,
    pub(super) checkpointer: Checkpointer,
    pub(super) cursor: Option<Cursor>,
    pub(in crate::app) totals: ScanTotals,
    pub(super) peaks: BTreeMap<String, u64>,
    pub(super) done: PurgeProgress,
    /// Ended sessions by reason.
    pub(in crate::app) ended_by: BTreeMap<EndReason, u64>,
    /// False if a batch was cut short, so that its rows were counted without those that it changed.
    pub(in crate::app) saw_all: bool,
    /// Time at which the last batch released the lock.
    pub(super) released: Instant,
    /// Due rows of an interrupted batch.
    pub(super) interrupted_due: u64,
    /// Duration of the last scan: the lock will be free for about this time.
    pub(super) last_scan: Duration,
    pub(super) method: PurgeMethod,
}

impl<'a> Sweep<'a> {
    /// Creates a sweep; `is_slow`: each deletion reads a whole table, so begin with one row;
    /// `has_rollback_journal`: the database is a file without a write-ahead log.
    pub(super) fn new(
        request: &'a PurgeRequest,
        now: UnixTime,
        go_on: PurgeCallback<'a>,
        is_slow: bool,
        has_rollback_journal: bool,
        timer: Timer,
    ) -> Self {
        let limits = &request.write_limits;
        let throttle = if limits.fast {
            Throttle::unthrottled()
        } else {
            let alone = limits.hold_alone(!has_rollback_journal);
            Throttle::with_target(limits.hold().0).with_alone_target(alone)
        };
        let throttle =
            if has_rollback_journal { throttle.with_rollback_journal() } else { throttle };
        Self {
            request,
            now,
            go_on,
            timer,
            begun: timer.now(),
            throttle: if is_slow { throttle.starting_with_one_row() } else { throttle },
            checkpointer: Checkpointer::new(limits.log_alone.0),
            cursor: None,
            totals: ScanTotals::default(),
            peaks: BTreeMap::new(),
            done: PurgeProgress::default(),
            ended_by: BTreeMap::new(),
            saw_all: true,
            released: timer.now(),
            interrupted_due: 0,
            last_scan: Duration::ZERO,
            method: PurgeMethod::Delete(None),
        }
    }

    pub(super) fn scope<'s>(&'s self, policies: &'s Policies) -> PolicyContext<'s> {
        self.request.scope(policies, self.now)
    }

    /// Limits of the next scan; `snapshots`: sessions are returned when they end.
    pub(super) fn scan_limits(&self, snapshots: bool) -> ScanLimits {
        let due = self.throttle.rows();
        ScanLimits {
            due,
            rows: SCAN_ROWS.max(due.saturating_mul(SCAN_ROWS_PER_BATCH_ROW)),
            time: self.throttle.scan_time(),
            backlog: None,
            snapshots,
        }
    }

    /// Returns the result of a batch; `None`: no disk space for so many rows, but maybe for fewer.
    pub(super) fn unless_too_large(
        &mut self,
        batch: Result<PurgeBatchResult>,
        rows: usize,
    ) -> Result<Option<PurgeBatchResult>> {
        match batch {
            Err(Error::DiskFull { .. }) if self.throttle.shrink(rows) => Ok(None),
            batch => batch.map(Some),
        }
    }

    /// Records a scan, and reports whether there may be more rows.
    pub(super) fn record_scan(&mut self, scan: DueScan) -> bool {
        let may_have_more = scan.last.is_some();
        self.cursor = scan.last.or(self.cursor.take());
        self.done.fraction = scan.fraction;
        self.done.rows += scan.rows;
        let DueScan { counts, found, unreadable_value, kept, .. } = scan;
        self.totals.add(ScanTotals { counts, found, unreadable_value, kept });
        for (task, sessions) in scan.sessions {
            *self.peaks.entry(task).or_default() += sessions;
        }
        may_have_more
    }

    /// Records a batch of these due rows, in which a scan found these sessions.
    pub(super) fn record_batch(
        &mut self,
        due: u64,
        found: &FoundSessions,
        batch: &PurgeBatchResult,
    ) {
        self.released = self.timer.now();
        self.throttle.record(due, self.checkpointer.replication.without_wait(batch.timing));
        self.done.marked += batch.marked;
        self.done.ended += batch.ended;
        self.done.deleted += batch.deleted;
        self.done.batches += 1;
        self.saw_all &= !batch.is_cut_short;
        let ended = found.ended(batch.ended);
        let by_reason = EndReason::ALL.iter().copied().zip(ended);
        let exact = !batch.ended_by.is_empty();
        let by_reason: Vec<(EndReason, u64)> =
            if exact { batch.ended_by.clone().into_iter().collect() } else { by_reason.collect() };
        for (reason, sessions) in by_reason.into_iter().filter(|(_, sessions)| *sessions > 0) {
            *self.ended_by.entry(reason).or_default() += sessions;
        }
        self.done.last_hold = batch.timing.hold;
        self.done.longest_hold = self.done.longest_hold.max(batch.timing.hold);
    }

    /// Counts the hold of a checkpoint: the lock has been free only since then.
    pub(super) fn record_checkpoint_hold(&mut self) {
        if let Some(hold) = self.checkpointer.take_hold() {
            self.released = self.timer.now();
            self.done.longest_hold = self.done.longest_hold.max(hold);
        }
    }

    pub(super) fn has_changes(&self) -> bool {
        self.done.marked + self.done.ended + self.done.deleted > 0
    }

    /// Figures for the ledger; the time of the heartbeat is that of the renewal.
    pub(super) fn published_progress(&self) -> PublishedProgress {
        let PurgeProgress { fraction, marked, ended, deleted, .. } = self.done;
        let heartbeat = Heartbeat {
            at: self.now,
            fraction,
            last_hold: self.done.last_hold,
            longest_hold: self.done.longest_hold,
            log_bytes: self.checkpointer.log_bytes,
        };
        PublishedProgress { marked, ended, deleted, heartbeat }
    }

    pub(super) fn counts(&self) -> RunCounts {
        RunCounts { marked: self.done.marked, ended: self.done.ended, deleted: self.done.deleted }
    }
}
