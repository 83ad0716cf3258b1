//! Processes of the application: this test executable, started once more.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::survival::application::{Receipt, Serve};
use crate::survival::setup::Table;

/// Tells a process that it is one of the application, and which file it serves.
const PATH: &str = "SESSCTL_SURVIVAL_DB";
const TABLE: &str = "SESSCTL_SURVIVAL_TABLE";
const SEAT: &str = "SESSCTL_SURVIVAL_SEAT";
const SEATS: &str = "SESSCTL_SURVIVAL_SEATS";
/// The end of an answer.
const READY: &str = "ready";
/// A longer request has waited for a disk or for a lock.
const SLOW: Duration = Duration::from_millis(1);

/// A process that serves requests between an order to begin and one to halt.
pub struct Server {
    process: Child,
    orders: ChildStdin,
    /// Answers of the process, on standard error because the test harness prints to standard
    /// output.
    answers: BufReader<ChildStderr>,
    /// Other lines, which explain a failure.
    said: Vec<String>,
}

impl Server {
    pub fn start(table: Table, path: &Path, seat: u64, seats: u64) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "survival::application_process::what_a_process_of_the_application_does",
                "--nocapture",
            ])
            .env(PATH, path)
            .env(TABLE, format!("{table:?}"))
            .env(SEAT, seat.to_string())
            .env(SEATS, seats.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stderr.take().unwrap());
        let mut server = Self { process, orders, answers, said: Vec::new() };
        assert!(server.receipts().is_empty());
        server
    }

    pub fn begin(&mut self) {
        writeln!(self.orders, "begin").unwrap();
    }

    /// Comes back with what was served once there is nothing under way any more.
    pub fn halt(&mut self) -> Vec<Receipt> {
        writeln!(self.orders, "halt").unwrap();
        self.receipts()
    }

    fn receipts(&mut self) -> Vec<Receipt> {
        let mut receipts = Vec::new();
        for line in self.answers.by_ref().lines().map(Result::unwrap) {
            match line.parse() {
                _ if line == READY => return receipts,
                Ok(receipt) => receipts.push(receipt),
                Err(()) => self.said.push(line),
            }
        }
        panic!("the application has gone: {}", self.said.join("\n"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whatever comes of that, the test is over.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Does nothing unless a test has started the process for it: a test target has no
/// other program to start than itself.
#[test]
fn what_a_process_of_the_application_does() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let number = |name: &str| std::env::var(name).unwrap().parse().unwrap();
    let (path, seat) = (Path::new(&path), number(SEAT));
    let table = Table::named(&std::env::var(TABLE).unwrap());
    let mut application = table.application(path, seat, number(SEATS));
    answer(&[]);
    let orders = orders();
    while orders.recv().is_ok() {
        // Every other process keeps its connection.
        if seat % 2 == 1 {
            application.reconnect(path);
        }
        answer(&serve(application.as_mut(), &orders));
    }
}

/// The lines of standard input, one by one.
fn orders() -> Receiver<String> {
    let (sender, orders) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map(Result::unwrap) {
            sender.send(line).unwrap();
        }
    });
    orders
}

/// Serves requests until there is an order again, or nobody is left to give one.
fn serve(application: &mut dyn Serve, orders: &Receiver<String>) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    let mut pause = Duration::ZERO;
    while orders.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        let begun = Instant::now();
        receipts.push(application.serve());
        // SQLite serves those who wait in no order. Where each write is synced, a client
        // that comes again at once would leave the others no chance within five seconds.
        let took = begun.elapsed();
        pause = if took < SLOW { Duration::ZERO } else { took };
    }
    receipts
}

fn answer(receipts: &[Receipt]) {
    let lines = receipts.iter().map(Receipt::to_string).chain([READY.to_owned()]);
    let text = lines.collect::<Vec<_>>().join("\n") + "\n";
    // Who asked may be gone by now.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
