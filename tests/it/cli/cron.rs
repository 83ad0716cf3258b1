//! Debian's cron calls `sessctl run`.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::support::processes::until;
use crate::support::{Finished, HOUR, Sandbox, row};

const NOBODY: u32 = 65_534;

/// Starts a cron of the test's own: in a mount namespace it sees one crontab, and its
/// mail goes to a file. Whatever cron the machine has goes on unaware of it.
const ALONE: &str = r#"
    set -e
    mkdir sbin
    cp -a /usr/sbin/. sbin
    printf '#!/bin/sh\ncat >> "%s"\n' "$PWD/mail" > sbin/sendmail.new
    chmod 755 sbin/sendmail.new
    mv -f sbin/sendmail.new sbin/sendmail
    mount --bind sbin /usr/sbin
    mount -t tmpfs none /run
    mount -t tmpfs none /var/spool/cron
    mount -t tmpfs none /etc/cron.d
    mount --bind /dev/null /etc/crontab
    mkdir /var/spool/cron/crontabs
    install -m 600 crontab /var/spool/cron/crontabs/root
    install -m 644 system /etc/cron.d/sessctl
    exec cron -f
"#;

struct Cron(Child);

impl Cron {
    fn start(sandbox: &Sandbox) -> Self {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", ALONE]);
        command.current_dir(sandbox.path("")).stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.process_group(0).spawn().unwrap())
    }
}

impl Drop for Cron {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Creates a database of the user nobody with due sessions, and a program that this user may not
/// execute.
fn of_nobody() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("old").idle(HOUR));
    sandbox.copy_program();
    std::fs::set_permissions(sandbox.path("."), PermissionsExt::from_mode(0o755)).unwrap();
    for name in [".", "app.db"] {
        chown(sandbox.path(name), Some(NOBODY), None).unwrap();
    }
    sandbox
}

fn system_line(sandbox: &Sandbox) -> String {
    let mut command = Command::new(sandbox.path("program"));
    command.args(["--db", "app.db", "schedule", "print", "cron", "--system", "* * *"]);
    let line =
        Finished(command.current_dir(sandbox.path(".")).output().unwrap()).succeeds().stdout();
    assert!(line.starts_with("* * * * * nobody /"), "{line}");
    line
}

#[test]
#[ignore = "needs root and cron"]
fn cron_runs_the_jobs_and_mails_nothing_when_all_is_well() {
    // Given a job, something for it to do, and the line that sessctl prints, which a
    // second command follows whose word is mailed
    let sandbox = Sandbox::new();
    sandbox.insert(&row("old").idle(HOUR));
    let job = "[[job]]\nname = \"tidy\"\nat = \"* * *\"\ndo = \"purge\"\n";
    sandbox.file("jobs.toml", job);
    let print = ["--config", "jobs.toml", "schedule", "print", "cron"];
    let line = sandbox.run(print).succeeds().stdout();
    assert!(line.starts_with("* * * * * /"), "{line}");
    sandbox.file("crontab", format!("{}; echo $? and no more\n", line.trim_end()));
    // and the line for /etc/cron.d that it prints for another user's database
    let theirs = of_nobody();
    sandbox.file("system", system_line(&theirs));
    // When cron has come to the next minute
    let cron = Cron::start(&sandbox);
    let mail = || std::fs::read_to_string(sandbox.path("mail")).unwrap_or_default();
    until(|| mail().ends_with("no more\n"));
    let ended = || theirs.listed(["--state", "ended"]).len() == 1;
    until(ended);
    drop(cron);
    // Then the job has run, and sessctl has said nothing that cron could mail
    let (_, body) = mail().split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(body, "0 and no more\n");
    assert_eq!(sandbox.listed(["--state", "ended"]).len(), 1);
    let runs = sandbox.run(["show", "runs", "--json"]).succeeds().json();
    assert_eq!((&runs[0]["job"], &runs[0]["outcome"]), (&"tidy".into(), &"done".into()));
}
