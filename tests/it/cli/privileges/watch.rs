//! Watches and runs that root starts.

use std::fs;
use std::os::unix::process::ExitStatusExt;

use super::{APP, Host};
use crate::support::processes::Watch;
use crate::support::{Finished, JOBS_HAVE_WAITED, set_mode};

#[test]
#[ignore = "needs root"]
fn a_watch_reads_a_configuration_again_that_only_root_may_read() {
    let host = Host::new();
    let job = |name: &str| format!("[[job]]\nname = {name:?}\nevery = \"30s\"\ndo = \"purge\"\n");
    set_mode(&host.sandbox.file("jobs.toml", job("tidy")), 0o600);
    host.run("--db srv/app.db --config jobs.toml run").succeeds();
    let db = rusqlite::Connection::open(host.path("srv/app.db")).unwrap();
    db.execute_batch(&JOBS_HAVE_WAITED.join(";")).unwrap();
    drop(db);
    let command = host.sandbox.command([
        "--db",
        "srv/app.db",
        "--config",
        "jobs.toml",
        "run",
        "--watch",
        "-v",
    ]);
    let mut watch = Watch::start(command);
    watch.says("working with the privileges of user");
    watch.says("tidy: done");
    set_mode(&host.sandbox.file("new.toml", job("other")), 0o600);
    fs::rename(host.path("new.toml"), host.path("jobs.toml")).unwrap();
    watch.says("reloaded the configuration");
    // What others could write is refused, and the old one stays.
    set_mode(&host.sandbox.file("new.toml", job("third")), 0o602);
    fs::rename(host.path("new.toml"), host.path("jobs.toml")).unwrap();
    watch.says("the previous configuration stays in force");
    assert_eq!(watch.stop(), Some(143));
}

/// Runs a command where this process receives what goes to the system's log, and prints it.
const LISTENER: &str = r#"
import os, socket, subprocess, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
os.chmod("/dev/log", 0o666)
subprocess.run(sys.argv[1:])
log.setblocking(False)
try:
    while True:
        print(log.recv(65536).decode())
except BlockingIOError:
    pass
"#;

/// A machine of its own as far as devices go.
const DEVICES: &str = "mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && \
    mknod -m 666 /dev/urandom c 1 9 && exec python3 -c \"$0\" \"$@\"";

#[test]
#[ignore = "needs root"]
fn runs_that_root_starts_are_in_the_systems_log() {
    let host = Host::new();
    let logged = |args: &[&str]| {
        let command = host.sandbox.command(args.iter().copied());
        let mut other = std::process::Command::new("unshare");
        other.env("STATE_DIRECTORY", host.path("state"));
        other.env("SUDO_UID", "4711").env("SUDO_USER", "carol");
        other.args(["-m", "sh", "-c", DEVICES, LISTENER]).arg(command.get_program());
        other.args(command.get_args()).current_dir(host.path("."));
        let ran = Finished(other.output().unwrap());
        ran.succeeds();
        ran.stdout()
    };
    let log = logged(&["--db", "srv/app.db", "purge"]);
    let db = fs::canonicalize(host.path("srv")).unwrap().join("app.db");
    let line = format!(
        "purge of {} as user {APP}, for carol: done; marked 0, ended 1, deleted 0",
        db.display()
    );
    // Facility auth, severity info.
    assert!(log.starts_with("<38>"), "{log:?}");
    assert!(log.contains("sessctl[") && log.contains(&line), "{log}");
    let log = logged(&["--db", "srv/app.db", "cycle", "imap", "--why", "stolen"]);
    assert!(log.contains("cycle of ") && log.contains(", --task imap: done; marked 0, ended 2"));
    assert!(log.contains("; why: stolen"), "{log}");
    let log = logged(&["--db", "srv/app.db", "list", "--json"]);
    assert!(log.starts_with('[') && !log.contains("sessctl["), "{log}");
}

#[test]
#[ignore = "needs root"]
fn a_watch_that_began_without_the_database_takes_its_owners_privileges() {
    let host = Host::new();
    host.move_to(0, "srv/app.db", "later.db");
    fs::remove_dir_all(host.path("srv")).unwrap();
    host.sandbox.file("jobs.toml", "[[job]]\nname = \"tidy\"\nevery = \"30s\"\ndo = \"purge\"\n");
    let args = ["--db", "srv/app.db", "--config", "jobs.toml", "run", "--watch", "-v"];
    let command = host.sandbox.command(args);
    let mut watch = Watch::start(command);
    watch.says("no database at \"srv/app.db\"");
    host.directory_of(APP, "new");
    host.move_to(APP, "later.db", "new/app.db");
    fs::rename(host.path("new"), host.path("srv")).unwrap();
    watch.says("working with the privileges of user");
    watch.signal("-TERM");
    // It has just been executed again, and may not have its handler for the signal yet.
    let status = watch.process.wait().unwrap();
    assert!(status.code() == Some(143) || status.signal() == Some(15), "{status}");
}
