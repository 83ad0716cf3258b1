//! Worker process of the load generator.

use std::io::{self, BufRead, BufWriter, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, ErrorCode, OpenFlags, named_params};

use super::sample::{Outcome, Sample};
use super::schedule::{Operation, Schedule};
use super::{Application, Options, django};
use crate::clock;
use crate::random::{self, Rng};
use crate::table::IDLE_TIMEOUT;

/// Statement of docs/sql-contract.md that touches a session.
pub const TOUCH: &str = "
    UPDATE sessions
    SET last_used_at = max(last_used_at, :now), marked_at = NULL
    WHERE id = :id
      AND ended_at IS NULL
      AND (idle_timeout IS NULL OR last_used_at + idle_timeout >= :now)
      AND (:lifetime IS NULL OR created_at + :lifetime >= :now)";
/// Statement of docs/sql-contract.md that opens a session.
pub const OPEN: &str = "
    INSERT INTO sessions (id, user, task, client, created_at, last_used_at, idle_timeout)
    VALUES (:id, :user, :task, :client, :now, :now, :idle_timeout)";
/// Statement of docs/sql-contract.md that closes a session.
const CLOSE: &str = "
    UPDATE sessions
    SET ended_at = :now, end_reason = 'closed'
    WHERE id = :id
      AND ended_at IS NULL";

/// Selects the sessions that stay live for at least an hour, longer than any measurement.
const SELECT_LIVE_NATIVE: &str = "
    SELECT id FROM sessions
    WHERE ended_at IS NULL AND (idle_timeout IS NULL OR last_used_at + idle_timeout >= ? + 3600)";
/// The same in Django's table.
const SELECT_LIVE_DJANGO: &str = "
    SELECT session_key FROM django_session
    WHERE expire_date >= strftime('%Y-%m-%d %H:%M:%S', ? + 3600, 'unixepoch')";

/// Maximum number of sessions that a process uses, enough to reach all pages.
const MAX_SESSIONS: usize = 100_000;
/// Typical delay of a wake-up after a sleep. A worker yields for the rest of the time, so that
/// other processes can use the cores.
const WAKE_UP_DELAY: Duration = Duration::from_micros(60);
/// Interval at which a sleeping worker checks for the end of standard input.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Runs the schedule of process `index` from the time that it reads from standard input until
/// the end of standard input, and writes the samples to standard output.
pub fn run_worker(options: &Options, index: u32) -> Result<()> {
    let mut worker = Worker::new(options, index)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(b"ready\n")?;
    stdout.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let start: u64 = line.trim().parse().with_context(|| format!("{line:?} is not a time"))?;
    let samples = worker.run(options, index, start, &stop_at_end_of_input())?;
    let mut stdout = BufWriter::new(stdout);
    for sample in samples {
        writeln!(stdout, "{sample}")?;
    }
    Ok(stdout.flush()?)
}

/// Time at which standard input ended, in Unix microseconds; `u64::MAX` until then.
fn stop_at_end_of_input() -> Arc<AtomicU64> {
    let stop = Arc::new(AtomicU64::new(u64::MAX));
    let writer = Arc::clone(&stop);
    thread::spawn(move || {
        // Any result means that the coordinator has closed the pipe or exited.
        let _ = io::stdin().lock().read_to_end(&mut Vec::new());
        writer.store(clock::now_micros(), Ordering::Relaxed);
    });
    stop
}

struct Worker {
    connection: Connection,
    session_ids: Vec<String>,
    random: Rng,
    opened: u64,
    token_prefix: String,
}

impl Worker {
    fn new(options: &Options, index: u32) -> Result<Self> {
        let connection = connect(options)?;
        // A different stream from the schedule's.
        let mut random = Rng::new(options.seed, u64::from(index) + 1_000_000);
        let session_ids = choose_sessions(&connection, &mut random, index, options)?;
        ensure!(!session_ids.is_empty(), "{}: no live session to touch", options.db.display());
        let token_prefix = format!("load-{}-{index}", clock::now_micros());
        Ok(Self { connection, session_ids, random, opened: 0, token_prefix })
    }

    fn run(
        &mut self,
        options: &Options,
        index: u32,
        start_micros: u64,
        stop: &AtomicU64,
    ) -> Result<Vec<Sample>> {
        let ahead = start_micros.saturating_sub(clock::now_micros());
        let start = Instant::now() + Duration::from_micros(ahead);
        let mut samples = Vec::new();
        let Options { application, processes, rate, seed, .. } = *options;
        for (due, operation) in Schedule::new(application, index, processes, rate, seed) {
            let due_at = start_micros + u64::try_from(due.as_micros())?;
            // Operations that were due earlier are still performed, so that a stall is counted.
            if !wait_until(start + due, due_at, stop) {
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
            Operation::Load => self.load(),
            Operation::Save => self.save(),
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
        let id = &self.session_ids[self.random.index(self.session_ids.len())];
        let values = named_params! { ":id": id, ":now": clock::now(), ":lifetime": None::<i64> };
        self.connection.prepare_cached(TOUCH)?.execute(values)
    }

    fn load(&mut self) -> rusqlite::Result<usize> {
        let position = self.random.index(self.session_ids.len());
        django::load(&self.connection, &self.session_ids[position], clock::now())
    }

    fn save(&mut self) -> rusqlite::Result<usize> {
        let position = self.random.index(self.session_ids.len());
        let key = &self.session_ids[position];
        django::save(&self.connection, &mut self.random, key, clock::now())
    }

    fn open(&mut self) -> rusqlite::Result<usize> {
        self.opened += 1;
        let (id, _) = random::session_id(&format!("{}-{}", self.token_prefix, self.opened));
        let user = format!("user{:05}", self.random.below(50_000));
        let changed = self.connection.prepare_cached(OPEN)?.execute(named_params! {
            ":id": id, ":user": user, ":task": "imap", ":client": "10.0.0.1",
            ":now": clock::now(), ":idle_timeout": IDLE_TIMEOUT,
        })?;
        self.session_ids.push(id);
        Ok(changed)
    }

    /// Closes a session, or touches the last one so that one is left.
    fn close(&mut self) -> rusqlite::Result<usize> {
        if self.session_ids.len() < 2 {
            return self.touch();
        }
        let position = self.random.index(self.session_ids.len());
        let id = &self.session_ids[position];
        let values = named_params! { ":id": id, ":now": clock::now() };
        let changed = self.connection.prepare_cached(CLOSE)?.execute(values)?;
        self.session_ids.swap_remove(position);
        Ok(changed)
    }
}

/// Opens a connection with the settings of the contract, or as Django does.
fn connect(options: &Options) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(&options.db, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        match options.application {
            Application::Native => connection.pragma_update(None, "synchronous", "NORMAL")?,
            Application::Django => connection.pragma_update(None, "foreign_keys", true)?,
        }
        Ok(connection)
    };
    open().with_context(|| format!("could not open {}", options.db.display()))
}

/// Reservoir sample of the live sessions that are assigned to this process. Each process has its
/// own sessions, so that none touches a session that another has closed.
fn choose_sessions(
    connection: &Connection,
    random: &mut Rng,
    index: u32,
    options: &Options,
) -> Result<Vec<String>> {
    let mut session_ids = Vec::new();
    let mut seen = 0;
    let mut owner = 0;
    let mut statement = connection.prepare(match options.application {
        Application::Native => SELECT_LIVE_NATIVE,
        Application::Django => SELECT_LIVE_DJANGO,
    })?;
    let mut rows = statement.query([clock::now()])?;
    while let Some(row) = rows.next()? {
        owner = (owner + 1) % options.processes;
        if owner != index {
            continue;
        }
        seen += 1;
        if session_ids.len() < MAX_SESSIONS {
            session_ids.push(row.get(0)?);
        } else if let Some(replaced) = session_ids.get_mut(random.index(seen)) {
            *replaced = row.get(0)?;
        }
    }
    Ok(session_ids)
}

/// Waits until a time, given also in Unix microseconds. Returns false if the load stops earlier.
fn wait_until(time: Instant, time_micros: u64, stop: &AtomicU64) -> bool {
    loop {
        if time_micros > stop.load(Ordering::Relaxed) {
            return false;
        }
        let left = time.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        match left.checked_sub(WAKE_UP_DELAY) {
            Some(sleep) => thread::sleep(sleep.min(POLL_INTERVAL)),
            None => thread::yield_now(),
        }
    }
}
