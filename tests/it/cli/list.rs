//! Listing sessions: filters, orders, limits, and a look at another moment.

use crate::support::{DAY, HOUR, MINUTE, Row, Sandbox, now, row};

/// Each session, what it is told by, and in the order of its age.
fn sessions() -> [Row; 7] {
    [
        row("active").opened(8 * HOUR).idle(MINUTE),
        row("endless").opened(7 * HOUR).idle(6 * HOUR).timeout(None),
        row("idle").user("bob").client("10.0.0.8:993").opened(6 * HOUR).idle(40 * MINUTE),
        row("given up").user("carol").client("2001:db8::7").opened(5 * HOUR).idle(4 * HOUR),
        row("web").task("HTTP").nobody().client("laptop").opened(4 * HOUR).idle(10 * MINUTE),
        row("closed").opened(3 * HOUR).idle(2 * HOUR).ended(HOUR, "closed"),
        row("cycled").user("bob").opened(150 * MINUTE).idle(2 * HOUR).ended(30 * MINUTE, "cycled"),
    ]
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for row in sessions() {
        sandbox.insert(&row);
    }
    sandbox
}

fn handles(tokens: &[&str]) -> Vec<String> {
    tokens.iter().map(|token| row(token).handle()).collect()
}

fn sorted(mut handles: Vec<String>) -> Vec<String> {
    handles.sort();
    handles
}

#[test]
fn every_filter_selects_the_matching_sessions() {
    let sandbox = sandbox();
    let cases: [(&[&str], &[&str]); 24] = [
        (&["--task", "http"], &["web"]),
        (&["--task", "h*"], &["web"]),
        (&["--task", "htt"], &[]),
        (&["--user", "bob"], &["idle", "cycled"]),
        (&["--user", "BOB"], &[]),
        (&["--client", "10.0.0.7"], &["active", "endless", "closed", "cycled"]),
        (&["--client", "10.0.0.8"], &["idle"]),
        (&["--client", "10.0.0.8/31"], &["idle"]),
        (&["--client", "::/0"], &["given up"]),
        (&["--client", "laptop"], &["web"]),
        (&["--state", "active"], &["active", "endless", "web"]),
        (&["--state", "idle,abandoned"], &[]),
        (&["--state", "expired"], &["idle", "given up"]),
        (&["--state", "ended"], &["closed", "cycled"]),
        (&["--state", "idle,expired"], &["idle", "given up"]),
        (&["--state", "expired", "--state", "ended"], &["idle", "given up", "closed", "cycled"]),
        (&["--idle-over", "30m"], &["endless", "idle", "given up", "closed", "cycled"]),
        (&["--idle-over", "3h"], &["endless", "given up"]),
        (&["--idle-over", "1d"], &[]),
        (&["--ended-by", "cycled"], &["cycled"]),
        (&["--ended-by", "evicted"], &[]),
        (&["--user", "bob", "--state", "ended"], &["cycled"]),
        (&["--user", "alice", "--state", "active", "--idle-over", "1h"], &["endless"]),
        (&[], &["active", "endless", "idle", "given up", "web", "closed", "cycled"]),
    ];
    for (filter, tokens) in cases {
        assert_eq!(sandbox.listed(filter.iter().copied()), sorted(handles(tokens)), "{filter:?}");
    }
}

#[test]
fn an_invalid_filter_is_a_usage_error() {
    let sandbox = sandbox();
    for filter in [
        ["--state", "dead"],
        ["--state", "active,dead"],
        ["--ended-by", "boredom"],
        ["--idle-over", "30"],
        ["--client", "10.0.0.0/33"],
        ["--sort", "age"],
        ["--limit", "-1"],
        ["--limit", "many"],
        ["--at", "noon"],
        ["-o", "yaml"],
        ["-o", "prometheus"],
    ] {
        let ran = sandbox.run([&["list"], &filter[..]].concat());
        assert_eq!(ran.exits(2).stdout(), "", "{filter:?}");
        assert!(!ran.stderr().is_empty());
    }
}

#[test]
fn every_order_and_its_reverse() {
    let sandbox = sandbox();
    let live = ["--state", "active,expired", "--idle-over", "0"];
    for (field, tokens) in [
        ("idle", ["endless", "given up", "idle", "web", "active"]),
        ("last-used", ["endless", "given up", "idle", "web", "active"]),
        ("created", ["active", "endless", "idle", "given up", "web"]),
        ("expires", ["given up", "idle", "web", "active", "endless"]),
    ] {
        let mut wanted = handles(&tokens);
        assert_eq!(sandbox.listed([&live[..], &["--sort", field]].concat()), wanted, "{field}");
        wanted.reverse();
        let reversed = sandbox.listed([&live[..], &["--sort", field, "--reverse"]].concat());
        assert_eq!(reversed, wanted, "{field}");
    }
    let ended = sandbox.listed(["--state", "ended", "--sort", "ended"]);
    assert_eq!(ended, handles(&["closed", "cycled"]));
    let mut all = sandbox.listed(["--sort", "handle", "--reverse"]);
    all.reverse();
    assert_eq!(all, sandbox.listed([]));
}

#[test]
fn words_sort_as_words_and_states_from_active_to_ended() {
    let sandbox = sandbox();
    for (field, wanted) in [
        ("user", "- alice alice alice bob bob carol"),
        ("task", "HTTP imap imap imap imap imap imap"),
        ("client", "10.0.0.7 10.0.0.7 10.0.0.7 10.0.0.7 10.0.0.8:993 2001:db8::7 laptop"),
        ("state", "active active active expired expired ended ended"),
    ] {
        let listed = sandbox.run(["list", "--json", "--sort", field]).succeeds().json();
        let words: Vec<&str> = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|session| session[field].as_str().unwrap_or("-"))
            .collect();
        assert_eq!(words.join(" "), wanted, "{field}");
    }
}

#[test]
fn json_has_each_field_and_a_twin_for_each_time() {
    let sandbox = Sandbox::new();
    let ended = row("cycled").opened(3 * HOUR).idle(2 * HOUR).ended(HOUR, "cycled");
    sandbox.insert(&ended);
    let listed = sandbox.run(["list", "-o", "jsonl"]).succeeds().stdout();
    let session: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let names: Vec<&str> = session.as_object().unwrap().keys().map(String::as_str).collect();
    insta::assert_snapshot!(sorted_words(names), @r#"agent client created_at created_at_unix end_reason ended_at ended_at_unix expires_at expires_at_unix handle idle_seconds idle_timeout last_used_at last_used_at_unix marked_at marked_at_unix state task user"#);
    for name in ["created_at", "last_used_at", "ended_at"] {
        let text = session[name].as_str().unwrap();
        assert!(text.len() == 20 && text.ends_with('Z'), "{text}");
        assert!(session[format!("{name}_unix")].is_i64());
    }
    assert_eq!(session["idle_seconds"], HOUR);
    assert_eq!(session["idle_timeout"], 30 * MINUTE);
    for absent in ["expires_at", "expires_at_unix", "marked_at", "marked_at_unix"] {
        assert!(session[absent].is_null(), "{absent}");
    }
}

fn sorted_words(mut words: Vec<&str>) -> String {
    words.sort_unstable();
    words.join(" ")
}

#[test]
fn a_table_in_a_pipe_is_whole_and_a_limit_says_how_many_there_are() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..1_234, |n| row(&n.to_string()).idle(MINUTE));
    let ran = sandbox.run(["list"]);
    assert_eq!(ran.succeeds().stdout().lines().count(), 1 + 1_234);
    assert_eq!(ran.stderr(), "");
    assert_eq!(sandbox.run(["list", "-q"]).stderr(), "");
    let ran = sandbox.run(["list", "--limit", "7"]);
    assert_eq!(
        (ran.stdout().lines().count(), ran.stderr()),
        (8, "7 of 1,234 sessions shown\n".into())
    );
    let ran = sandbox.run(["list", "--limit", "2000"]);
    assert_eq!((ran.stdout().lines().count(), ran.stderr()), (1_235, String::new()));
    for (format, lines) in [("jsonl", 1_234), ("csv", 1_235), ("json", 1_236)] {
        let ran = sandbox.run(["list", "-o", format]);
        assert_eq!((ran.stdout().lines().count(), ran.stderr()), (lines, String::new()));
    }
    assert_eq!(sandbox.listed(["--limit", "3"]).len(), 3);
    assert_eq!(sandbox.listed(["--limit", "0"]).len(), 0);
}

#[test]
fn an_empty_list_is_said_to_people_and_empty_to_programs() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(["list"]);
    assert_eq!((ran.succeeds().stdout(), ran.stderr()), (String::new(), "no sessions\n".into()));
    assert_eq!(sandbox.run(["list", "--json"]).succeeds().stdout(), "[]\n");
    sandbox.run(["list", "-o", "jsonl"]).succeeds().is_silent();
    assert_eq!(sandbox.run(["list", "-o", "csv"]).stdout().lines().count(), 1);
}

#[test]
fn at_an_earlier_time_later_ends_and_later_sessions_are_not_listed() {
    let sandbox = sandbox();
    let at = (now() - 200 * MINUTE).to_string();
    let states = |at: &str| -> Vec<(String, String)> {
        let listed = sandbox.run(["list", "--json", "--sort", "created", "--at", at]).json();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let pair =
            |session: &serde_json::Value| (text(&session["handle"]), text(&session["state"]));
        listed.as_array().unwrap().iter().map(pair).collect()
    };
    let tokens: Vec<String> = states(&at).into_iter().map(|(handle, _)| handle).collect();
    assert_eq!(tokens, handles(&["active", "endless", "idle", "given up", "web"]));
    let at = (now() - 50 * MINUTE).to_string();
    let ended: Vec<String> = states(&at)
        .into_iter()
        .filter_map(|(handle, state)| (state == "ended").then_some(handle))
        .collect();
    assert_eq!(ended, handles(&["closed"]));
    assert_eq!(sandbox.listed(["--at", &at, "--ended-by", "cycled"]).len(), 0);
}

#[test]
fn at_a_later_time_sessions_are_listed_as_idle_abandoned_or_expired() {
    let sandbox = sandbox();
    sandbox.file("patient.toml", "[policy]\nexpire = \"abandoned\"\n");
    sandbox.file("exact.toml", "[policy]\nexpire = \"timeout\"\n");
    for (config, span, state, tokens) in [
        ("patient.toml", 0, "idle", &["idle"][..]),
        ("patient.toml", 0, "abandoned", &["given up"]),
        ("patient.toml", HOUR, "idle", &["active", "web", "idle"]),
        ("patient.toml", 3 * HOUR, "abandoned", &["active", "web", "idle", "given up"]),
        ("patient.toml", 3 * HOUR, "expired", &[]),
        ("exact.toml", HOUR, "expired", &["active", "web", "idle", "given up"]),
        ("exact.toml", HOUR, "idle,abandoned", &[]),
        ("exact.toml", 300 * DAY, "active", &["endless"]),
    ] {
        let at = (now() + span).to_string();
        let listed = sandbox.listed(["--config", config, "--at", &at, "--state", state]);
        assert_eq!(listed, sorted(handles(tokens)), "{config} {span} {state}");
    }
}

#[test]
fn a_moment_may_be_written_in_several_ways() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("old").opened_at(1_781_524_800));
    for (at, listed) in [
        ("2026-06-15T12:00:00Z", 1),
        ("2026-06-15T11:59:59Z", 0),
        ("2026-06-15T14:00:00+02:00", 1),
        ("2026-06-15T12:00:00+02:00", 0),
        ("2026-06-15 12:00", 1),
        ("2026-06-15 11:59", 0),
        ("1781524800", 1),
        ("@1781524799", 0),
    ] {
        assert_eq!(sandbox.listed(["--at", at]).len(), listed, "{at}");
    }
}

#[test]
fn handles_that_would_be_the_same_are_lengthened() {
    let sandbox = Sandbox::new();
    let tail = "0".repeat(49);
    let keys = [format!("abcdef01234567a{tail}"), format!("abcdef01234567b{tail}")];
    for key in &keys {
        sandbox.insert(&row("").keyed(key));
    }
    sandbox.insert(&row("other"));
    let handles = sandbox.listed(["--sort", "handle"]);
    assert!(handles.contains(&"abcdef01234567a".to_owned()), "{handles:?}");
    assert!(handles.contains(&"abcdef01234567b".to_owned()));
    assert!(handles.contains(&row("other").handle()));
    // Either is found by what the list shows, and neither by less
    for handle in ["abcdef01234567a", "abcdef01234567b"] {
        let shown = sandbox.run(["show", "session", handle, "--json"]).succeeds().json();
        assert_eq!(shown["handle"], handle);
    }
    let reason = sandbox.run(["show", "session", "abcdef012345"]).is_refused_with(2).stderr();
    assert!(reason.contains("abcdef01234567a, abcdef01234567b"), "{reason}");
    let cycled = sandbox.run(["cycle", "--session", "abcdef01234567b"]).succeeds().stdout();
    assert!(cycled.starts_with("abcdef01234567b  imap"), "{cycled}");
    assert_eq!(sandbox.listed(["--ended-by", "cycled"]), ["abcdef01234567b"]);
}

#[test]
fn sessions_that_ended_since_a_time_or_within_a_span() {
    let sandbox = sandbox();
    let since = |since: &str| sandbox.listed(["--ended-since", since, "--sort", "ended"]).len();
    assert_eq!((since("31m"), since("61m"), since("29m")), (1, 2, 0));
    assert_eq!(since(&(now() - 31 * MINUTE).to_string()), 1);
    let reason = sandbox.run(["list", "--ended-since", "noon"]).is_refused_with(2).stderr();
    assert!(reason.contains("invalid --ended-since \"noon\": use now, "), "{reason}");
}
