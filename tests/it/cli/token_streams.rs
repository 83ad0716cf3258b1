//! Streams of tokens, and what a policy makes of a touch or a close.

use crate::support::{MINUTE, Sandbox, row};

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
fn touches_are_answered_in_the_order_of_the_tokens_each_as_often_as_it_comes() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..1_000, |n| row(&n.to_string()).idle(60));
    sandbox.insert_all(1_000..2_000, |n| row(&n.to_string()).ended(5, "closed"));
    // Three thousand tokens of which a third are nobody's, each of them twice, once
    // beside itself and once far away
    let numbers = (0..3_000).map(|n| n * 7 % 3_000);
    let twice: Vec<u32> = numbers.clone().flat_map(|n| [n, n]).chain(numbers).collect();
    let tokens: Vec<String> = twice.iter().map(u32::to_string).collect();
    let ran = sandbox.run_with_input(["touch", "-o", "jsonl"], tokens.join("\n"));
    let answers = ran.exits(5).stdout();
    assert_eq!(answers.lines().count(), 9_000);
    for (n, line) in twice.iter().zip(answers.lines()) {
        let answer: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(answer["handle"], row(&n.to_string()).handle());
        let outcome = answer["outcome"].as_str().unwrap();
        match n / 1_000 {
            // The second touch may come within the second of the first.
            0 => assert!(["renewed", "unchanged"].contains(&outcome), "{line}"),
            1 => assert_eq!(outcome, "ended"),
            _ => assert_eq!(outcome, "unknown"),
        }
    }
    assert_eq!(sandbox.listed(["--idle-over", "50s", "--state", "active"]).len(), 0);
}

#[test]
fn a_stream_in_which_nothing_changes_needs_no_lock() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..2_000, |n| row(&n.to_string()).idle(5));
    sandbox.file("sessctl.toml", "[policy]\ntouch_resolution = \"2m\"\n");
    let tokens: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
    let writer = sandbox.db();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let args = ["touch", "-o", "jsonl", "--config", "sessctl.toml"];
    let answers = sandbox.run_with_input(args, tokens.join("\n")).succeeds().stdout();
    assert_eq!(answers.matches("\"unchanged\"").count(), 2_000);
}

#[test]
fn tokens_before_an_invalid_line_are_served_and_the_error_names_the_line() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..3_000, |n| row(&n.to_string()).idle(60));
    let mut input: Vec<String> = (0..3_000).map(|n| n.to_string()).collect();
    input.extend(["x".repeat(5_000), "0".to_owned()]);
    let ran = sandbox.run_with_input(["touch", "-o", "jsonl"], input.join("\n"));
    assert_eq!(ran.exits(2).stdout().lines().count(), 3_000);
    let reason = "sessctl: line 3001 is not a token: it is longer than 4096 bytes\n";
    assert_eq!(ran.stderr(), reason);
}

#[test]
fn a_line_that_is_too_long_for_a_token_is_a_mistake_of_usage() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(4096);
    let reason = "sessctl: line 1 is not a token: it is longer than 4096 bytes\n";
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
