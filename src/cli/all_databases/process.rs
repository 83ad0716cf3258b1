//! A worker as its parent sees it: a process, its socket and its output.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::{env, thread};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::lines::{Line, LineSplitter};
use super::schemas;
use super::wire::{Instruction, Message};

/// Longest message of a worker, in bytes. What is longer is dropped.
const MAX_MESSAGE: usize = 64 << 20;
/// Longest line of its standard error and of its standard output.
const MAX_ERROR_LINE: usize = 8 << 10;
const MAX_OUTPUT_LINE: usize = 64 << 10;

const READ_SIZE: usize = 64 << 10;
/// Reads of what a worker has left behind, with which a process of its hook could go on.
const MAX_LAST_READS: usize = 64;

/// Interval at which a worker that neither says anything nor closes its socket is looked after.
const CHECK_INTERVAL: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Start of a worker.
pub struct WorkerCall {
    pub args: Vec<OsString>,
    pub instruction: Instruction,
}

pub enum Event {
    /// The worker is about to be started.
    Started,
    /// A message, and its length in bytes.
    Message(Message, usize),
    /// Something that is no message.
    Invalid(String),
    Output(String),
    Error(String),
    Ended(WorkerEnd),
}

/// End of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerEnd {
    pub exit_code: u8,
    /// Report that nobody but the parent can make.
    pub fault: Option<String>,
}

impl WorkerEnd {
    pub fn not_started(error: &io::Error) -> Self {
        Self { exit_code: 1, fault: Some(format!("could not start a process: {error}")) }
    }

    fn of(status: io::Result<ExitStatus>) -> Self {
        let status = match status {
            Ok(status) => status,
            Err(error) => {
                let fault = Some(format!("could not wait for its process: {error}"));
                return Self { exit_code: 1, fault };
            }
        };
        if let Some(code) = status.code() {
            return Self { exit_code: u8::try_from(code).unwrap_or(1), fault: None };
        }
        let signal = status.signal().unwrap_or(0);
        let exit_code = match signal {
            1 | 2 | 15 => 128 + u8::try_from(signal).unwrap_or(0),
            _ => 1,
        };
        Self { exit_code, fault: Some(format!("its process was killed by signal {signal}")) }
    }
}

/// Receives the events of a worker, in a thread of its own.
pub type EventSink = Box<dyn Fn(Event) + Send>;

/// Starts a worker, whose events go to this receiver. Returns the socket for orders.
///
/// # Errors
/// If the process or the thread cannot be started.
pub fn start(call: &WorkerCall, events: EventSink) -> io::Result<UnixStream> {
    let (socket, theirs) = UnixStream::pair()?;
    let mut command = Command::new(program());
    command.arg0("sessctl").args(&call.args).stdin(OwnedFd::from(theirs));
    if call.instruction.collects || call.instruction.command.is_some() {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    let child = command.spawn()?;
    drop(command);
    let orders = socket.try_clone()?;
    let mut supervised = Supervised { child, streams: Vec::new(), events };
    supervised.add(Stream::Messages, socket, MAX_MESSAGE);
    if let Some(stderr) = supervised.child.stderr.take() {
        supervised.add(Stream::Errors, stderr, MAX_ERROR_LINE);
    }
    if let Some(stdout) = supervised.child.stdout.take() {
        supervised.add(Stream::Output, stdout, MAX_OUTPUT_LINE);
    }
    thread::Builder::new().name("worker".to_owned()).spawn(move || supervised.serve())?;
    Ok(orders)
}

/// This program: on Linux the same even if its file has been replaced since it was started.
fn program() -> PathBuf {
    let own = PathBuf::from("/proc/self/exe");
    if cfg!(target_os = "linux") && own.exists() {
        return own;
    }
    env::current_exe().unwrap_or_else(|_| "sessctl".into())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    Messages,
    Errors,
    Output,
}

trait Source: Read + AsFd + Send {}

impl<S: Read + AsFd + Send> Source for S {}

struct OpenStream {
    kind: Stream,
    source: Box<dyn Source>,
    lines: LineSplitter,
}

struct Supervised {
    child: Child,
    streams: Vec<OpenStream>,
    events: EventSink,
}

impl Supervised {
    fn add(&mut self, kind: Stream, source: impl Source + 'static, limit: usize) {
        let lines = LineSplitter::new(limit);
        self.streams.push(OpenStream { kind, source: Box::new(source), lines });
    }

    /// Passes on what the worker says until it has ended. A process that it leaves behind may keep
    /// the other ends of its output open: nobody waits for that.
    fn serve(mut self) {
        while self.streams.iter().any(|stream| stream.kind == Stream::Messages) {
            let is_silent = !self.read_ready(Some(&CHECK_INTERVAL));
            if is_silent && !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
        }
        let status = self.child.wait();
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let _ = (0..MAX_LAST_READS).find(|_| !self.read_ready(Some(&now)));
        for mut stream in std::mem::take(&mut self.streams) {
            let last = stream.lines.end();
            self.send_lines(stream.kind, last.into_iter().collect());
        }
        (self.events)(Event::Ended(WorkerEnd::of(status)));
    }

    /// Reads from the streams that have something within this time. Reports whether any had.
    fn read_ready(&mut self, limit: Option<&Timespec>) -> bool {
        let ready: Vec<bool> = {
            let fds: Vec<BorrowedFd<'_>> =
                self.streams.iter().map(|stream| stream.source.as_fd()).collect();
            let mut polled: Vec<PollFd<'_>> =
                fds.into_iter().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
            if poll(&mut polled, limit).is_err() {
                // Interrupted by a signal.
                return true;
            }
            polled.iter().map(|fd| !fd.revents().is_empty()).collect()
        };
        let mut buffer = vec![0; READ_SIZE];
        let has_any = ready.contains(&true);
        let mut streams = Vec::new();
        for (mut stream, is_ready) in std::mem::take(&mut self.streams).into_iter().zip(ready) {
            let length = if is_ready { stream.source.read(&mut buffer) } else { Ok(usize::MAX) };
            let lines = match length {
                Ok(usize::MAX) => Vec::new(),
                Ok(0) | Err(_) => {
                    let last = stream.lines.end();
                    self.send_lines(stream.kind, last.into_iter().collect());
                    continue;
                }
                Ok(length) => stream.lines.push(&buffer[..length]),
            };
            self.send_lines(stream.kind, lines);
            streams.push(stream);
        }
        self.streams = streams;
        has_any && !self.streams.is_empty()
    }

    fn send_lines(&self, kind: Stream, lines: Vec<Line>) {
        for line in lines {
            (self.events)(match kind {
                Stream::Output => Event::Output(line.to_text()),
                Stream::Errors => Event::Error(line.to_text()),
                Stream::Messages => match Message::parse(&line.bytes, &schemas::by_signature) {
                    Ok(message) => Event::Message(message, line.bytes.len()),
                    Err(_) if line.is_cut => Event::Invalid("a message is too long".to_owned()),
                    Err(error) => Event::Invalid(format!("{error:#}")),
                },
            });
        }
    }
}
