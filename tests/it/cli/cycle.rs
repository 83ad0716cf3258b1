//! Cycling: ending live sessions now.

use crate::support::{HOUR, MINUTE, Row, Sandbox, handles, now, row};

/// Creates five live sessions, and an ended one.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for row in sessions() {
        sandbox.insert(&row);
    }
    sandbox
}

fn sessions() -> [Row; 6] {
    [
        row("active").idle(10 * MINUTE + 20),
        row("idle").user("bob").client("10.0.0.8").idle(40 * MINUTE + 20).timeout(Some(HOUR)),
        row("abandoned").client("[2001:db8::7]:993").idle(5 * HOUR + 20).timeout(None),
        row("web").task("http").user("bob").client("10.1.0.9:443").idle(MINUTE),
        row("nobody").task("Jmap").nobody().client("192.0.2.1").idle(MINUTE),
        row("over").idle(HOUR).ended(MINUTE, "closed"),
    ]
}

fn handles_of(tokens: &[&str]) -> Vec<String> {
    let mut handles: Vec<String> = tokens.iter().map(|token| row(token).handle()).collect();
    handles.sort();
    handles
}

#[test]
fn d4_cycle_ends_the_live_sessions_of_a_task_and_says_so_with_a_line_for_each() {
    let sandbox = sandbox();
    let mut wanted = [
        format!("{}  imap  alice  10.0.0.7  idle 10m", row("active").handle()),
        format!("{}  imap  bob  10.0.0.8  idle 40m", row("idle").handle()),
        format!("{}  imap  alice  [2001:db8::7]:993  idle 5h", row("abandoned").handle()),
    ];
    wanted.sort();
    let ran = sandbox.run(["cycle", "imap"]);
    let answer = ran.succeeds().stdout();
    assert_eq!(answer.lines().count(), 3);
    for (line, wanted) in answer.lines().zip(wanted) {
        assert!(line.starts_with(&wanted), "{line}");
    }
    assert_eq!(ran.stderr(), "ended 3 sessions of 2 users\n");
    assert_eq!(
        sandbox.listed(["--state", "ended", "--ended-by", "cycled"]),
        handles_of(&["active", "idle", "abandoned"])
    );
    // A second one finds nothing and succeeds
    sandbox.run(["cycle", "imap"]).succeeds().is_silent();
    assert_eq!(sandbox.run(["cycle", "imap", "--json"]).succeeds().stdout(), "[]\n");
}

#[test]
fn d4_an_end_by_cycle_bears_the_moment_and_the_reason() {
    let sandbox = sandbox();
    let begun = now();
    sandbox.run(["cycle", "http", "-q"]).succeeds().is_silent();
    let session = sandbox.run(["show", "session", &row("web").handle(), "--json"]).json();
    assert_eq!(session["state"], "ended");
    assert_eq!(session["end_reason"], "cycled");
    assert!(session["ended_at_unix"].as_i64().unwrap() >= begun);
}

#[test]
fn d5_cycle_takes_a_user_a_client_a_network_handles_or_all() {
    let (web, idle) = (row("web").handle(), row("idle").handle());
    let every = ["active", "idle", "abandoned", "web", "nobody"];
    let cases: [(&[&str], &[&str]); 14] = [
        (&["IMAP"], &["active", "idle", "abandoned"]),
        (&["*map"], &["active", "idle", "abandoned", "nobody"]),
        (&["nothing"], &[]),
        (&["--user", "bob"], &["idle", "web"]),
        (&["--user", "Bob"], &[]),
        (&["imap", "--user", "bob"], &["idle"]),
        (&["--client", "10.0.0.8"], &["idle"]),
        (&["--client", "10.0.0.0/8"], &["active", "idle", "web"]),
        (&["--client", "2001:db8::/32"], &["abandoned"]),
        (&["--client", "10.0.0.0/8", "--user", "bob", "http"], &["web"]),
        (&["--session", &web], &["web"]),
        (&["--session", &web[..6], &idle], &["idle", "web"]),
        (&["--session", &web.to_uppercase()], &["web"]),
        (&["--all"], &every),
    ];
    for (args, tokens) in cases {
        let sandbox = sandbox();
        let dry = [&["cycle", "--dry-run", "--json"], args].concat();
        let wet = [&["cycle", "--json"], args].concat();
        let before = sandbox.files();
        // A task or a user that was never there is told from one with no session left.
        let code = if tokens.is_empty() { 5 } else { 0 };
        let planned = sandbox.run(dry).exits(code).json();
        assert!(sandbox.files() == before, "{args:?}");
        let done = sandbox.run(wet).exits(code).json();
        let sorted = |sessions| {
            let mut handles = handles(sessions);
            handles.sort();
            handles
        };
        assert_eq!(sorted(&done), handles_of(tokens), "{args:?}");
        assert_eq!(sorted(&planned), sorted(&done), "{args:?}");
        let cycled = sandbox.listed(["--state", "ended", "--ended-by", "cycled"]);
        assert_eq!(cycled, handles_of(tokens), "{args:?}");
    }
}

#[test]
fn d5_a_dry_run_shows_the_same_lines() {
    let sandbox = sandbox();
    let planned = sandbox.run(["cycle", "--all", "--dry-run"]).succeeds().stdout();
    let done = sandbox.run(["cycle", "--all"]).succeeds().stdout();
    // But for the seconds of those that were used a moment ago
    let without_idle = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.rsplit_once("  idle ").unwrap().0.to_owned()).collect()
    };
    assert_eq!(without_idle(&planned).len(), 5);
    assert_eq!(without_idle(&planned), without_idle(&done));
}

#[test]
fn d5_a_handle_that_is_named_twice_is_one_session() {
    let sandbox = sandbox();
    let web = row("web").handle();
    for args in [["cycle", "--dry-run", "--session"], ["cycle", "--json", "--session"]] {
        let ran = sandbox.run([&args[..], &[&web, &web[..5]]].concat());
        assert_eq!(ran.succeeds().stdout().matches(&web).count(), 1, "{args:?}");
    }
}

#[test]
fn d5_without_saying_which_a_cycle_is_a_mistake_of_usage() {
    let sandbox = sandbox();
    for args in [
        &["cycle"][..],
        &["cycle", "--dry-run"],
        &["cycle", "--session"],
        &["cycle", "--limit", "1"],
        &["cycle", "--except", "abcd"],
        &["cycle", "--all", "imap"],
        &["cycle", "--all", "--user", "bob"],
        &["cycle", "--client", "10.0.0.0/33"],
        &["cycle", "--session", "abc"],
        &["cycle", "--session", "not a handle"],
        &["cycle", "imap", "-o", "prometheus"],
    ] {
        let ran = sandbox.run(args.iter().copied());
        assert_eq!(ran.exits(2).stdout(), "", "{args:?}");
    }
    assert_eq!(sandbox.listed(["--state", "ended"]).len(), 1);
}

#[test]
fn d5_of_handles_all_are_known_or_none_ends() {
    let sandbox = sandbox();
    let web = row("web").handle();
    let ran = sandbox.run(["cycle", "--session", &web, "ffffffff"]);
    assert_eq!(ran.is_refused_with(5).stderr(), "sessctl: no session with handle ffffffff\n");
    assert_eq!(sandbox.listed(["--ended-by", "cycled"]).len(), 0);
}

#[test]
fn d5_a_session_that_had_ended_before_is_named_and_the_others_end() {
    let sandbox = sandbox();
    let (web, over) = (row("web").handle(), row("over").handle());
    let ran = sandbox.run(["cycle", "--session", &over, &web]);
    let said = format!("sessctl: {over}: had already ended (closed)\nended 1 session of 1 user\n");
    assert_eq!(ran.exits(5).stderr(), said);
    assert!(ran.stdout().starts_with(&web));
    assert_eq!(sandbox.listed(["--ended-by", "cycled"]), [web]);
}

#[test]
fn d5_a_prefix_of_several_handles_is_refused_with_their_names() {
    let sandbox = Sandbox::new();
    for tail in ["0", "1"] {
        sandbox.insert(&row("").keyed(&format!("{}{tail}", "ab".repeat(31) + "a")));
    }
    let reason = sandbox.run(["cycle", "--session", "abab"]).is_refused_with(2).stderr();
    assert!(reason.starts_with("sessctl: handle abab is ambiguous: it matches ababab"), "{reason}");
    for tail in ["2", "3", "4", "5"] {
        sandbox.insert(&row("").keyed(&format!("{}{tail}", "ab".repeat(31) + "a")));
    }
    let reason = sandbox.run(["cycle", "--session", "abab"]).is_refused_with(2).stderr();
    assert!(reason.contains(" is ambiguous: it matches, among others, ababab"), "{reason}");
    assert_eq!(reason.matches(", ababab").count(), 5);
    assert_eq!(sandbox.listed(["--ended-by", "cycled"]).len(), 0);
}

#[test]
fn d8_a_session_that_was_cycled_cannot_come_back() {
    let sandbox = sandbox();
    sandbox.run(["cycle", "--all", "-q"]).succeeds();
    let ran = sandbox.run_with_input(["touch"], "active\n");
    let handle = row("active").handle();
    assert_eq!(ran.exits(5).stderr(), format!("{handle}: ended (cycled)\n"));
    let ran = sandbox.run_with_input(["touch", "--json"], "active\n").exits(5).json();
    assert_eq!((&ran[0]["outcome"], &ran[0]["reason"]), (&"ended".into(), &"cycled".into()));
    // Nor does a lenient policy or a purge change that
    sandbox.file("lenient.toml", "[policy]\nstrict = false\n");
    sandbox.run(["purge"]).succeeds();
    sandbox.run_with_input(["touch", "--config", "lenient.toml"], "active\n").exits(5);
    sandbox.run_with_input(["close"], "active\n").exits(5);
}

#[test]
fn a_cycle_of_many_sessions_ends_all_of_them() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..1_001, |n| row(&n.to_string()).idle(i64::from(n)));
    let ended = sandbox.run(["cycle", "--all", "-o", "jsonl"]).succeeds().stdout();
    assert_eq!(ended.lines().count(), 1_001);
    assert_eq!(sandbox.listed(["--state", "active,expired"]).len(), 0);
    let stat = sandbox.run(["show", "stat", "--json"]).json();
    assert_eq!(stat[0]["ended_cycled"], 1_001);
    assert_eq!(stat[0]["peak"], 1_001);
}

#[test]
fn without_retention_a_cycled_session_leaves_nothing_but_a_count() {
    let sandbox = sandbox();
    sandbox.file("sessctl.toml", "[policy]\nretention = \"0\"\n");
    let ended =
        sandbox.run(["cycle", "http", "--json", "--config", "sessctl.toml"]).succeeds().json();
    assert_eq!(handles(&ended), [row("web").handle()]);
    assert_eq!(sandbox.listed(["--task", "http"]).len(), 0);
    let stat = sandbox.run(["show", "stat", "http", "--json"]).json();
    assert_eq!((&stat[0]["ended_cycled"], &stat[0]["deleted"]), (&1.into(), &1.into()));
}
