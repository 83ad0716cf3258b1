//! Databases that Litestream replicates.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use crate::support::external_programs::installed;
use crate::support::processes::{Running, kill, until};
use crate::support::{Finished, Sandbox};

const ROWS: u32 = 20_000;
/// Log size that a purge of these rows exceeds many times.
const MAX_LOG: &str = "2MiB";
/// Litestream with short intervals, so that it checkpoints a log of any size.
const SETTINGS: &str = "
dbs:
  - path: app.db
    monitor-interval: 50ms
    checkpoint-interval: 1s
    min-checkpoint-page-count: 10
    replica:
      type: file
      path: replica
      sync-interval: 50ms
";

/// A table of Django in WAL mode; every second session is expired.
fn django() -> Sandbox {
    let sandbox = Sandbox::without_database();
    let mut db = sandbox.db();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    let rows = db.transaction().unwrap();
    let sql = "
        CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY,
            session_data text NOT NULL, expire_date datetime NOT NULL);
        CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date)";
    rows.execute_batch(sql).unwrap();
    let sql = "INSERT INTO django_session VALUES (printf('%032x', ?1 * 2654435761 % 4294967296),
                   hex(randomblob(100)), printf('%d-01-01 00:00:00.%06d', ?2, ?1))";
    let mut insertion = rows.prepare(sql).unwrap();
    for number in 0..ROWS {
        insertion.execute([number, if number % 2 == 0 { 2020 } else { 2100 }]).unwrap();
    }
    drop(insertion);
    rows.commit().unwrap();
    sandbox
}

fn purge(sandbox: &Sandbox, args: &[&str]) -> Finished {
    let common = ["-v", "--profile", "django", "--state-dir", "state", "purge", "--json"];
    sandbox.run([&common, args].concat())
}

fn litestream(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = Command::new(installed("venv/bin/litestream"));
    command.args(args).current_dir(sandbox.path("")).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Starts Litestream, and waits until it has copied the database, or what has changed.
fn replicate(sandbox: &Sandbox) -> Running {
    sandbox.file("litestream.yml", SETTINGS);
    let before = copied_parts(sandbox);
    let process =
        Running::spawn(&mut litestream(sandbox, &["replicate", "-config", "litestream.yml"]));
    until(|| copied_parts(sandbox) > before);
    process
}

fn copied_parts(sandbox: &Sandbox) -> usize {
    std::fs::read_dir(sandbox.path("replica/ltx/0")).map_or(0, Iterator::count)
}

/// Stops Litestream, which first copies the rest, and restores the replica.
fn restore(sandbox: &Sandbox, mut process: Running) -> Vec<Row> {
    kill(process.id(), "-INT");
    process.wait().unwrap();
    let replica = format!("file://{}", sandbox.path("replica").display());
    let restored = litestream(sandbox, &["restore", "-o", "restored.db", &replica]).status();
    assert!(restored.unwrap().success());
    rows(&sandbox.path("restored.db"))
}

type Row = (i64, String, String, String);

fn rows(path: &Path) -> Vec<Row> {
    let db = Connection::open(path).unwrap();
    let sql = "SELECT rowid, session_key, session_data, expire_date FROM django_session ORDER BY 1";
    let mut rows = db.prepare(sql).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    rows.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Opens sessions until it is told to stop, and returns their number.
fn write_until(sandbox: &Sandbox, is_done: &AtomicBool) -> u32 {
    let db = sandbox.db();
    db.busy_timeout(Duration::from_mins(1)).unwrap();
    let sql = "INSERT INTO django_session VALUES ('new ' || ?1, 'data', '2100-01-01 00:00:00')";
    let mut opened = 0;
    while !is_done.load(Ordering::Relaxed) {
        db.execute(sql, [opened]).unwrap();
        opened += 1;
        thread::park_timeout(Duration::from_millis(1));
    }
    opened
}

#[test]
#[ignore = "needs litestream"]
fn a_purge_beside_litestream_waits_for_its_checkpoints() {
    for options in [&["--max-log", MAX_LOG] as &[&str], &["--max-log", MAX_LOG, "--fast"]] {
        let sandbox = django();
        let process = replicate(&sandbox);
        let is_done = AtomicBool::new(false);
        let (purged, opened) = thread::scope(|scope| {
            let application = scope.spawn(|| write_until(&sandbox, &is_done));
            let purged = purge(&sandbox, options);
            is_done.store(true, Ordering::Relaxed);
            (purged, application.join().unwrap())
        });
        purged.succeeds();
        assert!(purged.stderr().contains("Litestream replicates the database"), "{options:?}");
        assert_eq!(purged.json()["deleted"], ROWS / 2, "{options:?}");
        let restored = restore(&sandbox, process);
        assert_eq!(restored.len(), (ROWS / 2 + opened) as usize);
        assert!(restored == rows(&sandbox.path("app.db")), "{options:?}");
    }
}

#[test]
#[ignore = "needs litestream"]
fn litestream_continues_after_a_purge_while_it_was_stopped() {
    let sandbox = django();
    let before = restore(&sandbox, replicate(&sandbox));
    assert_eq!(before.len(), ROWS as usize);
    let purged = purge(&sandbox, &[]);
    let warning = "Litestream did not read the write-ahead log";
    assert!(purged.succeeds().stderr().contains(warning), "{}", purged.stderr());
    std::fs::remove_file(sandbox.path("restored.db")).unwrap();
    let left = rows(&sandbox.path("app.db"));
    assert!(restore(&sandbox, replicate(&sandbox)) == left && left.len() == ROWS as usize / 2);
}

#[test]
#[ignore = "needs litestream"]
fn a_compaction_beside_litestream_leaves_the_log_to_it() {
    let sandbox = Sandbox::new();
    sandbox.run(["compact", "--full"]).succeeds().is_silent();
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000)
                     INSERT INTO old SELECT randomblob(3000) FROM n";
    sandbox.db().execute_batch(&format!("CREATE TABLE old (a); {fill}")).unwrap();
    let process = replicate(&sandbox);
    sandbox.db().execute_batch("DROP TABLE old").unwrap();
    let compacted = sandbox.run(["compact", "--json"]);
    assert_eq!(compacted.succeeds().json()["free_bytes_left"], 0);
    // A full one copies the database again.
    let rebuilt = sandbox.run(["compact", "--full"]);
    assert!(rebuilt.succeeds().stderr().contains("uploads all of it again"));
    drop(process);
}

#[test]
fn a_directory_of_litestream_that_is_not_running_is_named() {
    let sandbox = django();
    std::fs::create_dir(sandbox.path(".app.db-litestream")).unwrap();
    let purged = purge(&sandbox, &[]);
    assert_eq!(purged.succeeds().json()["deleted"], ROWS / 2);
    let warning = purged.stderr();
    assert!(warning.contains("Litestream did not read the write-ahead log"), "{warning}");
    assert!(warning.contains(".app.db-litestream\" if it is no longer used"), "{warning}");
    // The log is left as it is: Litestream may go on from there.
    assert!(sandbox.path("app.db-wal").exists());
    std::fs::remove_dir(sandbox.path(".app.db-litestream")).unwrap();
    let purged = purge(&sandbox, &[]);
    assert!(!purged.succeeds().stderr().contains("Litestream"), "{}", purged.stderr());
}

#[test]
fn a_table_of_litestream_alone_is_no_reason_to_warn() {
    let sandbox = django();
    let table = "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)";
    sandbox.db().execute_batch(table).unwrap();
    let purged = purge(&sandbox, &[]);
    assert_eq!(purged.succeeds().json()["deleted"], ROWS / 2);
    assert!(!purged.stderr().contains("Litestream"), "{}", purged.stderr());
    assert!(!sandbox.path("app.db-wal").exists());
}
