//! `sessctl run --watch`: it stays, and nothing that goes wrong ends it.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::fixture::{HOUR, Sandbox, row};

const TIDY: &str = "[[job]]\nname = \"tidy\"\nevery = \"30s\"\ndo = \"purge\"\n";

/// A watch that is at work; it does not outlive its test.
struct Watch {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Watch {
    fn start(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command(["--config", "jobs.toml", "run", "--watch", "-v"]);
        command.env("SESSCTL_HOST", "mail1").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr }
    }

    /// Reads on until it says this, and gives the line.
    fn says(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "it ended before {text:?}");
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Tells it to stop, and gives its exit code.
    fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sandbox(jobs: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("jobs.toml", jobs);
    sandbox
}

#[test]
fn it_runs_what_is_due_and_ends_on_a_signal() {
    let sandbox = sandbox(TIDY);
    sandbox.insert(&row("old").idle(HOUR));
    let mut watch = Watch::start(&sandbox);
    watch.says("tidy: done; marked 0, ended 1, deleted 0");
    assert_eq!(watch.stop(), Some(143));
    let runs = sandbox.run(["show", "runs", "--json"]).succeeds().json();
    assert_eq!(runs.as_array().unwrap().len(), 1);
}

#[test]
fn it_follows_the_configuration_file_and_survives_a_mistake_in_it() {
    let sandbox = sandbox(TIDY);
    sandbox.insert(&row("a"));
    let mut watch = Watch::start(&sandbox);
    watch.says("tidy: done");
    sandbox.file("jobs.toml", "[[job]]\nname = 7\n");
    let complaint = watch.says("jobs.toml");
    assert!(complaint.contains("jobs.toml:2: job.name: "), "{complaint}");
    assert!(complaint.contains("the configuration stays as it was"), "{complaint}");
    let cycle = "[[job]]\nname = \"restart\"\nevery = \"1h\"\ndo = \"cycle\"\ntask = \"imap\"\n";
    sandbox.file("jobs.toml", cycle);
    watch.says("read the configuration again");
    watch.says("restart: done; marked 0, ended 1, deleted 0");
    assert_eq!(watch.stop(), Some(143));
}

#[test]
fn it_waits_for_a_database_that_is_not_there_yet() {
    let sandbox = Sandbox::without_database();
    sandbox.file("jobs.toml", TIDY);
    let mut watch = Watch::start(&sandbox);
    watch.says("no database at app.db");
    sandbox.run(["init"]).succeeds();
    watch.says("tidy: done");
    assert_eq!(watch.stop(), Some(143));
}

#[test]
fn a_job_that_fails_does_not_end_it() {
    let sandbox = sandbox(&format!(
        "[[job]]\nname = \"restart\"\nevery = \"30s\"\ndo = \"cycle\"\ntask = \"imap\"\n{TIDY}"
    ));
    sandbox.insert(&row("a"));
    let trigger = "CREATE TRIGGER no BEFORE UPDATE ON sessions \
                   BEGIN SELECT raise(ABORT, 'the disk is on fire'); END";
    sandbox.db().execute_batch(trigger).unwrap();
    let mut watch = Watch::start(&sandbox);
    watch.says("job restart: could not write to app.db");
    watch.says("tidy: done");
    assert_eq!(watch.stop(), Some(143));
}
