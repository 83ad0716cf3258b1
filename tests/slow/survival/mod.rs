//! Data survives: a purge is killed with `kill -9` while an application writes, at
//! random moments and at every boundary between two steps of its, and afterwards the
//! file is sound, no live session is gone, no acknowledged request is lost, nothing is
//! counted twice, and the next purge completes the work. The table is sessctl's own, or
//! Django's.
//!
//! What dies here is a process. What it had written is the kernel's by then, so that
//! every transaction that was committed is there afterwards, whatever `synchronous`
//! says. When the machine dies, `synchronous = NORMAL` with a write-ahead log promises
//! less: the file is sound and each transaction is there as a whole or not at all, but
//! those since the last checkpoint may be lost, acknowledged ones too. No test shows
//! that without a machine to switch off. Without such a log, sessctl leaves SQLite at
//! `FULL`, which loses nothing then either.

mod application;
mod application_process;
mod django;
mod harness;
mod ledger_check;
mod random_kills;
mod rebuild_kills;
mod setup;
mod syscall_kills;

/// The purge that is killed, and the one that completes the work. Options that make its
/// batches smaller belong here.
const PURGE: &[&str] = &["--config", setup::CONFIG, "purge", "--json", "--hold", "1ms"];
