//! Mistyped commands: each is answered with what is wrong and what to type.

use crate::support::Sandbox;

/// Command lines, and the exact answers behind `sessctl: `.
const MISTYPED: [(&str, &str); 79] = [
    ("users", r#"unknown command "users": did you mean "show users"?"#),
    ("user", r#"unknown command "user": did you mean "show users"?"#),
    ("who", r#"unknown command "who": did you mean "show users"?"#),
    ("stat", r#"unknown command "stat": did you mean "show stat"?"#),
    ("stats imap", r#"unknown command "stats": did you mean "show stat"?"#),
    ("status", r#"unknown command "status": did you mean "show stat"?"#),
    ("sessions", r#"unknown command "sessions": did you mean "list"?"#),
    ("ls", r#"unknown command "ls": did you mean "list"?"#),
    ("lsit", r#"unknown command "lsit": did you mean "list"?"#),
    ("session 3fa9", r#"unknown command "session": did you mean "show session"?"#),
    ("inspect 3fa9", r#"unknown command "inspect": did you mean "show session 3fa9"?"#),
    ("runs", r#"unknown command "runs": did you mean "show runs"?"#),
    ("history", r#"unknown command "history": did you mean "show history"?"#),
    ("log", r#"unknown command "log": did you mean "show runs"?"#),
    ("config", r#"unknown command "config": did you mean "show config"?"#),
    ("profiles", r#"unknown command "profiles": did you mean "show profiles"?"#),
    ("jobs", r#"unknown command "jobs": did you mean "show schedule"?"#),
    ("terminat --all", r#"unknown command "terminat": did you mean "terminate"?"#),
    ("cylce imap", r#"unknown command "cylce": did you mean "cycle"?"#),
    ("kick alice", r#"unknown command "kick": did you mean "cycle --user alice"?"#),
    ("kick", r#"unknown command "kick": did you mean "cycle --user USER"?"#),
    ("logout alice", r#"unknown command "logout": did you mean "cycle --user alice"?"#),
    ("revoke alice", r#"unknown command "revoke": did you mean "cycle --user alice"?"#),
    ("kill 3fa94c1d", r#"unknown command "kill": did you mean "cycle --session 3fa94c1d"?"#),
    ("delete", r#"unknown command "delete": did you mean "purge"?"#),
    ("clean", r#"unknown command "clean": did you mean "purge"?"#),
    ("cleanup", r#"unknown command "cleanup": did you mean "purge"?"#),
    ("expire", r#"unknown command "expire": did you mean "purge"?"#),
    ("clearsessions", r#"unknown command "clearsessions": did you mean "purge"?"#),
    ("purg --dry-run", r#"unknown command "purg": did you mean "purge"?"#),
    ("vacuum", r#"unknown command "vacuum": did you mean "compact"?"#),
    ("create", r#"unknown command "create": did you mean "init"?"#),
    ("login", r#"unknown command "login": did you mean "open"?"#),
    ("cron", r#"unknown command "cron": did you mean "schedule print cron"?"#),
    ("watch", r#"unknown command "watch": did you mean "run --watch"?"#),
    ("draft", r#"unknown command "draft": did you mean "profile draft"?"#),
    ("version", r#"unknown command "version": did you mean "--version"?"#),
    ("help users", r#"unknown command "users": did you mean "show users"?"#),
    ("show stats", r#"unknown command "show stats": did you mean "show stat"?"#),
    ("show sessions", r#"unknown command "show sessions": did you mean "list"?"#),
    ("schedule chekc", r#"unknown command "schedule chekc": did you mean "schedule check"?"#),
    ("profile test", r#"unknown command "profile test"; use draft or check"#),
    ("frobnicate", r#"unknown command "frobnicate"; "sessctl" lists the commands"#),
    ("list --lmit 4", r#"unknown option "--lmit" for "list": did you mean "--limit"?"#),
    ("list --username alice", r#"unknown option "--username" for "list": did you mean "--user"?"#),
    ("list --ip 192.0.2.1", r#"unknown option "--ip" for "list": did you mean "--client"?"#),
    ("list --days 30", r#"unknown option "--days" for "list": did you mean "--idle-over 30d"?"#),
    (
        "list --older-than 30d",
        r#"unknown option "--older-than" for "list": did you mean "--idle-over"?"#,
    ),
    ("list --format json", r#"unknown option "--format" for "list": did you mean "--output"?"#),
    ("list --database=x", r#"unknown option "--database" for "list": did you mean "--db"?"#),
    (
        "list alice",
        r#"unexpected argument "alice" for "list": did you mean "--user alice" or "--task alice"?"#,
    ),
    (
        "purge imap",
        r#"unexpected argument "imap" for "purge": did you mean "--user imap" or "--task imap"?"#,
    ),
    (
        "purge --days 30",
        r#"unknown option "--days" for "purge": the policy or the profile says what is due; "list --idle-over 30d" shows what is unused for longer, and "show config" the policy"#,
    ),
    (
        "purge --force",
        r#"unknown option "--force" for "purge": purge asks nothing; --max-percent, --max-rows and --accept-clock lift its guard"#,
    ),
    ("purge --simulate", r#"unknown option "--simulate" for "purge": did you mean "--dry-run"?"#),
    (
        "close --token abc",
        r#"unknown option "--token" for "close": pass the token on standard input, or in a file with --token-file"#,
    ),
    (
        "show stat --bogus",
        r#"unknown option "--bogus" for "show stat"; see "sessctl show stat --help""#,
    ),
    (
        "--db shop --all-databases show stat",
        r#"option "--all-databases" goes after the command: use "sessctl show stat --all-databases""#,
    ),
    (
        "show --all-databases stat",
        r#"option "--all-databases" goes after the command: use "sessctl show stat --all-databases""#,
    ),
    ("--limit=5 list", r#"option "--limit" goes after the command: use "sessctl list --limit N""#),
    ("undo", r#"unknown command "undo": did you mean "restore"?"#),
    ("end imap", r#"unknown command "end": did you mean "cycle"?"#),
    ("end 3fa94c1d", r#"unknown command "end": did you mean "cycle --session 3fa94c1d"?"#),
    ("delete 3fa94c1d", r#"unknown command "delete": did you mean "cycle --session 3fa94c1d"?"#),
    (
        "cycle --exclude-user bob",
        r#"unknown option "--exclude-user" for "cycle": did you mean "--except-user"?"#,
    ),
    ("cycle --but bob", r#"unknown option "--but" for "cycle": did you mean "--except-user"?"#),
    ("cycle --all --reason x", r#"unknown option "--reason" for "cycle": did you mean "--why"?"#),
    ("purge --message x", r#"unknown option "--message" for "purge": did you mean "--why"?"#),
    ("cycle --all -n", r#"unknown option "-n" for "cycle": did you mean "--dry-run"?"#),
    ("purge -n", r#"unknown option "-n" for "purge": did you mean "--dry-run"?"#),
    ("list -n 5", r#"unknown option "-n" for "list": did you mean "--limit"?"#),
    ("cycle -u alice", r#"unknown option "-u" for "cycle": did you mean "--user"?"#),
    ("list --browser Firefox", r#"unknown option "--browser" for "list": did you mean "--agent"?"#),
    (
        "purge --lifetime 3h",
        r#"unknown option "--lifetime" for "purge": did you mean "--param lifetime=3h"?"#,
    ),
    ("list --limit x", r#"invalid --limit "x": use a whole number such as 50"#),
    ("list --limit", r"--limit needs a value: use --limit <N>"),
    ("list --json=5", "--json takes no value"),
    ("list --json -o csv", "--json and --output exclude each other"),
    ("schedule next", r#""schedule next" needs SPEC; see "sessctl schedule next --help""#),
];

#[test]
fn a_mistyped_command_is_answered_with_the_one_to_type() {
    let sandbox = Sandbox::without_database();
    for (typed, answer) in MISTYPED {
        let refused = sandbox.run(typed.split(' '));
        let said = refused.is_refused_with(2).stderr();
        assert_eq!(said, format!("sessctl: {answer}\n"), "sessctl {typed}");
    }
    assert!(sandbox.files().is_empty());
}

#[test]
fn a_group_lists_its_members_in_ten_lines() {
    let sandbox = Sandbox::without_database();
    for group in ["show", "schedule", "profile"] {
        let listed = sandbox.run(["--db", "app.db", group]);
        let said = listed.exits(2).stderr();
        assert_eq!(listed.stdout(), "");
        assert!(said.lines().count() <= 10, "{said}");
        assert!(said.lines().all(|line| line.len() <= 80), "{said}");
    }
    insta::assert_snapshot!(sandbox.run(["profile"]).stderr(), @r#"
    sessctl: "profile" needs one of these; see "sessctl profile --help":
      draft       Draft a profile for an unknown table
      check       Check a profile against a database
    "#);
}

#[test]
fn without_a_command_all_are_listed_by_purpose() {
    let sandbox = Sandbox::without_database();
    let listed = sandbox.run([]);
    let said = listed.exits(2).stderr();
    assert_eq!(listed.stdout(), "");
    assert!(said.lines().count() <= 35, "{said}");
    assert!(said.lines().all(|line| line.len() <= 80), "{said}");
    let whole = sessctl::cli::arguments::command();
    for command in whole.get_subcommands().filter(|command| !command.is_hide_set()) {
        let begin = format!("\n  {:11} ", command.get_name());
        assert_eq!(said.matches(&begin).count(), 1, "{begin:?}\n{said}");
    }
    assert_eq!(sandbox.run(["--db", "app.db"]).exits(2).stderr(), said);
}

#[test]
fn cluster_options_are_in_the_help_of_commands_that_open_a_database() {
    let sandbox = Sandbox::without_database();
    let has_them = |line: &str| {
        let help = sandbox.run(line.split(' ')).succeeds().stdout();
        ["--credentials", "--ca-file", "--consistency"].map(|option| help.contains(option))
    };
    for line in ["purge --help", "list --help", "show stat --help", "--help"] {
        assert_eq!(has_them(line), [true; 3], "{line}");
    }
    for line in ["purge -h", "list -h", "completions --help", "show profiles --help", "man --help"]
    {
        assert_eq!(has_them(line), [false; 3], "{line}");
    }
    // And they are accepted everywhere, as before
    sandbox.run(["show", "profiles", "--consistency", "none"]).succeeds();
}

#[test]
fn a_mistyped_threshold_is_answered_with_the_options_of_check() {
    let sandbox = Sandbox::without_database();
    for (typed, answer) in [
        ("-w", "--warn-expired, --warn-age and --warn-rows set what is a warning"),
        ("--warning", "--warn-expired, --warn-age and --warn-rows set what is a warning"),
        ("-c", "--max-expired, --max-age and --max-rows set what is critical"),
        ("--critical", "--max-expired, --max-age and --max-rows set what is critical"),
    ] {
        let ran = sandbox.run(["check", typed, "9"]);
        let said = ran.exits(3).stdout() + &ran.stderr();
        let answer = format!("unknown option \"{typed}\" for \"check\": {answer}");
        assert!(said.contains(&answer), "{said}");
    }
}
