//! Tests of `cli::schedule::unit_files`, through the binary.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::unit_names;
use crate::support::{Finished, Sandbox};

fn print(sandbox: &Sandbox, args: &[&str]) -> Finished {
    let print = ["schedule", "print", "systemd", "--dir", "etc/units"];
    sandbox.run(print.into_iter().chain(args.iter().copied()).collect::<Vec<_>>())
}

/// Prints the units where no variable names a database.
fn print_all(sandbox: &Sandbox, args: &[&str]) -> Finished {
    let print = ["schedule", "print", "systemd", "--dir", "etc/units"];
    let mut command = sandbox.command(print.into_iter().chain(args.iter().copied()));
    Finished(command.env_remove("SESSCTL_DB").output().unwrap())
}

fn files(sandbox: &Sandbox) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(sandbox.path("etc/units")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), fs::read(path).unwrap_or_default())).collect()
}

#[test]
fn units_of_another_database_are_kept() {
    let sandbox = Sandbox::without_database();
    // The directory is created.
    print(&sandbox, &[]).succeeds().is_silent();
    print(&sandbox, &["--db", "other.db"]).succeeds();
    print(&sandbox, &["--table", "sessions2"]).succeeds();
    let [service, timer] = unit_names(&sandbox);
    assert_eq!(files(&sandbox).len(), 6);
    // The same database: replaced.
    print(&sandbox, &["30 3 *"]).succeeds();
    let text = fs::read_to_string(sandbox.path(&format!("etc/units/{timer}"))).unwrap();
    assert!(text.contains("OnCalendar=*-*-* 03:30:00\n"), "{text}");
    // A file of the same name for another database, and one that somebody else has written
    let strange = [
        ("[Unit]\n", "was not written by sessctl"),
        ("", "was not written by sessctl"),
        (
            "# Written by sessctl schedule print for the database \"/srv/x.db\"\n[Unit]\n",
            "is for the database \"/srv/x.db\"",
        ),
    ];
    for name in [&service, &timer] {
        let path = sandbox.path(&format!("etc/units/{name}"));
        let own = fs::read(&path).unwrap();
        for (text, why) in strange {
            fs::write(&path, text).unwrap();
            let before = files(&sandbox);
            let said = print(&sandbox, &["45 4 *"]).is_refused_with(4).stderr();
            assert!(said.contains(why) && said.contains(name.as_str()), "{said}");
            assert!(said.contains("nothing was written"), "{said}");
            assert_eq!(files(&sandbox), before);
        }
        fs::write(&path, own).unwrap();
    }
    print(&sandbox, &["45 4 *"]).succeeds();
}

#[test]
fn both_units_are_written_or_none() {
    let sandbox = Sandbox::without_database();
    let [service, timer] = unit_names(&sandbox);
    fs::create_dir_all(sandbox.path("etc/units")).unwrap();
    for (name, other) in [(&service, &timer), (&timer, &service)] {
        let path = sandbox.path(&format!("etc/units/{name}"));
        fs::create_dir(&path).unwrap();
        let said = print(&sandbox, &[]).is_refused_with(1).stderr();
        assert!(said.contains("it is a directory, and only a regular file is replaced"), "{said}");
        assert!(!sandbox.path(&format!("etc/units/{other}")).exists());
        fs::remove_dir(&path).unwrap();
        symlink("elsewhere", &path).unwrap();
        print(&sandbox, &[]).is_refused_with(1);
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(files(&sandbox), BTreeMap::new());
    // A file where the directory should be
    sandbox.file("file", "");
    let args = ["schedule", "print", "systemd", "--dir", "file/units"];
    sandbox.run(args).is_refused_with(1);
}

/// A configuration of two databases, one of which has a job and the other an archive.
fn two_databases(sandbox: &Sandbox) {
    sandbox.file(
        "c.toml",
        r#"
        [[database]]
        name = "shop-1"
        path = "app.db"
        [[database.job]]
        name = "purge"
        at = "15 * *"
        do = "purge"
        [[database]]
        name = "mail"
        path = "mail/mail.db"
        [database.archive]
        file = "old/%Y-%m-%d.jsonl"
        "#,
    );
}

#[test]
fn all_databases_have_one_pair_of_units() {
    let sandbox = Sandbox::without_database();
    two_databases(&sandbox);
    let service = || fs::read_to_string(sandbox.path("etc/units/sessctl.service")).unwrap();
    let command =
        || service().lines().find(|line| line.starts_with("ExecStart=")).unwrap().to_owned();
    for args in [&["--all-databases"][..], &[]] {
        print_all(&sandbox, &[&["--config", "c.toml"], args].concat()).succeeds();
        assert!(command().ends_with("/c.toml run") && !command().contains("--db"), "{}", command());
    }
    assert!(sandbox.path("etc/units/sessctl.timer").exists());
    print_all(&sandbox, &["--config", "c.toml", "30 3 *", "--", "--run-time", "5m"]).succeeds();
    assert!(command().ends_with("/c.toml purge --all-databases --run-time 5m"), "{}", command());
    // Another configuration is another set of databases.
    sandbox.file("d.toml", fs::read(sandbox.path("c.toml")).unwrap());
    let said = print_all(&sandbox, &["--config", "d.toml"]).is_refused_with(4).stderr();
    assert!(said.contains("is for all databases of"), "{said}");
    // One of no database, and one beside all
    let none = print_all(&sandbox, &["--all-databases"]).is_refused_with(2).stderr();
    assert!(none.contains("has no [[database]]"), "{none}");
    print_all(&sandbox, &["--all-databases", "--config", "c.toml", "--db", "mail"])
        .is_refused_with(2);
}

#[test]
fn a_configured_database_goes_by_its_name() {
    let sandbox = Sandbox::without_database();
    two_databases(&sandbox);
    let service =
        |name: &str| fs::read_to_string(sandbox.path(&format!("etc/units/{name}.service")));
    // By its name, or by its path
    for db in ["shop-1", "./app.db"] {
        print(&sandbox, &["--config", "c.toml", "--db", db]).succeeds();
    }
    let shop = service("sessctl-shop-1").unwrap();
    assert!(shop.contains("/c.toml --db shop-1 run\n"), "{shop}");
    assert_eq!(files(&sandbox).len(), 2);
    print(&sandbox, &["--config", "c.toml", "--db", "mail"]).succeeds();
    let mail = service("sessctl-mail").unwrap();
    assert!(mail.contains("/c.toml --db mail purge\n"), "{mail}");
    let folder = fs::canonicalize(sandbox.path(".")).unwrap();
    let writable = format!("\nReadWritePaths={0}/mail\nReadWritePaths={0}/old\n", folder.display());
    assert!(mail.contains(&writable), "{mail}");
}

#[test]
fn units_suit_the_notifications_of_the_configuration() {
    let sandbox = Sandbox::without_database();
    let unit = |notify: &str| {
        sandbox.file("c.toml", format!("[notify]\n{notify}\n"));
        sandbox.run(["schedule", "print", "systemd", "--config", "c.toml"]).succeeds().stdout()
    };
    let pings = unit("ping = \"https://hc-ping.com/1\"");
    assert!(!pings.contains("PrivateNetwork") && pings.contains("AF_INET6"), "{pings}");
    assert!(unit("after = 2").contains("PrivateNetwork=yes"));
    assert!(!unit("on_failure = [\"/usr/local/bin/alert\"]").contains("ProtectSystem"));
}
