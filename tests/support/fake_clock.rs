//! Commands with a fake clock, by faketime.
//!
//! A time is that of the wall clock. A command takes a moment to start, so no test depends on the
//! exact second.

use std::path::Path;
use std::process::Command;

use super::sandbox::run_by;

/// Returns the command with its clock set to `@2026-06-15 12:00:00` or moved by `+1d`. The zone of
/// the time is the `TZ` of the command.
pub fn with_clock(time: &str, command: &Command) -> Command {
    run_by(&["faketime", "-f", time], command)
}

/// Makes a command read its wall clock from this file each time. The monotonic clock is real.
pub fn follow_clock(file: &Path, command: &mut Command) {
    let printed = Command::new("faketime").args(["-f", "+0", "printenv", "LD_PRELOAD"]).output();
    let library = String::from_utf8(printed.unwrap().stdout).unwrap();
    command
        .env("LD_PRELOAD", library.trim())
        .env("FAKETIME_TIMESTAMP_FILE", file)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}
