//! Commands with a fake clock, by faketime.
//!
//! A time is that of the wall clock. A command takes a moment to start, so no test depends on the
//! exact second.

use std::path::Path;
use std::process::Command;

use super::sandbox::run_by;

/// Starts faketime in place of the shell. A faketime that was killed has left files with its
/// process id, and one that gets the same id later would fail because of them.
const START: &str = "rm -f /dev/shm/faketime_shm_$$ /dev/shm/sem.faketime_sem_$$ 2>/dev/null
    exec faketime -f \"$@\"";

/// Returns the command with its clock set to `@2026-06-15 12:00:00` or moved by `+1d`. The zone of
/// the time is the `TZ` of the command.
pub fn with_clock(time: &str, command: &Command) -> Command {
    run_by(&["sh", "-c", START, "faketime", time], command)
}

/// Makes a command read its wall clock from this file each time. The monotonic clock is real.
pub fn follow_clock(file: &Path, command: &mut Command) {
    command
        .env("LD_PRELOAD", library())
        .env("FAKETIME_TIMESTAMP_FILE", file)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}

/// The library that faketime preloads.
pub fn library() -> String {
    let print = ["-c", START, "faketime", "+0", "printenv", "LD_PRELOAD"];
    let printed = Command::new("sh").args(print).output();
    String::from_utf8(printed.unwrap().stdout).unwrap().trim().to_owned()
}
