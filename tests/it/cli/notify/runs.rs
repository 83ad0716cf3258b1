//! `sessctl run` with pings: the jobs are the same whatever the server does.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

use super::server::{PingServer, Reply};
use crate::support::processes::{Watch, until};
use crate::support::{Finished, HOUR, Sandbox, row};

/// The databases "shop" and "blog", each with a job that is due, and this in their general
/// configuration.
struct Host {
    sandbox: Sandbox,
}

impl Host {
    fn new(general: &str) -> Self {
        Self::with(general, "")
    }

    /// With keys for the database "shop".
    fn with(general: &str, shop: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.insert(&row("due").idle(HOUR));
        for name in ["shop", "blog"] {
            fs::copy(sandbox.path("app.db"), sandbox.path(&format!("{name}.db"))).unwrap();
        }
        let config = format!(
            "{general}\n[[job]]\nname = \"purge\"\nevery = \"1m\"\ndo = \"purge\"\n\
             [[database]]\nname = \"shop\"\npath = \"shop.db\"\n{shop}\n\
             [[database]]\nname = \"blog\"\npath = \"blog.db\"\n"
        );
        sandbox.file("c.toml", config);
        let host = Self { sandbox };
        host.run(&[]);
        host.make_due();
        host
    }

    /// Dates the jobs of both databases back.
    fn make_due(&self) {
        for name in ["shop.db", "blog.db"] {
            let path = self.sandbox.path(name);
            if path.exists() {
                let db = rusqlite::Connection::open(path).unwrap();
                db.execute_batch(&crate::support::JOBS_HAVE_WAITED.join(";")).unwrap();
            }
        }
    }

    fn run(&self, args: &[&str]) -> Finished {
        Finished(self.command(args).output().unwrap())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command([&["--config", "c.toml", "run"], args].concat());
        command.env_remove("SESSCTL_DB").env("STATE_DIRECTORY", self.sandbox.path("state"));
        command
    }
}

/// Targets of the requests without those of other scopes.
fn targets(server: &PingServer, scope: &str) -> Vec<String> {
    let targets = server.targets();
    targets.into_iter().filter(|target| target.contains(scope)).collect()
}

#[test]
fn each_scope_is_pinged_at_its_start_and_its_end() {
    let server = PingServer::always(Reply::ok());
    let general = format!("[notify]\nping = \"{}\"\n", server.url("/all"));
    let shop = format!("[database.notify]\nping = \"{}\"\n", server.url("/shop"));
    let host = Host::with(&general, &shop);
    host.run(&[]).succeeds().is_silent();
    assert_eq!(targets(&server, "/all"), ["POST /all/start", "POST /all"]);
    assert_eq!(targets(&server, "/shop"), ["POST /shop/start", "POST /shop"]);
    let end = server.requests().into_iter().find(|request| request.target == "/shop").unwrap();
    let end = end.json();
    assert_eq!((&end["database"], &end["outcome"]), (&"shop".into(), &"done".into()));
    assert_eq!((&end["ended"], &end["exit_code"]), (&1.into(), &0.into()));
    // Nothing is due
    let before = server.targets().len();
    host.run(&[]).succeeds().is_silent();
    assert_eq!(server.targets().len(), before);
}

#[test]
fn a_job_is_pinged_for_each_database() {
    let server = PingServer::always(Reply::ok());
    let host = Host::new("");
    let config = fs::read_to_string(host.sandbox.path("c.toml")).unwrap();
    let notify = format!("do = \"purge\"\nnotify = {{ ping = \"{}\" }}\n", server.url("/job"));
    host.sandbox.file("c.toml", config.replace("do = \"purge\"\n", &notify));
    host.run(&[]).succeeds().is_silent();
    // Each has a thread of its own.
    for database in ["shop", "blog"] {
        let requests = server.requests().into_iter();
        let own = requests.filter(|request| request.json()["database"] == database);
        let targets: Vec<String> = own.map(|request| request.target).collect();
        assert_eq!(targets, ["/job/start", "/job"], "{database}");
    }
}

#[test]
fn a_missing_database_is_announced_once_and_its_recovery_once() {
    let server = PingServer::always(Reply::ok());
    let shop = format!(
        "[database.notify]\nping = \"{}\"\n\
         on_failure = [\"sh\", \"-c\", \"echo $SESSCTL_EXIT_CODE >> told\"]\n\
         on_recovery = [\"sh\", \"-c\", \"echo well >> told\"]\n",
        server.url("/shop")
    );
    let host = Host::with("", &shop);
    let told = || fs::read_to_string(host.sandbox.path("told")).unwrap_or_default();
    fs::rename(host.sandbox.path("shop.db"), host.sandbox.path("away")).unwrap();
    for _ in 0..2 {
        host.make_due();
        host.run(&[]).exits(10);
        assert_eq!(told(), "10\n");
    }
    fs::rename(host.sandbox.path("away"), host.sandbox.path("shop.db")).unwrap();
    for _ in 0..2 {
        host.make_due();
        host.run(&[]).succeeds().is_silent();
        assert_eq!(told(), "10\nwell\n");
    }
    assert_eq!(
        server.targets(),
        [
            "POST /shop/fail",
            "POST /shop/fail",
            "POST /shop/start",
            "POST /shop",
            "POST /shop/start",
            "POST /shop"
        ]
    );
}

#[test]
fn a_worker_that_is_killed_is_a_failure() {
    let server = PingServer::always(Reply::ok());
    let hook = "[hooks]\non_end = [\"sh\", \"-c\", \"kill -9 $PPID\"]\n";
    let general = format!("{hook}[notify]\nping = \"{}\"\n", server.url("/all"));
    let shop = format!("[database.notify]\nping = \"{}\"\n", server.url("/shop"));
    let host = Host::with(&general, &shop);
    host.run(&[]).exits(1);
    // Without a start where the hook has killed the worker in its first batch
    assert_eq!(targets(&server, "/shop").last().unwrap(), "POST /shop/fail");
    assert_eq!(targets(&server, "/all").last().unwrap(), "POST /all/fail");
    let request = server.requests().into_iter().find(|request| request.target == "/shop/fail");
    let reason = request.unwrap().json()["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("killed by signal 9"), "{reason}");
}

#[test]
fn no_server_changes_the_outcome_of_a_job() {
    let absent = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for reply in [
        Some(Reply::Status(500, String::new())),
        Some(Reply::Redirect(302, "/again".to_owned())),
        Some(Reply::Endless),
        Some(Reply::Close),
        Some(Reply::Noise),
        Some(Reply::Silence),
        None,
    ] {
        let server = reply.clone().map(PingServer::always);
        let url = server.as_ref().map_or(format!("http://{absent}"), |server| server.url(""));
        let url = url.replace("http://", "http://user:secret@") + "/secret";
        let host = Host::new(&format!("[notify]\nping = \"{url}\"\n"));
        let run = host.run(&[]);
        run.succeeds();
        let printed = run.stderr();
        let expected = usize::from(!matches!(reply, Some(Reply::Endless)));
        assert_eq!(printed.lines().count(), expected, "{reply:?}: {printed}");
        assert!(!printed.contains("secret"), "{reply:?}: {printed}");
        let show = ["--config", "c.toml", "--db", "shop", "show", "runs", "--json"];
        let last = host.sandbox.run(show).succeeds().json()[0].clone();
        let expected = (&Value::from("done"), &Value::from(1));
        assert_eq!((&last["outcome"], &last["ended"]), expected, "{reply:?}");
        if matches!(reply, Some(Reply::Silence)) {
            assert!(printed.contains("no answer in time"), "{printed}");
            continue;
        }
        // A failure keeps its exit code, too
        fs::remove_file(host.sandbox.path("blog.db")).unwrap();
        host.make_due();
        host.run(&[]).exits(10);
    }
}

#[test]
fn one_database_without_a_name_is_pinged_for() {
    let server = PingServer::always(Reply::ok());
    let sandbox = Sandbox::new();
    sandbox.insert(&row("due").idle(HOUR));
    let config = format!(
        "db = \"app.db\"\n[notify]\nping = \"{}\"\n[[job]]\nname = \"purge\"\nevery = \"1m\"\n\
         do = \"purge\"\nnotify = {{ ping = \"{}\" }}\n",
        server.url("/all"),
        server.url("/api/push/TOKEN"),
    );
    sandbox.file("c.toml", config);
    let run = || {
        let mut command = sandbox.command(["--config", "c.toml", "run"]);
        command.env_remove("SESSCTL_DB");
        Finished(command.output().unwrap())
    };
    run().succeeds().is_silent();
    sandbox.jobs_have_waited();
    let before = server.targets().len();
    run().succeeds().is_silent();
    let targets = server.targets()[before..].to_vec();
    assert_eq!(targets.iter().filter(|target| target.ends_with("/all")).count(), 1);
    let kuma: Vec<_> = targets.iter().filter(|target| target.contains("/api/push/")).collect();
    assert_eq!(kuma.len(), 1);
    assert!(kuma[0].contains("status=up") && kuma[0].contains("purge%3A%20done"), "{kuma:?}");
    let all = server.requests().into_iter().rfind(|request| request.target == "/all").unwrap();
    assert!(all.json()["database"].as_str().unwrap().ends_with("app.db"));
}

#[test]
fn a_watch_pings_for_each_pass() {
    for (args, start) in [(&["--watch"][..], "/all"), (&["--watch", "--db", "shop"], "/all")] {
        let server = PingServer::always(Reply::ok());
        let host = Host::new(&format!("[notify]\nping = \"{}\"\n", server.url(start)));
        let watch = Watch::start(host.command(args));
        until(|| server.targets().len() == 2);
        assert_eq!(server.targets(), ["POST /all/start", "POST /all"], "{args:?}");
        assert_eq!(watch.stop(), Some(143));
        assert_eq!(server.targets().len(), 2);
    }
}

#[test]
fn databases_at_the_same_time_are_each_pinged_for() {
    let server = PingServer::always(Reply::ok());
    let shop = format!("[database.notify]\nping = \"{}\"\n", server.url("/shop"));
    let host = Host::with("", &shop);
    host.run(&["--parallel", "2"]).succeeds().is_silent();
    assert_eq!(server.targets(), ["POST /shop/start", "POST /shop"]);
}

/// Keeps a database locked.
fn locked(host: &Host, name: &str) -> rusqlite::Connection {
    let locker = rusqlite::Connection::open(host.sandbox.path(name)).unwrap();
    locker.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    locker
}

#[test]
fn a_locked_database_neither_silences_the_others_nor_stays_silent_itself() {
    let server = PingServer::always(Reply::ok());
    let general = format!("[notify]\nping = \"{}\"\nafter = 2\n", server.url("/all"));
    let shop = format!(
        "[database.notify]\nping = \"{}\"\n\
         on_failure = [\"sh\", \"-c\", \"echo $SESSCTL_EXIT_CODE >> told\"]\n",
        server.url("/shop")
    );
    let host = Host::with(&general, &shop);
    let before = server.targets().len();
    let locker = locked(&host, "shop.db");
    // When one of two databases is locked
    host.run(&[]).exits(11);
    // Then the call is a success, which names it
    assert_eq!(server.targets()[before..], ["POST /all/start", "POST /all"]);
    let all = server.requests().last().unwrap().json();
    assert_eq!((&all["outcome"], &all["exit_code"]), (&"done".into(), &0.into()));
    let reason = all["reason"].as_str().unwrap();
    assert!(reason.starts_with("shop: \"shop.db\" is locked by another program"), "{reason}");
    // When it is locked in the next call, too
    let before = server.targets().len();
    host.run(&[]).exits(11);
    // Then that is a failure
    let mut targets = server.targets()[before..].to_vec();
    targets.sort_unstable();
    assert_eq!(targets, ["POST /all/fail", "POST /shop/fail"]);
    let requests = server.requests();
    for request in &requests[before..] {
        let json = request.json();
        assert_eq!((&json["outcome"], &json["exit_code"]), (&"failed".into(), &11.into()));
        let reason = json["reason"].as_str().unwrap();
        assert!(reason.ends_with("locked in 2 calls in a row"), "{reason}");
    }
    assert_eq!(fs::read_to_string(host.sandbox.path("told")).unwrap(), "11\n");
    drop(locker);
    host.make_due();
    host.run(&[]).succeeds().is_silent();
    assert_eq!(targets_of_end(&server, "/shop"), "POST /shop");
}

/// The last request of a scope.
fn targets_of_end(server: &PingServer, scope: &str) -> String {
    targets(server, scope).pop().unwrap()
}
