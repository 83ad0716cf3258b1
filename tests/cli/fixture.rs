//! A folder with a database in it, and the commands run there.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
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
    pub fn run_with_input<'a>(
        &self,
        args: impl IntoIterator<Item = &'a str>,
        input: impl AsRef<[u8]>,
    ) -> Ran {
        feed(self.command(args), input)
    }

    /// Opens a session as an application would and gives its token.
    pub fn open<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
        let asked = ["open", "--user", "alice", "--task", "imap", "--json"].into_iter().chain(args);
        let opened = self.run(asked.collect::<Vec<_>>());
        opened.succeeds().json()["token"].as_str().unwrap().to_owned()
    }

    /// Every file in the folder and what it holds; a folder holds nothing.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files_in(self.folder.path())
    }

    /// The database, for a look or a change by hand.
    pub fn db(&self) -> Connection {
        Connection::open(self.path("app.db")).unwrap()
    }

    /// Inserts many rows, one for each number.
    pub fn insert_all(&self, numbers: std::ops::Range<u32>, row: impl Fn(u32) -> Row) {
        let mut db = self.db();
        let transaction = db.transaction().unwrap();
        numbers.for_each(|number| row(number).insert(&transaction));
        transaction.commit().unwrap();
    }

    /// The handles that a list with these arguments shows, in its order.
    #[track_caller]
    pub fn listed<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let ran = self.run(["list", "--json"].into_iter().chain(args).collect::<Vec<_>>());
        handles(&ran.succeeds().json())
    }

    /// Inserts the row of a session.
    pub fn insert(&self, row: &Row) -> String {
        row.insert(&self.db());
        row.id()
    }
}

/// The handles in an array of sessions.
pub fn handles(sessions: &serde_json::Value) -> Vec<String> {
    let handle = |session: &serde_json::Value| session["handle"].as_str().unwrap().to_owned();
    sessions.as_array().unwrap().iter().map(handle).collect()
}

/// Runs a command with this on standard input.
pub fn feed(mut command: Command, input: impl AsRef<[u8]>) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.as_ref().to_vec());
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ran(output)
}

/// Every file in a folder and what it holds.
pub fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let name_and_bytes = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        (entry.file_name().into_string().unwrap(), bytes)
    };
    std::fs::read_dir(folder).unwrap().map(name_and_bytes).collect()
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

    /// It answered nothing, and gave its reason in one line.
    #[track_caller]
    pub fn is_refused_with(&self, code: i32) -> &Self {
        self.exits(code);
        assert_eq!(self.stdout(), "");
        let reason = self.stderr();
        assert!(reason.starts_with("sessctl: ") && reason.ends_with('\n'), "{reason:?}");
        assert_eq!(reason.lines().count(), 1, "{reason:?}");
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
    key: Option<String>,
    /// The moment that the others are counted from.
    now: i64,
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
    let now = now();
    Row {
        token: token.to_owned(),
        key: None,
        now,
        user: Some("alice".to_owned()),
        task: "imap".to_owned(),
        client: Some("10.0.0.7".to_owned()),
        created_at: now,
        last_used_at: now,
        idle_timeout: Some(30 * MINUTE),
        end: None,
    }
}

impl Row {
    /// With a key that is no hash of the token, to have two that look alike.
    pub fn keyed(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub fn nobody(mut self) -> Self {
        self.user = None;
        self
    }

    pub fn user(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    pub fn task(mut self, task: &str) -> Self {
        task.clone_into(&mut self.task);
        self
    }

    pub fn client(mut self, client: &str) -> Self {
        self.client = Some(client.to_owned());
        self
    }

    /// Last used so many seconds ago, and opened no later.
    pub fn idle(mut self, seconds: i64) -> Self {
        self.last_used_at = self.now - seconds;
        self.created_at = self.created_at.min(self.last_used_at);
        self
    }

    /// Opened so many seconds ago.
    pub fn opened(mut self, seconds: i64) -> Self {
        self.created_at = self.now - seconds;
        self
    }

    /// Opened at this moment, in unix seconds.
    pub fn opened_at(mut self, moment: i64) -> Self {
        self.created_at = moment;
        self
    }

    pub fn timeout(mut self, seconds: Option<i64>) -> Self {
        self.idle_timeout = seconds;
        self
    }

    /// Ended so many seconds ago.
    pub fn ended(mut self, seconds: i64, reason: &'static str) -> Self {
        self.end = Some((self.now - seconds, reason));
        self
    }

    pub fn id(&self) -> String {
        self.key.clone().unwrap_or_else(|| sha256(&self.token))
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

/// In lower-case hexadecimal.
pub fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// This moment, in unix seconds.
#[expect(clippy::disallowed_methods, reason = "rows are written relative to the clock")]
pub fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(elapsed.as_secs()).unwrap()
}
