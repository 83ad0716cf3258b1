//! Tests of `app::replication`.

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime};

use sessctl::Result;
use sessctl::app::Timer;
use sessctl::app::replication::{MAX_STALL, MAX_WAIT, Replication};
use sessctl::storage::{
    CheckpointMode, DataVersion, Replicator, ReplicatorActivity, Wal, WalStatus, WriteTiming,
};

const MIB: u64 = 1 << 20;

thread_local! {
    static ELAPSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static START: Instant = Instant::now();
}

const TIMER: Timer = Timer { now: || START.with(|start| *start + ELAPSED.get()), sleep: pass };

fn pass(time: Duration) {
    ELAPSED.set(ELAPSED.get() + time);
}

/// A log that a replicator may read.
struct Log {
    status: Cell<WalStatus>,
    is_replicated: bool,
    is_read: Cell<bool>,
    activity: Cell<ReplicatorActivity>,
    checkpoints: Cell<u32>,
}

impl Log {
    fn new(is_replicated: bool, is_read: bool) -> Self {
        Self {
            status: Cell::default(),
            is_replicated,
            is_read: Cell::new(is_read),
            activity: Cell::default(),
            checkpoints: Cell::new(0),
        }
    }

    fn grow(&self, bytes: u64) -> WalStatus {
        let log = self.status.get();
        let grown =
            WalStatus { bytes: log.bytes + bytes, pending: log.pending + bytes, is_in_use: false };
        self.status.set(grown);
        grown
    }

    fn commits(&self, commits: i64) {
        self.activity.set(ReplicatorActivity { commits, ..self.activity.get() });
    }
}

impl Wal for Log {
    fn keep_journal(&self, _: bool) -> Result<()> {
        Ok(())
    }

    fn wal_status(&self) -> Result<Option<WalStatus>> {
        Ok(Some(self.status.get()))
    }

    fn checkpoint(&self, mode: CheckpointMode) -> Result<Option<WalStatus>> {
        assert_eq!(mode, CheckpointMode::Passive);
        self.checkpoints.set(self.checkpoints.get() + 1);
        if !self.is_read.get() {
            self.status.set(WalStatus { pending: 0, ..self.status.get() });
        }
        self.wal_status()
    }

    fn replicator(&self) -> Result<Option<Replicator>> {
        let found = Replicator { name: "Litestream", directory: None };
        Ok(self.is_replicated.then_some(found))
    }

    fn replicator_activity(&self) -> Result<ReplicatorActivity> {
        Ok(self.activity.get())
    }
}

#[test]
fn checkpoints_are_left_to_a_replicator_that_reads_the_log() {
    let log = Log::new(true, true);
    let mut replication = Replication::detect(Some(&log)).unwrap();
    for _ in 0..5 {
        assert!(replication.observe(Some(&log), log.grow(MIB)).unwrap());
    }
    // One attempt shows it.
    assert_eq!(log.checkpoints.get(), 1);
    assert!(!replication.report().unwrap().is_idle);
}

#[test]
fn a_replicator_that_does_not_read_the_log_is_idle() {
    let log = Log::new(true, false);
    let mut replication = Replication::detect(Some(&log)).unwrap();
    // A small log says nothing.
    assert!(replication.observe(Some(&log), log.grow(1000)).unwrap());
    assert_eq!(log.checkpoints.get(), 0);
    // The first attempt may coincide with its checkpoint.
    assert!(replication.observe(Some(&log), log.grow(MIB)).unwrap());
    assert!(!replication.observe(Some(&log), log.grow(MIB)).unwrap());
    assert!(replication.report().unwrap().is_idle);
}

#[test]
fn a_database_without_a_replicator_has_none() {
    let log = Log::new(false, true);
    let mut replication = Replication::detect(Some(&log)).unwrap();
    assert!(!replication.observe(Some(&log), log.grow(MIB)).unwrap());
    assert_eq!((log.checkpoints.get(), replication.report()), (0, None));
}

#[test]
fn commits_of_the_replicator_are_not_a_sign_of_other_writers() {
    let log = Log::new(true, true);
    let mut replication = Replication::detect(Some(&log)).unwrap();
    let mut version = |number| {
        let version = Some(DataVersion(number));
        replication.version_of_others(Some(&log), version).unwrap().unwrap().0
    };
    assert_eq!(version(1), 1);
    // The version is read before the count or after it.
    log.commits(1);
    assert_eq!((version(1), version(2)), (1, 1));
    log.commits(2);
    assert_eq!(version(3), 1);
    // An application that commits
    assert_eq!((version(4), version(5)), (4, 5));
}

#[test]
fn a_wait_for_the_lock_beside_a_replicator_is_not_a_sign_of_other_writers() {
    let timing = WriteTiming { waited: Duration::from_millis(9), ..WriteTiming::default() };
    for (is_replicated, waited) in [(true, Duration::ZERO), (false, timing.waited)] {
        let log = Log::new(is_replicated, true);
        let replication = Replication::detect(Some(&log)).unwrap();
        assert_eq!(replication.without_wait(timing), WriteTiming { waited, ..timing });
    }
}

/// Waits for the log, and does something between two polls; returns the time, and whether it may
/// grow again.
fn wait(log: &Log, mut meanwhile: impl FnMut(Duration)) -> (Duration, bool) {
    let mut replication = Replication::detect(Some(log)).unwrap();
    replication.observe(Some(log), log.grow(MIB)).unwrap();
    let mut wait = replication.start_wait(TIMER);
    let begun = TIMER.now();
    loop {
        match replication.has_restarted(&mut wait, Some(log), TIMER, MIB).unwrap() {
            None => return (TIMER.now() - begun, false),
            Some(true) => return (TIMER.now() - begun, true),
            Some(false) => TIMER.sleep(Duration::from_millis(500)),
        }
        meanwhile(TIMER.now() - begun);
    }
}

#[test]
fn a_wait_ends_when_the_replicator_has_restarted_the_log() {
    let log = Log::new(true, true);
    let restart = Duration::from_mins(1);
    let (time, may_grow) = wait(&log, |elapsed| {
        if elapsed >= restart {
            log.status.set(WalStatus::default());
        }
    });
    assert_eq!((time, may_grow), (restart, true));
}

#[test]
fn a_wait_ends_when_the_replicator_dies() {
    let log = Log::new(true, true);
    let (time, may_grow) = wait(&log, |_| log.is_read.set(false));
    assert!(time <= Duration::from_secs(3) && may_grow, "{time:?}");
}

#[test]
fn a_wait_without_any_progress_is_given_up_sooner() {
    let log = Log::new(true, true);
    assert_eq!(wait(&log, |_| {}), (MAX_STALL, false));
    let log = Log::new(true, true);
    let copies = |elapsed| {
        let copied_at = Some(SystemTime::UNIX_EPOCH + elapsed);
        log.activity.set(ReplicatorActivity { copied_at, ..log.activity.get() });
    };
    assert_eq!(wait(&log, copies), (MAX_WAIT, false));
}
