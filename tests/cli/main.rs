//! The command as its users meet it: the real binary, in an empty folder.
//!
//! Each file tells of one subject. The tests share nothing, and the clock that
//! matters to them is their own: they write rows relative to now, far enough from
//! every boundary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adopted;
mod compact;
mod config;
mod cron;
mod cycle;
mod demo;
mod each;
mod engine;
mod failing_disk;
mod fixture;
mod gone;
mod guard;
mod hooks;
mod hostile;
mod interrupted;
mod killed;
mod lease;
mod life;
mod list;
mod little;
mod moved_clock;
mod moving;
mod opening;
mod out_of_reach;
mod outlook;
mod pipes;
mod policies;
mod privileges;
mod purge;
mod rebuilt;
mod refused;
mod run;
mod schedule;
mod stat;
mod streams;
mod tasks;
mod triggers;
mod trusted;
mod watch;
mod zone;
