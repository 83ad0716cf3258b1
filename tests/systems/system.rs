//! The command under the configuration of one of the systems.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rusqlite::{Connection, TransactionBehavior};
use serde_json::Value;

use crate::fixture::{Ran, Sandbox, feed, now, sha256};

/// The path of a system's configuration.
pub fn path(system: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(format!("{system}.toml"))
}

/// The text of a system's configuration.
pub fn text(system: &str) -> String {
    fs::read_to_string(path(system)).unwrap()
}

/// The same with some words replaced, each of which it has once.
#[track_caller]
pub fn text_but(system: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text(system), |text, (words, others)| {
        assert_eq!(text.matches(words).count(), 1, "{words}");
        text.replace(words, others)
    })
}

/// A folder with a database, where commands run under the configuration of a system
/// on the host mail1.
pub struct System {
    sandbox: Sandbox,
    config: PathBuf,
}

impl Deref for System {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl System {
    pub fn new(system: &str) -> Self {
        Self { sandbox: Sandbox::new(), config: path(system) }
    }

    /// With some words of the configuration replaced.
    #[track_caller]
    pub fn but(system: &str, changes: &[(&str, &str)]) -> Self {
        let text = text_but(system, changes);
        let sandbox = Sandbox::new();
        let config = sandbox.file("sessctl.toml", text);
        Self { sandbox, config }
    }

    /// Goes on in the same database with some words of the configuration replaced.
    #[track_caller]
    pub fn change(&mut self, system: &str, changes: &[(&str, &str)]) {
        self.config = self.sandbox.file("sessctl.toml", text_but(system, changes));
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(args.iter().copied());
        command.env("SESSCTL_CONFIG", &self.config).env("SESSCTL_HOST", "mail1");
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_on("mail1", args)
    }

    pub fn run_on(&self, host: &str, args: &[&str]) -> Ran {
        Ran(self.command(args).env("SESSCTL_HOST", host).output().unwrap())
    }

    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// What a command answers that succeeds.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--json"]].concat()).succeeds().json()
    }

    /// Opens a session of alice's and answers what it was told.
    #[track_caller]
    pub fn opens(&self, args: &[&str]) -> Value {
        self.json(&[&["open", "--user", "alice"], args].concat())
    }

    /// Uses a session, and answers what became of that: `renewed -`, `ended cycled`.
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

    /// How a session stands: its state, the reason of its end, or `gone`, if there is
    /// no row of it.
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

    /// What the ledger has, the earliest first: job, outcome, sessions ended.
    #[track_caller]
    pub fn ledger(&self) -> Vec<(String, String, u64)> {
        let runs = self.json(&["show", "runs", "--limit", "0"]);
        let text = |run: &Value, key: &str| run[key].as_str().unwrap_or("-").to_owned();
        let entry =
            |run: &Value| (text(run, "job"), text(run, "outcome"), run["ended"].as_u64().unwrap());
        runs.as_array().unwrap().iter().rev().map(entry).collect()
    }

    /// As a purge that said so many seconds ago that it is at work.
    pub fn purge_is_at_work(&self, seconds_ago: i64) {
        let sql = "INSERT OR REPLACE INTO leases (name, holder, renewed_at) \
                   VALUES ('purge', 'x', ?1)";
        self.db().execute(sql, [now() - seconds_ago]).unwrap();
    }

    /// Runs something while another program holds the lock on writing.
    pub fn while_locked<T>(&self, run: impl FnOnce() -> T) -> T {
        let mut other: Connection = self.db();
        let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let answer = run();
        lock.rollback().unwrap();
        answer
    }
}

/// What people call the session of a token.
pub fn handle(token: &str) -> String {
    sha256(token)[..12].to_owned()
}

/// An entry of [`System::ledger`].
pub fn entry(job: &str, outcome: &str, ended: u64) -> (String, String, u64) {
    (job.to_owned(), outcome.to_owned(), ended)
}
