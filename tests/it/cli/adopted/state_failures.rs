//! State that is damaged or cannot be used: the work goes on, and a warning says so.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::{OVER, VALID, left, run, three};
use crate::support::{SESSCTL, Sandbox};

/// Read commands, which need no state.
const LOOKS: [&str; 6] = [
    "show stat -q",
    "show users -q",
    "list -q",
    "purge --dry-run -q",
    "cycle --all --dry-run -q",
    "profile check django",
];

/// Creates an application whose table was purged once, with another expired session.
fn purged() -> Sandbox {
    let sandbox = three();
    run(&sandbox, ["--profile", "django", "purge"]).succeeds().is_silent();
    sandbox.db().execute("INSERT INTO django_session VALUES ('key d', 'x', ?1)", [OVER]).unwrap();
    sandbox
}

fn state(sandbox: &Sandbox) -> PathBuf {
    let entries = std::fs::read_dir(sandbox.path("state/sessctl")).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    paths.find(|path| path.extension().is_some_and(|extension| extension == "db")).unwrap()
}

fn words(command: &str) -> impl Iterator<Item = &str> {
    ["--profile", "django"].into_iter().chain(command.split(' '))
}

/// Runs every command with such state, and returns the warning of the purge.
#[track_caller]
fn everything_goes_on(sandbox: &Sandbox, file: &Path) -> String {
    let name = file.file_name().unwrap().to_str().unwrap();
    for command in LOOKS {
        let ran = run(sandbox, words(command));
        let warning = ran.succeeds().stderr();
        assert!(warning.matches("sessctl: warning: ").count() <= 1, "{command}: {warning}");
        assert!(warning.is_empty() || warning.contains(name), "{command}: {warning}");
        assert!(command != "show stat -q" || warning.contains(name), "{warning}");
    }
    let error = run(sandbox, words("show runs")).is_refused_with(1).stderr();
    assert!(error.starts_with("sessctl: could not read the ledger: "), "{error}");
    assert!(error.contains(name) && error.contains("; "), "{error}");
    let purge = run(sandbox, words("purge"));
    let warning = purge.succeeds().stderr();
    assert_eq!(warning.lines().count(), 1, "{warning}");
    assert!(warning.starts_with("sessctl: warning: ") && warning.contains(name), "{warning}");
    assert_eq!(left(sandbox, "django_session", "session_key"), ["key b"]);
    assert_eq!(left(sandbox, "django_session", "expire_date"), [VALID]);
    warning
}

/// The file begins anew: the next commands have nothing to say.
#[track_caller]
fn the_next_run_is_clean(sandbox: &Sandbox) {
    run(sandbox, words("purge")).succeeds().is_silent();
    let runs = run(sandbox, words("show runs --json")).succeeds().json();
    assert_eq!(runs.as_array().unwrap().len(), 2, "{runs}");
}

fn without_log(file: &Path) {
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
}

#[test]
fn a_damaged_file_is_set_aside() {
    let spoil: [fn(&Path); 4] = [
        |file| std::fs::write(file, "random ".repeat(1_000)).unwrap(),
        |file| std::fs::write(file, "short").unwrap(),
        |file| std::fs::OpenOptions::new().write(true).open(file).unwrap().set_len(4_096).unwrap(),
        |file| {
            let mut bytes = std::fs::read(file).unwrap();
            bytes[4_096..].fill(0xff);
            std::fs::write(file, bytes).unwrap();
        },
    ];
    for spoil in spoil {
        let sandbox = purged();
        let file = state(&sandbox);
        without_log(&file);
        spoil(&file);
        let damaged = std::fs::read(&file).unwrap();
        let warning = everything_goes_on(&sandbox, &file);
        assert!(warning.contains("was damaged") && warning.contains(".damaged-"), "{warning}");
        let entries = std::fs::read_dir(file.parent().unwrap()).unwrap();
        let mut paths = entries.map(|entry| entry.unwrap().path());
        let aside = paths.find(|path| path.display().to_string().contains(".db.damaged-"));
        assert!(std::fs::read(aside.unwrap()).unwrap() == damaged);
        the_next_run_is_clean(&sandbox);
    }
}

#[test]
fn an_empty_file_is_filled() {
    let sandbox = purged();
    let file = state(&sandbox);
    without_log(&file);
    std::fs::write(&file, "").unwrap();
    let warning = everything_goes_on(&sandbox, &file);
    assert!(warning.contains("is empty"), "{warning}");
    the_next_run_is_clean(&sandbox);
}

#[test]
fn the_file_of_a_newer_version_is_left_as_it_is() {
    let sandbox = purged();
    let file = state(&sandbox);
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&file).unwrap();
    let warning = everything_goes_on(&sandbox, &file);
    assert!(warning.contains("newer version") && warning.contains("update sessctl"), "{warning}");
    assert!(std::fs::read(&file).unwrap() == before);
}

#[test]
fn the_file_of_another_program_is_left_as_it_is() {
    let sandbox = purged();
    let file = state(&sandbox);
    std::fs::remove_file(&file).unwrap();
    without_log(&file);
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("CREATE TABLE notes (note)").unwrap();
    let before = std::fs::read(&file).unwrap();
    let warning = everything_goes_on(&sandbox, &file);
    assert!(warning.contains("another program") && warning.contains("move it"), "{warning}");
    assert!(std::fs::read(&file).unwrap() == before);
}

#[test]
fn an_unsafe_state_directory_is_not_used() {
    let sandbox = purged();
    let file = state(&sandbox);
    let directory = file.parent().unwrap();
    std::fs::set_permissions(directory, PermissionsExt::from_mode(0o1777)).unwrap();
    let warning = everything_goes_on(&sandbox, &file);
    assert!(warning.contains("is writable by all users"), "{warning}");
    assert!(warning.contains("chmod o-w"), "{warning}");
    let sandbox = purged();
    let file = state(&sandbox);
    std::fs::remove_dir_all(sandbox.path("state/sessctl")).unwrap();
    symlink("/nowhere/at/all", sandbox.path("state/sessctl")).unwrap();
    let warning = everything_goes_on(&sandbox, &file);
    assert!(warning.contains("is a symbolic link"), "{warning}");
}

#[test]
fn a_directory_that_cannot_be_made_keeps_nothing_from_being_purged() {
    let sandbox = three();
    let ran = sandbox.run(words("purge"));
    let warning = ran.succeeds().stderr();
    assert!(
        warning.starts_with("sessctl: warning: the state file \"/dev/null/state/"),
        "{warning}"
    );
    assert!(warning.contains("no lease keeps another purge"), "{warning}");
    assert!(warning.contains("--state-dir"), "{warning}");
    assert_eq!(left(&sandbox, "django_session", "session_key"), ["key b"]);
}

const JOBS: &str = "profile = \"django\"
[[job]]
name = \"each minute\"
at = \"* * *\"
do = \"purge\"
";

#[test]
fn without_state_jobs_run_at_their_times_as_under_cron() {
    let sandbox = three();
    sandbox.file("c.toml", JOBS);
    let ran = sandbox.run(["--config", "c.toml", "run", "--json"]);
    let ran_jobs = ran.succeeds().json();
    assert_eq!((&ran_jobs[0]["job"], &ran_jobs[0]["deleted"]), (&"each minute".into(), &2.into()));
    let warning = ran.stderr();
    assert_eq!(warning.lines().count(), 1, "{warning}");
    assert!(warning.contains("jobs"), "{warning}");
}

/// A disk that fills up, with a history on it by which a job is due with each call.
const ON_A_FULL_DISK: &str = r#"
set -eu
mkdir full
mount -t tmpfs -o size=256k,mode=700 none full
export STATE_DIRECTORY=$PWD/full
"$0" --config c.toml run --json
"$0" --config c.toml show runs --json >/dev/null
cat /dev/zero > full/filler 2>/dev/null || true
sqlite() { python3 -c 'import sys, sqlite3; c = sqlite3.connect("app.db"); c.execute(sys.argv[1]); c.commit()' "$1"; }
sqlite "INSERT INTO django_session VALUES ('key d', 'x', '2020-01-01 00:00:00')"
"$0" --db app.db --profile django purge --json 2>err
cat err >&2
"#;

#[test]
#[ignore = "needs root"]
fn a_purge_continues_on_a_full_disk() {
    let sandbox = three();
    sandbox.file("c.toml", JOBS);
    let mut command = std::process::Command::new("unshare");
    command.args(["-m", "sh", "-c", ON_A_FULL_DISK, SESSCTL]);
    command.current_dir(sandbox.path(".")).env("SESSCTL_DB", "app.db");
    let ran = crate::support::Finished(command.output().unwrap());
    let answers = ran.succeeds().stdout();
    assert!(answers.contains("\"deleted\": 1") || answers.contains("\"deleted\":1"), "{answers}");
    let warning = ran.stderr();
    assert!(warning.starts_with("sessctl: warning: the state file "), "{warning}");
    assert!(warning.contains("full") && warning.contains("not recorded"), "{warning}");
}
