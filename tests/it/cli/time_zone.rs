//! The machine's time zone, as `TZ` names it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use sessctl::cli::time_zone::Machine;
use sessctl::domain::time_zone::TimeZone;

use crate::support::{Finished, Sandbox};

const NIGHTLY: &str = "[[job]]\nname = \"tidy\"\nat = \"0 3 *\"\ndo = \"purge\"\n";
const OFTEN: &str = "[[job]]\nname = \"tidy\"\nevery = \"5m\"\ndo = \"purge\"\n";

/// Values of `TZ` that name no zone, and what the message says of each.
const UNKNOWN: [(&str, &str); 6] = [
    ("America/New_Yrok", "neither the name of a zone nor a POSIX rule"),
    ("europe/berlin", "use \"Europe/Berlin\""),
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

/// A machine with a database of one zone, in a directory of its own.
fn on_a_machine<T>(localtime: impl FnOnce(&Path, &Path), ask: impl FnOnce(Machine<'_>) -> T) -> T {
    let directory = tempfile::tempdir().unwrap();
    let (file, zones) = (directory.path().join("localtime"), directory.path().join("zoneinfo"));
    fs::create_dir_all(zones.join("Europe")).unwrap();
    fs::write(zones.join("Europe/Berlin"), berlin()).unwrap();
    localtime(&file, &zones);
    ask(Machine { localtime: &file, databases: &[zones] })
}

/// The zone of Berlin since 1996, compiled.
fn berlin() -> Vec<u8> {
    let header = |version: u8| {
        // One type of local time with its name, and nothing else.
        let counts = [0_u32, 0, 0, 0, 1, 4].map(u32::to_be_bytes).concat();
        [b"TZif", &[version][..], &[0; 15], &counts].concat()
    };
    let body = [&3_600_i32.to_be_bytes()[..], &[0, 0], b"CET\0"].concat();
    let rules = b"\nCET-1CEST,M3.5.0,M10.5.0/3\n";
    [header(b'2'), body.clone(), header(b'2'), body, rules.to_vec()].concat()
}

fn summer_offset(zone: &TimeZone) -> i64 {
    zone.offset_at(sessctl::UnixTime(1_781_524_800)).unwrap()
}

#[test]
fn without_any_word_of_a_zone_it_is_utc() {
    let zone = on_a_machine(|_, _| (), |machine| machine.zone(None)).unwrap();
    assert_eq!((summer_offset(&zone), zone.identity()), (0, "UTC+00".to_owned()));
}

#[test]
fn the_file_of_the_machine_is_read_and_named_by_what_it_is_a_link_to() {
    let zone = on_a_machine(
        |file, zones| symlink(zones.join("Europe/Berlin"), file).unwrap(),
        |machine| machine.zone(None),
    );
    let zone = zone.unwrap();
    assert_eq!((summer_offset(&zone), zone.identity()), (7_200, "Europe/Berlin".to_owned()));
    // And a copy has a name of its own, which is that of its content
    let copy = |content: Vec<u8>| {
        on_a_machine(|file, _| fs::write(file, content).unwrap(), |machine| machine.zone(None))
    };
    let identity = copy(berlin()).unwrap().identity();
    assert!(identity.starts_with("file:"), "{identity}");
    assert_eq!(copy(berlin()).unwrap().identity(), identity);
    assert_eq!(copy(berlin()).unwrap().to_string(), "local");
}

#[test]
fn a_file_that_cannot_be_resolved_is_named_with_the_remedy() {
    let says = |make: fn(&Path, &Path)| {
        on_a_machine(make, |machine| machine.zone(None)).unwrap_err().to_string()
    };
    for (reason, why) in [
        (says(|file, zones| symlink(zones.join("Mars/Base"), file).unwrap()), "No such file"),
        (says(|file, _| fs::write(file, "garbage").unwrap()), "it is not a compiled"),
        (says(|file, _| fs::write(file, "").unwrap()), "it is not a compiled"),
        (says(|file, _| fs::create_dir(file).unwrap()), "directory"),
        (says(|file, _| symlink(file, file).unwrap()), "symbolic links"),
    ] {
        assert!(reason.starts_with("could not resolve the machine's time zone: /"), "{reason}");
        assert!(reason.contains("/localtime: ") && reason.contains(why), "{reason}");
        assert!(reason.contains("or set TZ"), "{reason}");
    }
}

#[test]
fn the_variable_goes_before_the_file() {
    let garbage = |file: &Path, _: &Path| fs::write(file, "garbage").unwrap();
    let ask = |tz: &str| {
        on_a_machine(garbage, |machine| machine.zone(Some(OsStr::new(tz))))
            .map(|zone| (summer_offset(&zone), zone.identity()))
    };
    for (tz, offset, identity) in [
        ("Europe/Berlin", 7_200, "Europe/Berlin"),
        (":Europe/Berlin", 7_200, "Europe/Berlin"),
        ("America/New_York", -14_400, "America/New_York"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", 7_200, "CET-1CEST,M3.5.0,M10.5.0/3"),
        ("Asia/Kolkata", 19_800, "UTC+05:30"),
        ("", 0, "UTC+00"),
    ] {
        assert_eq!(ask(tz).unwrap(), (offset, identity.to_owned()), "{tz}");
    }
    let path = on_a_machine(garbage, |machine| {
        let path = machine.databases[0].join("Europe/Berlin");
        machine.zone(Some(path.as_os_str())).unwrap().identity()
    });
    assert_eq!(path, "Europe/Berlin");
    for tz in ["Mars/Base", "Europe", "local", "/", "Europe//Berlin", "Europe/Berlin/"] {
        assert!(ask(tz).unwrap_err().to_string().contains(&format!("TZ={tz:?}")), "{tz}");
    }
}
