//! Temporary directory with a database, and commands that run in it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rusqlite::Connection;
use tempfile::TempDir;

use super::row::Row;

/// Statements that date the jobs back by a day: those with an interval are due.
pub const JOBS_HAVE_WAITED: [&str; 2] = [
    "UPDATE job_histories SET settled_at = settled_at - 86400",
    "UPDATE job_members SET since = since - 86400",
];

/// A statement that inserts as many runs as the ledger keeps in any case, begun now.
pub const MANY_RUNS: &str = "
    WITH RECURSIVE run (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM run LIMIT 100)
    INSERT INTO runs (holder, account, work, planned_at, started_at, missed, host, pid, version,
                      outcome)
    SELECT 'run ' || number, '', 'purge', started.at, started.at, 0, 'mail1', 1, '0.1.0', 'done'
    FROM run, (SELECT unixepoch() AS at) AS started";

/// The program under test.
pub const SESSCTL: &str = env!("CARGO_BIN_EXE_sessctl");

/// Directory that cannot be created.
pub const NO_STATE: &str = "/dev/null/state";

/// Temporary directory in which commands run without settings of the machine.
pub struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// Creates a sandbox with an empty database, `app.db`, which is the default of commands.
    pub fn new() -> Self {
        let sandbox = Self::without_database();
        sandbox.run(["init"]).succeeds();
        sandbox
    }

    /// Creates an empty sandbox.
    pub fn without_database() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// Path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Makes a named pipe.
    pub fn fifo(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    /// Copies the program into the directory, because other users may not enter its own.
    pub fn copy_program(&self) -> PathBuf {
        copy_executable(Path::new(SESSCTL), self.path("program"))
    }

    /// Writes a script that can be executed.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let source = self.file(&format!("{name}.source"), text);
        set_mode(&source, 0o755);
        copy_executable(&source, self.path(name))
    }

    /// Returns the command with these arguments.
    pub fn command<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        self.prepare(Path::new(SESSCTL), args)
    }

    /// Returns the [copied](Self::copy_program) program as a command run by another user.
    pub fn command_as<'a>(&self, user: u32, args: impl IntoIterator<Item = &'a str>) -> Command {
        let [user, group] = ["--reuid", "--regid"].map(|option| format!("{option}={user}"));
        let setpriv = ["setpriv", &user, &group, "--clear-groups", "--"];
        run_by(&setpriv, &self.prepare(&self.path("program"), args))
    }

    fn prepare<'a>(&self, program: &Path, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("SESSCTL_DB", "app.db")
            .env("TZ", "UTC")
            // Nothing can be made there: what is remembered of a framework's table goes
            // where a test says, and never where the machine's own sessctl has it.
            .env("STATE_DIRECTORY", NO_STATE)
            .env("HOME", "/dev/null")
            .stdin(Stdio::null());
        command
    }

    /// Returns the command run by another program: `&["env", "--ignore-signal=HUP"]`.
    pub fn command_by<'a>(
        &self,
        program: &[&str],
        args: impl IntoIterator<Item = &'a str>,
    ) -> Command {
        run_by(program, &self.command(args))
    }

    /// Runs the command.
    pub fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Finished {
        Finished(self.command(args).output().unwrap())
    }

    /// Runs the command with this standard input.
    pub fn run_with_input<'a>(
        &self,
        args: impl IntoIterator<Item = &'a str>,
        input: impl AsRef<[u8]>,
    ) -> Finished {
        feed(self.command(args), input)
    }

    /// Opens a session and returns its token.
    pub fn open<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
        let asked = ["open", "--user", "alice", "--task", "imap", "--json"].into_iter().chain(args);
        let opened = self.run(asked.collect::<Vec<_>>());
        opened.succeeds().json()["token"].as_str().unwrap().to_owned()
    }

    /// All files in the directory with their contents; empty for directories.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files_in(self.folder.path())
    }

    /// Dates the jobs that a command has recorded back by a day.
    pub fn jobs_have_waited(&self) {
        self.db().execute_batch(&JOBS_HAVE_WAITED.join(";")).unwrap();
    }

    /// A connection to the database.
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

    /// Handles that a list with these arguments shows, in its order.
    #[track_caller]
    pub fn listed<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let ran = self.run(["list", "--json"].into_iter().chain(args).collect::<Vec<_>>());
        handles(&ran.succeeds().json())
    }

    /// Runs an integrity check; true if it finds nothing.
    pub fn is_sound(&self) -> bool {
        is_sound(&self.db())
    }

    /// Inserts the row of a session.
    pub fn insert(&self, row: &Row) -> String {
        row.insert(&self.db());
        row.id()
    }
}

/// Runs an integrity check; true if it finds nothing.
pub fn is_sound(db: &Connection) -> bool {
    let check = "SELECT group_concat(integrity_check) FROM pragma_integrity_check";
    db.query_row(check, [], |row| row.get::<_, String>(0)).unwrap() == "ok"
}

/// The handles in an array of sessions.
pub fn handles(sessions: &serde_json::Value) -> Vec<String> {
    let handle = |session: &serde_json::Value| session["handle"].as_str().unwrap().to_owned();
    sessions.as_array().unwrap().iter().map(handle).collect()
}

/// Wraps a command in another program, which takes it as its last arguments.
pub fn run_by<S: AsRef<OsStr>>(program: &[S], command: &Command) -> Command {
    let mut outer = Command::new(&program[0]);
    outer.args(&program[1..]).arg(command.get_program()).args(command.get_args());
    outer.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::null()).env_clear();
    // Where programs such as `env` and `unshare` are.
    outer.env("PATH", std::env::var_os("PATH").unwrap());
    outer.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer
}

/// Copies a file by a process of its own. A child that another thread starts inherits the
/// descriptors that are open at that moment, and a file that is open for writing cannot be
/// executed: a test that wrote it itself would fail at random.
fn copy_executable(from: &Path, to: PathBuf) -> PathBuf {
    assert!(Command::new("cp").arg(from).arg(&to).status().unwrap().success());
    to
}

/// Sets the permissions of a file.
pub fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// Runs a command with this standard input.
pub fn feed(mut command: Command, input: impl AsRef<[u8]>) -> Finished {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.as_ref().to_vec());
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Finished(output)
}

/// All files in a directory with their contents.
pub fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let name_and_bytes = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        (entry.file_name().into_string().unwrap(), bytes)
    };
    std::fs::read_dir(folder).unwrap().map(name_and_bytes).collect()
}

/// Result of a command.
pub struct Finished(pub Output);

impl Finished {
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.0.status.code(), Some(code), "{}\n{}", self.stdout(), self.stderr());
        self
    }

    #[track_caller]
    pub fn succeeds(&self) -> &Self {
        self.exits(0)
    }

    /// Asserts that the command printed nothing.
    #[track_caller]
    pub fn is_silent(&self) -> &Self {
        assert_eq!((self.stdout(), self.stderr()), (String::new(), String::new()));
        self
    }

    /// Asserts that the command printed only an error of one line.
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

    /// Standard output parsed as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout()).unwrap()
    }
}
