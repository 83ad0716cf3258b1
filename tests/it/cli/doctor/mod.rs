//! `sessctl doctor`: each finding, the situation that causes it, and its remedy.

mod files;
mod mounts;
mod runs;
mod schedulers;
mod tables;

use std::process::Command;

use rusqlite::Connection;

use crate::support::{Finished, HOUR, Sandbox, files_in, row, set_mode};

/// Findings about the machine on which the tests run.
const OF_THE_MACHINE: [&str; 2] = ["container_layer", "not_scheduled"];

const STATE: [&str; 2] = ["--state-dir", "state"];

/// Runs the command with these options. The exit code agrees with the findings.
#[track_caller]
fn examine(sandbox: &Sandbox, options: &[&str]) -> serde_json::Value {
    let examined = sandbox.run([options, &["doctor", "--json"]].concat());
    let report = examined.json();
    let has_findings = !report["findings"].as_array().unwrap().is_empty();
    examined.exits(if has_findings { 3 } else { 0 });
    assert_eq!(report["healthy"], !has_findings);
    report
}

/// The names of the findings that do not depend on the machine.
#[track_caller]
fn findings(sandbox: &Sandbox, options: &[&str]) -> Vec<String> {
    let report = examine(sandbox, options);
    let names = report["findings"].as_array().unwrap().iter();
    let names = names.map(|finding| finding["id"].as_str().unwrap().to_owned());
    names.filter(|name| !OF_THE_MACHINE.contains(&name.as_str())).collect()
}

/// The only finding that does not depend on the machine.
#[track_caller]
fn finding(sandbox: &Sandbox, options: &[&str], id: &str) -> serde_json::Value {
    assert_eq!(findings(sandbox, options), [id]);
    let report = examine(sandbox, options);
    let mut found = report["findings"].as_array().unwrap().iter();
    found.find(|finding| finding["id"] == id).unwrap().clone()
}

fn fact(sandbox: &Sandbox, options: &[&str], id: &str) -> serde_json::Value {
    let report = examine(sandbox, options);
    let mut facts = report["facts"].as_array().unwrap().iter();
    facts.find(|fact| fact["id"] == id).unwrap()["value"].clone()
}

/// Runs the command that is to solve a problem.
#[track_caller]
fn apply(sandbox: &Sandbox, finding: &serde_json::Value) -> Finished {
    let fix = finding["fix"].as_str().unwrap();
    let words = shlex::split(fix).unwrap();
    let words: Vec<&str> =
        words.iter().map(String::as_str).take_while(|word| !word.starts_with('#')).collect();
    match words.as_slice() {
        ["sqlite3", db, statement] => {
            // As the shell of SQLite does.
            let db = Connection::open(sandbox.path(db)).unwrap();
            db.execute_batch(statement).unwrap();
            Finished(Command::new("true").output().unwrap())
        }
        ["sessctl", args @ ..] => sandbox.run(args.iter().copied()),
        [program, args @ ..] => {
            let mut command = Command::new(program);
            Finished(command.args(args).current_dir(sandbox.path(".")).output().unwrap())
        }
        [] => panic!("{finding}"),
    }
}

/// Asserts that a database has this problem only, and that its command solves it.
#[track_caller]
fn is_solved(sandbox: &Sandbox, options: &[&str], id: &str) -> String {
    let found = finding(sandbox, options, id);
    apply(sandbox, &found).succeeds();
    assert_eq!(findings(sandbox, options), Vec::<String>::new());
    ["what", "why", "fix"].map(|part| found[part].as_str().unwrap()).join("\n")
}

/// Facts that differ from machine to machine, and from build to build.
const VARIES: [&str; 9] = [
    "owner",
    "group",
    "directory mode",
    "file system",
    "size",
    "SQLite of sessctl",
    "last written by",
    "last purge",
    "clock",
];

/// The paragraphs of the page below its head, without what differs.
fn page(sandbox: &Sandbox, options: &[&str]) -> Vec<String> {
    let ran = sandbox.run([options, &["doctor"]].concat());
    assert_eq!(ran.stderr(), "");
    let page = ran.stdout();
    let is_steady = |paragraph: &&str| {
        let of_the_machine = ["layer of a container", "no crontab"];
        !of_the_machine.into_iter().any(|words| paragraph.contains(words))
    };
    page.split("\n\n").skip(1).filter(is_steady).map(steady).collect()
}

/// A paragraph without its number, with a mark in the place of values that differ.
fn steady(paragraph: &str) -> String {
    let is_time = |word: &str| word.starts_with('2') && word.contains('T') && word.ends_with('Z');
    let line = |line: &str| {
        if let Some(title) =
            VARIES.into_iter().find(|title| line.starts_with(&format!("{title}  ")))
        {
            return format!("{title} …");
        }
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let words = line.split(' ').map(|word| if is_time(word) { "TIME" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    paragraph.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A database whose purges are recent, as if they were scheduled.
fn purged() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(["purge"]).succeeds();
    sandbox
}

/// A database of an application, of which sessctl keeps state in the sandbox.
fn application(sql: &str) -> Sandbox {
    let sandbox = Sandbox::without_database();
    sandbox.db().execute_batch(sql).unwrap();
    set_mode(&sandbox.path("app.db"), 0o600);
    sandbox
}

const DJANGO: &str = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
    session_data text NOT NULL, expire_date datetime NOT NULL);
    CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date);";
const NAMED: [&str; 4] = ["--profile", "django", "--state-dir", "state"];

/// Statement that inserts sessions of Django, of which the first ones have expired.
fn sessions(expired: u32, all: u32) -> String {
    format!(
        "WITH RECURSIVE session (number) AS
             (SELECT 1 UNION ALL SELECT number + 1 FROM session WHERE number < {all})
         INSERT INTO django_session SELECT printf('%032x', number), 'data',
             CASE WHEN number <= {expired} THEN '2020-01-01 00:00:00' ELSE '2999-01-01 00:00:00' END
         FROM session;"
    )
}

#[test]
fn a_healthy_database_fits_on_a_page() {
    let sandbox = purged();
    sandbox.insert(&row("live"));
    let [facts] = page(&sandbox, &[]).try_into().unwrap();
    insta::assert_snapshot!(facts, @r"
    owner …
    group …
    mode               0600
    directory mode …
    file system …
    opened by          none
    journal mode       wal
    size …
    log or journal     0 bytes
    page size          4096
    free pages         0 (0 bytes)
    auto_vacuum        none
    SQLite of sessctl …
    last written by …
    busy timeout       5s for sessctl, unknown for other programs
    replication        none
    table              sessctl's own
    sessions           1
    live               1
    expired            0 (0 %)
    last purge …
    failed since       -
    jobs               none
    scheduled by       none
    clock …
    ");
}

#[test]
fn each_problem_has_a_reason_and_a_command() {
    let sandbox = application(&(DJANGO.to_owned() + &sessions(1_000, 1_500)));
    sandbox.run([&NAMED[..], &["purge", "--max-rows", "1"]].concat()).exits(4);
    insta::assert_snapshot!(page(&sandbox, &NAMED).join("\n\n"), @r"
    . 1,000 of 1,500 sessions have expired (66 %)
       why: the table is larger than it needs to be, and each query on it slower
       fix: sessctl --profile django --state-dir state purge

    . the purge of TIME was refused: the guard refuses this purge: it would end 1,000 of 1,500 sessions in the table (66.6 %), more than max_rows = 1; no earlier purge is on record, so this may be a backlog
       why: no purge has completed since; `sessctl show runs --failed` shows all such runs
       fix: sessctl --profile django --state-dir state purge

    owner …
    group …
    mode                      0600
    directory mode …
    file system …
    opened by                 none
    journal mode              delete
    size …
    log or journal            0 bytes
    page size                 4096
    free pages                0 (0 bytes)
    auto_vacuum               none
    SQLite of sessctl …
    last written by …
    busy timeout              5s for sessctl, unknown for other programs
    replication               none
    table                     django_session
    profile                   django (Django)
    profile is                named by --profile
    sessions                  1,500
    live                      500
    expired                   1,000 (66 %)
    unreadable                0
    index for the purge       django_session_expire_date_a5c62663
    triggers                  none
    dependents without index  none
    last purge …
    failed since              TIME
    jobs                      none
    scheduled by              none
    clock …
    state directory           state
    ");
    let plain = sandbox.run([&NAMED[..], &["doctor", "-o", "plain"]].concat()).exits(3).stdout();
    assert!(plain.contains("\nfinding.backlog.fix sessctl --profile django"), "{plain}");
    assert!(plain.contains("\nfact.expired.value 1000\n"), "{plain}");
    sandbox.run(["doctor", "-o", "csv"]).is_refused_with(2);
}

#[test]
fn nothing_is_changed() {
    let native = purged();
    native.insert(&row("over").idle(HOUR));
    let django = application(&(DJANGO.to_owned() + &sessions(10, 20)));
    django.run([&NAMED[..], &["purge"]].concat()).succeeds();
    let log = application(&format!("PRAGMA journal_mode = WAL; {DJANGO}"));
    for (sandbox, options) in [(&native, &[] as &[&str]), (&django, &NAMED), (&log, &NAMED)] {
        let look = || {
            let times = sandbox.files().into_keys().map(|name| {
                let file = std::fs::metadata(sandbox.path(&name)).unwrap();
                (name, file.is_file().then(|| file.modified().unwrap()))
            });
            (times.collect::<Vec<_>>(), sandbox.files(), state(sandbox))
        };
        let before = look();
        examine(sandbox, options);
        assert!(look() == before, "{options:?}");
    }
}

fn state(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let state = sandbox.path("state");
    if state.exists() { files_in(&state).into_iter().collect() } else { Vec::new() }
}

#[test]
fn a_log_in_use_is_left_as_it_is() {
    let sandbox = purged();
    let application = sandbox.db();
    row("live").insert(&application);
    let read = |name| std::fs::read(sandbox.path(name)).unwrap();
    let before = (read("app.db"), read("app.db-wal"));
    let opened = fact(&sandbox, &[], "opened_by");
    assert!(opened.as_str().unwrap().contains(&format!("({})", std::process::id())), "{opened}");
    assert!((read("app.db"), read("app.db-wal")) == before);
}

#[test]
fn what_cannot_be_examined_has_the_exit_code_of_other_commands() {
    let sandbox = Sandbox::without_database();
    let missing = sandbox.run(["doctor"]).is_refused_with(10).stderr();
    assert!(missing.contains("no database at \"app.db\""), "{missing}");
    sandbox.file("app.db", [b"SQLite format 3\0".as_slice(), &[0xa5; 8192]].concat());
    sandbox.run(["doctor"]).is_refused_with(10);
    let unknown = application("CREATE TABLE larder_session (jar text primary key, until integer)");
    let advice = unknown.run(["doctor"]).is_refused_with(10).stderr();
    assert!(advice.contains("sessctl profile draft --db app.db"), "{advice}");
}

#[test]
fn a_corrupt_database_is_reported_as_such() {
    let sandbox = application(&(DJANGO.to_owned() + &sessions(0, 2_000)));
    let mut bytes = std::fs::read(sandbox.path("app.db")).unwrap();
    bytes[8_192..].fill(0xa5);
    sandbox.file("app.db", bytes);
    let refused = sandbox.run([&NAMED[..], &["doctor"]].concat()).is_refused_with(12).stderr();
    assert!(refused.contains("corrupt") || refused.contains("malformed"), "{refused}");
}

#[test]
fn the_commands_repeat_the_options_of_the_call() {
    let sandbox = application(&(DJANGO.to_owned() + &sessions(1_000, 1_500)));
    sandbox.file("own.toml", "[guard]\nmax_percent = 90\n");
    std::fs::rename(sandbox.path("app.db"), sandbox.path("my app.db")).unwrap();
    let options =
        [&["--db", "my app.db", "--config", "own.toml", "--table", "django_session"], &NAMED[..]];
    let found = finding(&sandbox, &options.concat(), "backlog");
    let fix = "sessctl --config own.toml --db 'my app.db' --profile django --table django_session \
               --state-dir state purge";
    assert_eq!(found["fix"], fix);
    apply(&sandbox, &found).succeeds();
    assert_eq!(findings(&sandbox, &options.concat()), Vec::<String>::new());
}
