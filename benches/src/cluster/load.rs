//! Concurrent clients of a cluster: a closed loop that measures throughput, and an open loop that
//! measures latencies during an operation.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Client;
use crate::clock;
use crate::load::{Application, Operation, Outcome, Report, Sample, Schedule};
use crate::random::{self, Rng};
use crate::stats::to_f64;

/// Time during which the application runs alone before the operation.
const WARM_UP: Duration = Duration::from_secs(2);
/// Time during which the application continues after the operation.
const COOL_DOWN: Duration = Duration::from_secs(2);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Operation of a client on one session. Returns true if the session exists.
pub type ClientOp = fn(&Client, &str) -> Result<bool>;

/// Performs an operation on random sessions in a closed loop, with the clients distributed over
/// the nodes, and returns the operations per second.
pub fn throughput(
    nodes: &[String],
    clients: usize,
    ids: &[String],
    time: Duration,
    op: ClientOp,
) -> Result<f64> {
    let done = AtomicU64::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        let work = |index: usize| {
            let (node, done) = (&nodes[index % nodes.len()], &done);
            scope.spawn(move || -> Result<()> {
                let (client, mut random) = (Client::new(node), Rng::new(7, index as u64));
                while start.elapsed() < time {
                    let id = &ids[random.index(ids.len())];
                    ensure!(op(&client, id)?, "a live session was not found");
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        };
        let workers: Vec<_> = (0..clients).map(work).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| client_panicked())?)
    })?;
    Ok(to_f64(done.load(Ordering::Relaxed)) / start.elapsed().as_secs_f64())
}

/// Result of an operation under load.
pub struct UnderLoad<T> {
    /// Result of the operation itself.
    pub outcome: T,
    /// Duration of the operation.
    pub time: Duration,
    /// Latencies of the application, until the end of the cool-down.
    pub report: Report,
}

/// Runs an operation while clients perform `rate` operations per second in total, in an open loop
/// like the load generator for files.
pub fn run_under_load<T>(
    nodes: &[String],
    clients: u32,
    rate: f64,
    ids: &[String],
    work: impl FnOnce() -> Result<T>,
) -> Result<UnderLoad<T>> {
    let stop = AtomicBool::new(false);
    let schedule_start = (Instant::now(), clock::now_micros());
    thread::scope(|scope| {
        let client = |index: u32| {
            let stop = &stop;
            scope.spawn(move || {
                let node = &nodes[usize::try_from(index)? % nodes.len()];
                run_schedule(
                    node,
                    Schedule::new(Application::Native, index, clients, rate, 1),
                    index,
                    ids,
                    schedule_start,
                    stop,
                )
            })
        };
        let workers: Vec<_> = (0..clients).map(client).collect();
        thread::sleep(WARM_UP);
        let start = clock::now_micros();
        let outcome = work();
        let end = clock::now_micros();
        thread::sleep(COOL_DOWN);
        stop.store(true, Ordering::Relaxed);
        let mut samples = Vec::new();
        for worker in workers {
            samples.extend(worker.join().map_err(|_| client_panicked())??);
        }
        let window = start..end + u64::try_from(COOL_DOWN.as_micros())?;
        let report = Report::new(&samples, &window);
        Ok(UnderLoad { outcome: outcome?, time: Duration::from_micros(end - start), report })
    })
}

/// Performs the operations of a schedule; closes are replaced by touches.
fn run_schedule(
    node: &str,
    schedule: Schedule,
    index: u32,
    ids: &[String],
    (start, micros): (Instant, u64),
    stop: &AtomicBool,
) -> Result<Vec<Sample>> {
    let (client, mut random) = (Client::new(node), Rng::new(3, u64::from(index)));
    let mut samples = Vec::new();
    for (number, (due, operation)) in schedule.enumerate() {
        while let Some(left) = (start + due).checked_duration_since(Instant::now()) {
            if stop.load(Ordering::Relaxed) {
                return Ok(samples);
            }
            thread::sleep(left.min(POLL_INTERVAL));
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let done = if operation == Operation::Open {
            client.open(&random::session_id(&format!("{micros}-{index}-{number}")).0)?
        } else {
            client.touch(&ids[random.index(ids.len())])?
        };
        let latency = u64::try_from((start + due).elapsed().as_micros())?;
        let outcome = if done { Outcome::Done } else { Outcome::Lost };
        samples.push(Sample { due: micros + u64::try_from(due.as_micros())?, latency, outcome });
    }
    Ok(samples)
}

fn client_panicked() -> anyhow::Error {
    anyhow::anyhow!("a client panicked")
}
