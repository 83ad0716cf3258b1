//! Signals, and programs that talk with a command while it runs.

use std::io::{BufRead, BufReader, Read, Write};

use rusqlite::Connection;

use crate::support::processes::{
    HUP, INT, TERM, has_signal, is_sleeping, signal, start, start_by, until,
};
use crate::support::{HOUR, Sandbox, row};

/// A thousand sessions that are due, and a writer that keeps everyone waiting.
fn waiting() -> (Sandbox, Connection) {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..1_000, |n| row(&n.to_string()).idle(HOUR));
    let writer = sandbox.db();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    (sandbox, writer)
}

fn live(sandbox: &Sandbox) -> usize {
    sandbox.listed(["--state", "active,expired"]).len()
}

#[test]
fn a_signal_stops_a_purge_after_its_batch_and_the_next_one_resumes() {
    for (asked, code) in [(TERM, 143), (INT, 130), (HUP, 129)] {
        // Given a purge that waits for its first batch
        let (sandbox, writer) = waiting();
        let purge = start(&sandbox, "purge --json");
        // When it is told to stop, and then may write
        signal(&purge, asked);
        drop(writer);
        // Then it finishes that batch, and says what is left
        let ran = purge.finish();
        let summary = ran.exits(code).json();
        assert_eq!((&summary["stopped"], &summary["batches"]), (&"signal".into(), &1.into()));
        let ended = summary["ended"].as_u64().unwrap();
        assert!(0 < ended && ended < 1_000);
        assert_eq!(summary["remaining"], 1_000 - ended);
        // What is left has not ended, but none of it is live: it is due.
        assert_eq!(summary["live"], 0);
        assert_eq!(live(&sandbox) as u64, 1_000 - ended);
        assert!(sandbox.is_sound());
        // It has given its lease back.
        let leases = "SELECT count(*) FROM leases";
        assert_eq!(sandbox.db().query_row(leases, [], |row| row.get(0)), Ok(0));
        sandbox.run(["purge"]).succeeds().is_silent();
        assert_eq!(live(&sandbox), 0);
    }
}

#[test]
fn a_purge_that_was_started_to_outlive_its_terminal_does() {
    let (sandbox, writer) = waiting();
    let purge = start_by(&sandbox, &["env", "--ignore-signal=HUP"], "purge --json");
    until(|| has_signal("SigCgt", &purge, TERM.1) && is_sleeping(&purge));
    assert!(has_signal("SigIgn", &purge, HUP.1));
    drop(writer);
    purge.finish().succeeds();
}

#[test]
fn an_interrupted_purge_says_so_where_cron_will_mail_it() {
    let (sandbox, writer) = waiting();
    let purge = start(&sandbox, "purge");
    signal(&purge, TERM);
    drop(writer);
    let ran = purge.finish();
    assert_eq!(ran.exits(143).stdout(), "");
    let said = ran.stderr();
    assert!(said.starts_with("ended ") && said.contains("; stopped early (signal), "), "{said}");
    assert_eq!(said.lines().count(), 1);
}

#[test]
fn a_second_signal_ends_a_purge_at_once() {
    let (sandbox, writer) = waiting();
    let purge = start(&sandbox, "purge --json");
    signal(&purge, TERM);
    signal(&purge, INT);
    // It does not wait for the lock, which is still held.
    let ran = purge.finish();
    assert_eq!(ran.exits(130).stdout(), "");
    drop(writer);
    assert_eq!(live(&sandbox), 1_000);
    assert!(sandbox.is_sound());
}

#[test]
fn a_signal_stops_a_cycle_after_its_batch_and_each_line_is_true() {
    let (sandbox, writer) = waiting();
    let cycle = start(&sandbox, "cycle --all --state expired -o jsonl");
    signal(&cycle, TERM);
    drop(writer);
    let ran = cycle.finish();
    let shown = ran.exits(143).stdout().lines().count();
    assert!(0 < shown && shown < 1_000);
    assert_eq!(sandbox.listed(["--ended-by", "cycled"]).len(), shown);
    assert_eq!(live(&sandbox), 1_000 - shown);
}

#[test]
fn each_answer_comes_before_the_next_token_has_to() {
    for (format, header) in [("jsonl", 0), ("csv", 1), ("plain", 0), ("table", 0)] {
        let sandbox = Sandbox::new();
        sandbox.insert_all(0..3, |n| row(&n.to_string()).idle(60));
        let mut touch = start(&sandbox, &format!("touch -o {format}"));
        let mut tokens = touch.stdin.take().unwrap();
        let mut answers = BufReader::new(touch.stdout.take().unwrap()).lines();
        for n in 0..3 {
            writeln!(tokens, "{n}").unwrap();
            let facts = if format == "plain" { 3 } else { 1 };
            let lines = if n == 0 { facts + header } else { facts };
            let answer: Vec<String> = answers.by_ref().take(lines).map(Result::unwrap).collect();
            assert!(answer.join(" ").contains(&row(&n.to_string()).handle()), "{answer:?}");
        }
        drop(tokens);
        assert!(touch.wait().unwrap().success());
    }
}

#[test]
fn a_program_that_sends_many_tokens_and_waits_gets_all_answers() {
    // Given a touch that has had some tokens and no end of input
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..2_000, |n| row(&n.to_string()).idle(60));
    let mut touch = start(&sandbox, "touch -o jsonl");
    let mut tokens = touch.stdin.take().unwrap();
    let mut answers = BufReader::new(touch.stdout.take().unwrap()).lines();
    for round in 0..3 {
        // When more come than make up a batch, and the beginning of another
        let many: Vec<String> = (round..2_000).map(|n| n.to_string()).collect();
        let rest = if round == 2 { "\n" } else { "\n " };
        write!(tokens, "{}{rest}", many.join("\n")).unwrap();
        // Then all that were whole are answered, in their order
        for n in round..2_000 {
            let answer = answers.next().unwrap().unwrap();
            assert!(answer.contains(&row(&n.to_string()).handle()), "{answer}");
        }
    }
    drop(tokens);
    assert!(touch.wait().unwrap().success());
}

#[test]
fn a_signal_stops_a_touch_after_its_batch_and_each_answer_is_true() {
    // Given a touch of many sessions that waits for its first batch
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..1_000, |n| row(&n.to_string()).idle(600));
    let tokens: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
    sandbox.file("tokens", tokens.join("\n"));
    let writer = sandbox.db();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let touch = start(&sandbox, "touch -o jsonl --token-file tokens");
    // When it is told to stop, and then may write
    signal(&touch, TERM);
    drop(writer);
    // Then one batch is done, and no answer is given that is not true or not in order
    let ran = touch.finish();
    let answers = ran.exits(143).stdout();
    let untouched = sandbox.listed(["--idle-over", "500s"]);
    assert!((1..1_000).contains(&untouched.len()), "{}", untouched.len());
    for (n, answer) in answers.lines().enumerate() {
        let handle = row(&n.to_string()).handle();
        assert!(answer.contains(&handle) && !untouched.contains(&handle), "{answer}");
    }
}

#[test]
fn a_signal_ends_a_touch_that_waits_for_tokens() {
    for (asked, code) in [(TERM, 143), (INT, 130), (HUP, 129)] {
        // Given a stream that has been served and is still open
        let sandbox = Sandbox::new();
        sandbox.insert(&row("token").idle(60));
        let mut touch = start(&sandbox, "touch -o jsonl");
        let mut tokens = touch.stdin.take().unwrap();
        writeln!(tokens, "token").unwrap();
        let mut answers = BufReader::new(touch.stdout.take().unwrap());
        answers.read_line(&mut String::new()).unwrap();
        // When the signal comes, then it ends without another token
        signal(&touch, asked);
        let mut rest = String::new();
        answers.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
        assert_eq!(touch.wait().unwrap().code(), Some(code));
        drop(tokens);
    }
}
