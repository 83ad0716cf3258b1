//! Streams of tokens, and what a policy makes of a touch or a close.

use crate::fixture::{MINUTE, Sandbox, row};

#[test]
fn a_stream_of_10_000_tokens_is_answered_line_by_line_and_in_order() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..9_000, |n| row(&format!("token {n}")).idle(60));
    let tokens: Vec<String> = (0..10_000).map(|n| format!("token {n}")).collect();
    let ran = sandbox.run_with_input(["close", "-o", "jsonl"], tokens.join("\n"));
    let answers = ran.exits(5).stdout();
    assert_eq!(answers.lines().count(), 10_000);
    for (n, line) in answers.lines().enumerate() {
        let answer: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(answer["handle"], row(&format!("token {n}")).handle());
        assert_eq!(answer["outcome"], if n < 9_000 { "ended" } else { "unknown" });
    }
    assert_eq!(sandbox.listed(["--state", "ended", "--ended-by", "closed"]).len(), 9_000);
}

#[test]
fn a_line_that_is_too_long_for_a_token_is_a_mistake_of_usage() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(4096);
    let reason = "sessctl: line 1 is longer than 4096 bytes: no token\n";
    for input in [long.clone(), format!("{long}\n"), "x".repeat(10_000_000)] {
        assert_eq!(sandbox.run_with_input(["touch"], input).is_refused_with(2).stderr(), reason);
    }
    let third = sandbox.run_with_input(["touch"], format!("\n\n{long}"));
    assert!(third.is_refused_with(2).stderr().contains("line 3"));
    // One byte less is a token, if a strange one.
    sandbox.run_with_input(["touch"], &long[1..]).exits(5);
}

#[test]
fn bytes_that_are_no_text_are_an_unknown_token() {
    let sandbox = Sandbox::new();
    for input in [b"\xff\xfe\xfa\n".as_slice(), b"\x00\x01\n", b"\x1b[2J\n", &[0x80; 4000]] {
        let ran = sandbox.run_with_input(["touch", "--json"], input);
        assert_eq!(ran.exits(5).json()[0]["outcome"], "unknown");
        assert_eq!(ran.stderr(), "");
    }
}

#[test]
fn a_touch_after_the_timeout_is_refused_unless_the_policy_is_lenient() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("token").idle(40 * MINUTE));
    let strict = sandbox.run_with_input(["touch", "--json"], "token\n").exits(5).json();
    assert_eq!((&strict[0]["outcome"], &strict[0]["reason"]), (&"ended".into(), &"expired".into()));
    assert_eq!(sandbox.listed(["--state", "ended"]).len(), 0);
    sandbox.file("lenient.toml", "[policy]\nstrict = false\n");
    let lenient = ["touch", "--json", "--config", "lenient.toml"];
    let lenient = sandbox.run_with_input(lenient, "token\n").succeeds().json();
    assert_eq!(lenient[0]["outcome"], "renewed");
    sandbox.run_with_input(["touch"], "token\n").succeeds();
}

#[test]
fn a_touch_after_the_lifetime_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("token").opened(3 * 3600).idle(60));
    sandbox.file("sessctl.toml", "[policy]\nlifetime = \"2h\"\n");
    let args = ["touch", "--json", "--config", "sessctl.toml"];
    let answer = sandbox.run_with_input(args, "token\n").exits(5).json();
    assert_eq!(answer[0]["reason"], "lifetime");
}

#[test]
fn without_retention_a_closed_session_leaves_nothing_but_a_count() {
    let sandbox = Sandbox::new();
    sandbox.file("sessctl.toml", "[policy.imap]\nretention = \"0\"\n");
    sandbox.insert(&row("token").idle(60));
    sandbox.insert(&row("kept").task("http").idle(60));
    let close = ["close", "--json", "--config", "sessctl.toml"];
    let answers = sandbox.run_with_input(close, "token\nkept\ntoken\n").exits(5).json();
    assert_eq!(answers[0]["reason"], "closed");
    assert_eq!(answers[1]["reason"], "closed");
    assert_eq!(answers[2]["changed"], false);
    assert_eq!(sandbox.listed([]), [row("kept").handle()]);
    let stat = sandbox.run(["show", "stat", "imap", "--json"]).json();
    for (name, count) in
        [("live", 0), ("ended", 0), ("opened", 1), ("ended_closed", 1), ("deleted", 1)]
    {
        assert_eq!(stat[0][name], count, "{name}");
    }
}
