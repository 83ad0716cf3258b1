//! Library under the configuration of one of the systems, with a simulated clock.

use std::ops::{ControlFlow, Deref, DerefMut};

use sessctl::app::{
    JobOptions, JobOutcome, OpenRequest, OpenedSession, PurgeReport, PurgeRequest, SessionService,
    TouchOutcome,
};
use sessctl::domain::job::{Job, JobStatus};
use sessctl::domain::session::Session;
use sessctl::storage::{Backend, RunRecord};
use sessctl::store::Access;
use sessctl::{Config, Error, Span, Token, UnixTime, store};
use tempfile::TempDir;

use crate::support::jobs::{Host, terms};
use crate::systems::backend::{Backend as SystemBackend, Db};
use crate::systems::command::{self, System};

/// Database under the rules of a system, in which the test sets the time.
pub struct Library {
    host: Host,
    pub config: Config,
    backend: SystemBackend,
    _folder: TempDir,
}

impl Deref for Library {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.host
    }
}

impl DerefMut for Library {
    fn deref_mut(&mut self) -> &mut Host {
        &mut self.host
    }
}

impl Library {
    /// Creates the library on the host mail1 in UTC.
    pub fn new(system: &str) -> Self {
        Self::with_config(&command::text(system))
    }

    /// Creates the library with words of the configuration replaced.
    #[track_caller]
    pub fn with_changes(system: &str, changes: &[(&str, &str)]) -> Self {
        Self::with_config(&command::text_with_changes(system, changes))
    }

    /// Creates the library under this configuration.
    #[track_caller]
    pub fn with_config(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let backend = SystemBackend::new(folder.path());
        let store = store::create(backend.location()).unwrap();
        let config = Config::parse(text, "sessctl.toml").unwrap();
        let terms = JobOptions {
            guard: config.guard,
            write_limits: config.write_limits,
            keep_runs: config.keep_runs,
            ..terms()
        };
        let service = SessionService::new(store, config.policies.clone()).with_host("mail1");
        Self { host: Host { service, terms }, config, backend, _folder: folder }
    }

    /// Sets the time zone of the machine.
    pub fn in_zone(self, zone: &str) -> Self {
        Self { host: self.host.in_zone(zone), ..self }
    }

    pub fn db(&self) -> Db {
        self.backend.db()
    }

    /// Opens the database as another process.
    pub fn store(&self) -> Box<dyn Backend> {
        store::open(self.backend.location(), Access::Write).unwrap()
    }

    /// Returns the command on the same database, under the configuration of a system.
    pub fn commands(&self, system: &str) -> System {
        System::at(&self.backend, system)
    }

    /// Service of another process on the same database.
    pub fn other_process(&self, host: &str) -> SessionService {
        SessionService::new(self.store(), self.config.policies.clone()).with_host(host)
    }

    /// Opens a session of alice's.
    #[track_caller]
    pub fn open(&mut self, task: &str, now: UnixTime) -> Token {
        self.opens(opening("alice", task), now).unwrap().token
    }

    pub fn opens(&mut self, opening: OpenRequest, now: UnixTime) -> Result<OpenedSession, Error> {
        self.service.open(opening, now)
    }

    #[track_caller]
    pub fn touch(&mut self, token: &Token, now: UnixTime) -> TouchOutcome {
        self.service.touch(std::slice::from_ref(token), now).unwrap()[0].outcome
    }

    /// Runs a purge without a job.
    #[track_caller]
    pub fn purge(&mut self, now: UnixTime) -> PurgeReport {
        self.service
            .purge(&PurgeRequest::default(), now, &mut |_| ControlFlow::Continue(()))
            .unwrap()
    }

    #[track_caller]
    pub fn job(&self, name: &str) -> Job {
        self.config.jobs.iter().find(|job| job.name == name).unwrap().clone()
    }

    /// Runs a job if it is due, as cron does each minute.
    #[track_caller]
    pub fn run(&mut self, job: &str, now: UnixTime) -> JobOutcome {
        let job = self.job(job);
        self.host.run_if_due(&job, now)
    }

    #[track_caller]
    pub fn job_status(&self, job: &str, now: UnixTime) -> JobStatus {
        self.host.job_status(&self.job(job), now)
    }

    /// The runs of the ledger, the earliest first.
    pub fn runs(&self) -> Vec<RunRecord> {
        self.host.ledger(UnixTime(0))
    }

    /// Row of a session; `None` if it is deleted.
    pub fn session(&self, token: &Token) -> Option<Session> {
        self.service.session(&token.id()).ok()
    }

    /// End reason of a session, or its state if it is open, or `gone` if its row is deleted.
    pub fn fate(&self, token: &Token, now: UnixTime) -> &'static str {
        let Some(session) = self.session(token) else {
            return "gone";
        };
        let state = self.service.policies().for_task(&session.task).state(&session, now);
        session.end.map_or(state.as_str(), |end| end.reason.as_str())
    }

    /// Time of the mark of a session.
    pub fn mark(&self, token: &Token) -> Option<UnixTime> {
        self.session(token).unwrap().marked_at
    }
}

/// Request of a client that asks for no timeout.
pub fn opening(user: &str, task: &str) -> OpenRequest {
    OpenRequest { user: Some(user.to_owned()), task: task.to_owned(), ..OpenRequest::default() }
}

/// Minutes from one time to another, both included.
pub fn minutes(from: UnixTime, to: UnixTime) -> impl Iterator<Item = UnixTime> {
    let minute = |moment: &UnixTime| Some(moment.plus(Span::minutes(1)));
    std::iter::successors(Some(from), minute).take_while(move |moment| *moment <= to)
}
