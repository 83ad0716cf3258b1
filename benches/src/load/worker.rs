//! One process of the application.

use std::io::{self, BufRead, BufWriter, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, ErrorCode, OpenFlags, named_params};

use super::Options;
use super::sample::{Outcome, Sample};
use super::schedule::{Operation, Schedule};
use crate::clock;
use crate::random::{self, Random};
use crate::table::IDLE_TIMEOUT;

/// The statements of docs/sql-contract.md.
pub const TOUCH: &str = "
    UPDATE sessions
    SET last_used_at = max(last_used_at, :now), marked_at = NULL
    WHERE id = :id
      AND ended_at IS NULL
      AND (idle_timeout IS NULL OR last_used_at + idle_timeout >= :now)
      AND (:lifetime IS NULL OR created_at + :lifetime >= :now)";
/// See [`TOUCH`].
pub const OPEN: &str = "
    INSERT INTO sessions (id, user, task, client, created_at, last_used_at, idle_timeout)
    VALUES (:id, :user, :task, :client, :now, :now, :idle_timeout)";
const CLOSE: &str = "
    UPDATE sessions
    SET ended_at = :now, end_reason = 'closed'
    WHERE id = :id
      AND ended_at IS NULL";

/// Sessions that stay live for longer than any measurement takes.
const LIVE: &str = "
    SELECT id FROM sessions
    WHERE ended_at IS NULL AND (idle_timeout IS NULL OR last_used_at + idle_timeout >= ? + 3600)";

/// How many sessions a process knows of, at most: enough to reach all pages.
const KNOWN: usize = 100_000;
/// A process that sleeps wakes up about this much later than it asked to. For the
/// rest it yields, which leaves the two cores to whoever wants them.
const SLEEP_IS_LATE: Duration = Duration::from_micros(60);
/// How often one that sleeps for longer looks whether it is to stop.
const GLANCE: Duration = Duration::from_millis(20);

/// Works off the schedule of process `index`, from the time that standard input names
/// until it ends, and writes the samples to standard output.
pub fn work(options: &Options, index: u32) -> Result<()> {
    let mut worker = Worker::new(options, index)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(b"ready\n")?;
    stdout.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let begin: u64 = line.trim().parse().with_context(|| format!("{line:?} is no time"))?;
    let samples = worker.run(options, index, begin, &stop_when_input_ends())?;
    let mut stdout = BufWriter::new(stdout);
    for sample in samples {
        writeln!(stdout, "{sample}")?;
    }
    Ok(stdout.flush()?)
}

/// When to stop, in microseconds since 1970; until then, the end of all time.
fn stop_when_input_ends() -> Arc<AtomicU64> {
    let stop = Arc::new(AtomicU64::new(u64::MAX));
    let set = Arc::clone(&stop);
    thread::spawn(move || {
        // Whatever it reads or fails with, the parent has gone.
        let _ = io::stdin().lock().read_to_end(&mut Vec::new());
        set.store(clock::micros(), Ordering::Relaxed);
    });
    stop
}

struct Worker {
    connection: Connection,
    known: Vec<String>,
    random: Random,
    opened: u64,
    name: String,
}

impl Worker {
    fn new(options: &Options, index: u32) -> Result<Self> {
        let connection = connect(options)?;
        // Another stream than that of the schedule.
        let mut random = Random::new(options.seed, u64::from(index) + 1_000_000);
        let known = known(&connection, &mut random, index, options.processes)?;
        ensure!(!known.is_empty(), "{}: no live session to touch", options.db.display());
        let name = format!("load-{}-{index}", clock::micros());
        Ok(Self { connection, known, random, opened: 0, name })
    }

    fn run(
        &mut self,
        options: &Options,
        index: u32,
        begin: u64,
        stop: &AtomicU64,
    ) -> Result<Vec<Sample>> {
        let ahead = begin.saturating_sub(clock::micros());
        let start = Instant::now() + Duration::from_micros(ahead);
        let mut samples = Vec::new();
        for (due, operation) in Schedule::new(index, options.processes, options.rate, options.seed)
        {
            let due_at = begin + u64::try_from(due.as_micros())?;
            // What was due before is done all the same, or a stall would go uncounted.
            if !wait(start + due, due_at, stop) {
                break;
            }
            let outcome = self.perform(operation)?;
            let latency = u64::try_from((start + due).elapsed().as_micros())?;
            samples.push(Sample { due: due_at, latency, outcome });
        }
        Ok(samples)
    }

    fn perform(&mut self, operation: Operation) -> Result<Outcome> {
        let changed = match operation {
            Operation::Touch => self.touch(),
            Operation::Open => self.open(),
            Operation::Close => self.close(),
        };
        match changed {
            Ok(0) => Ok(Outcome::Lost),
            Ok(_) => Ok(Outcome::Done),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                Ok(Outcome::Busy)
            }
            Err(error) => Err(error).with_context(|| format!("could not {operation:?}")),
        }
    }

    fn touch(&mut self) -> rusqlite::Result<usize> {
        let id = &self.known[self.random.place(self.known.len())];
        let values = named_params! { ":id": id, ":now": clock::now(), ":lifetime": None::<i64> };
        self.connection.prepare_cached(TOUCH)?.execute(values)
    }

    fn open(&mut self) -> rusqlite::Result<usize> {
        self.opened += 1;
        let (id, _) = random::id(&format!("{}-{}", self.name, self.opened));
        let user = format!("user{:05}", self.random.below(50_000));
        let changed = self.connection.prepare_cached(OPEN)?.execute(named_params! {
            ":id": id, ":user": user, ":task": "imap", ":client": "10.0.0.1",
            ":now": clock::now(), ":idle_timeout": IDLE_TIMEOUT,
        })?;
        self.known.push(id);
        Ok(changed)
    }

    /// The last one that it knows is touched instead: there must always be one.
    fn close(&mut self) -> rusqlite::Result<usize> {
        if self.known.len() < 2 {
            return self.touch();
        }
        let place = self.random.place(self.known.len());
        let id = &self.known[place];
        let values = named_params! { ":id": id, ":now": clock::now() };
        let changed = self.connection.prepare_cached(CLOSE)?.execute(values)?;
        self.known.swap_remove(place);
        Ok(changed)
    }
}

/// As the contract says, and nothing that an ordinary application would not have.
fn connect(options: &Options) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(&options.db, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(connection)
    };
    open().with_context(|| format!("could not open {}", options.db.display()))
}

/// A fair choice of the live sessions that belong to this process: each has its own,
/// so that none touches what another has closed.
fn known(
    connection: &Connection,
    random: &mut Random,
    index: u32,
    processes: u32,
) -> Result<Vec<String>> {
    let mut known = Vec::new();
    let mut seen = 0;
    let mut turn = 0;
    let mut statement = connection.prepare(LIVE)?;
    let mut rows = statement.query([clock::now()])?;
    while let Some(row) = rows.next()? {
        turn = (turn + 1) % processes;
        if turn != index {
            continue;
        }
        seen += 1;
        if known.len() < KNOWN {
            known.push(row.get(0)?);
        } else if let Some(place) = known.get_mut(random.place(seen)) {
            *place = row.get(0)?;
        }
    }
    Ok(known)
}

/// Waits for a moment. Answers whether it comes before the one to stop at.
fn wait(until: Instant, until_micros: u64, stop: &AtomicU64) -> bool {
    loop {
        if until_micros > stop.load(Ordering::Relaxed) {
            return false;
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        match left.checked_sub(SLEEP_IS_LATE) {
            Some(most) => thread::sleep(most.min(GLANCE)),
            None => thread::yield_now(),
        }
    }
}
