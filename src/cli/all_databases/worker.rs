//! The side of a worker: what it does goes to the parent over its standard input, which is a
//! socket.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use anyhow::Context as _;

use super::wire::{Instruction, Message, Report, TypedRecord};
use crate::cli::exit::Usage;
use crate::cli::interrupt::{Signal, pass_on, request_reload};
use crate::output::Format;
use crate::output::record::{Record, Schema};

pub struct Worker {
    pub instruction: Instruction,
    socket: RefCell<BufWriter<UnixStream>>,
    /// Lines of the parent that are for the command.
    #[cfg_attr(
        not(feature = "top"),
        expect(dead_code, reason = "only the live view is told more")
    )]
    pub orders: Receiver<String>,
}

impl Worker {
    /// Takes the socket on standard input, and the instruction. From now on, what the parent asks
    /// stops the process like a signal.
    ///
    /// # Errors
    /// If standard input is something else, or there is no instruction.
    pub fn start(instruction: &str) -> anyhow::Result<Self> {
        let not_started = || Usage::error("only sessctl itself starts a process as a worker");
        let socket = io::stdin().as_fd().try_clone_to_owned().ok();
        let socket = socket
            .map(UnixStream::from)
            .filter(|socket| socket.peer_addr().is_ok())
            .ok_or_else(not_started)?;
        let instruction = Instruction::parse(instruction.as_bytes()).map_err(|_| not_started())?;
        let lines = BufReader::new(socket.try_clone()?);
        let (sender, orders) = channel();
        thread::Builder::new()
            .name("orders".to_owned())
            .spawn(move || obey(lines, &sender))
            .context("could not start a thread")?;
        Ok(Self { instruction, socket: RefCell::new(BufWriter::new(socket)), orders })
    }

    /// Sends a message. A parent that is gone has asked the worker to stop.
    pub fn send(&self, message: &Message) {
        let _ = self.try_send(message).and_then(|()| self.flush());
    }

    fn try_send(&self, message: &Message) -> io::Result<()> {
        self.socket.borrow_mut().write_all(message.to_line().as_bytes())
    }

    fn flush(&self) -> io::Result<()> {
        self.socket.borrow_mut().flush()
    }

    /// Sends a record.
    ///
    /// # Errors
    /// If the parent is gone.
    pub fn send_record(&self, schema: &'static Schema, record: &Record) -> io::Result<()> {
        self.try_send(&Message::Record(TypedRecord::new(schema, record.clone())))
    }

    pub fn send_metrics(&self, figures: &[(&'static Schema, &[Record])]) {
        for (schema, records) in figures {
            for record in *records {
                self.send(&Message::Metrics(TypedRecord::new(schema, record.clone())));
            }
        }
    }

    pub fn send_report(&self, report: Report) {
        self.send(&Message::Report(report));
    }
}

/// Stops the process when the parent says so, or is gone. Passes on lines that are for the
/// command.
fn obey(lines: BufReader<UnixStream>, orders: &Sender<String>) {
    for line in lines.lines() {
        let Ok(line) = line else { break };
        if line == RELOAD {
            request_reload();
            continue;
        }
        let code = line.strip_prefix("stop ").and_then(|code| code.parse().ok());
        let signal = Signal::ALL.into_iter().find(|signal| Some(signal.exit_code()) == code);
        if let Some(signal) = signal {
            pass_on(signal);
        } else {
            // A command that takes no orders has none.
            let _ = orders.send(line);
        }
    }
    pass_on(Signal::Terminate);
}

/// The line that tells a worker which keeps running to read its configuration again.
pub const RELOAD: &str = "reload";

/// The line that tells a worker to stop as by a signal.
pub fn stop_order(signal: Signal) -> String {
    format!("stop {}\n", signal.exit_code())
}

/// A listing that the parent writes.
pub struct RemoteListing {
    worker: Rc<Worker>,
    schema: &'static Schema,
}

impl RemoteListing {
    pub const fn new(worker: Rc<Worker>, schema: &'static Schema) -> Self {
        Self { worker, schema }
    }
}

impl Format for RemoteListing {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.worker.send_record(self.schema, record)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.worker.flush()
    }

    fn end(self: Box<Self>) -> io::Result<()> {
        self.worker.flush()
    }
}
