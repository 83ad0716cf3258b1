//! Clocks that have jumped since the last run, and rows from the future.

use crate::support::fake_clock::with_clock;
use crate::support::{DAY, Finished, HOUR, MINUTE, Sandbox, now, row};

const LIMITED: &str = "
[policy]
limit = 1
when_full = \"evict-lru\"
[[job]]
name = \"tidy\"
every = \"30s\"
do = \"purge\"
[[job]]
name = \"restart\"
every = \"30s\"
late = \"forever\"
do = \"cycle\"
task = \"imap\"
";

/// Creates a live and an expired session, and a purge in the ledger: the clock seems to have moved
/// by this many seconds since that purge.
fn sandbox(moved: i64) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("c.toml", LIMITED);
    sandbox.insert(&row("live"));
    sandbox.run(["purge"]).succeeds();
    sandbox.insert(&row("over").idle(HOUR));
    seem_to_move(&sandbox, moved);
    sandbox
}

fn seem_to_move(sandbox: &Sandbox, seconds: i64) {
    let sql = "UPDATE clocks SET wall = wall - ?1";
    assert_eq!(sandbox.db().execute(sql, [seconds]).unwrap(), 1);
}

/// Numbers of sessions that have not ended, and of runs.
fn count(sandbox: &Sandbox) -> (usize, usize) {
    let runs = sandbox.run(["show", "runs", "--json"]).succeeds().json();
    let open = sandbox.listed(["--state", "active,idle,abandoned,expired"]);
    (open.len(), runs.as_array().unwrap().len())
}

/// Runs a command by the configuration, on the host of the ledger.
fn run(sandbox: &Sandbox, args: &[&str]) -> Finished {
    sandbox.run([&["--config", "c.toml"], args].concat())
}

#[test]
fn a_purge_ends_nothing_and_says_by_how_much_the_clock_has_moved() {
    for (moved, by) in [
        (365 * DAY, "has moved forward by 365 days since the last run (20"),
        (-3 * HOUR, "has moved back by 3 hours since the last run (20"),
        (20 * 365 * DAY, "says 20"),
    ] {
        let sandbox = sandbox(moved);
        for _ in 0..2 {
            let reason = sandbox.run(["purge"]).is_refused_with(4).stderr();
            assert!(reason.starts_with(&format!("sessctl: the clock {by}")), "{reason}");
            assert!(reason.contains("; nothing was ended; if 2"), "{reason}");
            assert!(
                reason.ends_with("Z is the right time, run again with --accept-clock\n"),
                "{reason}"
            );
            assert_eq!(count(&sandbox), (2, 1));
        }
        let ran = sandbox.run(["purge", "--json"]);
        assert_eq!(ran.exits(4).json()["stopped"], "clock");
        // And it is gone by once somebody has said so
        sandbox.run(["purge", "--accept-clock"]).succeeds().is_silent();
        assert_eq!(count(&sandbox), (1, 2));
        sandbox.run(["purge"]).succeeds().is_silent();
    }
}

#[test]
fn a_clock_jump_within_the_configured_threshold_is_accepted() {
    sandbox(HOUR - MINUTE).run(["purge"]).succeeds().is_silent();
    let sandbox = sandbox(10 * MINUTE);
    for (threshold, code) in [("9m", 4), ("off", 0), ("11m", 0)] {
        sandbox.file("c.toml", format!("[guard]\nclock = \"{threshold}\"\n"));
        run(&sandbox, &["purge"]).exits(code);
    }
}

#[test]
fn a_dry_run_after_a_clock_jump_warns_that_a_purge_would_be_refused() {
    let sandbox = sandbox(DAY);
    let before = sandbox.files();
    for args in [&["purge", "--dry-run"][..], &["purge", "--dry-run", "--at", "2030-01-01 00:00"]] {
        let ran = sandbox.run(args.iter().copied());
        assert!(ran.exits(4).stdout().contains("expired"), "{}", ran.stdout());
        let said = ran.stderr();
        let refusal = "a purge would be refused now: the clock has moved forward by 24 hours since";
        assert!(said.contains(refusal), "{said}");
    }
    sandbox.run(["purge", "--dry-run", "--accept-clock"]).succeeds();
    assert_eq!(sandbox.files()["app.db"], before["app.db"]);
}

#[test]
fn a_clock_jump_stops_all_jobs_with_one_message() {
    let sandbox = sandbox(-DAY);
    let reason = run(&sandbox, &["run"]).is_refused_with(4).stderr();
    assert!(reason.starts_with("sessctl: the clock has moved back by 24 hours since"), "{reason}");
    let ran = run(&sandbox, &["run", "--json"]);
    assert_eq!(ran.exits(4).json(), serde_json::json!([]));
    assert_eq!(count(&sandbox), (2, 1));
    let jobs = sandbox.db().query_row("SELECT count(*) FROM job_members", [], |row| row.get(0));
    assert_eq!(jobs, Ok(0));
    run(&sandbox, &["run", "--accept-clock"]).succeeds().is_silent();
    sandbox.jobs_have_waited();
    run(&sandbox, &["run"]).succeeds().is_silent();
    assert_eq!(count(&sandbox), (0, 3));
    run(&sandbox, &["run"]).succeeds().is_silent();
}

#[test]
fn a_session_opens_above_its_limit_and_a_warning_says_why() {
    let sandbox = sandbox(DAY);
    let open = ["open", "--user", "bob", "--task", "imap", "--json"];
    let ran = run(&sandbox, &open);
    assert!(ran.succeeds().json()["token"].is_string());
    let warning = ran.stderr();
    assert!(warning.starts_with("sessctl: warning: the clock has moved forward by 24 hours since"));
    assert!(warning.contains("no other was ended"), "{warning}");
    assert_eq!(count(&sandbox), (3, 1));
    // Without a limit nobody asks
    assert_eq!(sandbox.run(open).succeeds().stderr(), "");
    // And an administrator ends what he names
    run(&sandbox, &["cycle", "imap", "-q", "--state", "active,expired"]).succeeds().is_silent();
    assert_eq!(count(&sandbox), (0, 2));
}

#[test]
fn a_session_opens_above_its_licence_too() {
    let sandbox = sandbox(DAY);
    let licence = "[[licence]]\ntasks = [\"http\", \"im*\"]\nlimit = 1\n";
    sandbox.file("c.toml", licence);
    let ran = run(&sandbox, &["open", "--user", "bob", "--task", "http", "--json"]);
    let warning = ran.succeeds().stderr();
    assert!(warning.contains("no other was ended"), "{warning}");
    assert_eq!(count(&sandbox), (3, 1));
    // A task that shares no licence asks for no clock
    let ran = run(&sandbox, &["open", "--user", "bob", "--task", "jmap", "--json"]);
    assert_eq!(ran.succeeds().stderr(), "");
}

#[test]
fn without_the_state_of_a_framework_s_table_it_is_purged_all_the_same() {
    let sandbox = Sandbox::without_database();
    sandbox
        .db()
        .execute_batch(
            "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
             session_data text NOT NULL, expire_date datetime NOT NULL);
             INSERT INTO django_session VALUES ('a', 'e30:1xUaB8:YzDF', '2020-01-01 00:00:00');",
        )
        .unwrap();
    let purge = ["--state-dir", "state", "--profile", "django", "purge"];
    sandbox.run(purge).succeeds().is_silent();
    let state = std::fs::read_dir(sandbox.path("state")).unwrap();
    let paths = state.map(|entry| entry.unwrap().path());
    let state = paths.filter(|path| path.extension().is_some_and(|end| end == "db"));
    let state: Vec<_> = state.collect();
    // Given a record of an older sessctl's, then it is brought up to date, also to look
    for args in [&["show", "stat"][..], &["purge"]] {
        let db = rusqlite::Connection::open(&state[0]).unwrap();
        db.execute_batch("DROP TABLE clocks").unwrap();
        sandbox.run([&purge[..4], args].concat()).succeeds();
    }
    // Given one that says that the clock has moved, then it is refused
    let db = rusqlite::Connection::open(&state[0]).unwrap();
    db.execute("UPDATE clocks SET wall = wall - 7200", []).unwrap();
    drop(db);
    sandbox.run(purge).is_refused_with(4);
}

#[test]
fn rows_from_the_future_are_counted_and_a_purge_warns_of_them() {
    let sandbox = Sandbox::new();
    sandbox.file("c.toml", "[policy.box]\nexpire = \"two-pass\"\n");
    let ahead = |seconds: i64| now() + seconds;
    sandbox.insert(&row("now"));
    sandbox.insert(&row("near").idle(-30));
    sandbox.insert(&row("used").idle(-HOUR));
    sandbox.insert(&row("opened").opened_at(ahead(HOUR)));
    sandbox.insert(&row("marked"));
    sandbox.insert(&row("ended").idle(-HOUR).ended(0, "closed"));
    let mark = "UPDATE sessions SET marked_at = ?1 WHERE id = ?2";
    sandbox.db().execute(mark, (ahead(HOUR), row("marked").id())).unwrap();
    let warning = "4 rows were used, opened or marked in the future: the clock was ahead then, or \
                   it is behind now\n";
    let table = run(&sandbox, &["show", "stat"]);
    assert_eq!(table.succeeds().stderr(), format!("sessctl: warning: {warning}"));
    for format in ["json", "jsonl", "csv", "plain", "prometheus"] {
        let said = run(&sandbox, &["show", "stat", "-o", format]).succeeds().stdout();
        assert!(said.contains("future"), "{format}: {said}");
    }
    let stat = run(&sandbox, &["show", "stat", "--json"]).succeeds().json();
    assert_eq!(stat[0]["future"], 4);
    for args in [&["purge", "--dry-run"][..], &["purge"], &["purge", "--json"]] {
        let ran = run(&sandbox, args);
        assert!(ran.succeeds().stderr().ends_with(warning), "{}", ran.stderr());
    }
    let purged = run(&sandbox, &["purge", "--json"]).succeeds().json();
    assert_eq!(purged["future"], 4);
    // Where nobody marks, a mark is of no interest
    let purged = sandbox.run(["purge", "--json"]).succeeds().json();
    assert_eq!(purged["future"], 3);
    // Another task has none
    sandbox.insert(&row("other").task("http"));
    let other = sandbox.run(["purge", "--task", "http", "--json"]);
    assert_eq!((other.succeeds().stderr().as_str(), &other.json()["future"]), ("", &0.into()));
}

#[test]
fn one_purge_with_a_clock_behind_and_one_at_the_right_time_end_nothing() {
    let sandbox = Sandbox::new();
    sandbox.file("c.toml", "[policy]\nexpire = \"two-pass\"\ndelay = \"24h\"\n");
    for (serial, idle) in [0, MINUTE, HOUR, 5 * HOUR].into_iter().enumerate() {
        sandbox.insert(&row(&serial.to_string()).opened(30 * DAY).idle(idle));
    }
    // As a purge has left them whose clock was 23 hours behind
    sandbox.db().execute("UPDATE sessions SET marked_at = ?1", [now() - 23 * HOUR]).unwrap();
    let purged = run(&sandbox, &["purge", "--json"]).succeeds().json();
    assert_eq!((&purged["ended"], &purged["marked"]), (&0.into(), &4.into()));
    let purged = run(&sandbox, &["purge", "--json"]).succeeds().json();
    assert_eq!((&purged["ended"], &purged["marked"]), (&0.into(), &0.into()));
    // A day later they end, if nobody has used them
    let moved = "UPDATE sessions SET created_at = created_at - ?1, marked_at = marked_at - ?1, \
                 last_used_at = last_used_at - ?1";
    sandbox.db().execute(moved, [DAY]).unwrap();
    let purged = run(&sandbox, &["purge", "--json"]).succeeds().json();
    assert_eq!((&purged["ended"], &purged["marked"]), (&4.into(), &0.into()));
}

/// Runs the command by a clock that lies, to it alone or to all that counts time.
fn lied_to(
    sandbox: &Sandbox,
    clock: &str,
    lies_alone: bool,
    zone: &str,
    args: &[&str],
) -> Finished {
    let mut command = sandbox.command(args.iter().copied());
    command.env("TZ", zone);
    if lies_alone {
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
    Finished(with_clock(clock, &command).output().unwrap())
}

/// Clocks, in the notation of faketime.
const CLOCKS: [&str; 9] =
    ["+62m", "-62m", "+1d", "-1d", "+1y", "-1y", "+20y", "-20y", "@1970-01-02 00:00:00"];

/// What a refusal says of such a clock. One that is off by many years was not moved, but is wrong.
fn said_of(clock: &str) -> &'static str {
    if clock.ends_with("20y") || clock.starts_with('@') {
        "sessctl: the clock says "
    } else {
        "sessctl: the clock has moved "
    }
}

#[test]
#[ignore = "needs faketime"]
fn under_each_policy_no_session_ends_by_a_wrong_clock() {
    for policy in [
        "expire = \"timeout\"",
        "expire = \"abandoned\"",
        "expire = \"two-pass\"\ndelay = \"12h\"",
        "expire = \"never\"\nlifetime = \"8h\"",
    ] {
        let sandbox = Sandbox::new();
        let job = "[[job]]\nname = \"tidy\"\nevery = \"30s\"\ndo = \"purge\"\n";
        sandbox.file("c.toml", format!("[policy]\n{policy}\n{job}"));
        run(&sandbox, &["purge"]).succeeds();
        for serial in 0..3 {
            sandbox.insert(&row(&serial.to_string()).idle(serial * MINUTE));
        }
        for (clock, lies_alone) in CLOCKS.iter().flat_map(|clock| [(clock, false), (clock, true)]) {
            for command in ["purge", "run"] {
                let args = ["--config", "c.toml", command];
                let ran = lied_to(&sandbox, clock, lies_alone, "UTC", &args);
                let reason = ran.is_refused_with(4).stderr();
                assert!(reason.contains(said_of(clock)), "{policy}, {clock}: {reason}");
            }
        }
        // And at the right time the job runs, and purges work
        run(&sandbox, &["run"]).succeeds().is_silent();
        run(&sandbox, &["purge"]).succeeds().is_silent();
        assert_eq!(sandbox.listed(["--state", "ended"]), [""; 0], "{policy}");
    }
}

#[test]
#[ignore = "needs faketime"]
fn no_django_session_is_deleted_by_a_wrong_clock_in_either_setting() {
    for (profile, zone, ahead) in
        [("django", "UTC", 0), ("django", "Europe/Berlin", 0), ("django-local", "Asia/Tokyo", 9)]
    {
        let sandbox = Sandbox::without_database();
        sandbox
            .db()
            .execute_batch(&format!(
                "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
                 session_data text NOT NULL, expire_date datetime NOT NULL);
                 INSERT INTO django_session SELECT 'k' || value, 'e30:1xUaB8:YzDF', \
                 strftime('%Y-%m-%d %H:%M:%S', 'now', '{ahead} hours', value || ' days') \
                 FROM (WITH RECURSIVE days (value) AS (VALUES (-3) UNION ALL SELECT value + 1 \
                 FROM days WHERE value < 14) SELECT value FROM days) WHERE value <> 0;"
            ))
            .unwrap();
        let left = || -> i64 {
            let sql = "SELECT count(*) FROM django_session";
            sandbox.db().query_row(sql, [], |row| row.get(0)).unwrap()
        };
        let mut purge = vec!["--state-dir", "state", "--profile", profile, "purge"];
        if ahead != 0 {
            purge.extend(["--param", "timezone=Asia/Tokyo"]);
        }
        // Given a first purge at the right time
        let mut at_the_right_time = sandbox.command(purge.iter().copied());
        at_the_right_time.env("TZ", zone);
        Finished(at_the_right_time.output().unwrap()).succeeds().is_silent();
        assert_eq!(left(), 14);
        for (clock, lies_alone) in CLOCKS.iter().flat_map(|clock| [(clock, false), (clock, true)]) {
            let reason = lied_to(&sandbox, clock, lies_alone, zone, &purge);
            let reason = reason.is_refused_with(4).stderr();
            assert!(reason.contains(said_of(clock)), "{profile}, {clock}: {reason}");
            assert_eq!(left(), 14, "{profile}, {clock}");
        }
        Finished(at_the_right_time.output().unwrap()).succeeds().is_silent();
        assert_eq!(left(), 14);
    }
}
