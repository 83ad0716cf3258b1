//! Pipes, colors, locales and narrow terminals.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::processes::Running;
use crate::support::{Finished, HOUR, MINUTE, SESSCTL, Sandbox, row};

/// More than any pipe holds.
const MANY: u32 = 5_000;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..MANY, |n| row(&n.to_string()).idle(HOUR));
    sandbox
}

/// Runs a command, reads its first line and goes.
fn head(sandbox: &Sandbox, command: &str) -> Finished {
    let command = sandbox.command(command.split_whitespace());
    let mut child = Running::start(command);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.ends_with('\n'));
    child.finish()
}

#[test]
fn a_list_whose_reader_has_gone_ends_quietly() {
    let sandbox = sandbox();
    for command in
        ["list -o csv", "list -o jsonl", "list --json", "list -o plain", "list --limit 5000"]
    {
        let ran = head(&sandbox, command);
        assert_eq!(ran.succeeds().stderr(), "", "{command}");
    }
    let dry_run = head(&sandbox, "purge --dry-run -o csv").succeeds().stderr();
    assert_eq!(dry_run, "would end 5,000 and delete 0 sessions, and leave 0 live\n");
}

#[test]
fn a_cycle_whose_reader_has_gone_ends_all_sessions_all_the_same() {
    for (format, said) in [("table", "ended 5,000 sessions of 1 user\n"), ("jsonl", "")] {
        let sandbox = sandbox();
        let ran = head(&sandbox, &format!("cycle --all --state expired -o {format}"));
        assert_eq!(ran.succeeds().stderr(), said);
        assert_eq!(sandbox.listed(["--ended-by", "cycled"]).len(), MANY as usize);
    }
}

#[test]
fn a_close_whose_reader_has_gone_ends_quietly_after_a_batch() {
    for format in ["jsonl", "table"] {
        let sandbox = sandbox();
        let tokens: Vec<String> = (0..MANY).map(|n| n.to_string()).collect();
        sandbox.file("tokens.txt", tokens.join("\n"));
        let ran = head(&sandbox, &format!("close --token-file tokens.txt -o {format}"));
        assert_eq!(ran.stderr(), "");
        assert!(!sandbox.listed(["--ended-by", "closed"]).is_empty());
    }
}

/// Runs a command with both outputs closed by the reader.
fn unheard(sandbox: &Sandbox, command: &str) -> Option<i32> {
    let nobody = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let mut ready = sandbox.command(command.split_whitespace());
    ready.stdout(nobody()).stderr(nobody());
    ready.status().unwrap().code()
}

#[test]
fn a_command_with_closed_outputs_ends_with_its_exit_code() {
    let sandbox = Sandbox::new();
    sandbox.file("tokens.txt", "token");
    for (command, code) in [
        // No purge has completed yet, and none is scheduled.
        ("doctor", 3),
        ("check --max-age 1d", 2),
        ("list", 0),
        ("show stat", 0),
        ("show tasks", 0),
        ("show config", 0),
        ("purge -v", 0),
        ("purge --json", 0),
        ("purge --dry-run", 0),
        ("cycle --all", 0),
        ("open --user alice --task imap", 1),
        ("schedule print systemd", 0),
        ("man", 0),
        ("completions bash", 0),
        ("touch --token-file tokens.txt", 5),
        ("touch --token-file tokens.txt -o table", 5),
        ("list --db missing.db", 10),
    ] {
        assert_eq!(unheard(&sandbox, command), Some(code), "{command}");
    }
}

#[test]
fn colors_are_for_terminals_or_on_demand() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("idle").idle(HOUR));
    let colored = |args: &[&'static str], environment: &[(&str, &str)]| {
        let mut command = sandbox.command([&["list"], args].concat());
        command.envs(environment.iter().copied());
        let ran = Finished(command.output().unwrap());
        ran.succeeds().stdout().contains("\u{1b}[31mexpired\u{1b}[0m")
    };
    assert!(!colored(&[], &[]));
    assert!(!colored(&["--color", "auto"], &[("TERM", "xterm")]));
    assert!(!colored(&["--color", "never"], &[]));
    assert!(colored(&["--color", "always"], &[]));
    // What is typed goes before what is set.
    assert!(colored(&["--color", "always"], &[("NO_COLOR", "1")]));
    for format in ["plain", "csv", "json", "jsonl"] {
        assert!(!colored(&["--color", "always", "-o", format], &[]));
    }
    sandbox.run(["list", "--color", "sometimes"]).exits(2);
}

#[test]
fn the_locale_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("a").user("李雷").task("Ünïcode").idle(HOUR + 20));
    for command in ["list", "show stat -o plain", "list -o csv --limit 1", "show tasks --json"] {
        let run = |locale: &str| {
            let mut ready = sandbox.command(command.split(' '));
            ready.env("LANG", locale).env("LC_ALL", locale);
            let answer = Finished(ready.output().unwrap()).succeeds().stdout();
            // The idle time may have grown by a second.
            answer.replace(|c: char| c.is_ascii_digit(), "0")
        };
        assert_eq!(run("C"), run("en_US.UTF-8"));
        assert!(run("C").contains("Ünïcode"));
    }
}

/// Returns the output of a command on a terminal of 40 columns.
fn on_a_narrow_terminal(sandbox: &Sandbox, command: &str, environment: &[(&str, &str)]) -> String {
    let program = SESSCTL;
    let line = format!("stty rows 24 cols 40; exec '{program}' {command}");
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(sandbox.path("."))
        .env("SESSCTL_DB", "app.db")
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}");
    String::from_utf8(output.stdout).unwrap().replace('\r', "")
}

fn without_colors(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

#[test]
#[ignore = "needs script"]
fn no_table_is_wider_than_a_narrow_terminal() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("a").idle(MINUTE));
    sandbox.insert(&row("b").user(&"long".repeat(40)).client("[2001:db8::7]:993").idle(HOUR));
    sandbox.insert(&row("c").user(&"宽".repeat(40)).task("=HYPERLINK(\"http://x\")"));
    let one = format!("show session {}", row("b").handle());
    for command in [
        "list",
        "show stat",
        "show tasks",
        "show users",
        "show config",
        &one,
        "schedule next '15 * *'",
        "--help",
        "purge --help",
    ] {
        let shown = without_colors(&on_a_narrow_terminal(&sandbox, command, &[]));
        assert!(!shown.is_empty());
        for line in shown.lines() {
            // A wide character takes two columns.
            let columns: usize = line.chars().map(|c| if c == '宽' { 2 } else { 1 }).sum();
            assert!(columns <= 40, "{command}: {line:?}");
        }
    }
}

#[test]
#[ignore = "needs script"]
fn a_terminal_has_colors_unless_the_environment_says_no() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("b").idle(HOUR));
    let is_colored = |environment: &[(&str, &str)]| {
        on_a_narrow_terminal(&sandbox, "list", environment).contains('\u{1b}')
    };
    assert!(is_colored(&[]));
    assert!(is_colored(&[("NO_COLOR", "")]));
    assert!(!is_colored(&[("NO_COLOR", "1")]));
    assert!(!is_colored(&[("TERM", "dumb")]));
}

#[test]
#[ignore = "needs script"]
fn on_a_terminal_a_purge_says_what_it_did() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("b").idle(HOUR));
    let said = on_a_narrow_terminal(&sandbox, "purge", &[]);
    assert!(said.starts_with("ended 1 and deleted 0 sessions in "), "{said}");
    assert_eq!(on_a_narrow_terminal(&sandbox, "purge -q", &[]), "");
    let json = on_a_narrow_terminal(&sandbox, "list --json", &[]);
    assert!(json.starts_with("[\n{\"handle\":") && !json.contains('\u{1b}'));
}

#[test]
fn an_answer_that_finds_no_room_is_a_failure() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("token").idle(HOUR));
    sandbox.insert(&row("in use"));
    for command in [
        "list",
        "list --json",
        "show stat",
        "show config",
        "purge --dry-run",
        "open --user alice --task imap",
        "schedule next 15 * *",
        "schedule print cron",
        "schedule print systemd",
        "man",
        "completions bash",
        "purge --json",
        "cycle --all",
    ] {
        let mut ready = sandbox.command(command.split_whitespace());
        // Where every write finds the disk full
        ready.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
        let ran = Finished(ready.stderr(Stdio::piped()).output().unwrap());
        assert_eq!(ran.0.status.code(), Some(1), "{command}");
        assert!(ran.stderr().contains("No space left"), "{command}");
    }
}

#[test]
fn a_session_whose_token_nobody_got_is_closed_again() {
    let sandbox = Sandbox::new();
    assert_eq!(unheard(&sandbox, "open --user alice --task imap --json"), Some(1));
    assert_eq!(sandbox.run(["list", "--json"]).json()[0]["end_reason"], "closed");
}

#[test]
fn the_exit_code_does_not_depend_on_the_reader_of_the_output() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..1_000, |n| row(&n.to_string()).idle(HOUR));
    assert_eq!(unheard(&sandbox, "purge --max-rows 1 --json"), Some(4));
    assert_eq!(unheard(&sandbox, "purge --run-time 0s --json"), Some(3));
}
