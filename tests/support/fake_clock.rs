//! Commands that see another time than the machine's, by way of faketime.
//!
//! A time is one of the wall clock. A command takes a moment to start, so no test depends on
//! the exact second.

use std::path::Path;
use std::process::Command;

use super::sandbox::run_by;

/// A command with its clock at `@2026-06-15 12:00:00` or moved by `+1d`. The zone of
/// the time is the command's `TZ`.
pub fn with_clock(time: &str, command: &Command) -> Command {
    run_by(&["faketime", "-f", time], command)
}

/// Shows a command the clock in this file, which is read at each look; the time that passes
/// is the machine's.
pub fn follow_clock(file: &Path, command: &mut Command) {
    let printed = Command::new("faketime").args(["-f", "+0", "printenv", "LD_PRELOAD"]).output();
    let library = String::from_utf8(printed.unwrap().stdout).unwrap();
    command
        .env("LD_PRELOAD", library.trim())
        .env("FAKETIME_TIMESTAMP_FILE", file)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}
