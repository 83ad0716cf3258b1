//! Commands that run in the background of a test, and signals to them.

use std::io::{BufRead, BufReader};
use std::ops::{Deref, DerefMut};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::sandbox::{Finished, Sandbox};

/// Running command. It is killed at the end of the test, even after a failure.
pub struct Running(Option<Child>);

impl Running {
    /// Starts a command and captures its output.
    pub fn start(mut command: Command) -> Self {
        Self::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
    }

    /// Starts a command with the output redirections that it has.
    pub fn spawn(command: &mut Command) -> Self {
        Self(Some(command.spawn().unwrap()))
    }

    /// Waits for the end of the command.
    pub fn finish(mut self) -> Finished {
        Finished(self.0.take().unwrap().wait_with_output().unwrap())
    }
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        self.0.as_ref().unwrap()
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub const INT: (&str, u32) = ("INT", 2);
pub const TERM: (&str, u32) = ("TERM", 15);
pub const HUP: (&str, u32) = ("HUP", 1);

/// Running `watch -v`, whose reports are read from standard error.
pub struct Watch {
    pub process: Running,
    stderr: BufReader<ChildStderr>,
}

impl Watch {
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        Self::attach(Running::spawn(&mut command))
    }

    /// Reads the reports of a running watch.
    pub fn attach(mut process: Running) -> Self {
        let stderr = BufReader::new(process.stderr.take().unwrap());
        Self { process, stderr }
    }

    /// Waits for a line with this text; returns all lines up to it.
    pub fn says(&mut self, text: &str) -> String {
        let mut lines = String::new();
        loop {
            let begin = lines.len();
            assert!(self.stderr.read_line(&mut lines).unwrap() > 0, "no {text:?} in {lines}");
            if lines[begin..].contains(text) {
                return lines;
            }
        }
    }

    /// Sends a signal, such as `-HUP`.
    pub fn signal(&self, signal: &str) {
        kill(self.process.id(), signal);
    }

    /// Stops it with SIGTERM; returns its exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal("-TERM");
        self.process.wait().unwrap().code()
    }
}

/// Sends a signal to a process.
pub fn kill(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

/// Starts a command with the default action of SIGHUP, even if the tests ignore it.
pub fn start(sandbox: &Sandbox, command: &str) -> Running {
    start_by(sandbox, &["env", "--default-signal=HUP"], command)
}

/// Starts a command by another program.
pub fn start_by(sandbox: &Sandbox, program: &[&str], command: &str) -> Running {
    let mut command = sandbox.command_by(program, command.split_whitespace());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Running::spawn(&mut command)
}

/// True if a signal set of the process in `/proc` contains this signal.
pub fn has_signal(set: &str, child: &Child, number: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(set)).unwrap();
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap() & (1 << (number - 1)) != 0
}

/// Waits until a condition holds.
pub fn until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < MAX_WAIT, "it does not happen");
        thread::park_timeout(Duration::from_millis(1));
    }
}

/// True if the process is sleeping according to the kernel.
pub fn is_sleeping(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    assert!(!status.contains("State:\tZ"), "it has ended");
    status.lines().any(|line| line.starts_with("State:\tS"))
}

/// Sends a signal once the process handles it and is sleeping; returns when it is delivered.
pub fn signal(child: &Child, (name, number): (&str, u32)) {
    until(|| has_signal("SigCgt", child, number) && is_sleeping(child));
    let sent = Command::new("sh")
        .args(["-c", "kill -\"$0\" \"$1\"", name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    until(|| !has_signal("ShdPnd", child, number));
}

/// Time after which a command is considered hung.
const MAX_WAIT: Duration = Duration::from_mins(5);

/// Waits for the end of a command, and kills it if it hangs.
pub fn end(command: Running) -> Finished {
    let id = command.id();
    let (done, is_done) = mpsc::channel();
    let waiting = thread::spawn(move || {
        let finished = command.finish();
        let _ = done.send(());
        finished
    });
    let ended = is_done.recv_timeout(MAX_WAIT);
    if ended.is_err() {
        let kill = format!("kill -KILL {id}");
        Command::new("sh").args(["-c", &kill]).status().unwrap();
    }
    let finished = waiting.join().unwrap();
    assert!(ended.is_ok(), "it does not come to an end");
    finished
}
