//! Purges with little disk space and little memory.

use std::process::Command;

use rusqlite::Connection;

use crate::support::{Finished, HOUR, SESSCTL, Sandbox, row};

/// Runs a script as root in mounts of its own, with the command as `$0`. What it prints is
/// the answer.
fn in_own_mounts(sandbox: &Sandbox, script: &str) -> String {
    let ran = Command::new("unshare")
        .args(["-m", "bash", "-c", script, SESSCTL])
        .env("HOME", "/dev/null")
        .current_dir(sandbox.path("."))
        .output()
        .unwrap();
    let (answer, complaint) = (String::from_utf8(ran.stdout).unwrap(), ran.stderr);
    assert!(ran.status.success(), "{answer} {}", String::from_utf8_lossy(&complaint));
    answer
}

/// Script that copies `$2` to a file system and leaves `$1` KiB of it free.
const CRAMPED: &str = r#"
set -e
mkdir -p disk; mount -t tmpfs -o size=24m none disk
cramped() {
    rm -rf disk/*; cp "$2" disk/app.db
    head -c $(( ($(stat -f -c '%a * %S / 1024' disk) - $1) * 1024 )) /dev/zero > disk/filler
}
"#;

const FEW: &str = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
     session_data text NOT NULL, expire_date datetime NOT NULL);
     CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date);";

/// Creates Django's table with this many expired sessions, each with this many bytes of data.
fn django(db: &Connection, sessions: u32, bytes: u32) {
    let fill = format!(
        "{FEW} WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT {sessions}) \
         INSERT INTO django_session SELECT lower(hex(randomblob(16))), \
         substr(hex(zeroblob({bytes})), 1, {bytes}), '2020-02-03 04:05:06.789000' FROM n"
    );
    db.execute_batch(&fill).unwrap();
}

#[test]
#[ignore = "needs root"]
fn with_little_room_all_rows_of_a_framework_s_table_go() {
    for mode in ["delete", "wal"] {
        let sandbox = Sandbox::without_database();
        let db = sandbox.db();
        db.pragma_update(None, "journal_mode", mode).unwrap();
        django(&db, 12_000, 200);
        drop(db);
        for (command, all) in [("purge", "12000 0 null"), ("cycle --all --state expired", "12000")]
        {
            let query = match command {
                "purge" => "jq -r '\"\\(.deleted) \\(.remaining) \\(.stopped)\"'",
                _ => "jq length",
            };
            let answer = in_own_mounts(
                &sandbox,
                &format!(
                    "{CRAMPED} cramped 160 app.db; code=0; \"$0\" --db disk/app.db --profile django \
                     --state-dir state {command} --json > out || code=$?; echo $code $({query} out) \
                     $(sqlite3 disk/app.db 'SELECT count(*) FROM django_session; \
                     PRAGMA integrity_check')"
                ),
            );
            assert_eq!(answer, format!("0 {all} 0 ok\n"), "{mode} {command}");
        }
    }
}

#[test]
#[ignore = "needs root"]
fn with_little_room_all_sessions_go_that_leave_no_row() {
    let sandbox = Sandbox::new();
    sandbox.file("c.toml", "[policy]\nretention = \"0\"\n");
    sandbox.insert_all(0..5_000, |n| row(&n.to_string()).idle(HOUR));
    sandbox.db().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    for command in ["purge", "cycle --all --state expired"] {
        let answer = in_own_mounts(
            &sandbox,
            &format!(
                "{CRAMPED} cramped 160 app.db; code=0; \"$0\" --config c.toml --db disk/app.db {command} --json \
                 > out || code=$?; echo $code $(sqlite3 disk/app.db \
                 'SELECT count(*) FROM sessions; PRAGMA integrity_check')"
            ),
        );
        assert_eq!(answer, "0 0 ok\n", "{command}");
    }
}

/// An application that has a database open, and begins with the statement `$1`, until
/// `application_writes`. The last line of `inserted` is then how many rows it could insert.
const APPLICATION: &str = r#"
application_opens() {
    mkfifo to; sqlite3 disk/app.db < to > inserted 2>&1 & application=$!
    exec 3> to; rm -f to opened; printf '%s\n.shell touch opened\n' "$1" >&3
    while kill -0 $application && [ ! -e opened ]; do :; done
}
application_writes() {
    echo "$1; INSERT INTO counters VALUES ('web', 'own', 1); SELECT changes();" >&3
    exec 3>&-; wait $application || true
}
"#;

/// A database of sessions that are due, and policies that keep their rows.
fn sessions_on_record() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("c.toml", "[policy]\nretention = \"24h\"\n");
    sandbox.insert_all(0..5_000, |n| row(&n.to_string()).idle(HOUR));
    sandbox.db().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    sandbox
}

#[test]
#[ignore = "needs root"]
fn with_little_room_sessions_end_on_record_while_the_application_can_write() {
    let sandbox = sessions_on_record();
    for (command, reads, free, all) in [
        ("purge", "SELECT count(*) FROM sessions", 256, true),
        ("purge --fast", "SELECT count(*) FROM sessions", 1_024, true),
        ("cycle --all --state expired", "SELECT count(*) FROM sessions", 256, true),
        // Rows grow by more than there is.
        ("purge", "SELECT count(*) FROM sessions", 64, false),
        // The log cannot be moved while somebody reads an older state.
        ("purge", "BEGIN; SELECT count(*) FROM sessions", 1_024, false),
        ("purge --fast", "BEGIN; SELECT count(*) FROM sessions", 256, false),
        ("cycle --all --state expired", "BEGIN; SELECT count(*) FROM sessions", 256, false),
    ] {
        let release = if reads.starts_with("BEGIN") { "COMMIT" } else { "" };
        let answer = in_own_mounts(
            &sandbox,
            &format!(
                "{CRAMPED} {APPLICATION} cramped 8192 app.db
                 application_opens '{reads};'
                 head -c $(( ($(stat -f -c '%a * %S / 1024' disk) - {free}) * 1024 )) /dev/zero >> disk/filler
                 code=0; \"$0\" --config c.toml --db disk/app.db {command} > out 2> errors || code=$?
                 application_writes '{release}'; echo $code $(tail -n 1 inserted) $(sqlite3 disk/app.db \
                 'PRAGMA integrity_check; SELECT count(*) = 5000 FROM sessions WHERE ended_at > 0')"
            ),
        );
        let expected = if all { "0 1 ok 1\n" } else { "1 1 ok 0\n" };
        assert_eq!(answer, expected, "{command} {reads} {free}");
    }
}

#[test]
#[ignore = "needs root, strace"]
fn with_little_room_the_application_can_write_after_a_kill_at_any_write() {
    let sandbox = sessions_on_record();
    for free in [160, 512] {
        let answer = in_own_mounts(
            &sandbox,
            &format!(
                "{CRAMPED} {APPLICATION}
                 for n in $(seq 12 24 300); do
                     cramped 8192 app.db; application_opens 'SELECT count(*) FROM sessions;'
                     head -c $(( ($(stat -f -c '%a * %S / 1024' disk) - {free}) * 1024 )) /dev/zero \
                         >> disk/filler
                     code=0; strace -f -qq -o /dev/null -e inject=pwrite64:signal=KILL:when=$n \
                         \"$0\" --config c.toml --db disk/app.db purge > out 2> errors || code=$?
                     application_writes ''; echo $code $(tail -n 1 inserted) $(sqlite3 disk/app.db 'PRAGMA integrity_check')
                 done"
            ),
        );
        for line in answer.lines() {
            let (code, written) = line.split_once(' ').unwrap();
            assert_eq!(written, "1 ok", "{free} KiB: {answer}");
            assert!(["137", "1", "0"].contains(&code), "{free} KiB: {answer}");
        }
        let killed = answer.lines().filter(|line| line.starts_with("137")).count();
        assert!(killed >= 5, "{free} KiB: {answer}");
    }
}

#[test]
#[ignore = "needs root"]
fn without_room_for_one_row_a_purge_says_what_it_did_and_what_to_do() {
    // Given a database on a full file system, without a log
    let sandbox = Sandbox::without_database();
    django(&sandbox.db(), 2_000, 200);
    let answer = in_own_mounts(
        &sandbox,
        &format!(
            "{CRAMPED} cramped 0 app.db; code=0; \"$0\" --db disk/app.db --profile django \
             --state-dir state purge 2>&1 || code=$?; echo $code \
             $(sqlite3 disk/app.db 'SELECT count(*) FROM django_session')"
        ),
    );
    let (said, rest) = answer.split_once('\n').unwrap();
    assert!(
        said.starts_with(
            "sessctl: could not write to \"disk/app.db\": no space left on the file system; "
        ),
        "{said}"
    );
    assert!(
        said.ends_with("/disk\" has 0 KiB left: free some space, and run the command again"),
        "{said}"
    );
    assert_eq!(rest, "1 2000\n");
}

#[test]
fn with_little_memory_a_large_table_is_purged() {
    // Given a table that is larger than the memory that a process may use
    let sandbox = Sandbox::without_database();
    django(&sandbox.db(), 20_000, 3_000);
    let limited = ["bash", "-c", "ulimit -d 32768 && exec \"$0\" \"$@\""];
    let purge = ["--profile", "django", "--state-dir", "state", "purge", "--json"];
    for fast in [false, true] {
        std::fs::copy(sandbox.path("app.db"), sandbox.path("copy.db")).unwrap();
        let flags: &[&str] = if fast { &["--fast"] } else { &[] };
        let mut command = sandbox.command_by(&limited, [&purge[..], flags].concat());
        let ran = Finished(command.env("SESSCTL_DB", "copy.db").output().unwrap());
        assert_eq!(ran.succeeds().json()["deleted"], 20_000, "{fast}");
    }
}
