//! Pings of one URL: a thread of their own sends them, in order, within a limit.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::http::Client;
use super::url::{PingError, PingRequest};

/// Time that a thread gets to report the end of a request that has reached its limit.
const GRACE: Duration = Duration::from_millis(500);

/// Limits on the time that pings take.
#[derive(Debug, Clone, Copy)]
pub struct PingLimits {
    /// From the start of the job: the ping of the start, which is not repeated.
    pub start: Duration,
    /// From the end of the job: the rest of the start's, the ping of the end, and its repetition.
    pub end: Duration,
    /// Pause before the repetition.
    pub pause: Duration,
}

impl Default for PingLimits {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(5),
            end: Duration::from_secs(10),
            pause: Duration::from_secs(1),
        }
    }
}

struct Task {
    request: PingRequest,
    deadline: Instant,
    is_end: bool,
}

/// Pings of the start and the end of one unit. Nothing here waits but [`finish`](Self::finish).
pub struct Pinger {
    limits: PingLimits,
    /// `None`: there will be no more.
    tasks: Option<Sender<Task>>,
    ended: Receiver<()>,
    /// Time by which all is sent or given up.
    deadline: Instant,
}

impl Pinger {
    /// Starts the thread, which reports why it could not ping.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn new(
        limits: PingLimits,
        client: &Arc<Client>,
        report: impl FnOnce(&str) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (tasks, received) = channel();
        let (end, ended) = channel();
        let (pause, client) = (limits.pause, Arc::clone(client));
        let work = move || {
            if let Some(why) = send_all(&received, pause, &client) {
                report(&why);
            }
            drop(end);
        };
        thread::Builder::new().name("ping".to_owned()).spawn(work)?;
        Ok(Self { limits, tasks: Some(tasks), ended, deadline: Instant::now() })
    }

    pub fn start(&mut self, request: PingRequest) {
        self.send(request, self.limits.start, false);
    }

    /// Sends the last ping.
    pub fn end(&mut self, request: PingRequest) {
        self.send(request, self.limits.end, true);
        self.close();
    }

    /// Sends no more.
    pub fn close(&mut self) {
        self.tasks = None;
    }

    fn send(&mut self, request: PingRequest, limit: Duration, is_end: bool) {
        self.deadline = Instant::now() + limit;
        let task = Task { request, deadline: self.deadline, is_end };
        if let Some(tasks) = &self.tasks {
            // The thread lives until it has no more to send.
            let _ = tasks.send(task);
        }
    }

    pub fn is_finished(&self) -> bool {
        self.ended.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// Waits until all is sent or the limit has passed.
    pub fn finish(mut self) {
        self.close();
        let left = self.deadline.saturating_duration_since(Instant::now()) + GRACE;
        let _ = self.ended.recv_timeout(left);
    }
}

/// Sends what arrives. The failure of the end's ping includes that of the start's.
fn send_all(tasks: &Receiver<Task>, pause: Duration, client: &Client) -> Option<String> {
    let mut failed = None;
    while let Ok(Task { request, deadline, is_end }) = tasks.recv() {
        if is_end {
            let sent = send_twice(&request, deadline, pause, client);
            failed = sent.err().map(|error| error.why).or(failed);
        } else if let Err(error) = client.send(&request, deadline) {
            // Services without a signal for the start know no such path.
            failed = (!error.is_not_found).then_some(error.why);
        }
    }
    failed
}

/// Sends a ping, and once more if that may help. The first attempt gets half of the time.
fn send_twice(
    request: &PingRequest,
    deadline: Instant,
    pause: Duration,
    client: &Client,
) -> Result<(), PingError> {
    let now = Instant::now();
    let first = now + deadline.saturating_duration_since(now) / 2;
    let error = match client.send(request, first) {
        Err(error) if error.is_transient => error,
        sent => return sent,
    };
    if Instant::now() + pause >= deadline {
        return Err(error);
    }
    thread::sleep(pause);
    client.send(request, deadline)
}
