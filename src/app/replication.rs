//! Leaving the checkpoints to a replicator.
//!
//! Litestream copies the write-ahead log once a second and then checkpoints it, while it blocks
//! writers. In between it holds a read transaction, so nobody else can restart the log.

use std::time::{Duration, Instant};

use super::batch_loop::{LoopResult, Stop};
use super::clock::Timer;
use super::service::SessionService;
use super::stop::StopReason;
use crate::domain::error::Result;
use crate::storage::{
    CheckpointMode, DataVersion, Replicator, ReplicatorActivity, Wal, WalStatus, WriteTiming,
};

/// Factor of the maximum size of the log without other writers. By default, the log then stays
/// below half the size at which Litestream truncates it and copies the whole database.
pub const ALONE_FACTOR: u64 = 4;
/// Interval at which the log is checked while a run waits for the replicator.
pub const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Interval at which a waiting run checks whether the replicator still reads the log. Each check
/// is a checkpoint, and may keep the replicator from its own.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
/// Growth of the log after which the first probe takes place.
const FIRST_PROBE: u64 = 256 << 10;
/// Maximum wait for a replicator that does nothing. If the log is smaller than it wants,
/// Litestream checkpoints once a minute.
pub const MAX_STALL: Duration = Duration::from_secs(90);
/// Maximum wait for a replicator that copies, but cannot checkpoint.
pub const MAX_WAIT: Duration = Duration::from_mins(10);

/// Replicator of the database, and whether it was at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicationReport {
    /// The program.
    pub replicator: Replicator,
    /// True if it did not read the log, so that the run checkpointed as usual.
    pub is_idle: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Finding {
    #[default]
    Unknown,
    /// A probe found the log unread, which may coincide with the end of a checkpoint by the
    /// replicator. The next probe decides.
    UnreadOnce,
    Reading,
    Idle,
}

/// Replicator during a run, if the database has one.
#[derive(Debug, Default)]
pub struct Replication {
    replicator: Option<Replicator>,
    finding: Finding,
    seen: ReplicatorActivity,
    /// True if the replicator has committed without a change of the version so far.
    has_unseen_commit: bool,
    version: Option<DataVersion>,
    /// Version without the commits of the replicator.
    version_of_others: Option<DataVersion>,
}

/// Wait of a run for the checkpoint of a replicator.
#[derive(Debug)]
pub struct ReplicatorWait {
    begun: Instant,
    progressed: Instant,
    probed: Instant,
    last: (WalStatus, ReplicatorActivity),
}

impl SessionService {
    /// Returns the replicator of the database, if one is set up.
    ///
    /// # Errors
    /// Any error of reading the database.
    pub fn replicator(&self) -> Result<Option<Replicator>> {
        self.store.wal().map_or(Ok(None), Wal::replicator)
    }
}

impl Replication {
    pub fn detect(wal: Option<&dyn Wal>) -> Result<Self> {
        let Some(wal) = wal else { return Ok(Self::default()) };
        let replicator = wal.replicator()?;
        let seen = match replicator {
            Some(_) => wal.replicator_activity()?,
            None => ReplicatorActivity::default(),
        };
        Ok(Self { replicator, seen, ..Self::default() })
    }

    pub fn report(&self) -> Option<ReplicationReport> {
        let is_idle = self.finding == Finding::Idle;
        self.replicator.clone().map(|replicator| ReplicationReport { replicator, is_idle })
    }

    /// Returns the name of a replicator to which the checkpoints are left.
    pub fn name(&self) -> Option<&'static str> {
        self.replicator.as_ref().filter(|_| self.is_active()).map(|found| found.name)
    }

    /// Reports whether the checkpoints are left to the replicator.
    pub fn is_active(&self) -> bool {
        self.replicator.is_some() && self.finding != Finding::Idle
    }

    /// Like [`is_active`](Self::is_active). First it tries a passive checkpoint of a log that has
    /// grown: if that completes, nobody reads the log.
    pub fn observe(&mut self, wal: Option<&dyn Wal>, log: WalStatus) -> Result<bool> {
        let is_open = self.finding != Finding::Reading && log.pending > 0;
        if self.is_active() && is_open && log.bytes >= FIRST_PROBE {
            self.probe(wal)?;
        }
        Ok(self.is_active())
    }

    /// Like [`observe`](Self::observe) for a log of any size, at the end of a run.
    pub fn conclude(&mut self, wal: Option<&dyn Wal>) -> Result<bool> {
        let log = wal.map_or(Ok(None), Wal::wal_status)?.unwrap_or_default();
        while self.is_active() && self.finding != Finding::Reading && log.pending > 0 {
            self.probe(wal)?;
        }
        Ok(self.is_active())
    }

    fn probe(&mut self, wal: Option<&dyn Wal>) -> Result<()> {
        let moved = wal.map_or(Ok(None), |wal| wal.checkpoint(CheckpointMode::Passive))?;
        let is_unread = moved.is_none_or(|log| log.pending == 0);
        self.finding = match self.finding {
            _ if !is_unread => Finding::Reading,
            Finding::UnreadOnce => Finding::Idle,
            _ => Finding::UnreadOnce,
        };
        Ok(())
    }

    /// Returns the version of the data as changed by others than the replicator, which
    /// commits at each of its checkpoints.
    pub fn version_of_others(
        &mut self,
        wal: Option<&dyn Wal>,
        version: Option<DataVersion>,
    ) -> Result<Option<DataVersion>> {
        let (Some(_), Some(wal)) = (&self.replicator, wal) else { return Ok(version) };
        let seen = wal.replicator_activity()?;
        self.has_unseen_commit |= seen.commits != self.seen.commits;
        self.seen = seen;
        if self.version != version {
            let is_first = self.version.is_none();
            self.version = version;
            if is_first || !std::mem::take(&mut self.has_unseen_commit) {
                self.version_of_others = version;
            }
        }
        Ok(self.version_of_others)
    }

    /// Returns the timing of a batch without the wait for the lock: beside a replicator, which
    /// blocks writers at each of its checkpoints, only a changed version is a sign of others.
    pub fn without_wait(&self, timing: WriteTiming) -> WriteTiming {
        if self.is_active() { WriteTiming { waited: Duration::ZERO, ..timing } } else { timing }
    }

    pub fn start_wait(&self, timer: Timer) -> ReplicatorWait {
        let now = timer.now();
        let last = (WalStatus::default(), self.seen);
        ReplicatorWait { begun: now, progressed: now, probed: now, last }
    }

    /// Reports whether the log may grow again: the replicator has restarted it, or no longer
    /// reads it.
    pub(super) fn poll(
        &mut self,
        wait: &mut ReplicatorWait,
        wal: Option<&dyn Wal>,
        timer: Timer,
        max_bytes: u64,
    ) -> LoopResult<bool> {
        self.has_restarted(wait, wal, timer, max_bytes)?.ok_or(Stop::Early(StopReason::Replicator))
    }

    /// Like [`poll`](Self::poll); `None`: the replicator makes no progress.
    pub fn has_restarted(
        &mut self,
        wait: &mut ReplicatorWait,
        wal: Option<&dyn Wal>,
        timer: Timer,
        max_bytes: u64,
    ) -> Result<Option<bool>> {
        let Some(wal) = wal else { return Ok(Some(true)) };
        let now = timer.now();
        let log = wal.wal_status()?.unwrap_or_default();
        if log.bytes < max_bytes || self.finding == Finding::Idle {
            return Ok(Some(true));
        }
        let current = (log, wal.replicator_activity()?);
        if current != wait.last {
            (wait.last, wait.progressed) = (current, now);
        }
        if now.saturating_duration_since(wait.probed) >= PROBE_INTERVAL {
            wait.probed = now;
            if self.finding == Finding::Reading {
                self.finding = Finding::Unknown;
            }
            self.probe(Some(wal))?;
        }
        let is_stalled = now.saturating_duration_since(wait.progressed) >= MAX_STALL
            || now.saturating_duration_since(wait.begun) >= MAX_WAIT;
        Ok(if is_stalled { None } else { Some(false) })
    }
}
