//! Tests of the real executable, run in an empty directory.
//!
//! Each file has one subject. The tests share nothing, and write rows relative to now, far enough
//! from every boundary.

mod adopted;
mod clock_jumps;
mod compact;
mod concurrent_access;
mod config;
mod copy;
mod cron;
mod cycle;
mod demo;
mod disk_errors;
mod file_permissions;
mod forecast;
mod guard;
mod hooks;
mod hostile_names;
mod invalid_databases;
mod lease;
mod list;
mod low_resources;
mod many_policies;
mod privileges;
mod prometheus;
mod purge;
mod rebuild;
mod report_each;
mod run;
mod schedule;
mod sessions;
mod sidecar_files;
mod signals;
mod stale_leases;
mod stat;
mod tasks;
mod terminal;
mod time_zone;
mod token_streams;
mod triggers;
mod untrusted_files;
mod watch;
