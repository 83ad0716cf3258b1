//! Leases whose processes are gone.

use std::fs;
use std::process::Stdio;

use crate::support::processes::Running;
use crate::support::{Finished, HOUR, Sandbox, now, row};

/// With a purge that has its lease and waits in its hook.
struct HeldLease {
    sandbox: Sandbox,
    purge: Running,
}

const HOOK: &str = "[hooks]\non_end = [\"sh\", \"-c\", \"echo at work > fifo; cat > gate\"]\n\
                    timeout = \"30s\"\n";

impl HeldLease {
    fn new(sandbox: Sandbox, args: &[&str]) -> Self {
        for name in ["fifo", "gate"] {
            sandbox.fifo(name);
        }
        let mut purge = sandbox.command(args.iter().copied());
        let purge = Running::spawn(purge.stdout(Stdio::null()).stderr(Stdio::null()));
        assert_eq!(fs::read_to_string(sandbox.path("fifo")).unwrap(), "at work\n");
        Self { sandbox, purge }
    }

    /// Kills it, and lets its hook come to an end.
    fn kill(mut self) -> Sandbox {
        self.purge.kill().unwrap();
        self.purge.wait().unwrap();
        fs::read_to_string(self.sandbox.path("gate")).unwrap();
        self.sandbox
    }
}

/// The outcomes of all runs, the latest first.
fn outcomes(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    let runs = sandbox.run([&["show", "runs", "--json"], args].concat()).succeeds().json();
    let outcome = |run: &serde_json::Value| run["outcome"].as_str().unwrap().to_owned();
    runs.as_array().unwrap().iter().map(outcome).collect()
}

fn native() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..500, |n| row(&n.to_string()).idle(HOUR));
    sandbox
}

#[test]
fn w8_the_lease_of_a_purge_that_was_killed_is_taken_over_at_once() {
    let sandbox = native();
    sandbox.file("hook.toml", HOOK);
    let held = HeldLease::new(sandbox, &["--config", "hook.toml", "purge"]);
    held.sandbox.run(["purge"]).is_refused_with(11);
    assert_eq!(outcomes(&held.sandbox, &[]), ["running"]);
    let sandbox = held.kill();
    // It is known to be lost before anybody takes over, too
    assert_eq!(outcomes(&sandbox, &[]), ["lost"]);
    assert_eq!(outcomes(&sandbox, &["--failed"]), ["lost"]);
    sandbox.run(["purge"]).succeeds().is_silent();
    assert_eq!(outcomes(&sandbox, &[]), ["done", "lost"]);
    assert_eq!(outcomes(&sandbox, &["--failed"]), ["lost"]);
}

#[test]
fn w8_of_many_that_find_a_lease_without_its_process_one_gets_it() {
    let sandbox = native();
    sandbox.file("hook.toml", HOOK);
    let sandbox = HeldLease::new(sandbox, &["--config", "hook.toml", "purge"]).kill();
    // Given purges that start at the same time, and one that stays at work
    fs::remove_file(sandbox.path("fifo")).unwrap();
    fs::remove_file(sandbox.path("gate")).unwrap();
    let held = HeldLease::new(sandbox, &["--config", "hook.toml", "purge"]);
    let many: Vec<Running> = (0..6)
        .map(|_| Running::spawn(held.sandbox.command(["purge"]).stderr(Stdio::null())))
        .collect();
    for mut other in many {
        assert_eq!(other.wait().unwrap().code(), Some(11));
    }
    assert_eq!(outcomes(&held.sandbox, &[]), ["running", "lost"]);
    held.kill();
}

#[test]
fn w8_a_job_whose_process_was_killed_resumes_at_once() {
    let sandbox = native();
    let job = "[[job]]\nname = \"tidy\"\nevery = \"5m\"\ndo = \"purge\"\n";
    sandbox.file("jobs.toml", job);
    sandbox.file("hook.toml", format!("{job}{HOOK}"));
    sandbox.run(["--config", "hook.toml", "show", "schedule"]).succeeds();
    // The ledger tells machines apart by their configurations
    sandbox.file("c.toml", format!("{job}{HOOK}"));
    sandbox.run(["--config", "c.toml", "run"]).succeeds();
    sandbox.jobs_have_waited();
    let held = HeldLease::new(sandbox, &["--config", "c.toml", "run"]);
    let sandbox = held.kill();
    sandbox.file("c.toml", job);
    sandbox.run(["--config", "c.toml", "run"]).succeeds().is_silent();
    assert_eq!(outcomes(&sandbox, &[])[..2], ["done", "lost"]);
}

#[test]
fn w8_a_framework_s_table_is_purged_at_once_after_a_kill() {
    let sandbox = Sandbox::without_database();
    let table = "CREATE TABLE sessions (id varchar not null, user_id integer, \
                 ip_address varchar, user_agent text, payload text not null, \
                 last_activity integer not null, primary key (id));
                 INSERT INTO sessions VALUES \
                 ('3q2oFDDXGpeq5b9X4LA9PYqHXmTqnmtKoCPnJMjK', 1, NULL, NULL, 'YToxOnt9', 1500000000)";
    sandbox.db().execute_batch(table).unwrap();
    sandbox.file("hook.toml", HOOK);
    let common = ["--profile", "laravel", "--param", "lifetime=2h", "--state-dir", "state"];
    let hooked = [&common[..], &["--config", "hook.toml", "purge"]].concat();
    let sandbox = HeldLease::new(sandbox, &hooked).kill();
    let show = [&common[..], &["show", "runs", "--json"]].concat();
    let runs = sandbox.run(show.iter().copied()).succeeds().json();
    assert_eq!(runs[0]["outcome"], "lost");
    sandbox.run([&common[..], &["purge"]].concat()).succeeds().is_silent();
}

/// A lease whose holder is a process by this name: the start of the machine, the namespaces
/// of numbers and times, its number, and its start in ticks.
fn hold(sandbox: &Sandbox, [boot, numbers, times, pid, start]: [&str; 5]) {
    let holder = format!("x@{boot}/{numbers}/{times}/{pid}/{start}");
    let sql = "INSERT OR REPLACE INTO leases (name, holder, renewed_at) VALUES ('purge', ?1, ?2)";
    sandbox.db().execute(sql, (holder, now())).unwrap();
}

fn namespace(kind: &str) -> String {
    let link = fs::read_link(format!("/proc/self/ns/{kind}")).unwrap_or_default();
    let digits: String = link.to_str().unwrap().chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() { "0".to_owned() } else { digits }
}

#[test]
fn w8_only_a_process_that_is_known_to_be_gone_loses_its_lease() {
    // Given this test itself as the holder
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let (boot, numbers, times) = (boot.trim(), namespace("pid"), namespace("time"));
    let line = fs::read_to_string("/proc/self/stat").unwrap();
    let start = line.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().to_owned();
    let pid = std::process::id().to_string();
    let own = [boot, &numbers, &times, &pid, &start];
    let with = |place: usize, other: &'static str| {
        let mut changed = own;
        changed[place] = other;
        changed
    };
    let is_taken_over = |holder| {
        let sandbox = Sandbox::new();
        hold(&sandbox, holder);
        let ran = sandbox.run(["purge"]);
        assert!(matches!(ran.0.status.code(), Some(0 | 11)), "{}", ran.stderr());
        ran.0.status.success()
    };
    assert!(!is_taken_over(own));
    // Another process has its number by now
    assert!(is_taken_over(with(4, "1")));
    // Nobody has this one: it is beyond the most that Linux gives
    assert!(is_taken_over(with(3, "4194305")));
    // Of other starts of the machine, containers and clocks nothing is known
    for (place, other) in [(0, "9b1c3f4e-another-boot"), (1, "1"), (2, "1")] {
        let mut gone = with(place, other);
        gone[3] = "4194305";
        assert!(!is_taken_over(gone), "{gone:?}");
    }
    // Nor of what is no name of a process
    for strange in [with(3, "0"), with(3, "-1"), with(4, "x"), ["", "", "", "", ""]] {
        assert!(!is_taken_over(strange), "{strange:?}");
    }
}

#[test]
#[ignore = "needs root"]
fn w8_a_process_of_another_container_keeps_its_lease() {
    // Given a purge in a namespace of its own, where its number is another one
    let sandbox = native();
    sandbox.file("hook.toml", HOOK);
    let held = HeldLease::new(sandbox, &["--config", "hook.toml", "purge"]);
    let container = ["unshare", "--fork", "--pid", "--mount-proc"];
    let other = held.sandbox.command_by(&container, ["purge"]).output().unwrap();
    assert_eq!(Finished(other).exits(11).stdout(), "");
    // And one that sees the files of another namespace than its own
    let container = ["unshare", "--fork", "--pid"];
    let other = held.sandbox.command_by(&container, ["purge"]).output().unwrap();
    assert_eq!(Finished(other).exits(11).stdout(), "");
    held.kill();
}
