//! The life of a session, as a script leads it: open, touch, close.

use serde_json::json;

use crate::support::{HOUR, MINUTE, Sandbox, row, sha256};

const OPEN: [&str; 5] = ["open", "--user", "alice", "--task", "imap"];

fn with<'a>(args: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [args, more].concat()
}

#[test]
fn open_answers_with_the_token_the_handle_and_the_timeout() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(with(&OPEN, &["--client", "10.0.0.7", "--timeout", "20m", "--json"]));
    let opened = ran.succeeds().json();
    let token = opened["token"].as_str().unwrap();
    assert!(token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()));
    let handle = &sha256(token)[..12];
    assert_eq!(opened, json!({"token": token, "handle": handle, "idle_timeout": 1200}));
    assert_eq!(ran.stderr(), "");
    let listed = sandbox.run(["list", "--json"]).json();
    assert_eq!(
        [&listed[0]["handle"], &listed[0]["user"], &listed[0]["task"], &listed[0]["client"]],
        [handle, "alice", "imap", "10.0.0.7"]
    );
}

#[test]
fn open_answers_in_every_format_but_prometheus() {
    let sandbox = Sandbox::new();
    for (format, lines, begins) in [
        ("table", 3, "token    "),
        ("plain", 3, "session.token "),
        ("csv", 2, "token,handle,idle_timeout\n"),
        ("json", 1, "{\"token\":\""),
        ("jsonl", 1, "{\"token\":\""),
    ] {
        let ran = sandbox.run(with(&OPEN, &["-o", format]));
        let answer = ran.succeeds().stdout();
        assert_eq!(answer.lines().count(), lines, "{answer}");
        assert!(answer.starts_with(begins), "{answer}");
    }
    sandbox.run(with(&OPEN, &["-o", "prometheus"])).is_refused_with(2);
    assert_eq!(sandbox.listed([]).len(), 5);
    sandbox.run(with(&OPEN, &["-q"])).succeeds().is_silent();
    assert_eq!(sandbox.listed([]).len(), 6);
}

#[test]
fn a_timeout_is_granted_within_the_bounds_of_the_policy() {
    let sandbox = Sandbox::new();
    sandbox.file("wide.toml", "[policy]\nmax_timeout = \"never\"\n");
    let granted = |config: &[&'static str], asked: &[&'static str]| {
        let args = with(&with(&OPEN, asked), &with(&["--json"], config));
        sandbox.run(args).succeeds().json()["idle_timeout"].clone()
    };
    for (asked, seconds) in
        [("20m", 1200), ("1s", 300), ("0", 300), ("5m", 300), ("10h", 3600), ("never", 3600)]
    {
        assert_eq!(granted(&[], &["--timeout", asked]), seconds, "{asked}");
    }
    assert_eq!(granted(&[], &[]), 1800);
    assert!(granted(&["--config", "wide.toml"], &["--timeout", "never"]).is_null());
    assert_eq!(granted(&["--config", "wide.toml"], &["--timeout", "10h"]), 36_000);
    assert_eq!(granted(&["--config", "wide.toml"], &[]), 1800);
}

#[test]
fn a_timeout_without_a_unit_or_out_of_range_is_a_usage_error() {
    let sandbox = Sandbox::new();
    for timeout in ["20", "-5m", "soon", "", "20 m"] {
        let ran = sandbox.run(with(&OPEN, &["--timeout", timeout]));
        assert_eq!(ran.exits(2).stdout(), "");
    }
    sandbox.run(["open", "--user", "alice"]).exits(2);
    sandbox.run(["open", "--task", "imap"]).exits(2);
    assert!(sandbox.listed([]).is_empty());
}

/// One session of each kind, and the tokens of all, with one that is unknown.
fn of_every_kind() -> (Sandbox, &'static str) {
    let sandbox = Sandbox::new();
    sandbox.file("sessctl.toml", "[policy]\ntouch_resolution = \"1m\"\n");
    sandbox.insert(&row("used").idle(10 * MINUTE));
    sandbox.insert(&row("fresh").idle(5));
    sandbox.insert(&row("late").idle(40 * MINUTE));
    sandbox.insert(&row("closed").ended(60, "closed"));
    sandbox.insert(&row("cycled").ended(60, "cycled"));
    (sandbox, "used\nfresh\nlate\nclosed\ncycled\nstrange\n")
}

fn outcomes(answers: &serde_json::Value) -> Vec<(String, String, bool)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let of = |answer: &serde_json::Value| {
        (text(&answer["outcome"]), text(&answer["reason"]), answer["changed"].as_bool().unwrap())
    };
    answers.as_array().unwrap().iter().map(of).collect()
}

fn expected(outcomes: &[(&str, &str, bool)]) -> Vec<(String, String, bool)> {
    outcomes.iter().map(|(what, why, changed)| ((*what).into(), (*why).into(), *changed)).collect()
}

#[test]
fn touch_answers_for_each_token_what_became_of_it() {
    let (sandbox, tokens) = of_every_kind();
    let ran = sandbox.run_with_input(["touch", "--json", "--config", "sessctl.toml"], tokens);
    let answers = ran.exits(5).json();
    let wanted = expected(&[
        ("renewed", "-", true),
        ("unchanged", "-", false),
        ("ended", "expired", false),
        ("ended", "closed", false),
        ("ended", "cycled", false),
        ("unknown", "-", false),
    ]);
    assert_eq!(outcomes(&answers), wanted);
    assert_eq!(answers[5]["handle"], sha256("strange")[..12]);
    let idle = sandbox.run(["show", "session", &row("used").handle(), "--json"]).json();
    assert!(idle["idle_seconds"].as_i64().unwrap() < 60);
}

#[test]
fn close_answers_for_each_token_what_became_of_it() {
    let (sandbox, tokens) = of_every_kind();
    let answers = sandbox.run_with_input(["close", "--json"], tokens).exits(5).json();
    let wanted = expected(&[
        ("ended", "closed", true),
        ("ended", "closed", true),
        ("ended", "closed", true),
        ("ended", "closed", false),
        ("ended", "cycled", false),
        ("unknown", "-", false),
    ]);
    assert_eq!(outcomes(&answers), wanted);
    // What is closed stays closed.
    sandbox.run_with_input(["touch", "--json"], "used\n").exits(5);
    sandbox.run_with_input(["close", "--json"], "used\n").exits(5);
}

#[test]
fn a_token_that_comes_twice_is_answered_twice_and_ends_once() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("token").idle(60));
    let answers = sandbox.run_with_input(["close", "--json"], "token\ntoken\n").exits(5).json();
    let wanted = expected(&[("ended", "closed", true), ("ended", "closed", false)]);
    assert_eq!(outcomes(&answers), wanted);
}

#[test]
fn outcomes_come_in_every_format_but_prometheus_and_without_one_only_the_bad() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("token").idle(60));
    let used = row("token").handle();
    sandbox.run_with_input(["touch"], "token\n").succeeds().is_silent();
    let strange = &sha256("strange")[..12];
    for (format, answer) in [
        ("csv", format!("handle,outcome,reason,changed\n{strange},unknown,,false\n")),
        (
            "jsonl",
            format!(
                "{{\"handle\":\"{strange}\",\"outcome\":\"unknown\",\"reason\":null,\"changed\":false}}\n"
            ),
        ),
        (
            "plain",
            format!(
                "session.{strange}.handle {strange}\nsession.{strange}.outcome unknown\nsession.{strange}.changed false\n"
            ),
        ),
        ("table", format!("{strange}: unknown\n")),
    ] {
        let ran = sandbox.run_with_input(["touch", "-o", format], "strange\n");
        assert_eq!(ran.exits(5).stdout(), answer);
        assert_eq!(ran.stderr(), "");
    }
    sandbox.run_with_input(["touch", "-o", "prometheus"], "token\n").is_refused_with(2);
    let quiet = sandbox.run_with_input(["touch", "-q"], "strange\n");
    assert_eq!(quiet.is_refused_with(5).stderr(), format!("sessctl: {strange}: unknown\n"));
    let ran = sandbox.run_with_input(["close"], "strange\ntoken\ntoken\n");
    assert_eq!(ran.exits(5).stdout(), "");
    assert_eq!(ran.stderr(), format!("{strange}: unknown\n{used}: ended (closed)\n"));
    assert_eq!(sandbox.run(["touch", "--json"]).succeeds().stdout(), "[]\n");
}

#[test]
fn no_token_is_stored_in_the_database_or_its_write_ahead_log_or_printed() {
    // Given another program that keeps the write-ahead log open
    let sandbox = Sandbox::new();
    let other = sandbox.db();
    other.query_row("SELECT count(*) FROM sessions", [], |row| row.get::<_, i64>(0)).unwrap();
    // When sessions open, are used and are closed
    let tokens = [sandbox.open([]), sandbox.open([]), sandbox.open([])];
    let input = tokens.join("\n");
    let touched = sandbox.run_with_input(["touch", "--json", "-v"], &input);
    let closed = sandbox.run_with_input(["close", "-o", "plain"], &tokens[0]);
    // Then what they hold is hashes, on the disk and in every answer
    let files = sandbox.files();
    let spoken = touched.stdout() + &touched.stderr() + &closed.stdout() + &closed.stderr();
    assert!(files["app.db-wal"].len() > 4096);
    for token in &tokens {
        let bits: Vec<u8> = (0..64)
            .step_by(2)
            .map(|at| u8::from_str_radix(&token[at..at + 2], 16).unwrap())
            .collect();
        assert!(!spoken.contains(token));
        for (name, bytes) in &files {
            assert!(!holds(bytes, token.as_bytes()), "{name}");
            assert!(!holds(bytes, &bits), "{name}");
        }
        assert!(holds(&files["app.db-wal"], sha256(token).as_bytes()));
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_token_ends_where_its_line_ends_whoever_wrote_it() {
    let sandbox = Sandbox::new();
    for (input, answers) in [
        ("token\r\n", 1),
        ("token", 1),
        ("\n\ntoken\n\r\n  \n", 1),
        ("  token\t\n", 1),
        ("token\ntoken\n", 2),
        ("", 0),
        ("\n\n\n", 0),
    ] {
        sandbox.db().execute("DELETE FROM sessions", []).unwrap();
        sandbox.insert(&row("token").idle(60));
        let ran = sandbox.run_with_input(["touch", "--json"], input);
        assert_eq!(ran.succeeds().json().as_array().unwrap().len(), answers, "{input:?}");
    }
}

#[test]
fn tokens_may_stand_in_a_file() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("token").idle(60));
    sandbox.file("tokens.txt", "token\n");
    let ran = sandbox.run(["touch", "--token-file", "tokens.txt", "--json"]);
    assert_eq!(ran.succeeds().json()[0]["outcome"], "renewed");
    for no_file in ["missing.txt", "."] {
        let reason = sandbox.run(["close", "--token-file", no_file]).is_refused_with(1).stderr();
        assert!(
            reason.starts_with(&format!("sessctl: could not read \"{no_file}\": ")),
            "{reason}"
        );
    }
    sandbox.run(["touch", "token"]).exits(2);
}

#[test]
fn open_reports_evictions_on_request() {
    let sandbox = Sandbox::new();
    sandbox.file("limit.toml", "[policy]\nlimit = 1\n");
    sandbox.insert(&row("idle").idle(HOUR));
    let args = ["--config", "limit.toml", "open", "--user", "bob", "--task", "imap", "-v"];
    assert_eq!(sandbox.run(args).succeeds().stderr(), "1 session evicted\n");
}
