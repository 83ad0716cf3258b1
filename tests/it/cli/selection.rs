//! One selection for all commands: its conditions, and answers where they cannot hold.

use crate::support::{DAY, HOUR, MINUTE, Sandbox, handles, row};

/// Creates sessions of two users and of nobody, in two tasks; the first is the longest unused.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for (token, user, task, idle) in [
        ("a1", "alice", "imap", 25),
        ("a2", "alice", "http", 20),
        ("a3", "alice", "imap", 15),
        ("b1", "bob", "imap", 10),
        ("b2", "bob", "http", 5),
    ] {
        sandbox.insert(&row(token).user(user).task(task).idle(idle * MINUTE));
    }
    sandbox.insert(&row("n").nobody().client("192.0.2.1").idle(28 * MINUTE));
    sandbox
}

fn handle(token: &str) -> String {
    row(token).handle()
}

fn sorted(mut handles: Vec<String>) -> Vec<String> {
    handles.sort();
    handles
}

fn handles_of(tokens: &[&str]) -> Vec<String> {
    sorted(tokens.iter().map(|token| handle(token)).collect())
}

/// Returns the handles that a command prints with these options.
fn selected(sandbox: &Sandbox, command: &[&str], options: &[&str]) -> Vec<String> {
    let args = [command, options, &["--json"]].concat();
    sorted(handles(&sandbox.run(args).succeeds().json()))
}

#[test]
fn a_list_of_usable_sessions_previews_the_cycle_with_the_same_selection() {
    let sandbox = sandbox();
    sandbox.insert(&row("over").idle(HOUR));
    let (a1, a3) = (handle("a1"), handle("a3"));
    let cases: [(&[&str], &[&str]); 14] = [
        (&["--user", "alice"], &["a1", "a2", "a3"]),
        (&["--user", "alice", "--except", &a3], &["a1", "a2"]),
        (&["--user", "alice", "--except", &a1, &a3[..6]], &["a2"]),
        (&["--user", "alice,bob", "--task", "http"], &["a2", "b2"]),
        (&["--user", "alice", "--user", "bob", "--task", "http"], &["a2", "b2"]),
        (&["--except-user", "alice"], &["b1", "b2", "n"]),
        (&["--except-user", "alice,bob"], &["n"]),
        (&["--keep-newest", "1"], &["a1", "a2", "b1"]),
        (&["--keep-newest", "1", "--task", "imap"], &["a1"]),
        (&["--user", "alice, bob", "--task", "http"], &["a2", "b2"]),
        (&["--used-before", "12m", "--limit", "2"], &["n", "a1"]),
        (&["--created-before", "18m"], &["n", "a1", "a2"]),
        (&["--session", &a1, &a3, "--task", "imap", "--keep-newest", "1"], &["a1"]),
        (&["--keep-newest", "1", "--limit", "1"], &["a1"]),
    ];
    for (options, tokens) in cases {
        let wanted = handles_of(tokens);
        assert_eq!(
            selected(&sandbox, &["list", "--state", "usable"], options),
            wanted,
            "{options:?}"
        );
        assert_eq!(selected(&sandbox, &["cycle", "--dry-run"], options), wanted, "{options:?}");
        let copy = self::sandbox();
        copy.insert(&row("over").idle(HOUR));
        assert_eq!(selected(&copy, &["cycle"], options), wanted, "{options:?}");
        assert_eq!(copy.listed(["--ended-by", "cycled"]), wanted, "{options:?}");
    }
}

#[test]
fn a_user_may_have_commas_in_the_name() {
    let sandbox = sandbox();
    sandbox.insert(&row("c").user("alice,bob"));
    assert_eq!(selected(&sandbox, &["cycle"], &["--user", "alice,bob"]), handles_of(&["c"]));
    sandbox.run(["cycle", "--user", "alice,"]).is_refused_with(2);
}

#[test]
fn a_handle_that_is_unknown_or_ambiguous_ends_nothing() {
    let sandbox = sandbox();
    for option in ["--except", "--session"] {
        for (text, code) in [("ffffffff", 5), ("imap", 2)] {
            sandbox.run(["cycle", "--user", "alice", option, text]).is_refused_with(code);
        }
    }
    assert_eq!(sandbox.listed(["--ended-by", "cycled"]).len(), 0);
}

#[test]
fn a_cycle_leaves_what_the_application_refuses_to_the_purge() {
    let sandbox = sandbox();
    sandbox.insert(&row("over").user("carol").idle(HOUR));
    let none = sandbox.run(["cycle", "--user", "carol"]);
    assert_eq!(
        none.is_refused_with(5).stderr(),
        "sessctl: no live session of user \"carol\"; 1 that the application refuses already is \
         left to the purge, and --state expired,abandoned selects it\n"
    );
    // One that is due but that the application still accepts is ended.
    sandbox.file("lenient.toml", "[policy]\nstrict = false\n");
    let lenient = ["--config", "lenient.toml", "cycle", "--dry-run"];
    assert_eq!(selected(&sandbox, &lenient, &["--user", "carol"]), handles_of(&["over"]));
    let expired = ["--user", "carol", "--state", "expired"];
    assert_eq!(selected(&sandbox, &["cycle"], &expired), handles_of(&["over"]));
    sandbox.run(["cycle", "--all", "--state", "ended"]).is_refused_with(2);
}

#[test]
fn a_selection_that_matches_nothing_says_what_it_looked_for() {
    let sandbox = sandbox();
    for (args, said) in [
        (&["cycle", "--user", "user17"][..], "no live session of user \"user17\""),
        (
            &["cycle", "imap", "--user", "user17"],
            "no live session of user \"user17\" in task \"imap\"",
        ),
        (&["cycle", "--idle-over", "3d"], "no live session unused for longer than 3d"),
        (
            &["cycle", "nosuch"],
            "the database has never held a session of task \"nosuch\"; `sessctl show stat` lists \
             the tasks",
        ),
        (
            &["purge", "--task", "nosuch"],
            "the database has never held a session of task \"nosuch\"; `sessctl show stat` lists \
             the tasks",
        ),
        (
            &["purge", "--dry-run", "--task", "nosuch"],
            "the database has never held a session of task \"nosuch\"; `sessctl show stat` lists \
             the tasks",
        ),
    ] {
        for quiet in [&[][..], &["-q"]] {
            let ran = sandbox.run([args, quiet].concat());
            assert_eq!(ran.is_refused_with(5).stderr(), format!("sessctl: {said}\n"), "{args:?}");
        }
    }
}

#[test]
fn what_the_table_lacks_is_named_with_what_it_has() {
    let sandbox = Sandbox::without_database();
    let table = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
                 session_data text NOT NULL, expire_date datetime NOT NULL);";
    sandbox.db().execute_batch(table).unwrap();
    let has = "of a session; it has: user, expiry";
    for (options, lacks) in [
        (&["--client", "10.0.0.1"][..], "client"),
        (&["--agent", "*Firefox*"], "agent"),
        (&["--idle-over", "1h"], "last use"),
        (&["--used-before", "1h"], "last use"),
        (&["--created-before", "1h"], "creation time"),
        (&["--client", "10.0.0.1", "--agent", "x"], "client and no agent"),
    ] {
        for command in [&["list"][..], &["cycle"], &["show", "users"], &["purge", "--dry-run"]] {
            let ran = sandbox.run([command, options].concat());
            let said = format!("sessctl: the table \"django_session\" has no {lacks} {has}\n");
            assert!(ran.exits(2).stderr().ends_with(&said), "{command:?} {}", ran.stderr());
            assert_eq!(ran.stdout(), "");
        }
    }
    for args in [&["list", "--task", "imap"][..], &["cycle", "im*"], &["purge", "--task", "imap"]] {
        let ran = sandbox.run(args.iter().copied());
        let said = "; its only task is \"django\"\n";
        assert!(ran.exits(2).stderr().ends_with(said), "{args:?} {}", ran.stderr());
    }
}

#[test]
fn users_and_due_sessions_are_shown_by_the_same_selection() {
    let sandbox = sandbox();
    sandbox.insert_all(0..3, |n| row(&n.to_string()).user("carol").idle(HOUR));
    let users = sandbox.run(["show", "users", "--user", "alice,carol", "--json"]).json();
    let counted = |at: usize| (users[at]["user"].as_str(), users[at]["sessions"].as_i64());
    assert_eq!((counted(0), counted(1)), ((Some("alice"), Some(3)), (Some("carol"), Some(3))));
    let imap = sandbox.run(["show", "users", "imap", "--idle-over", "12m", "--json"]).json();
    assert_eq!(imap[1]["user"], "alice");
    let dry = sandbox.run(["purge", "--dry-run", "--user", "carol", "--except", &handle("1")]);
    // A summary, the header and the rows
    let table = dry.succeeds().stdout();
    assert!(table.starts_with("would end 3 and delete 0 sessions, and leave 6 live\n"), "{table}");
    assert_eq!(table.lines().count(), 4);
    assert!(dry.stderr().starts_with("2 of 3 sessions that are due match\n"), "{}", dry.stderr());
    sandbox.run(["purge", "--user", "carol"]).is_refused_with(2);
    assert_eq!(sandbox.listed(["--ended-by", "expired"]).len(), 0);
}

#[test]
fn a_job_selects_as_the_command_does_and_a_hook_gets_some_sessions() {
    let sandbox = sandbox();
    let told = sandbox.path("told.jsonl");
    let config = format!(
        "[[job]]\nname = \"tidy\"\nevery = \"1h\"\nlate = \"forever\"\ndo = \"cycle\"\n\
         task = \"*\"\nkeep_newest = 1\nexcept_user = \"bob\"\n\
         [hooks]\non_end = [\"/bin/sh\", \"-c\", \"cat >> {}\"]\ntask = \"http\"\n",
        told.display()
    );
    sandbox.file("jobs.toml", config);
    let run = ["--config", "jobs.toml", "run"];
    sandbox.run(run).succeeds();
    sandbox.jobs_have_waited();
    sandbox.run(run).succeeds();
    assert_eq!(sandbox.listed(["--ended-by", "cycled"]), handles_of(&["a1", "a2"]));
    let told = std::fs::read_to_string(told).unwrap();
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains(&handle("a2")), "{told}");
    let shown = sandbox.run(["--config", "jobs.toml", "show", "config", "-o", "plain"]);
    let shown = shown.succeeds().stdout();
    assert!(shown.contains("keep_newest") && shown.contains("except_user"), "{shown}");
    for (keys, message) in [
        ("do = \"purge\"\nuser = \"bob\"", "is only allowed with do = \"cycle\""),
        ("do = \"cycle\"\ntask = \"*\"\nlimit = 0", "must be an integer of 1 or more"),
        ("do = \"cycle\"\ntask = \"*\"\nstate = \"ended\"", "have not ended"),
    ] {
        sandbox.file("bad.toml", format!("[[job]]\nname = \"x\"\nevery = \"1h\"\n{keys}\n"));
        let ran = sandbox.run(["--config", "bad.toml", "show", "config"]);
        assert!(ran.exits(2).stderr().contains(message), "{}", ran.stderr());
    }
}

#[test]
fn a_cycle_stops_in_time_and_says_that_work_remains() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..1_000, |n| row(&n.to_string()).idle(MINUTE).timeout(Some(DAY)));
    let ran = sandbox.run(["cycle", "--all", "--run-time", "0s"]);
    ran.exits(3);
    let said = "sessctl: cycle stopped early: its time is over; run it again to end the rest\n";
    assert!(ran.stderr().starts_with(said), "{}", ran.stderr());
    let ended = sandbox.listed(["--ended-by", "cycled"]).len();
    assert!((1..1_000).contains(&ended), "{ended}");
    assert!(ran.stderr().ends_with(&format!("ended {ended} sessions of 1 user\n")));
}

#[test]
fn an_exception_for_a_user_whom_nobody_knows_ends_nothing() {
    let sandbox = sandbox();
    for command in [&["cycle"][..], &["cycle", "--dry-run"], &["list"], &["show", "users"]] {
        let ran = sandbox.run([command, &["--except-user", "bob, admin"]].concat());
        let said = "sessctl: no user \"admin\" in the table \"sessions\"\n";
        assert_eq!(ran.is_refused_with(5).stderr(), said, "{command:?}");
    }
    sandbox.run(["cycle", "--all", "--except-user", "admin,root"]).is_refused_with(5);
    sandbox.file(
        "jobs.toml",
        "[[job]]\nname = \"tidy\"\nevery = \"1h\"\nlate = \"forever\"\ndo = \"cycle\"\n\
         task = \"*\"\nexcept_user = [\"bob\", \"admin\"]\n",
    );
    let run = ["--config", "jobs.toml", "run"];
    sandbox.run(run).succeeds();
    sandbox.jobs_have_waited();
    // Every night, a job may run while the administrator is not logged in.
    sandbox.run(run).succeeds();
    let left = sandbox.listed(["--state", "usable"]);
    assert_eq!(left, sandbox.listed(["--state", "usable", "--user", "bob"]));
}

#[test]
fn of_users_all_are_known_or_none_is_logged_out() {
    let sandbox = sandbox();
    let said = "sessctl: no user \"bbo\" in the table \"sessions\"\n";
    let ran = sandbox.run(["cycle", "--user", "alice, bbo"]);
    assert_eq!(ran.is_refused_with(5).stderr(), said);
    assert_eq!(sandbox.run(["list", "--user", "alice,bbo"]).succeeds().stderr(), said);
    let ran = sandbox.run(["cycle", "--user", "alice,bob", "--except-user", "bob"]);
    assert_eq!(
        ran.is_refused_with(2).stderr(),
        "sessctl: --user and --except-user exclude each other: both name the user \"bob\"\n"
    );
    assert_eq!(sandbox.listed(["--ended-by", "cycled"]).len(), 0);
    sandbox.insert(&row("s").user(" alice"));
    assert_eq!(
        selected(&sandbox, &["cycle"], &["--user", "bob, alice"]),
        handles_of(&["b1", "b2", "s"])
    );
}

#[test]
fn a_value_may_begin_with_a_hyphen_and_what_cannot_be_meant_is_refused() {
    let sandbox = sandbox();
    for option in ["--used-before", "--created-before"] {
        let found = selected(&sandbox, &["cycle", "--dry-run"], &[option, "-18m"]);
        assert!(!found.is_empty(), "{option}");
        assert_eq!(selected(&sandbox, &["list"], &[option, "-18m"]), found);
    }
    sandbox.run(["list", "--ended-since", "-2h"]).succeeds();
    let duration = "use a whole number and a unit, such as 90s, 15m, 2h or 30d";
    let cidr = "use CIDR such as 198.51.100.0/24";
    for (option, value, advice) in [
        ("--limit", "-1", "use a whole number such as 50"),
        ("--idle-over", "-1h", duration),
        ("--keep-newest", "0", "use a whole number of at least 1, such as 3"),
        ("--keep-newest", "-1", "use a whole number of at least 1, such as 3"),
        ("--client", "", "use an address such as 10.0.0.7, or CIDR notation such as 10.0.0.0/8"),
        ("--client", "198.51.100.*", cidr),
        ("--client", "198.51.100.", cidr),
        ("--client", "300.1.2.3", cidr),
        ("--state", "live", "did you mean usable?"),
    ] {
        for command in ["list", "cycle"] {
            let ran = sandbox.run([command, option, value]);
            let said = format!("sessctl: invalid {option} {value:?}: {advice}\n");
            assert_eq!(ran.is_refused_with(2).stderr(), said);
        }
    }
}

#[test]
fn totals_and_states_tell_what_matches() {
    let sandbox = sandbox();
    let dry = sandbox.run(["cycle", "--all", "--dry-run"]).succeeds().stderr();
    assert_eq!(dry, "would end 6 sessions: 5 of 2 users, 1 without a user\n");
    let ran = sandbox.run(["cycle", "--user", "bob", "--state", "idle,abandoned"]);
    let said = "sessctl: no live session of user \"bob\" is in state idle or abandoned; 2 are in \
                another\n";
    assert_eq!(ran.is_refused_with(5).stderr(), said);
}

/// Laravel's table with a session of each of two users, whose names are their addresses.
fn laravel() -> Sandbox {
    let sandbox = Sandbox::without_database();
    sandbox
        .db()
        .execute_batch(
            "CREATE TABLE users (id integer primary key, name varchar, email varchar);
             INSERT INTO users VALUES (1, 'admin', 'admin@example.org'), (2, 'bob',
                 'bob@example.org'), (3, 'bobby', 'bobby@example.org');
             CREATE TABLE sessions (id varchar not null, user_id integer, ip_address varchar,
                 user_agent text, payload text not null, last_activity integer not null,
                 primary key (id));
             INSERT INTO sessions VALUES ('a', 1, '203.0.113.5', 'x', 'p', unixepoch()),
                 ('b', 2, '203.0.113.6', 'x', 'p', unixepoch());",
        )
        .unwrap();
    sandbox
}

#[test]
fn an_unknown_name_is_told_with_the_column_of_names_and_a_similar_one() {
    let sandbox = laravel();
    let run = |args: &[&str]| sandbox.run([args, &["--param", "lifetime=2h"]].concat());
    let said = "no user with users.email \"bob\"; did you mean \"bob@example.org\"?\n";
    for (args, code) in [
        (&["cycle", "--user", "bob"][..], 5),
        (&["cycle", "--all", "--except-user", "bob"], 5),
        (&["list", "--except-user", "bob"], 5),
        (&["list", "--user", "bob"], 0),
        (&["show", "users", "--user", "bob"], 0),
        (&["show", "runs", "--user", "bob"], 5),
    ] {
        let ran = run(args);
        assert!(ran.exits(code).stderr().contains(said), "{args:?} {}", ran.stderr());
    }
    for state in ["idle", "abandoned"] {
        let ran = run(&["cycle", "--user", "2", "--state", state]);
        let said = format!(
            "sessctl: no session of the table \"sessions\" is ever {state}; use --state active, \
             expired, unreadable or usable\n"
        );
        assert!(ran.exits(2).stderr().ends_with(&said), "{}", ran.stderr());
    }
    for (option, value) in [("--ended-since", "1h"), ("--ended-by", "cycled")] {
        run(&["list", option, value]).exits(2);
    }
    let ran = run(&["cycle", "--user", "2", "--state", "expired"]);
    let said = "no live session of user \"2\" is in state expired; 1 is in another\n";
    assert!(ran.exits(5).stderr().ends_with(said), "{}", ran.stderr());
    // A user without a session is known
    let ran = run(&["cycle", "--all", "--except-user", "admin@example.org, 3", "--json"]);
    assert_eq!(handles(&ran.succeeds().json()).len(), 1);
}
