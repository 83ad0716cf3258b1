//! Files that root refuses to read or to write, because other users could have changed
//! them.

use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::Path;
use std::process::Command;

use crate::support::{Finished, HOUR, SESSCTL, Sandbox, row, set_mode};

/// A user and a group without an entry anywhere.
const OTHER: u32 = 424_242;

fn give(path: &Path) {
    chown(path, Some(OTHER), Some(OTHER)).unwrap();
}

/// With a configuration in a directory, `etc/c.toml`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("etc")).unwrap();
    sandbox.file("etc/c.toml", "[policy]\ntimeout = \"1h\"\n");
    sandbox
}

fn list(sandbox: &Sandbox, config: &str) -> Finished {
    sandbox.run(["--config", config, "list"])
}

/// The reason of a refusal, with the directory of the test left out.
#[track_caller]
fn refusal(sandbox: &Sandbox, ran: &Finished) -> String {
    let directory = std::fs::canonicalize(sandbox.path(".")).unwrap();
    ran.is_refused_with(4).stderr().replace(&*directory.to_string_lossy(), "/srv")
}

#[test]
#[ignore = "needs root"]
fn a_configuration_is_refused_once_others_can_change_it() {
    let sandbox = sandbox();
    let (file, directory) = (sandbox.path("etc/c.toml"), sandbox.path("etc"));
    list(&sandbox, "etc/c.toml").succeeds();
    // One that the group root may change is root's.
    set_mode(&file, 0o660);
    set_mode(&directory, 0o775);
    list(&sandbox, "etc/c.toml").succeeds();
    let mut said = String::new();
    let mut is_refused = || said += &refusal(&sandbox, &list(&sandbox, "etc/c.toml"));
    // The file by its owner, its group, and its mode
    give(&file);
    is_refused();
    chown(&file, Some(0), Some(OTHER)).unwrap();
    is_refused();
    set_mode(&file, 0o606);
    is_refused();
    set_mode(&file, 0o640);
    // and so the directory
    give(&directory);
    is_refused();
    chown(&directory, Some(0), Some(OTHER)).unwrap();
    is_refused();
    set_mode(&directory, 0o757);
    is_refused();
    insta::assert_snapshot!(said, @r#"
    sessctl: refused: users other than root could change the configuration "etc/c.toml": user 424242 owns the file "/srv/etc/c.toml"; check its contents and run `chown -h root:root /srv/etc/c.toml && chmod go-w /srv/etc/c.toml`, or do not run sessctl as root
    sessctl: refused: users other than root could change the configuration "etc/c.toml": group 424242 may write to the file "/srv/etc/c.toml"; check its contents and run `chmod go-w /srv/etc/c.toml`, or do not run sessctl as root
    sessctl: refused: users other than root could change the configuration "etc/c.toml": every user may write to the file "/srv/etc/c.toml"; check its contents and run `chmod go-w /srv/etc/c.toml`, or do not run sessctl as root
    sessctl: refused: users other than root could change the configuration "etc/c.toml": user 424242 owns the directory "/srv/etc"; move it to a directory that only root can change, such as /etc, or run `chown -h root:root /srv/etc && chmod go-w /srv/etc`, or do not run sessctl as root
    sessctl: refused: users other than root could change the configuration "etc/c.toml": group 424242 may write to the directory "/srv/etc"; move it to a directory that only root can change, such as /etc, or run `chmod go-w /srv/etc`, or do not run sessctl as root
    sessctl: refused: users other than root could change the configuration "etc/c.toml": every user may write to the directory "/srv/etc"; move it to a directory that only root can change, such as /etc, or run `chmod go-w /srv/etc`, or do not run sessctl as root
    "#);
    set_mode(&directory, 0o755);
    list(&sandbox, "etc/c.toml").succeeds();
}

#[test]
#[ignore = "needs root"]
fn a_configuration_may_lie_in_a_sticky_directory_if_it_is_roots() {
    let sandbox = sandbox();
    set_mode(&sandbox.path("etc"), 0o1777);
    list(&sandbox, "etc/c.toml").succeeds();
    give(&sandbox.path("etc/c.toml"));
    list(&sandbox, "etc/c.toml").is_refused_with(4);
}

#[test]
#[ignore = "needs root"]
fn a_link_is_followed_where_root_alone_can_change_it() {
    let sandbox = sandbox();
    std::fs::create_dir(sandbox.path("home")).unwrap();
    symlink("../etc/c.toml", sandbox.path("home/link")).unwrap();
    symlink("home/link", sandbox.path("link")).unwrap();
    list(&sandbox, "link").succeeds();
    give(&sandbox.path("home"));
    let reason = refusal(&sandbox, &list(&sandbox, "link"));
    assert!(reason.contains("user 424242 owns the directory \"/srv/home\""), "{reason}");
    // A path through it is no better, although it ends at root's own file.
    list(&sandbox, "home/../etc/c.toml").is_refused_with(4);
    // A link that somebody else has put into a directory where each may do so
    symlink("etc/c.toml", sandbox.path("theirs")).unwrap();
    std::os::unix::fs::lchown(sandbox.path("theirs"), Some(OTHER), Some(OTHER)).unwrap();
    list(&sandbox, "theirs").succeeds();
    set_mode(&sandbox.path("."), 0o1777);
    list(&sandbox, "theirs").is_refused_with(4);
    let elsewhere = Sandbox::new();
    let db = elsewhere.path("app.db");
    let args = ["--config", "etc/c.toml", "--db", db.to_str().unwrap(), "list"];
    sandbox.run(args).succeeds();
}

#[test]
#[ignore = "needs root"]
fn a_configuration_is_read_from_what_the_caller_has_opened() {
    let sandbox = sandbox();
    sandbox.run(["--config", "/dev/null", "list"]).succeeds();
    for (script, code) in [
        ("exec \"$0\" --config /dev/stdin list < etc/c.toml", 0),
        ("cat etc/c.toml | \"$0\" --config /dev/stdin list", 0),
        ("echo 'policy = 1' | \"$0\" --config /dev/fd/0 list", 2),
        ("chown 424242 etc/c.toml; \"$0\" --config /dev/stdin list < etc/c.toml", 4),
    ] {
        let program = SESSCTL;
        let mut command = Command::new("sh");
        command.args(["-c", script, program]).current_dir(sandbox.path("."));
        let ran = Finished(command.env("SESSCTL_DB", "app.db").output().unwrap());
        ran.exits(code);
    }
}

#[test]
#[ignore = "needs root"]
fn another_user_reads_what_others_can_change() {
    let sandbox = sandbox();
    sandbox.copy_program();
    for name in [".", "etc", "etc/c.toml", "app.db"] {
        give(&sandbox.path(name));
    }
    set_mode(&sandbox.path("etc"), 0o777);
    set_mode(&sandbox.path("etc/c.toml"), 0o666);
    let args = ["--config", "etc/c.toml", "list"];
    Finished(sandbox.command_as(OTHER, args).output().unwrap()).succeeds();
}

#[test]
#[ignore = "needs root"]
fn whatever_else_decides_what_root_does_is_refused_too() {
    let sandbox = Sandbox::new();
    let profile = "[profile]\nname = \"mine\"\n";
    for (name, text) in [("mine.toml", profile), ("secret", "bob:b"), ("ca.pem", "x")] {
        give(&sandbox.file(name, text));
    }
    let mut said = String::new();
    for args in [
        &["--profile", "mine.toml", "list"][..],
        &["profile", "check", "./mine.toml"],
        &["--db", "http://127.0.0.1:1", "--credentials", "secret", "list"],
        &["--db", "https://127.0.0.1:1", "--ca-file", "ca.pem", "list"],
    ] {
        let reason = refusal(&sandbox, &sandbox.run(args.iter().copied()));
        let (_, named) = reason.split_once("users other than root could change ").unwrap();
        said.extend([named.split_once(':').unwrap().0, "\n"]);
    }
    insta::assert_snapshot!(said, @r#"
    the profile "mine.toml"
    the profile "./mine.toml"
    the credentials file "secret"
    the file of certificates "ca.pem"
    "#);
}

#[test]
#[ignore = "needs root"]
fn a_hook_whose_program_others_can_change_is_not_started() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("bin")).unwrap();
    let script = sandbox.script("bin/tell", "#!/bin/sh\ncat > told\n");
    let due = row("due").idle(HOUR);
    sandbox.insert(&due);
    let directory = std::fs::canonicalize(sandbox.path("bin")).unwrap();
    let path = directory.join("tell");
    sandbox.file("path.toml", format!("[hooks]\non_end = [{path:?}]\n"));
    sandbox.file("name.toml", "[hooks]\non_end = [\"tell\"]\n");
    let run = |config: &str, command: &str| {
        let mut command = sandbox.command(["--config", config, command]);
        command.env("PATH", format!("/nowhere:{}:/bin", directory.display()));
        Finished(command.output().unwrap())
    };
    give(&script);
    for config in ["path.toml", "name.toml"] {
        let reason = refusal(&sandbox, &run(config, "purge"));
        assert!(reason.contains("change the program of the hook \"/srv/bin/tell\""), "{reason}");
        assert!(reason.contains("user 424242 owns the file \"/srv/bin/tell\""), "{reason}");
        // A command that ends nothing starts no hook.
        run(config, "list").succeeds();
    }
    assert!(!sandbox.path("told").exists());
    assert_eq!(sandbox.listed(["--state", "ended"]).len(), 0);
    // Once it is root's, it is started by its name as by its path.
    chown(&script, Some(0), Some(0)).unwrap();
    for config in ["name.toml", "path.toml"] {
        sandbox.insert(&row(config).idle(HOUR));
        let _ = std::fs::remove_file(sandbox.path("told"));
        run(config, "purge").succeeds().is_silent();
        assert!(sandbox.path("told").exists(), "{config}");
    }
}

#[test]
fn neither_metrics_nor_pages_nor_units_are_written_through_a_link() {
    let sandbox = Sandbox::new();
    sandbox.file("precious", "as it was");
    for name in ["x.prom", "sessctl-x.db.timer", "sessctl.8"] {
        symlink("precious", sandbox.path(name)).unwrap();
    }
    for args in [
        &["show", "stat", "--metrics-file", "x.prom"][..],
        &["purge", "--metrics-file", "x.prom"],
        &["schedule", "print", "systemd", "--dir", ".", "--db", "/x.db"],
        &["man", "--dir", "."],
    ] {
        let reason = sandbox.run(args.iter().copied()).is_refused_with(1).stderr();
        assert!(reason.contains("it is a link, and only a regular file is replaced"), "{reason}");
    }
    assert_eq!(std::fs::read_to_string(sandbox.path("precious")).unwrap(), "as it was");
    for name in ["x.prom", "sessctl-x.db.timer", "sessctl.8"] {
        assert!(std::fs::symlink_metadata(sandbox.path(name)).unwrap().is_symlink(), "{name}");
    }
}

#[test]
#[ignore = "needs root"]
fn root_writes_metrics_into_the_directory_of_another_user() {
    let sandbox = Sandbox::new();
    for name in ["textfile", "roots"] {
        std::fs::create_dir(sandbox.path(name)).unwrap();
    }
    give(&sandbox.path("textfile"));
    let write = |file: &str| sandbox.run(["show", "stat", "--metrics-file", file]);
    // As node_exporter has it; also where root has put a link to it.
    write("textfile/x.prom").succeeds().is_silent();
    symlink("textfile", sandbox.path("link")).unwrap();
    write("link/x.prom").succeeds().is_silent();
    let file = std::fs::metadata(sandbox.path("textfile/x.prom")).unwrap();
    assert_eq!((file.uid(), file.mode() & 0o7777), (0, 0o644));
    // A file of that user's own is replaced, not written to.
    sandbox.file("textfile/x.prom", "theirs");
    give(&sandbox.path("textfile/x.prom"));
    let theirs = std::fs::File::open(sandbox.path("textfile/x.prom")).unwrap();
    write("textfile/x.prom").succeeds().is_silent();
    assert_eq!(std::io::read_to_string(theirs).unwrap(), "theirs");
    // A link of that user's leads root nowhere.
    symlink("../roots", sandbox.path("textfile/away")).unwrap();
    for way in ["textfile/away/x.prom", "textfile/../roots/x.prom"] {
        let reason = write(way).is_refused_with(1).stderr();
        assert!(
            reason.contains("contains a symbolic link that another user could change"),
            "{reason}"
        );
    }
    assert_eq!(std::fs::read_dir(sandbox.path("roots")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(sandbox.path("textfile")).unwrap().count(), 2);
}
