//! A folder with a database in it, and the commands run there.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// An empty folder, where commands run without any setting of the machine's.
pub struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// With an empty database, `app.db`, that commands use unless told otherwise.
    pub fn new() -> Self {
        let sandbox = Self::without_database();
        sandbox.run(["init"]).succeeds();
        sandbox
    }

    /// With nothing in it.
    pub fn without_database() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The command, ready to run.
    pub fn command<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sessctl"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("SESSCTL_DB", "app.db")
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command
    }

    /// Runs the command.
    pub fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Ran {
        Ran(self.command(args).output().unwrap())
    }

    /// Runs it with this on standard input.
    pub fn run_with_input<'a>(&self, args: impl IntoIterator<Item = &'a str>, input: &str) -> Ran {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_owned());
        let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran(output)
    }

    /// The database, for a look or a change by hand.
    pub fn db(&self) -> Connection {
        Connection::open(self.path("app.db")).unwrap()
    }

    /// Inserts the row of a session.
    pub fn insert(&self, row: &Row) -> String {
        row.insert(&self.db());
        row.id()
    }
}

/// What a command left behind.
pub struct Ran(pub Output);

impl Ran {
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.0.status.code(), Some(code), "{}\n{}", self.stdout(), self.stderr());
        self
    }

    #[track_caller]
    pub fn succeeds(&self) -> &Self {
        self.exits(0)
    }

    /// Nothing at all was said.
    #[track_caller]
    pub fn is_silent(&self) -> &Self {
        assert_eq!((self.stdout(), self.stderr()), (String::new(), String::new()));
        self
    }

    pub fn stdout(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// Standard output, as the JSON that it is.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout()).unwrap()
    }
}

/// A row that says what matters and leaves the rest to itself:
/// `row("a").task("imap").idle(40 * MINUTE)`.
#[derive(Clone)]
pub struct Row {
    token: String,
    user: Option<String>,
    task: String,
    client: Option<String>,
    created_at: i64,
    last_used_at: i64,
    idle_timeout: Option<i64>,
    end: Option<(i64, &'static str)>,
}

pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// A session of alice's in the task imap, from 10.0.0.7, used just now, with a
/// timeout of 30 minutes.
pub fn row(token: &str) -> Row {
    Row {
        token: token.to_owned(),
        user: Some("alice".to_owned()),
        task: "imap".to_owned(),
        client: Some("10.0.0.7".to_owned()),
        created_at: now(),
        last_used_at: now(),
        idle_timeout: Some(30 * MINUTE),
        end: None,
    }
}

impl Row {
    pub fn user(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    pub fn task(mut self, task: &str) -> Self {
        self.task = task.to_owned();
        self
    }

    pub fn client(mut self, client: &str) -> Self {
        self.client = Some(client.to_owned());
        self
    }

    /// Last used so many seconds ago, and opened no later.
    pub fn idle(mut self, seconds: i64) -> Self {
        self.last_used_at = now() - seconds;
        self.created_at = self.created_at.min(self.last_used_at);
        self
    }

    /// Opened so many seconds ago.
    pub fn opened(mut self, seconds: i64) -> Self {
        self.created_at = now() - seconds;
        self
    }

    pub fn timeout(mut self, seconds: Option<i64>) -> Self {
        self.idle_timeout = seconds;
        self
    }

    /// Ended so many seconds ago.
    pub fn ended(mut self, seconds: i64, reason: &'static str) -> Self {
        self.end = Some((now() - seconds, reason));
        self
    }

    pub fn id(&self) -> String {
        Sha256::digest(self.token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What people call the session.
    pub fn handle(&self) -> String {
        self.id()[..12].to_owned()
    }

    pub fn insert(&self, db: &Connection) {
        db.execute(
            "INSERT INTO sessions (id, user, task, client, created_at, last_used_at, idle_timeout, \
             ended_at, end_reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            rusqlite::params![
                self.id(),
                self.user,
                self.task,
                self.client,
                self.created_at,
                self.last_used_at,
                self.idle_timeout,
                self.end.map(|end| end.0),
                self.end.map(|end| end.1),
            ],
        )
        .unwrap();
    }
}

/// This moment, in unix seconds.
#[expect(clippy::disallowed_methods, reason = "rows are written relative to the clock")]
pub fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(elapsed.as_secs()).unwrap()
}
