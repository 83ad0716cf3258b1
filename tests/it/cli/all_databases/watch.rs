//! `run --watch` with several databases, and with `--log`.

use std::fs;

use super::Host;
use crate::support::processes::{Running, TERM, Watch, signal, until};
use crate::support::{HOUR, Sandbox, row};

#[test]
fn a_watch_makes_a_pass_at_once_and_ends_with_the_signal() {
    let host = Host::new();
    host.run("run").succeeds();
    host.jobs_have_waited();
    let watch = Running::start(host.command("run --watch --log runs.log --metrics-file m.prom"));
    let log = host.path("runs.log");
    until(|| fs::read_to_string(&log).unwrap_or_default().lines().count() == 3);
    until(|| host.path("m.prom").exists());
    signal(&watch, TERM);
    let ended = watch.finish();
    assert_eq!(ended.exits(143).stdout(), "");
    assert_eq!(ended.stderr(), "");
}

#[test]
fn a_watch_of_one_database_with_a_log_obeys_its_parent() {
    let sandbox = Sandbox::new();
    sandbox.file("c.toml", "[[job]]\nname = \"tidy\"\nevery = \"1h\"\ndo = \"purge\"\n");
    sandbox.run(["--config", "c.toml", "run"]).succeeds();
    sandbox.jobs_have_waited();
    sandbox.insert(&row("due").idle(HOUR));
    let args = ["--config", "c.toml", "run", "--watch", "--log", "runs.log", "-v"];
    let mut watch = Watch::start(sandbox.command(args));
    watch.says("tidy: done; marked 0, ended 1");
    // A change that takes effect at once because a signal asks for it
    sandbox.file("c.toml", "[[job]]\nname = \"tidy\"\nevery = \"2h\"\ndo = \"purge\"\n");
    watch.signal("-HUP");
    watch.says("reloaded the configuration");
    assert_eq!(watch.stop(), Some(143));
    let log = fs::read_to_string(sandbox.path("runs.log")).unwrap();
    assert!(log.contains(" database=app.db job=tidy outcome=done marked=0 ended=1 "), "{log}");
}
