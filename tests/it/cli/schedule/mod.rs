//! Schedules through the binary: check, next, print.

mod call_options;
mod crontab;
mod export;
mod packaged;
mod subject;
mod systemd;
mod unit_files;
mod user;

use std::fs;
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use sessctl::cli::schedule::subject::Subject;
use sessctl::cli::schedule::user::ScheduleUser;

use systemd::verify;

use crate::support::{SESSCTL, Sandbox};

/// Owner of a database, in group 7.
fn owner(uid: u32, name: Option<&str>) -> ScheduleUser {
    ScheduleUser { uid, gid: 7, name: name.map(str::to_owned) }
}

/// Needs no database, and no setting at all.
fn sandbox() -> Sandbox {
    Sandbox::without_database()
}

#[test]
fn a_valid_schedule_prints_nothing() {
    let sandbox = sandbox();
    for spec in ["15 * *", "0 3 *", "45 5 2", "*/15 8-18 mon-fri", "0,30 * 6,7", "0 0 sun"] {
        sandbox.run(["schedule", "check", spec]).succeeds().is_silent();
        // Without quotes it is several arguments, if the shell has left the stars.
        let words = ["schedule", "check"].into_iter().chain(spec.split(' '));
        sandbox.run(words.collect::<Vec<_>>()).succeeds().is_silent();
    }
}

#[test]
fn a_mistake_is_pointed_out() {
    let sandbox = sandbox();
    let said = |spec: &str| {
        let ran = sandbox.run(["schedule", "check", spec]);
        assert_eq!(ran.exits(2).stdout(), "");
        ran.stderr()
    };
    let specs = ["61 * *", "* * 8", "* 5-1 *", "* * * * *", "* *", "", "a b c"];
    insta::assert_snapshot!(specs.map(said).concat(), @r#"
    sessctl: invalid schedule: minute 61 is out of range
      61 * *
      ^^
    minute holds 0-59, *, lists (0,30), ranges (1-5) and steps (*/15, 10-50/20)
    sessctl: invalid schedule: weekday 8 is out of range
      * * 8
          ^
    weekday holds 1 (Monday) to 7 (Sunday) or mon to sun, *, lists (1,fri), ranges (mon-fri, 6-1) and steps (*/2)
    sessctl: invalid schedule: hour range 5-1 is reversed
      * 5-1 *
        ^^^
    hour holds 0-23, *, lists (2,14), ranges (8-18) and steps (*/6, 8-18/2)
    sessctl: invalid schedule: it has 5 fields like a crontab line, not three
      * * * * *
          ^^^
    a schedule is <minute> <hour> <weekday>: use * * *
    sessctl: invalid schedule: it has 2 fields, not three
      * *
         ^
    a schedule is <minute> <hour> <weekday>, such as 0 3 * for daily at 03:00
    sessctl: invalid schedule: it is empty
    a schedule is <minute> <hour> <weekday>, such as 0 3 * for daily at 03:00
    sessctl: invalid schedule: minute a is not valid
      a b c
      ^
    minute holds 0-59, *, lists (0,30), ranges (1-5) and steps (*/15, 10-50/20)
    "#);
}

#[test]
fn the_next_times_are_printed_in_the_requested_zone() {
    let sandbox = sandbox();
    let next = |args: &[&'static str]| {
        let args = [&["schedule", "next", "--json"], args].concat();
        sandbox.run(args).succeeds().json()
    };
    let after = ["--after", "2026-06-15T12:00:00Z"];
    assert_eq!(
        next(&[&["15 * *", "-n", "2"], &after[..]].concat()),
        json!([
            {"time": "2026-06-15T12:15:00Z", "time_unix": 1_781_525_700},
            {"time": "2026-06-15T13:15:00Z", "time_unix": 1_781_529_300},
        ])
    );
    let berlin = next(&[&["0 3 *", "-n", "1", "--tz", "Europe/Berlin"], &after[..]].concat());
    assert_eq!(berlin[0]["time"], "2026-06-16T01:00:00Z");
    assert_eq!(next(&["15 * *"]).as_array().unwrap().len(), 5);
    assert_eq!(next(&["15 * *", "-n", "0"]), json!([]));
    // A time after which to look, without a zone of its own, is of that zone too
    let local = ["30 2 *", "-n", "1", "--tz", "America/New_York", "--after", "2026-03-06 12:00"];
    assert_eq!(next(&local)[0]["time"], "2026-03-07T07:30:00Z");
}

#[test]
fn the_zone_of_the_machine_or_of_the_configuration_is_the_default() {
    let sandbox = sandbox();
    let args =
        ["schedule", "next", "0 3 *", "-n", "1", "--after", "2026-06-15T12:00:00Z", "-o", "csv"];
    let mut command = sandbox.command(args);
    command.env("TZ", "Asia/Tokyo");
    let tokyo = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(tokyo.contains("2026-06-15T18:00:00Z"), "{tokyo}");
    sandbox.file("c.toml", "[schedule]\ntimezone = \"Europe/Berlin\"\n");
    let berlin = sandbox.run(["--config", "c.toml"].into_iter().chain(args).collect::<Vec<_>>());
    assert!(berlin.succeeds().stdout().contains("2026-06-16T01:00:00Z"));
}

#[test]
fn people_see_the_clock_on_the_wall_and_how_long_to_wait() {
    let args = ["schedule", "next", "0 3 7", "-n", "2", "--tz", "Europe/Berlin"];
    let ran = sandbox()
        .run(args.into_iter().chain(["--after", "2026-10-20T12:00:00Z"]).collect::<Vec<_>>());
    insta::assert_snapshot!(ran.succeeds().stdout(), @r#"
    LOCAL TIME                   TIME                      IN
    Sun 2026-10-25 03:00 +01:00  2026-10-25T02:00:00Z   4d14h
    Sun 2026-11-01 03:00 +01:00  2026-11-01T02:00:00Z  11d14h
    "#);
}

#[test]
fn a_wrong_argument_of_next_is_a_mistake_of_usage() {
    let sandbox = sandbox();
    for args in [
        &["15 * *", "-n", "-1"][..],
        &["15 * *", "--tz", "Mars/Base"],
        &["15 * *", "--after", "soon"],
        &["15 * * 3"],
        &["15 * *", "-o", "prometheus"],
        &[],
    ] {
        let ran = sandbox.run([&["schedule", "next"], args].concat());
        assert_eq!(ran.exits(2).stdout(), "", "{args:?}");
    }
}

/// With the paths of this run left out.
fn printed(sandbox: &Sandbox, args: &[&str]) -> String {
    let ran = sandbox.run([&["schedule", "print"], args].concat());
    let folder = std::fs::canonicalize(sandbox.path(".")).unwrap();
    let program = std::fs::canonicalize(SESSCTL).unwrap();
    ran.succeeds()
        .stdout()
        .replace(&*program.to_string_lossy(), "/usr/bin/sessctl")
        .replace(&*folder.to_string_lossy(), "/srv")
}

#[test]
fn a_crontab_line_names_program_and_database_by_their_full_paths() {
    let sandbox = sandbox();
    sandbox.file("c.toml", "");
    let lines = [
        &["cron"][..],
        &["cron", "0 3 mon-fri"],
        &["cron", "45 5 7", "--config", "c.toml"],
        &["cron", "15 * *", "--db", "100% 'mine'.db"],
    ];
    insta::assert_snapshot!(lines.map(|args| printed(&sandbox, args)).concat(), @r#"
    15 * * * * /usr/bin/sessctl --db /srv/app.db purge
    0 3 * * 1-5 /usr/bin/sessctl --db /srv/app.db purge
    45 5 * * 7 /usr/bin/sessctl --config /srv/c.toml --db /srv/app.db purge
    15 * * * * /usr/bin/sessctl --db "/srv/100\% 'mine'.db" purge
    "#);
    sandbox.run(["schedule", "print", "cron", "61 * *"]).exits(2);
    sandbox.run(["schedule", "print", "cron", "--dir", "."]).is_refused_with(2);
    sandbox.run(["schedule", "print", "cron", "--db", "a\nb"]).is_refused_with(2);
    sandbox.run(["schedule", "print", "systemd", "--system"]).is_refused_with(2);
    // Nobody knows yet whose it will be.
    let reason = sandbox.run(["schedule", "print", "cron", "--system"]).is_refused_with(2).stderr();
    assert!(reason.contains("the database does not exist"), "{reason}");
}

#[test]
#[ignore = "needs root"]
fn printed_schedules_run_as_the_owner_of_the_database() {
    let sandbox = Sandbox::new();
    let own = |uid, gid| chown(sandbox.path("app.db"), Some(uid), Some(gid)).unwrap();
    let cron = |args: &[&str]| printed(&sandbox, &[&["cron"], args].concat());
    let unit = || printed(&sandbox, &["systemd"]);
    let has = |unit: &str, line: &str| unit.lines().any(|found| found == line);
    // Root's own
    assert_eq!(cron(&[]), "15 * * * * /usr/bin/sessctl --db /srv/app.db purge\n");
    assert_eq!(cron(&["--system"]), "15 * * * * root /usr/bin/sessctl --db /srv/app.db purge\n");
    assert!(!unit().contains("User=") && has(&unit(), "StateDirectory=sessctl/root"));
    // That of a user with an account
    own(65_534, 65_534);
    insta::assert_snapshot!(cron(&[]) + &cron(&["--system"]), @r"
    # for the crontab of nobody: crontab -u nobody -e
    15 * * * * /usr/bin/sessctl --db /srv/app.db purge
    15 * * * * nobody /usr/bin/sessctl --db /srv/app.db purge
    ");
    for line in ["User=nobody", "StateDirectory=sessctl/nobody", "CapabilityBoundingSet="] {
        assert!(has(&unit(), line), "{line}\n{}", unit());
    }
    // and of one without
    own(424_242, 424_243);
    for line in ["User=424242", "Group=424243", "StateDirectory=sessctl/424242"] {
        assert!(has(&unit(), line), "{line}\n{}", unit());
    }
    for args in [&["cron"][..], &["cron", "--system"]] {
        let ran = sandbox.run([&["schedule", "print"], args].concat());
        let reason = ran.is_refused_with(2).stderr();
        assert!(reason.contains("cron knows users by name, and user 424242 has none"), "{reason}");
    }
}

#[test]
fn units_are_printed_or_written() {
    let sandbox = sandbox();
    let text = printed(&sandbox, &["systemd", "30 3 mon-fri"]);
    sandbox
        .run(["schedule", "print", "systemd", "30 3 mon-fri", "--dir", "."])
        .succeeds()
        .is_silent();
    let files = sandbox.files();
    let [service, timer] = unit_names(&sandbox);
    assert_eq!(files.keys().collect::<Vec<_>>(), [&service, &timer]);
    let timer = String::from_utf8_lossy(&files[&timer]).into_owned();
    let (first, timer) = timer.split_once('\n').unwrap();
    let database = std::fs::canonicalize(sandbox.path(".")).unwrap().join("app.db");
    assert_eq!(first, format!("# Written by sessctl schedule print for the database {database:?}"));
    let timer = timer.replace(&*database.to_string_lossy(), "/srv/app.db");
    insta::assert_snapshot!(timer, @r#"
    [Unit]
    Description=End and purge unused sessions of /srv/app.db

    [Timer]
    OnCalendar=Mon,Tue,Wed,Thu,Fri *-*-* 03:30:00
    AccuracySec=1s
    # A run that was missed while the machine was off is made up for, once.
    Persistent=true

    [Install]
    WantedBy=timers.target
    "#);
    assert!(text.contains("\nExecStart=/usr/bin/sessctl --db /srv/app.db purge\n"), "{text}");
    assert!(text.contains("\nReadWritePaths=/srv\n"));
}

#[test]
#[ignore = "needs cron"]
fn crontab_accepts_the_line() {
    let sandbox = sandbox();
    for spec in ["15 * *", "*/10 8-18 mon-fri", "0 0 7", "0,30 * 6,7", "5 4 sat-mon"] {
        let line = sandbox.run(["schedule", "print", "cron", spec]).succeeds().stdout();
        let file = sandbox.file("crontab", line);
        let checked = Command::new("crontab").arg("-n").arg(file).output().unwrap();
        assert!(checked.status.success(), "{spec}: {}", String::from_utf8_lossy(&checked.stderr));
    }
}

#[test]
#[ignore = "needs systemd"]
fn systemd_accepts_the_units() {
    let sandbox = sandbox();
    for (index, (spec, db)) in
        [("15 * *", "app.db"), ("*/10 8-18 mon-fri", "100% $mine \"x\"-\\y.db")]
            .into_iter()
            .enumerate()
    {
        let directory = index.to_string();
        let print = ["schedule", "print", "systemd", spec, "--dir", &directory, "--db", db];
        sandbox.run(print).succeeds();
        let options = ["--", "--why", "100% \"yes\"", "--archive", "old/%Y-%m-%d.jsonl"];
        sandbox.run(print.into_iter().chain(options).collect::<Vec<_>>()).succeeds();
        let units: Vec<PathBuf> = fs::read_dir(sandbox.path(&directory))
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        assert_eq!(units.len(), 2);
        verify(&units);
    }
}

#[test]
#[ignore = "needs script"]
fn people_are_told_what_to_type_next() {
    let sandbox = Sandbox::new();
    let said = |args: &str| {
        let line = format!("{SESSCTL} --db app.db schedule print {args}");
        let output = Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .current_dir(sandbox.path("."))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let [_, timer] = unit_names(&sandbox);
    let units = said("systemd --dir units");
    let enable = format!("systemctl daemon-reload && systemctl enable --now {timer}");
    assert!(
        units.starts_with("sessctl: next, copy both files") && units.contains(&enable),
        "{units}"
    );
    assert!(said("cron '15 * *'").contains("sessctl: next, type crontab -e, and add this line"));
    let system = said("cron '15 * *' --system");
    let name = timer.trim_end_matches(".timer").replace('.', "-");
    assert!(
        system.contains(&format!("such as /etc/cron.d/{name}: its name may contain")),
        "{system}"
    );
    assert_eq!(said("-q systemd --dir units"), "");
}

/// Names of the service and the timer of `app.db`.
fn unit_names(sandbox: &Sandbox) -> [String; 2] {
    let database = std::fs::canonicalize(sandbox.path(".")).unwrap().join("app.db");
    let place = database.to_string_lossy().into_owned();
    let name = Subject::Database { place, name: None, table: None }.unit_name();
    [format!("{name}.service"), format!("{name}.timer")]
}
