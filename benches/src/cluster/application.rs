//! Many clients at once: as fast as they can, or by a schedule beside something else.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Client;
use crate::clock;
use crate::load::{Operation, Outcome, Report, Sample, Schedule};
use crate::random::{self, Random};
use crate::stats::float;

/// How long the application runs alone first, and goes on afterwards.
const WARM_UP: Duration = Duration::from_secs(2);
const AFTERMATH: Duration = Duration::from_secs(2);
const GLANCE: Duration = Duration::from_millis(20);

/// What a client does to one session. It answers whether there is such a one.
pub type Act = fn(&Client, &str) -> Result<bool>;

/// Does something to sessions as fast as so many clients can, each on the next of these
/// nodes, and answers how often in a second.
pub fn flat_out(
    nodes: &[String],
    clients: usize,
    ids: &[String],
    time: Duration,
    act: Act,
) -> Result<f64> {
    let done = AtomicU64::new(0);
    let begun = Instant::now();
    thread::scope(|scope| {
        let work = |index: usize| {
            let (node, done) = (&nodes[index % nodes.len()], &done);
            scope.spawn(move || -> Result<()> {
                let (client, mut random) = (Client::new(node), Random::new(7, index as u64));
                while begun.elapsed() < time {
                    let id = &ids[random.place(ids.len())];
                    ensure!(act(&client, id)?, "a live session was not found");
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        };
        let workers: Vec<_> = (0..clients).map(work).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| panicked())?)
    })?;
    Ok(float(done.load(Ordering::Relaxed)) / begun.elapsed().as_secs_f64())
}

/// What an application saw while something was done.
pub struct Beside<T> {
    /// What came of that.
    pub outcome: T,
    /// How long it took.
    pub time: Duration,
    /// What the application saw from its beginning until a while after its end.
    pub report: Report,
}

/// Does something beside so many clients, which do `rate` operations a second together,
/// by the same open loop as the application of files.
pub fn beside<T>(
    nodes: &[String],
    clients: u32,
    rate: f64,
    ids: &[String],
    work: impl FnOnce() -> Result<T>,
) -> Result<Beside<T>> {
    let stop = AtomicBool::new(false);
    let start = (Instant::now(), clock::micros());
    thread::scope(|scope| {
        let client = |index: u32| {
            let stop = &stop;
            scope.spawn(move || {
                let node = &nodes[usize::try_from(index)? % nodes.len()];
                perform_all(node, Schedule::new(index, clients, rate, 1), index, ids, start, stop)
            })
        };
        let workers: Vec<_> = (0..clients).map(client).collect();
        thread::sleep(WARM_UP);
        let begun = clock::micros();
        let outcome = work();
        let ended = clock::micros();
        thread::sleep(AFTERMATH);
        stop.store(true, Ordering::Relaxed);
        let mut samples = Vec::new();
        for worker in workers {
            samples.extend(worker.join().map_err(|_| panicked())??);
        }
        let window = begun..ended + u64::try_from(AFTERMATH.as_micros())?;
        let report = Report::of(&samples, &window);
        Ok(Beside { outcome: outcome?, time: Duration::from_micros(ended - begun), report })
    })
}

/// Works off a schedule. Of 1,000 operations, 30 open a session; the others touch one.
fn perform_all(
    node: &str,
    schedule: Schedule,
    index: u32,
    ids: &[String],
    (start, micros): (Instant, u64),
    stop: &AtomicBool,
) -> Result<Vec<Sample>> {
    let (client, mut random) = (Client::new(node), Random::new(3, u64::from(index)));
    let mut samples = Vec::new();
    for (number, (due, operation)) in schedule.enumerate() {
        while let Some(left) = (start + due).checked_duration_since(Instant::now()) {
            if stop.load(Ordering::Relaxed) {
                return Ok(samples);
            }
            thread::sleep(left.min(GLANCE));
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let done = if operation == Operation::Open {
            client.open(&random::id(&format!("{micros}-{index}-{number}")).0)?
        } else {
            client.touch(&ids[random.place(ids.len())])?
        };
        let latency = u64::try_from((start + due).elapsed().as_micros())?;
        let outcome = if done { Outcome::Done } else { Outcome::Lost };
        samples.push(Sample { due: micros + u64::try_from(due.as_micros())?, latency, outcome });
    }
    Ok(samples)
}

fn panicked() -> anyhow::Error {
    anyhow::anyhow!("a client has panicked")
}
