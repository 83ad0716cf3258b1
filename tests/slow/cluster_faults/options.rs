//! Options of a cluster other than its address.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sessctl::storage::{PolicyContext, ScanLimits};
use sessctl::store::{Access, Location};
use sessctl::{Policies, UnixTime, store};

use crate::cluster_faults::fake_node::{FakeNode, Reaction, native};
use crate::cluster_faults::{default_timeouts, run, short_timeouts};
use crate::support::{Finished, Sandbox};

/// `bob:secret`, as it goes over the wire.
const BOB: &str = "authorization: Basic Ym9iOnNlY3JldA==";
/// `eve:other`.
const EVE: &str = "authorization: Basic ZXZlOm90aGVy";

fn sent_credentials(fake: &FakeNode) -> Option<String> {
    let seen = fake.seen();
    let line = seen.last()?.head.lines().find(|line| line.starts_with("authorization:"))?;
    Some(line.to_owned())
}

#[test]
fn requests_carry_the_credentials() {
    // Given credentials in each place
    let node = FakeNode::start(native);
    let sandbox = default_timeouts();
    let secret = sandbox.file("secret", "bob:secret\nthis is a comment\n");
    let secret = secret.to_str().unwrap();
    fs::create_dir(sandbox.path("etc")).unwrap();
    sandbox.file("etc/sessctl.toml", "[cluster]\ncredentials = \"eve\"\n");
    sandbox.file("etc/eve", "eve:other");
    let list = |config, variables: &[(&str, &str)], args: &[&'static str]| {
        let mut command = sandbox.command(["--config", config, "--db", &node.url, "list"]);
        command.args(args).envs(variables.iter().copied());
        Finished(command.output().unwrap()).succeeds();
        sent_credentials(&node)
    };
    // Then what is typed goes before the environment, and that before the file
    let (plain, eve) = ("sessctl.toml", "etc/sessctl.toml");
    assert_eq!(list(plain, &[], &[]), None);
    assert_eq!(list(eve, &[], &[]).as_deref(), Some(EVE));
    let file = ("SESSCTL_CREDENTIALS_FILE", secret);
    assert_eq!(list(eve, &[file], &[]).as_deref(), Some(BOB));
    let itself = ("SESSCTL_CREDENTIALS", "eve:other");
    assert_eq!(list(plain, &[itself], &[]).as_deref(), Some(EVE));
    assert_eq!(list(plain, &[file, itself], &[]).as_deref(), Some(BOB));
    assert_eq!(list(plain, &[itself], &["--credentials", "secret"]).as_deref(), Some(BOB));
    // And who it is that asks
    let version = format!("user-agent: sessctl/{}", env!("CARGO_PKG_VERSION"));
    assert!(node.seen()[0].head.to_ascii_lowercase().contains(&version));
}

#[test]
fn a_move_sends_the_credentials() {
    let node = FakeNode::start(native);
    let sandbox = short_timeouts();
    sandbox.file("secret", "bob:secret\n");
    sandbox.run(["init"]).succeeds();
    let args = ["--credentials", "secret", "move", "--verify-only", "--from", "app.db", "--to"];
    let mut command = sandbox.command(args);
    // What the node answers is of no use to a move.
    let _ = command.arg(&node.url).env_remove("SESSCTL_DB").output().unwrap();
    assert_eq!(sent_credentials(&node).as_deref(), Some(BOB));
}

#[test]
fn the_consistency_option_selects_the_level_of_a_read() {
    let node = FakeNode::start(native);
    let sandbox = default_timeouts();
    let levels = |consistency| {
        let args = ["--db", &node.url, "--consistency", consistency, "list"];
        sandbox.run(args).succeeds();
        node.seen().pop().unwrap().path
    };
    assert!(levels("linearizable").contains("level=strong"));
    assert!(levels("weak").contains("level=weak"));
    assert!(levels("none").contains("level=none"));
}

fn said(ran: &Finished) -> String {
    ran.is_refused_with(2).stderr()
}

#[test]
fn invalid_credentials_are_not_printed() {
    let sandbox = short_timeouts();
    sandbox.file("empty", "");
    sandbox.file("line", "topsecret\n");
    sandbox.file("bytes", [0xff, b':', 0xfe]);
    let db = "http://127.0.0.1:1";
    let mut all: Vec<String> = ["empty", "line", "bytes", "missing"]
        .iter()
        .map(|file| said(&run(&sandbox, db, ["--credentials", file, "list"])))
        .collect();
    let mut command = sandbox.command(["--db", db, "list"]);
    all.push(said(&Finished(command.env("SESSCTL_CREDENTIALS", "topsecret").output().unwrap())));
    insta::assert_snapshot!(all.concat(), @r#"
    sessctl: "empty": the first line must be USER:PASSWORD
    sessctl: "line": the first line must be USER:PASSWORD
    sessctl: "bytes": the first line must be USER:PASSWORD
    sessctl: could not read "missing": No such file or directory (os error 2)
    sessctl: SESSCTL_CREDENTIALS: the first line must be USER:PASSWORD
    "#);
}

#[test]
fn an_address_with_a_password_is_refused_without_printing_it() {
    let sandbox = short_timeouts();
    sandbox.file("db.toml", "db = \"http://bob:topsecret@db1:4001\"\n");
    let address = "https://db1:4001,bob:top,secret@db2:4001";
    let mut by_variable = sandbox.command(["list"]);
    by_variable.env("SESSCTL_DB", address);
    let mut by_file = sandbox.command(["--config", "db.toml", "list"]);
    by_file.env_remove("SESSCTL_DB");
    let mut shown = sandbox.command(["--config", "db.toml", "show", "config"]);
    shown.env_remove("SESSCTL_DB");
    let ran = [
        run(&sandbox, address, ["list"]),
        run(&sandbox, address, ["show", "config"]),
        run(&sandbox, address, ["list", "--no-such-option"]),
        run(&sandbox, address, ["schedule", "print", "cron"]),
        sandbox.run(["list", address]),
        sandbox.run([address]),
        Finished(by_variable.output().unwrap()),
        Finished(by_file.output().unwrap()),
        Finished(shown.output().unwrap()),
    ];
    let said: Vec<String> = ran.iter().map(said).collect();
    assert!(said.iter().all(|line| !line.contains("top") && !line.contains("secret")), "{said:?}");
    insta::assert_snapshot!(said.concat(), @r#"
    sessctl: the address must not contain a user and a password, which other users could see; pass them in a file with --credentials FILE
    sessctl: the address must not contain a user and a password, which other users could see; pass them in a file with --credentials FILE
    sessctl: unknown option "--no-such-option" for "list"; see "sessctl list --help"
    sessctl: the address must not contain a user and a password, which other users could see; pass them in a file with --credentials FILE
    sessctl: unexpected argument "https://…@db2:4001" for "list": did you mean "--user 'https://…@db2:4001'" or "--task 'https://…@db2:4001'"?
    sessctl: unknown command "https://…@db2:4001"; "sessctl" lists the commands
    sessctl: the address must not contain a user and a password, which other users could see; pass them in a file with --credentials FILE
    sessctl: the address must not contain a user and a password, which other users could see; pass them in a file with --credentials FILE
    sessctl: the address must not contain a user and a password, which other users could see; pass them in a file with --credentials FILE
    "#);
}

#[test]
fn cluster_options_are_refused_for_a_file() {
    let sandbox = Sandbox::new();
    sandbox.file("secret", "bob:secret");
    let all = [
        sandbox.run(["list", "--credentials", "secret"]),
        sandbox.run(["list", "--ca-file", "ca.pem"]),
        sandbox.run(["list", "--consistency", "none"]),
        sandbox.run(["list", "--consistency", "strong"]),
        sandbox.run(["--db", "http://127.0.0.1:1", "--ca-file", "ca.pem", "list"]),
    ]
    .map(|ran| said(&ran));
    insta::assert_snapshot!(all.concat(), @r#"
    sessctl: --credentials applies to a cluster, but "app.db" is a file
    sessctl: --ca-file applies to a cluster, but "app.db" is a file
    sessctl: --consistency applies to a cluster, but "app.db" is a file
    sessctl: invalid --consistency "strong": use weak, linearizable or none
    sessctl: --ca-file applies to https://, but the database is "http://127.0.0.1:1"
    "#);
    // What nobody typed may be meant for another database.
    sandbox.file("sessctl.toml", "[cluster]\ncredentials = \"gone\"\nca_file = \"gone\"\n");
    let mut list = sandbox.command(["--config", "sessctl.toml", "list"]);
    list.env("SESSCTL_CREDENTIALS", "nonsense").env("SESSCTL_CA_FILE", "gone");
    Finished(list.output().unwrap()).succeeds();
}

#[test]
fn an_authority_has_a_certificate() {
    let sandbox = short_timeouts();
    sandbox.file("ca.pem", "hello\n");
    let all = ["ca.pem", "missing.pem"]
        .map(|file| said(&run(&sandbox, "https://127.0.0.1:1", ["--ca-file", file, "list"])));
    insta::assert_snapshot!(all.concat(), @r#"
    sessctl: "ca.pem" contains no certificate in PEM format, or a damaged one
    sessctl: could not read "missing.pem": No such file or directory (os error 2)
    "#);
}

#[test]
fn a_verbose_read_from_one_node_reports_its_freshness() {
    // Given a node that last heard of the leader a while ago
    let node = FakeNode::start(native);
    let sandbox = default_timeouts();
    let alone = ["--consistency", "none"];
    // When somebody wants to know all
    let ran = run(&sandbox, &node.url, alone.into_iter().chain(["-v", "list", "--json"]));
    // Then they are told, beside the answer
    assert_eq!(ran.succeeds().stdout(), "[]\n");
    let said = ran.stderr().replace(&node.url, "NODE");
    insta::assert_snapshot!(said, @"sessctl: read from NODE alone, which last heard from the leader 0.4 s ago");
    assert!(node.seen().iter().any(|seen| seen.path.contains("level=none")));
    // Else nothing is said, nor asked
    let quiet = FakeNode::start(native);
    let ran = run(&sandbox, &quiet.url, alone.into_iter().chain(["list", "--json"]));
    assert_eq!((ran.succeeds().stderr(), ran.stdout()), (String::new(), "[]\n".to_owned()));
    assert!(quiet.seen().iter().all(|seen| !seen.path.starts_with("/status")));
    // Nor is it where all was read from the leader
    let ran = run(&sandbox, &quiet.url, ["-v", "list", "--json"]);
    assert_eq!(ran.succeeds().stderr(), "");
}

#[test]
fn what_changes_things_reads_from_the_leader() {
    let node = FakeNode::with_writes(Reaction::Close);
    let args = ["--consistency", "none", "open", "--user", "alice", "--task", "imap"];
    run(&short_timeouts(), &node.url, args).exits(3);
    let seen = node.seen();
    assert!(seen.iter().any(|seen| seen.path.contains("level=weak")));
    assert!(seen.iter().all(|seen| !seen.path.contains("level=none")));
}

/// A new leader may show an old table, or an empty one.
#[test]
fn what_is_about_to_change_is_read_through_the_log() {
    let levels = |node: &FakeNode| {
        let seen = node.seen().into_iter();
        let of_rows = seen.filter(|seen| seen.body.contains("FROM sessions"));
        let queries: Vec<String> =
            of_rows.map(|seen| seen.path).filter(|path| path.starts_with("/db/query")).collect();
        let with = |level: &str| queries.iter().filter(|path| path.contains(level)).count();
        [with("level=strong"), with("level=weak"), queries.len()]
    };
    // By the look ahead of a purge
    let (policies, now) = (Policies::default(), UnixTime(0));
    let scope = PolicyContext { policies: &policies, now, planned: None, task: None };
    for (access, expected) in [(Access::Write, [1, 0, 1]), (Access::Read, [0, 1, 1])] {
        let node = FakeNode::start(native);
        let at = Location::parse(node.url.as_ref()).unwrap();
        store::open(&at, access).unwrap().scan_due(&scope, None, ScanLimits::ALL).unwrap();
        assert_eq!(levels(&node), expected);
    }
    // And by a cycle, unless it only shows what it would do
    for (args, place) in [(&["cycle", "--all"][..], 0), (&["cycle", "--all", "--dry-run"], 1)] {
        let node = FakeNode::start(native);
        // What the node answers is of no use to some of them.
        let _ = short_timeouts().run([&["--db", &node.url], args].concat());
        let levels = levels(&node);
        assert!(levels[2] > 0 && levels[place] == levels[2], "{args:?}: {levels:?}");
    }
}

/// The lines of `show config` about the cluster.
fn shown(ran: &Finished) -> String {
    let settings = ran.succeeds().stdout();
    let lines = settings.lines().filter(|line| line.starts_with("cluster."));
    let single = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    lines.map(single).collect::<Vec<_>>().join("\n")
}

#[test]
fn show_config_names_the_file_and_not_what_it_holds() {
    let sandbox = short_timeouts();
    let secret = sandbox.file("secret", "bob:topsecret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    sandbox.file(
        "all.toml",
        "[cluster]\ncredentials = \"secret\"\nca_file = \"ca.pem\"\nconsistency = \"none\"\n\
         timeout = \"20s\"\npatience = \"40s\"\n",
    );
    insta::assert_snapshot!(shown(&sandbox.run(["--config", "sessctl.toml", "show", "config"])), @r"
    cluster.credentials - default -
    cluster.ca_file - default -
    cluster.consistency weak default -
    cluster.timeout 1s file sessctl.toml:2
    cluster.patience 1s file sessctl.toml:3
    ");
    let ran = sandbox.run(["--config", "all.toml", "show", "config"]);
    insta::assert_snapshot!(shown(&ran), @r"
    cluster.credentials secret file all.toml:2
    cluster.ca_file ca.pem file all.toml:3
    cluster.consistency none file all.toml:4
    cluster.timeout 20s file all.toml:5
    cluster.patience 40s file all.toml:6
    ");
    insta::assert_snapshot!(ran.stderr(), @"sessctl: warning: other users can read secret, which contains a password; run chmod 600 secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = sandbox.command(["--config", "all.toml", "show", "config"]);
    command.args(["--credentials", "secret", "--ca-file", "other.pem", "--consistency", "weak"]);
    let ran = Finished(command.output().unwrap());
    assert_eq!(ran.stderr(), "");
    insta::assert_snapshot!(shown(&ran), @r"
    cluster.credentials secret flag --credentials
    cluster.ca_file other.pem flag --ca-file
    cluster.consistency weak flag --consistency
    cluster.timeout 20s file all.toml:5
    cluster.patience 40s file all.toml:6
    ");
    let mut command = sandbox.command(["show", "config"]);
    command.env("SESSCTL_CREDENTIALS", "bob:topsecret").env("SESSCTL_CA_FILE", "ca.pem");
    insta::assert_snapshot!(shown(&Finished(command.output().unwrap())), @r"
    cluster.credentials - environment SESSCTL_CREDENTIALS
    cluster.ca_file ca.pem environment SESSCTL_CA_FILE
    cluster.consistency weak default -
    cluster.timeout 10s default -
    cluster.patience 30s default -
    ");
}

#[test]
fn invalid_cluster_options_are_refused_or_warned_of() {
    let sandbox = Sandbox::without_database();
    let said = |text: &str| {
        sandbox.file("c.toml", format!("[cluster]\n{text}\n"));
        sandbox.run(["--config", "c.toml", "show", "config"]).stderr()
    };
    let all = [
        "timeout = \"0s\"",
        "timeout = \"61s\"",
        "patience = \"11m\"",
        "consistency = \"strong\"",
        "credentials = \"\"",
        "password = \"topsecret\"",
        "patience = \"2m\"",
        "timeout = \"20s\"\npatience = \"5s\"",
    ]
    .map(said);
    insta::assert_snapshot!(all.concat(), @r#"
    sessctl: c.toml:2: cluster.timeout: must be between 1s and 1m, not 0s
    sessctl: c.toml:2: cluster.timeout: must be between 1s and 1m, not 1m1s
    sessctl: c.toml:2: cluster.patience: must be between 1s and 10m, not 11m
    sessctl: c.toml:2: cluster.consistency: "strong" is not a valid consistency; valid values: weak, linearizable, none
    sessctl: c.toml:2: cluster.credentials: must not be empty
    sessctl: c.toml:2: cluster.password: unknown key; valid keys: credentials, ca_file, consistency, timeout, patience
    sessctl: warning: cluster.patience = "2m" is too long for the lease of a purge, which lasts one minute: another purge may start while this one waits for the cluster; use 45s or less
    sessctl: warning: cluster.timeout = "20s" has no effect: cluster.patience ends a request after 5s
    "#);
}

#[test]
fn a_schedule_names_the_files_by_their_full_paths() {
    let sandbox = Sandbox::without_database();
    let secret = sandbox.file("secret", "bob:topsecret");
    let print = ["--db", "http://db1,db2", "schedule", "print", "cron"];
    let mut command = sandbox.command(print);
    command.env("SESSCTL_CREDENTIALS_FILE", "secret");
    let printed = Finished(command.output().unwrap()).succeeds().stdout();
    let named = format!("--db 'http://db1:4001,db2:4001' --credentials {}", secret.display());
    assert!(printed.contains(&named) || printed.contains(&named.replace('\'', "")), "{printed}");
    // What is in the environment alone must not be written down.
    let mut command = sandbox.command(print);
    let ran = Finished(command.env("SESSCTL_CREDENTIALS", "bob:topsecret").output().unwrap());
    assert!(!ran.succeeds().stdout().contains("topsecret"));
    insta::assert_snapshot!(ran.stderr(), @"sessctl: warning: SESSCTL_CREDENTIALS is set for this process only: pass --credentials FILE for scheduled runs");
}
