//! Tests of `cli::doctor::schedulers`.

use std::fs;
use std::os::unix::fs::symlink;

use sessctl::cli::doctor::schedulers::{CallTarget, ScheduledCall, read};

use crate::support::Sandbox;

fn target() -> CallTarget {
    CallTarget { db: "/srv/app.db".to_owned(), ..CallTarget::default() }
}

fn is_for(line: &str, target: &CallTarget) -> bool {
    ScheduledCall::of("crontab:1".to_owned(), line).is_some_and(|call| call.is_for(target))
}

#[test]
fn a_call_is_for_the_database_that_it_names() {
    for line in [
        "15 * * * * /usr/bin/sessctl --db /srv/app.db purge",
        "15 * * * * app sessctl --db=/srv/app.db purge -q 2>&1 | logger",
        "@hourly SESSCTL_DB=/srv/app.db sessctl purge",
        "* * * * * cd /srv && sessctl --db app.db run",
    ] {
        assert!(is_for(line, &target()), "{line}");
    }
    for line in [
        "# 15 * * * * sessctl --db /srv/app.db purge",
        "15 * * * * sessctl --db /srv/other.db purge",
        "15 * * * * sessctl --db /srv/app.db purge --dry-run",
        "15 * * * * sessctl --db /srv/app.db show stat",
        "15 * * * * rm -r /srv/app.db purge",
        "15 * * * * sessctl purge",
        "",
    ] {
        assert!(!is_for(line, &target()), "{line}");
    }
}

#[test]
fn a_call_is_for_the_database_of_the_configuration_that_it_names() {
    let named = CallTarget { config: Some("/srv/app.toml".into()), ..target() };
    assert!(is_for("* * * * * sessctl --config /srv/app.toml run", &named));
    assert!(!is_for("* * * * * sessctl --config /srv/other.toml run", &named));
    assert!(!is_for("* * * * * sessctl run", &named));
    let default = CallTarget { is_default_config: true, ..named };
    assert!(is_for("* * * * * sessctl run", &default));
}

#[test]
fn crontabs_and_units_are_read() {
    let sandbox = Sandbox::without_database();
    let files = [
        ("etc/crontab", "# comment\n15 * * * * root sessctl --db /srv/app.db purge\n"),
        ("etc/cron.d/other", "* * * * * root true\n"),
        ("var/spool/cron/crontabs/app", "\n\n15 * * * * sessctl --db /srv/app.db purge\n"),
        ("etc/systemd/system/sessctl-purge.service", "[Service]\nExecStart=/bin/sessctl purge\n"),
        ("etc/systemd/system/sessctl-purge.timer", "[Timer]\nOnCalendar=hourly\n"),
        ("etc/systemd/system/untimed.service", "[Service]\nExecStart=/bin/sessctl purge\n"),
        ("etc/systemd/system/watch.service", "[Service]\nExecStart=/bin/sessctl run --watch\n"),
    ];
    for (name, text) in files {
        fs::create_dir_all(sandbox.path(name).parent().unwrap()).unwrap();
        sandbox.file(name, text);
    }
    sandbox.fifo("etc/cron.d/pipe");
    let root = sandbox.path("");
    let places = read(&root).into_iter().map(|call| call.place);
    let places: Vec<String> =
        places.map(|place| place.replace(&root.display().to_string(), "/")).collect();
    assert_eq!(
        places,
        [
            "/etc/crontab:2",
            "/var/spool/cron/crontabs/app:3",
            "/etc/systemd/system/sessctl-purge.service:2",
            "/etc/systemd/system/watch.service:2",
        ]
    );
}

#[test]
fn the_line_of_schedule_print_is_recognized() {
    let sandbox = Sandbox::new();
    let db = sandbox.path("100% app.db");
    fs::rename(sandbox.path("app.db"), &db).unwrap();
    let name = db.to_str().unwrap();
    let target = CallTarget { db: name.to_owned(), ..CallTarget::default() };
    for options in
        [&["schedule", "print", "cron"] as &[&str], &["schedule", "print", "cron", "--system"]]
    {
        let printed = sandbox.run([&["--db", name], options].concat()).succeeds().stdout();
        assert!(is_for(printed.lines().last().unwrap(), &target), "{printed}");
    }
}

#[test]
fn packaged_units_count_if_their_timers_are_enabled() {
    let sandbox = Sandbox::without_database();
    let packaged = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/systemd");
    let (units, wanted) = ("usr/lib/systemd/system", "etc/systemd/system/timers.target.wants");
    for directory in [units, wanted] {
        fs::create_dir_all(sandbox.path(directory)).unwrap();
    }
    for file in fs::read_dir(packaged).unwrap().map(|file| file.unwrap()) {
        fs::copy(file.path(), sandbox.path(units).join(file.file_name())).unwrap();
    }
    let calls = || read(&sandbox.path("."));
    assert_eq!(calls(), []);
    let shop = CallTarget { name: Some("shop".to_owned()), is_default_config: true, ..target() };
    let mail =
        CallTarget { name: Some("mail".to_owned()), db: "/srv/mail.db".to_owned(), ..shop.clone() };
    let enable = |name: &str| {
        symlink(format!("/{units}/sessctl@.timer"), sandbox.path(wanted).join(name)).unwrap();
    };
    enable("sessctl@shop.timer");
    assert_eq!(calls().len(), 1);
    assert!(calls()[0].is_for(&shop) && !calls()[0].is_for(&mail));
    enable("sessctl.timer");
    assert!(calls().iter().any(|call| call.is_for(&mail)));
}
