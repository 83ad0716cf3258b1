//! The machine's time zone, as `TZ` names it.

use crate::support::{Finished, Sandbox};

const NIGHTLY: &str = "[[job]]\nname = \"tidy\"\nat = \"0 3 *\"\ndo = \"purge\"\n";
const OFTEN: &str = "[[job]]\nname = \"tidy\"\nevery = \"5m\"\ndo = \"purge\"\n";

/// Values of `TZ` that name no zone, and what the message says of each.
const UNKNOWN: [(&str, &str); 6] = [
    ("America/New_Yrok", "neither the name of a zone nor a POSIX rule"),
    ("europe/berlin", "write \"Europe/Berlin\""),
    ("CEST", "neither the name of a zone"),
    (":Mars/Base", "neither the name of a zone"),
    ("/no/such/file", "No such file or directory"),
    ("../../etc/passwd", "neither the name of a zone"),
];

fn run_in(tz: &str, sandbox: &Sandbox, args: &[&str]) -> Finished {
    Finished(sandbox.command(args.iter().copied()).env("TZ", tz).output().unwrap())
}

fn sandbox(jobs: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("jobs.toml", jobs);
    sandbox
}

/// The first time of `0 3 *` after midsummer.
fn first_time(tz: &str) -> String {
    let args = ["schedule", "next", "0 3 *", "--after", "2026-06-21T00:00:00Z", "-n", "1"];
    let ran = run_in(tz, &Sandbox::without_database(), &[&args[..], &["-o", "plain"]].concat());
    ran.succeeds().stdout()
}

#[test]
fn a_zone_is_named_by_a_name_a_rule_or_a_path() {
    for (tz, hour) in [
        ("Europe/Berlin", "01:00"),
        (":Europe/Berlin", "01:00"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "01:00"),
        ("America/New_York", "07:00"),
        ("EST5EDT", "07:00"),
        ("CET-1CEST", "01:00"),
        ("<+0530>-5:30", "21:30"),
        ("UTC", "03:00"),
        ("", "03:00"),
    ] {
        let said = first_time(tz);
        assert!(said.contains(&format!("T{hour}:00Z")), "TZ={tz:?}: {said}");
    }
}

#[test]
fn a_name_needs_no_database_of_the_system() {
    let sandbox = Sandbox::without_database();
    let args = ["schedule", "next", "0 3 *", "--after", "2026-06-21T00:00:00Z", "-o", "plain"];
    let mut command = sandbox.command(args);
    command.env("TZ", "Antarctica/Troll").env("TZDIR", sandbox.path("nothing"));
    let said = Finished(command.output().unwrap()).succeeds().stdout();
    assert!(said.contains("T01:00:00Z"), "{said}");
}

#[test]
fn a_zone_that_cannot_be_resolved_is_a_mistake_of_usage() {
    let sandbox = sandbox(NIGHTLY);
    for (tz, why) in UNKNOWN {
        for args in [
            &["--config", "jobs.toml", "run"][..],
            &["--config", "jobs.toml", "show", "schedule"],
            &["schedule", "next", "0 3 *"],
            &["list", "--at", "2026-06-15 12:00"],
            &["purge", "--dry-run", "--at", "2026-06-15"],
        ] {
            let reason = run_in(tz, &sandbox, args).is_refused_with(2).stderr();
            let named = format!("could not resolve the time zone TZ={tz:?}: ");
            assert!(reason.contains(&named) && reason.contains(why), "{args:?}: {reason}");
            assert!(reason.contains("set TZ to a name such as Europe/Berlin"), "{reason}");
        }
    }
    assert_eq!(sandbox.run(["show", "runs", "--json"]).succeeds().json(), serde_json::json!([]));
}

#[test]
fn an_unknown_zone_matters_only_to_commands_that_need_it() {
    let sandbox = sandbox(OFTEN);
    sandbox.file("berlin.toml", format!("[schedule]\ntimezone = \"Europe/Berlin\"\n{NIGHTLY}"));
    for (tz, _) in UNKNOWN {
        for args in [
            &["list"][..],
            &["purge"],
            &["show", "stat"],
            &["list", "--at", "2026-06-15T12:00:00Z"],
            &["--config", "jobs.toml", "run"],
            &["--config", "jobs.toml", "show", "config"],
            &["--config", "berlin.toml", "run"],
            &["--config", "berlin.toml", "show", "schedule"],
            &["schedule", "next", "0 3 *", "--tz", "Europe/Berlin"],
            &["schedule", "print", "cron"],
        ] {
            run_in(tz, &sandbox, args).succeeds();
        }
    }
}

const DJANGO: &str = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
                      session_data text NOT NULL, expire_date datetime NOT NULL);";

#[test]
fn local_times_of_a_framework_s_table_are_never_taken_for_utc() {
    // Given sessions whose local time is over in UTC, and not in New York
    let sandbox = Sandbox::without_database();
    let rows = "WITH hour (n) AS (VALUES (1), (2), (3)) INSERT INTO django_session \
                SELECT 'live' || n, 'e30:x', datetime('now', '-4 hours', n || ' hours') FROM hour";
    sandbox.db().execute_batch(&format!("{DJANGO} {rows}")).unwrap();
    let left = || {
        let sql = "SELECT count(*) FROM django_session";
        sandbox.db().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let profile = ["--profile", "django-local", "--param", "timezone=local"];
    let purge = [&["--state-dir", "state"], &profile[..], &["purge"]].concat();
    // When the zone cannot be resolved, then nothing is deleted
    for (tz, _) in UNKNOWN {
        run_in(tz, &sandbox, &purge).is_refused_with(2);
        assert_eq!(left(), 3);
    }
    // When it can, then its times are read
    for tz in ["EST4", "<-04>4", ":Etc/GMT+4"] {
        run_in(tz, &sandbox, &purge).succeeds();
        assert_eq!(left(), 3, "{tz}");
    }
    run_in("UTC", &sandbox, &purge).succeeds();
    assert_eq!(left(), 0);
}
