//! The processes that read, and those that carry out a command, as their parent sees them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use super::News;
use super::order::Order;
use crate::cli::all_databases::call::Target;
use crate::cli::all_databases::process::{Event, WorkerCall, start};
use crate::cli::all_databases::wire::Instruction;

/// Time until a reader that has ended is started again, which doubles with each failure.
const MIN_WAIT: Duration = Duration::from_secs(1);
const MAX_WAIT: Duration = Duration::from_secs(30);

struct Reader {
    target: Target,
    orders: Option<UnixStream>,
    /// Time at which it is started again, by a clock that is never set.
    start_at: Option<Duration>,
    failures: u32,
    /// Reason why it fails, as far as it has said so.
    reason: Option<String>,
}

pub struct Readers {
    readers: Vec<Reader>,
    /// Sockets of commands that run. One that is closed asks the command to stop.
    commands: BTreeMap<u64, UnixStream>,
    words: Vec<OsString>,
    news: SyncSender<News>,
}

impl Readers {
    pub fn new(targets: Vec<Target>, words: Vec<OsString>, news: SyncSender<News>) -> Self {
        let reader = |target| Reader {
            target,
            orders: None,
            start_at: Some(Duration::ZERO),
            failures: 0,
            reason: None,
        };
        let readers = targets.into_iter().map(reader).collect();
        Self { readers, commands: BTreeMap::new(), words, news }
    }

    /// The next time at which one is to be started.
    pub fn next_start(&self) -> Option<Duration> {
        self.readers.iter().filter_map(|reader| reader.start_at).min()
    }

    /// Starts the readers whose time has come, and returns their numbers.
    pub fn start_due(&mut self, now: Duration) -> Vec<usize> {
        let due = |reader: &Reader| reader.start_at.is_some_and(|at| at <= now);
        let due: Vec<usize> =
            (0..self.readers.len()).filter(|index| due(&self.readers[*index])).collect();
        for index in due.clone() {
            self.readers[index].start_at = None;
            let news = self.news.clone();
            let sink = Box::new(move |event| drop(news.send(News::Reader(index, event))));
            let instruction = Instruction { collects: true, ..Instruction::default() };
            match start(&self.call(index, instruction), sink) {
                Ok(orders) => self.readers[index].orders = Some(orders),
                Err(error) => {
                    self.readers[index].reason =
                        Some(format!("could not start a process: {error}"));
                    self.failed(index, now);
                }
            }
        }
        due
    }

    /// The original arguments, with those of a worker before them.
    fn call(&self, index: usize, instruction: Instruction) -> WorkerCall {
        let name = self.readers[index].target.name.as_deref().unwrap_or_default();
        let mut args = vec![OsString::from(format!("--worker-for={name}"))];
        args.push(format!("--worker-instruction={}", instruction.to_text()).into());
        args.extend(self.words.iter().cloned());
        WorkerCall { args, instruction }
    }

    /// Sends an order. A reader that is gone reports that itself.
    pub fn send(&mut self, index: usize, order: &Order) {
        if let Some(orders) = &mut self.readers[index].orders {
            let _ = writeln!(orders, "{}", order.to_line());
        }
    }

    /// Notes that a reader has something to say.
    pub fn works(&mut self, index: usize) {
        self.readers[index].failures = 0;
    }

    /// Notes the reason why a reader will end.
    pub fn note_reason(&mut self, index: usize, reason: String) {
        self.readers[index].reason = Some(reason);
    }

    /// Notes that a reader has ended. Returns the reason, and the time until it is started again.
    pub fn failed(&mut self, index: usize, now: Duration) -> (Option<String>, Duration) {
        let reader = &mut self.readers[index];
        reader.orders = None;
        let wait = (MIN_WAIT * 2_u32.saturating_pow(reader.failures.min(8))).min(MAX_WAIT);
        reader.failures += 1;
        reader.start_at = Some(now + wait);
        (reader.reason.take(), wait)
    }

    /// Starts again at once, as the file was replaced.
    pub fn restart(&mut self, index: usize, now: Duration) {
        self.readers[index].orders = None;
        self.readers[index].start_at = Some(now);
    }

    /// Runs a command on a database.
    ///
    /// # Errors
    /// If its process cannot be started.
    pub fn run(
        &mut self,
        index: usize,
        number: u64,
        words: Vec<String>,
        width: usize,
    ) -> io::Result<()> {
        let news = self.news.clone();
        let sink = Box::new(move |event: Event| drop(news.send(News::Command(number, event))));
        let instruction =
            Instruction { width: Some(width), command: Some(words), ..Instruction::default() };
        let socket = start(&self.call(index, instruction), sink)?;
        self.commands.insert(number, socket);
        Ok(())
    }

    /// Forgets a command that has ended.
    pub fn command_ended(&mut self, number: u64) {
        self.commands.remove(&number);
    }
}
