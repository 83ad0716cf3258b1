//! Processes of the application: this test executable, started once more.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::survival::application::{Receipt, Serve};
use crate::survival::setup::Table;

/// Environment variables of a process: path and kind of the table, index and number of the
/// processes.
const PATH: &str = "SESSCTL_SURVIVAL_DB";
const TABLE: &str = "SESSCTL_SURVIVAL_TABLE";
const INDEX: &str = "SESSCTL_SURVIVAL_INDEX";
const PROCESSES: &str = "SESSCTL_SURVIVAL_PROCESSES";
/// The end of an answer.
const READY: &str = "ready";
/// Duration above which a request has waited for a disk or a lock.
const SLOW: Duration = Duration::from_millis(1);

/// Process that serves requests between the orders to begin and to halt.
pub struct ApplicationProcess {
    process: Child,
    orders: ChildStdin,
    /// Answers of the process, on standard error because the test harness prints to standard
    /// output.
    answers: BufReader<ChildStderr>,
    /// Other lines, which explain a failure.
    other_lines: Vec<String>,
}

impl ApplicationProcess {
    pub fn start(table: Table, path: &Path, index: u64, processes: u64) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "survival::application_process::what_a_process_of_the_application_does",
                "--nocapture",
            ])
            .env(PATH, path)
            .env(TABLE, format!("{table:?}"))
            .env(INDEX, index.to_string())
            .env(PROCESSES, processes.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stderr.take().unwrap());
        let mut server = Self { process, orders, answers, other_lines: Vec::new() };
        assert!(server.receipts().is_empty());
        server
    }

    pub fn resume(&mut self) {
        writeln!(self.orders, "begin").unwrap();
    }

    /// Stops after the current request; returns the served requests.
    pub fn stop(&mut self) -> Vec<Receipt> {
        writeln!(self.orders, "halt").unwrap();
        self.receipts()
    }

    fn receipts(&mut self) -> Vec<Receipt> {
        let mut receipts = Vec::new();
        for line in self.answers.by_ref().lines().map(Result::unwrap) {
            match line.parse() {
                _ if line == READY => return receipts,
                Ok(receipt) => receipts.push(receipt),
                Err(()) => self.other_lines.push(line),
            }
        }
        panic!("the application has gone: {}", self.other_lines.join("\n"));
    }
}

impl Drop for ApplicationProcess {
    fn drop(&mut self) {
        // Whatever comes of that, the test is over.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs the application if a test started this process for it, because a test target has no other
/// program to start. Does nothing otherwise.
#[test]
fn what_a_process_of_the_application_does() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let number = |name: &str| std::env::var(name).unwrap().parse().unwrap();
    let (path, index) = (Path::new(&path), number(INDEX));
    let table = Table::named(&std::env::var(TABLE).unwrap());
    let mut application = table.application(path, index, number(PROCESSES));
    answer(&[]);
    let orders = orders();
    while orders.recv().is_ok() {
        // Every other process keeps its connection.
        if index % 2 == 1 {
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

/// Serves requests until the next order or the end of standard input.
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
