//! A small database with its configuration and, for Django's table, its state.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};

use rusqlite::Connection;

use crate::support::{Finished, HOUR, JOBS_HAVE_WAITED, Sandbox, handle, row, run_by, sha256};

/// Exit codes that are documented.
const CODES: [i32; 10] = [0, 1, 2, 3, 4, 5, 10, 11, 12, 129];
/// Seconds after which a command is considered hung, even on a busy machine.
pub const MAX_SECONDS: &str = "120";
const ROWS: u32 = 120;
const CONFIG: &str = "[guard]\nmax_percent = 100\n[[job]]\nname = \"tidy\"\nevery = \"30s\"\n\
                      do = \"purge\"\n";
const DJANGO: &str = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
                      session_data text NOT NULL, expire_date datetime NOT NULL);
     CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date);";
/// Session data signed two weeks before the expiry.
const SIGNED_DATA: &str = "e30:1xUaB8:YzDFU2NrytPoy9-vUDJ4xJatL2uN4OoEecwbzYi6tbU";

/// Table under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    Native,
    Django,
}

pub struct Harness {
    sandbox: Sandbox,
    table: Table,
    /// Initial files, by their paths within the directory.
    files: BTreeMap<PathBuf, Vec<u8>>,
    live: Vec<String>,
}

impl Harness {
    /// Creates a table of which half is due, in which a purge and a job have run.
    pub fn new(table: Table, journal: &str) -> Self {
        let sandbox = match table {
            Table::Native => Sandbox::new(),
            Table::Django => Sandbox::without_database(),
        };
        sandbox.file("c.toml", CONFIG);
        if table == Table::Django {
            sandbox.db().execute_batch(DJANGO).unwrap();
        }
        sandbox.db().pragma_update(None, "journal_mode", journal).unwrap();
        let mut harness = Self { sandbox, table, files: BTreeMap::new(), live: Vec::new() };
        harness.fill(0);
        for args in ["purge", "run"] {
            Finished(harness.command(args).output().unwrap()).succeeds();
        }
        harness.ledger().execute_batch(&JOBS_HAVE_WAITED.join(";")).unwrap();
        harness.fill(ROWS);
        let used: Vec<String> =
            (0..2 * ROWS).filter(|n| n % 2 == 1).map(|n| harness.id(n)).collect();
        let mut live = harness.remaining_ids();
        live.retain(|id| used.contains(id));
        harness.live = live;
        assert_eq!(harness.live.len(), usize::try_from(ROWS).unwrap());
        harness.files = harness.read();
        harness
    }

    fn fill(&self, first: u32) {
        let db = self.sandbox.db();
        db.execute_batch("BEGIN").unwrap();
        for n in first..first + ROWS {
            let is_due = n % 2 == 0;
            match self.table {
                Table::Native => {
                    let task = if n % 4 < 2 { "imap" } else { "http" };
                    row(&n.to_string()).task(task).idle(if is_due { HOUR } else { 0 }).insert(&db);
                }
                Table::Django => {
                    let over = if is_due { "2020-02-03 04:05:06" } else { "2999-12-31 23:59:59" };
                    let sql = "INSERT INTO django_session VALUES (?1, ?2, ?3)";
                    db.execute(sql, [&self.id(n), SIGNED_DATA, over]).unwrap();
                }
            }
        }
        db.execute_batch("COMMIT").unwrap();
    }

    /// The key of a row.
    fn id(&self, n: u32) -> String {
        match self.table {
            Table::Native => sha256(&n.to_string()),
            Table::Django => format!("key {n}"),
        }
    }

    /// The token of a live session.
    pub fn token(&self) -> String {
        match self.table {
            Table::Native => "1".to_owned(),
            Table::Django => self.id(1),
        }
    }

    /// The handle of that session.
    pub fn handle(&self) -> String {
        handle(&self.token())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path(".").canonicalize().unwrap().join(name)
    }

    pub fn command(&self, args: &str) -> Command {
        let profile: &[&str] = match self.table {
            Table::Django if !args.contains("profile") => &["--profile", "django"],
            _ => &[],
        };
        let fixed = ["--config", "c.toml"].into_iter().chain(profile.iter().copied());
        let mut command = self.sandbox.command(fixed.chain(args.split_whitespace()));
        command.env("STATE_DIRECTORY", self.path("state/sessctl"));
        command
    }

    /// The file with the ledger.
    pub fn state(&self) -> PathBuf {
        match self.table {
            Table::Native => self.path("app.db"),
            Table::Django => {
                let mut files = std::fs::read_dir(self.path("state/sessctl"))
                    .unwrap()
                    .map(|file| file.unwrap());
                let is_db = |path: &PathBuf| path.extension() == Some("db".as_ref());
                files.find_map(|file| Some(file.path()).filter(is_db)).unwrap()
            }
        }
    }

    pub fn db(&self) -> Connection {
        self.sandbox.db()
    }

    fn ledger(&self) -> Connection {
        Connection::open(self.state()).unwrap()
    }

    fn remaining_ids(&self) -> Vec<String> {
        let sql = match self.table {
            Table::Native => "SELECT id FROM sessions WHERE ended_at IS NULL",
            Table::Django => "SELECT session_key FROM django_session",
        };
        let db = self.db();
        let mut select = db.prepare(sql).unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Live sessions that are missing.
    pub fn lost(&self) -> Vec<String> {
        let left = self.remaining_ids();
        self.live.iter().filter(|id| !left.contains(id)).cloned().collect()
    }

    /// Number of due rows of Django's table.
    pub fn due(&self) -> u32 {
        let sql = "SELECT count(*) FROM django_session WHERE expire_date < '2021'";
        self.db().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Restores the initial files.
    pub fn reset(&self) {
        for path in self.read().keys().filter(|path| !self.files.contains_key(*path)) {
            std::fs::remove_file(self.path(".").join(path)).unwrap();
        }
        for (path, bytes) in &self.files {
            let path = self.path(".").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }

    fn read(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut files, top) = (BTreeMap::new(), self.path("."));
        let mut folders = vec![top.clone()];
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    files.insert(path.strip_prefix(&top).unwrap().to_owned(), bytes);
                }
            }
        }
        files
    }
}

/// Returns a command that is killed after [`MAX_SECONDS`].
pub fn bounded(command: &Command) -> Command {
    run_by(&["timeout", "-s", "KILL", MAX_SECONDS], command)
}

/// Returns a description of an undocumented exit code, a signal, a panic or a missing message.
pub fn find_misbehavior(output: &Output) -> Option<String> {
    let (stdout, stderr) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    let wrong = match output.status.code() {
        Some(code) if !CODES.contains(&code) => format!("exit code {code}"),
        None => format!("{}", output.status),
        Some(0) => String::new(),
        Some(_) if stderr.is_empty() && stdout.is_empty() => "no reason".to_owned(),
        Some(_) => String::new(),
    };
    let wrong = if stderr.contains("panicked") { "a panic".to_owned() } else { wrong };
    (!wrong.is_empty()).then(|| format!("{wrong}: {stderr}"))
}
