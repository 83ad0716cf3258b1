//! `purge --archive` and `restore`, killed at random moments: each session is in the table or in
//! the archive, and comes back once.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::support::{Rng, Sandbox, is_sound};

const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
                                 session_data text NOT NULL, expire_date datetime NOT NULL);
    CREATE TABLE device (id INTEGER PRIMARY KEY, name TEXT,
                         session TEXT REFERENCES django_session ON DELETE CASCADE);
    CREATE INDEX device_session ON device (session);";

/// Rows that a purge deletes.
const DUE: u32 = 400;

/// Number of rounds: `SESSCTL_TEST_ARCHIVES`.
fn rounds() -> u64 {
    std::env::var("SESSCTL_TEST_ARCHIVES").map_or(20, |rounds| rounds.parse().unwrap())
}

fn fill(db: &Connection) {
    let sessions = format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT {DUE})
         INSERT INTO django_session SELECT hex(randomblob(8)), hex(randomblob(20)),
             CASE WHEN n % 8 > 0 THEN '2020-02-03 04:05:06' ELSE '2999-02-03 04:05:06' END FROM n;
         INSERT INTO device (name, session) SELECT hex(randomblob(4)), session_key FROM django_session;"
    );
    db.execute_batch(&sessions).unwrap();
}

fn dump(db: &Connection) -> Vec<String> {
    let sql = "SELECT session_key || session_data || expire_date FROM django_session
               UNION ALL SELECT id || ' ' || name || ' ' || session FROM device ORDER BY 1";
    let mut rows = db.prepare(sql).unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

fn words<'a>(command: &[&'a str]) -> Vec<&'a str> {
    [&["--profile", "django", "--state-dir", "state", "--config", "c.toml"], command].concat()
}

/// Starts a command, kills it after so many microseconds, and reports whether it was killed.
fn kill_after(sandbox: &Sandbox, command: &[&str], micros: u64) -> bool {
    let mut started = sandbox.command(words(command));
    let mut process = started.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_micros(micros) {
        std::hint::spin_loop();
    }
    process.kill().unwrap();
    !process.wait().unwrap().success()
}

/// Duration of a command that is not killed.
fn measure(sandbox: &Sandbox, command: &[&str]) -> u64 {
    let begun = Instant::now();
    sandbox.run(words(command)).succeeds();
    u64::try_from(begun.elapsed().as_micros()).unwrap()
}

#[test]
fn no_row_is_lost_and_none_comes_back_twice() {
    let mut rng = Rng::seeded(17);
    let mut killed = [0, 0];
    for (index, archive) in ["a.jsonl", "a.jsonl.zst"].into_iter().enumerate() {
        let sandbox = Sandbox::without_database();
        std::fs::create_dir(sandbox.path("state")).unwrap();
        sandbox.file("c.toml", "[guard]\nclock = \"off\"");
        sandbox.db().execute_batch(TABLES).unwrap();
        fill(&sandbox.db());
        let before = dump(&sandbox.db());
        let purge = ["purge", "--archive", archive, "--hold", "1ms", "--hold-alone", "1ms"];
        let restore = ["restore", archive];
        let longest = [&purge[..], &restore[..]].map(|command| measure(&sandbox, command));
        assert_eq!(dump(&sandbox.db()), before);
        for _ in 0..rounds().div_ceil(2) {
            // When a purge and a restore are killed
            for (command, longest) in [&purge[..], &restore[..]].into_iter().zip(longest) {
                let after = rng.between(0, i64::try_from(longest * 5 / 4).unwrap());
                killed[index] += i64::from(kill_after(&sandbox, command, after.unsigned_abs()));
            }
            // Then a restore brings everything back
            sandbox.run(words(&restore)).succeeds();
            assert!(is_sound(&sandbox.db()));
            assert_eq!(dump(&sandbox.db()), before);
            // And what the archive has grown to does not slow the test down
            if std::fs::metadata(sandbox.path(archive)).unwrap().len() > 4 << 20 {
                std::fs::remove_file(sandbox.path(archive)).unwrap();
                sandbox.run(words(&purge)).succeeds();
                sandbox.run(words(&restore)).succeeds();
            }
        }
    }
    assert!(killed.iter().all(|killed| *killed > 0));
}
