//! Disk errors, which are neither a damaged database nor a full disk.

use crate::support::{Finished, HOUR, Sandbox, row};

/// The command on a disk that fails with the system calls of this name on a file, from the
/// one with this number on or, without a `+`, with that one alone.
fn failing(sandbox: &Sandbox, call: &str, when: &str, file: &str, command: &str) -> Finished {
    let path = sandbox.path(".").canonicalize().unwrap().join(file);
    let inject = format!("inject={call}:error=EIO:when={when}");
    let strace = ["strace", "-qq", "-o", "/dev/null", "-P", path.to_str().unwrap(), "-e", &inject];
    Finished(sandbox.command_by(&strace, command.split_whitespace()).output().unwrap())
}

/// A database of many pages.
fn large() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..3_000, |n| row(&n.to_string()).idle(HOUR));
    sandbox
}

#[test]
#[ignore = "needs strace"]
fn a_read_that_fails_is_called_an_input_output_error() {
    let sandbox = large();
    for command in ["list --json", "show stat", "purge --dry-run", "purge"] {
        let mut failures = 0;
        for call in 1..=12 {
            for when in [call.to_string(), format!("{call}+")] {
                let ran = failing(&sandbox, "pread64", &when, "app.db", command);
                if ran.0.status.success() {
                    // The first look may fail, and the second one succeed.
                    continue;
                }
                failures += 1;
                let reason = ran.is_input_output_error();
                assert!(reason.contains("\"app.db\": input/output error"), "{when}: {reason}");
            }
        }
        assert!(failures >= 12, "{command}: {failures}");
    }
}

#[test]
#[ignore = "needs strace"]
fn a_write_or_a_sync_that_fails_is_called_an_input_output_error() {
    for (call, file) in [
        ("pwrite64", "app.db-wal"),
        ("pwrite64", "app.db"),
        ("fsync", "app.db-wal"),
        ("ftruncate", "app.db-shm"),
    ] {
        let sandbox = large();
        let ran = failing(&sandbox, call, "1+", file, "purge");
        let reason = ran.is_input_output_error();
        assert!(reason.contains("\"app.db\": input/output error"), "{call}: {reason}");
    }
}

/// SQLite opens a file to read it where it cannot open it to write.
#[test]
#[ignore = "needs strace"]
fn a_file_that_fails_to_be_opened_once_is_not_called_read_only() {
    for command in ["purge", "compact", "init"] {
        let sandbox = Sandbox::new();
        let mut failures = 0;
        for call in 1..=6 {
            let ran = failing(&sandbox, "openat", &call.to_string(), "app.db", command);
            if ran.0.status.code() == Some(1) {
                failures += 1;
                let reason = ran.is_input_output_error();
                assert!(reason.contains("nput/output error"), "{command} {call}: {reason}");
            }
        }
        assert!(failures >= 1, "{command}");
    }
}

impl Finished {
    #[track_caller]
    fn is_input_output_error(&self) -> String {
        self.exits(1);
        let reason = self.stderr();
        assert!(!reason.contains("corrupt") && !reason.contains("full"), "{reason}");
        reason
    }
}
