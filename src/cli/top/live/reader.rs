//! The process that reads a database for the one that shows the view.

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::Duration;

use super::order::{Order, View};
use super::pace::Pace;
use super::{filter, parts};
use crate::app::{ListRequest, SessionService};
use crate::cli::all_databases::wire::{Message, TypedRecord};
use crate::cli::all_databases::worker::Worker;
use crate::cli::clock;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::selection::{FoundSelection, Selection};
use crate::cli::session_records::{self, SESSIONS};
use crate::cli::show::{runs, schedule, stat, users};
use crate::domain::filter::Filter;
use crate::domain::session::SessionState;
use crate::output::record::{Record, Schema, Value};
use crate::storage::{GroupBy, RunQuery, RunRecord};

/// Rows that a list of the view has at most.
pub const MAX_ROWS: usize = 500;

/// Runs among which the view looks for the last one and for failures.
const RUNS: u64 = 20;

/// Longest time between two looks at what is due.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// Reads until the parent is gone, or the file has been replaced by another.
///
/// # Errors
/// Whatever prevents reading.
pub fn serve(worker: &Worker, context: &Context) -> anyhow::Result<Exit> {
    let service = context.open_runs()?;
    let file = context.db()?.file().map(Path::to_owned);
    let mut reader = Reader {
        worker,
        context,
        service,
        identity: file.as_deref().and_then(identity),
        file,
        view: View::default(),
        is_paused: false,
        facts: Pace::of_facts(),
        jobs: Pace::of_jobs(),
        figures: Pace::of_figures(),
        cost: None,
        fault: None,
    };
    reader.serve()?;
    Ok(Exit::Done)
}

/// What tells a file from another one of its name.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

struct Reader<'c> {
    worker: &'c Worker,
    context: &'c Context,
    service: SessionService,
    file: Option<PathBuf>,
    identity: Option<(u64, u64)>,
    view: View,
    is_paused: bool,
    facts: Pace,
    jobs: Pace,
    figures: Pace,
    /// Processor time of the last reading of the figures.
    cost: Option<Duration>,
    /// Mistake in the selection.
    fault: Option<String>,
}

impl Reader<'_> {
    fn serve(&mut self) -> anyhow::Result<()> {
        // The first order has the view.
        let mut wait = MAX_WAIT;
        loop {
            match self.worker.orders.recv_timeout(wait) {
                Ok(line) => self.obey(&line)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            loop {
                match self.worker.orders.try_recv() {
                    Ok(line) => self.obey(&line)?,
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return Ok(()),
                }
            }
            if !self.is_paused {
                if self.file.as_deref().and_then(identity) != self.identity {
                    return Ok(());
                }
                self.read_what_is_due()?;
            }
            wait = self.wait();
        }
    }

    fn obey(&mut self, line: &str) -> anyhow::Result<()> {
        match Order::parse(line)? {
            Order::Read => {
                self.figures.hurry();
                self.facts.hurry();
                self.jobs.hurry();
            }
            Order::Pause => self.is_paused = true,
            Order::Resume => self.is_paused = false,
            Order::View(view) => {
                self.view = view;
                self.figures.hurry();
            }
        }
        Ok(())
    }

    fn wait(&self) -> Duration {
        if self.is_paused {
            return MAX_WAIT;
        }
        let next = self.facts.next.min(self.jobs.next).min(self.figures.next);
        next.saturating_sub(clock::uptime()).min(MAX_WAIT)
    }

    fn read_what_is_due(&mut self) -> anyhow::Result<()> {
        let now = clock::uptime();
        if self.facts.is_due(now) {
            let cost = self.timed(Self::read_facts)?;
            self.facts.done(clock::uptime(), cost, self.view.readers);
        }
        if self.jobs.is_due(now) {
            let cost = self.timed(Self::read_jobs)?;
            self.jobs.done(clock::uptime(), cost, self.view.readers);
        }
        if self.figures.is_due(now) {
            let cost = self.timed(Self::read_figures)?;
            self.figures.done(clock::uptime(), cost, self.view.readers);
            self.cost = Some(cost);
            self.send_reading();
        }
        Ok(())
    }

    /// Returns the processor time of a reading; where a cluster reads, the time that it took.
    fn timed(&mut self, read: fn(&mut Self) -> anyhow::Result<()>) -> anyhow::Result<Duration> {
        let clock = if self.file.is_some() { clock::processor_time } else { clock::uptime };
        let begun = clock();
        read(self)?;
        Ok(clock().saturating_sub(begun))
    }

    fn send(&self, part: &str, schema: &'static Schema, records: Vec<Record>) {
        let typed = records.into_iter().map(|record| TypedRecord::new(schema, record));
        self.worker.send(&Message::Part(part.to_owned(), typed.collect()));
    }

    fn read_facts(&mut self) -> anyhow::Result<()> {
        let now = clock::now();
        let runs = self.runs()?;
        let mut facts = vec![
            ("at", Value::Time(now)),
            ("table", Value::text(parts::table_title(&self.service))),
        ];
        if let Some(file) = &self.file {
            let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
            let mut log = file.clone().into_os_string();
            log.push("-wal");
            facts.push(("file_bytes", Value::Count(length(file))));
            facts.push(("log_bytes", Value::Count(length(Path::new(&log)))));
        }
        if let Some(run) = runs.iter().find(|run| parts::is_running(run)) {
            facts.extend(parts::run_facts(run));
        }
        self.send(parts::STATUS, &parts::FACTS, vec![parts::facts(facts)]);
        let runs = runs.iter().filter(|run| !parts::is_running(run));
        self.send(parts::RUNS, &runs::RUNS, runs.map(runs::record).collect());
        Ok(())
    }

    fn runs(&self) -> crate::Result<Vec<RunRecord>> {
        let (query, mut runs) = (RunQuery { limit: Some(RUNS), ..RunQuery::default() }, Vec::new());
        self.service.runs(&query, clock::now(), &mut |run| {
            runs.push(run);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(runs)
    }

    fn read_jobs(&mut self) -> anyhow::Result<()> {
        let jobs = schedule::records(&self.service, self.context, clock::now())?;
        self.send(parts::JOBS, &schedule::SCHEDULE, jobs);
        Ok(())
    }

    fn read_figures(&mut self) -> anyhow::Result<()> {
        let now = clock::now();
        let samples = self.service.samples(parts::a_day_before(now), now)?;
        let samples = samples.iter().map(parts::sample).collect();
        self.send(parts::SAMPLES_READ, &parts::SAMPLES, samples);
        let selection = filter::selection(&self.view.words).unwrap_or_default();
        let tasks = stat::records(&self.service, selection.task.as_ref(), now)?;
        self.send(parts::TASKS, stat::schema(&self.service), tasks);
        match self.find(&selection) {
            Ok(filter) => {
                self.fault = None;
                self.read_sessions(&filter)?;
                self.read_users(filter)
            }
            Err(fault) => {
                self.fault = Some(fault);
                self.send(parts::SESSIONS, &SESSIONS, Vec::new());
                self.send(parts::USERS, &users::USERS, Vec::new());
                Ok(())
            }
        }
    }

    /// Looks up the users and the handles of a selection.
    fn find(&self, selection: &Selection) -> Result<Filter, String> {
        // The rows of sessions that have ended are only of interest if they are asked for.
        let default = match self.service.profile() {
            Some(_) => Filter::default(),
            None => Filter { states: open_states(), ..Filter::default() },
        };
        let found = selection.find(&self.service, default, clock::now());
        let FoundSelection { filter, unknown, .. } =
            found.map_err(|error| crate::cli::report::message(&error))?;
        match unknown.first() {
            Some(user) => Err(user.to_string()),
            None => Ok(filter),
        }
    }

    fn read_sessions(&self, filter: &Filter) -> anyhow::Result<()> {
        let (now, mut records) = (clock::now(), Vec::new());
        let request = ListRequest {
            filter: filter.clone(),
            order: self.view.order,
            limit: Some(MAX_ROWS as u64),
            count_all: false,
        };
        self.service.list(&request, now, &mut |session| {
            records.push(session_records::session(&session, self.service.policies(), now));
            Ok(ControlFlow::Continue(()))
        })?;
        self.send(parts::SESSIONS, &SESSIONS, records);
        Ok(())
    }

    fn read_users(&self, filter: Filter) -> anyhow::Result<()> {
        let (now, mut busiest) = (clock::now(), Vec::new());
        let is_adopted = self.service.profile().is_some();
        // Without conditions, one statement counts.
        let is_open = filter.states == open_states();
        let filter = Filter { states: if is_open { Vec::new() } else { filter.states }, ..filter };
        let has_ended = filter.states.contains(&SessionState::Ended);
        if !has_ended {
            self.service.groups(GroupBy::User, &filter, now, &mut |user| {
                busiest.push(user);
                let is_full = busiest.len() >= MAX_ROWS;
                Ok(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
            self.service.name_loads(&mut busiest)?;
        }
        let records = busiest.iter().map(|user| users::user_record(user, is_adopted, now));
        self.send(parts::USERS, &users::USERS, records.collect());
        Ok(())
    }

    /// Says when the figures were read, and when they will be read again.
    fn send_reading(&self) {
        let (now, wait) = (clock::now(), self.figures.next.saturating_sub(clock::uptime()));
        let cost = self.cost.unwrap_or_default();
        let next = now.0.saturating_add(i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
        let facts = parts::facts([
            ("at", Value::Time(now)),
            ("cost_ms", Value::Measure(crate::output::human::milliseconds(cost))),
            ("next_at", Value::Time(crate::domain::time::UnixTime(next))),
            ("fault", Value::text(self.fault.as_deref())),
        ]);
        self.send(parts::READING, &parts::FACTS, vec![facts]);
    }
}

fn open_states() -> Vec<SessionState> {
    vec![SessionState::Active, SessionState::Idle, SessionState::Abandoned, SessionState::Expired]
}
