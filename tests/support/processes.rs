//! Commands that run while a test goes on, and signals to them.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::sandbox::{Finished, Sandbox};

pub const INT: (&str, u32) = ("INT", 2);
pub const TERM: (&str, u32) = ("TERM", 15);
pub const HUP: (&str, u32) = ("HUP", 1);

/// Starts a command on which SIGHUP has its usual effect, however the tests were started.
pub fn start(sandbox: &Sandbox, command: &str) -> Child {
    start_by(sandbox, &["env", "--default-signal=HUP"], command)
}

/// Starts a command by another program.
pub fn start_by(sandbox: &Sandbox, program: &[&str], command: &str) -> Child {
    let mut command = sandbox.command_by(program, command.split_whitespace());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Whether the process has the signal's number in this set, as the kernel says.
pub fn is_in(set: &str, child: &Child, number: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(set)).unwrap();
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap() & (1 << (number - 1)) != 0
}

/// Waits until something holds.
pub fn until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < MAX_WAIT, "it does not happen");
        thread::park_timeout(Duration::from_millis(1));
    }
}

/// Whether the process waits for something, as the kernel says.
pub fn waits(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    assert!(!status.contains("State:\tZ"), "it has ended");
    status.lines().any(|line| line.starts_with("State:\tS"))
}

/// Sends a signal once the process listens and has come to where it waits, and
/// comes back when it has it.
pub fn signal(child: &Child, (name, number): (&str, u32)) {
    until(|| is_in("SigCgt", child, number) && waits(child));
    let sent = Command::new("sh")
        .args(["-c", "kill -\"$0\" \"$1\"", name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    until(|| !is_in("ShdPnd", child, number));
}

/// A time after which a command does not end any more.
const MAX_WAIT: Duration = Duration::from_secs(300);

/// Waits for a command, and ends it where it has no end of its own.
pub fn end(child: Child) -> Finished {
    let id = child.id();
    let (done, is_done) = mpsc::channel();
    let waiting = thread::spawn(move || {
        let output = child.wait_with_output().unwrap();
        let _ = done.send(());
        output
    });
    let came = is_done.recv_timeout(MAX_WAIT);
    if came.is_err() {
        let kill = format!("kill -KILL {id}");
        Command::new("sh").args(["-c", &kill]).status().unwrap();
    }
    let output = waiting.join().unwrap();
    assert!(came.is_ok(), "it does not come to an end");
    Finished(output)
}
