//! Command under the configuration of one of the systems.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::processes::Running;
use crate::support::{Finished, JOBS_HAVE_WAITED, Row, Sandbox, feed, handle, handles, now};
use crate::systems::backend::{Backend, Db, SessionState};

/// The path of a system's configuration.
pub fn path(system: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(format!("{system}.toml"))
}

/// The text of a system's configuration.
pub fn text(system: &str) -> String {
    fs::read_to_string(path(system)).unwrap()
}

/// The text with some words replaced, each of which occurs once.
#[track_caller]
pub fn text_with_changes(system: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text(system), |text, (words, others)| {
        assert_eq!(text.matches(words).count(), 1, "{words}");
        text.replace(words, others)
    })
}

/// Directory with a database, and commands under the configuration of a system on the host mail1.
pub struct System {
    sandbox: Sandbox,
    backend: Backend,
    config: PathBuf,
}

impl System {
    pub fn new(system: &str) -> Self {
        Self::initialized(Sandbox::without_database(), path(system))
    }

    /// Uses an existing database.
    pub fn at(backend: &Backend, system: &str) -> Self {
        let sandbox = Sandbox::without_database();
        Self { sandbox, backend: backend.clone(), config: path(system) }
    }

    /// Creates the system with words of the configuration replaced.
    #[track_caller]
    pub fn with_changes(system: &str, changes: &[(&str, &str)]) -> Self {
        Self::with_config(&text_with_changes(system, changes))
    }

    /// Creates the system under this configuration.
    pub fn with_config(text: &str) -> Self {
        let sandbox = Sandbox::without_database();
        let config = sandbox.file("sessctl.toml", text);
        Self::initialized(sandbox, config)
    }

    fn initialized(sandbox: Sandbox, config: PathBuf) -> Self {
        let backend = Backend::new(&sandbox.path(""));
        let system = Self { sandbox, backend, config };
        Finished(system.plain_command(&["init"]).output().unwrap()).succeeds();
        system
    }

    /// Path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path(name)
    }

    pub fn db(&self) -> Db {
        self.backend.db()
    }

    /// Snapshot of everything that a command could change.
    pub fn snapshot(&self) -> SessionState {
        self.backend.snapshot(&self.sandbox.path(""))
    }

    /// Snapshot of the database.
    pub fn database_snapshot(&self) -> SessionState {
        self.backend.database_snapshot()
    }

    /// Inserts the row of a session.
    pub fn insert(&self, row: &Row) {
        self.db().insert(std::slice::from_ref(row));
    }

    /// Inserts many rows, one for each number.
    pub fn insert_all(&self, numbers: std::ops::Range<u32>, row: impl Fn(u32) -> Row) {
        self.db().insert(&numbers.map(row).collect::<Vec<_>>());
    }

    /// Handles that a list with these arguments shows without a configuration, in its order.
    #[track_caller]
    pub fn listed<const N: usize>(&self, args: [&str; N]) -> Vec<String> {
        let args = [&["list", "--json"], &args[..]].concat();
        handles(&Finished(self.plain_command(&args).output().unwrap()).succeeds().json())
    }

    /// Replaces words of the configuration and keeps the database.
    #[track_caller]
    pub fn change(&mut self, system: &str, changes: &[(&str, &str)]) {
        self.config = self.sandbox.file("sessctl.toml", text_with_changes(system, changes));
    }

    /// Returns the command without a configuration.
    fn plain_command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(args.iter().copied());
        self.backend.set_database(&mut command);
        command
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.plain_command(args);
        command.env("SESSCTL_CONFIG", &self.config).env("SESSCTL_HOST", "mail1");
        command
    }

    pub fn run(&self, args: &[&str]) -> Finished {
        self.run_on("mail1", args)
    }

    pub fn run_on(&self, host: &str, args: &[&str]) -> Finished {
        Finished(self.command(args).env("SESSCTL_HOST", host).output().unwrap())
    }

    /// Dates the jobs of these hosts back by a day, so that they are due.
    pub fn jobs_have_waited(&self, hosts: &[&str]) {
        for host in hosts {
            self.run_on(host, &["run"]).succeeds();
        }
        for sql in JOBS_HAVE_WAITED {
            self.db().execute(sql, &[]);
        }
    }

    pub fn start(&self, args: &[&str]) -> Running {
        Running::start(self.command(args))
    }

    /// The JSON output of a command that succeeds.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--json"]].concat()).succeeds().json()
    }

    /// Opens a session of alice and returns the output.
    #[track_caller]
    pub fn opens(&self, args: &[&str]) -> Value {
        self.json(&[&["open", "--user", "alice"], args].concat())
    }

    /// Touches a session and returns the outcome: `renewed -`, `ended cycled`.
    #[track_caller]
    pub fn touches(&self, token: &str) -> String {
        let ran = feed(self.command(&["touch", "--json"]), token);
        let answer = &ran.json()[0];
        let outcome = answer["outcome"].as_str().unwrap();
        let served = ["renewed", "unchanged"].contains(&outcome);
        ran.exits(if served { 0 } else { 5 });
        format!("{outcome} {}", answer["reason"].as_str().unwrap_or("-"))
    }

    #[track_caller]
    pub fn closes(&self, token: &str) {
        feed(self.command(&["close"]), token).succeeds().is_silent();
    }

    /// End reason of a session, or its state if it is open, or `gone` if its row is deleted.
    #[track_caller]
    pub fn fate(&self, token: &str) -> String {
        let ran = self.run(&["show", "session", &handle(token), "--json"]);
        if ran.0.status.code() == Some(5) {
            return "gone".to_owned();
        }
        let session = ran.succeeds().json();
        let of = |key: &str| session[key].as_str().map(str::to_owned);
        of("end_reason").or_else(|| of("state")).unwrap()
    }

    /// A figure of `show stat`.
    #[track_caller]
    pub fn figure(&self, task: &str, figure: &str) -> u64 {
        let stat = self.json(&["show", "stat", task]);
        stat[0][figure].as_u64().unwrap_or_else(|| panic!("{figure} in {stat}"))
    }

    /// The entries of the ledger, the earliest first: job, outcome, sessions ended.
    #[track_caller]
    pub fn ledger(&self) -> Vec<(String, String, u64)> {
        let runs = self.json(&["show", "runs", "--limit", "0"]);
        let text = |run: &Value, key: &str| run[key].as_str().unwrap_or("-").to_owned();
        let entry =
            |run: &Value| (text(run, "job"), text(run, "outcome"), run["ended"].as_u64().unwrap());
        runs.as_array().unwrap().iter().rev().map(entry).collect()
    }

    /// Takes the lease like a purge that renewed it this many seconds ago.
    pub fn hold_purge_lease(&self, seconds_ago: i64) {
        let sql = "INSERT OR REPLACE INTO leases (name, holder, renewed_at) \
                   VALUES ('purge', 'x', ?1)";
        self.db().execute(sql, &[&(now() - seconds_ago)]);
    }

    /// Calls a function while another connection holds the write lock.
    pub fn while_locked<T>(&self, run: impl FnOnce() -> T) -> T {
        self.backend.while_locked(run)
    }
}

/// An entry of [`System::ledger`].
pub fn entry(job: &str, outcome: &str, ended: u64) -> (String, String, u64) {
    (job.to_owned(), outcome.to_owned(), ended)
}
