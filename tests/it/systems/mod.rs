//! The five systems that sessctl replaces: a test for each thing that they do, under
//! the configuration in examples/ that makes sessctl do the same.
//!
//! The first letter of a test's name is that of its system, and the number counts the
//! behaviors of that system. They run the real binary, with rows written relative to
//! now; where time has to pass, the library, which takes now as a parameter, or the
//! binary with a clock that lies.
//!
//! The sessions are in an SQLite file, or on a cluster of three rqlite nodes if
//! `SESSCTL_TEST_ON` is `cluster`.

mod backend;
mod clock_jumps;
mod command;
mod concurrent_logins;
mod domino;
mod elapsed_time;
mod fake_clock;
mod harness;
mod legacy_config;
mod missed_cycles;
mod redbex;
mod redbex_shared_licence;
mod redbex_user_limit;
mod stalwart;
mod stalwart_frequency;
mod task_patterns;
mod transfer;
mod transfer_retention;
mod websphere;
mod websphere_reaper;
