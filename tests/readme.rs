//! What the README claims, it shows, and what it shows is run here: each command
//! of its `console` blocks, in order, in one shell, in an empty folder.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Stands for any text in a line of output, and alone for any number of lines.
const ANY: &str = "…";
/// Printed between the outputs of two commands.
const SEAM: &str = "-- the next command --";

struct Step {
    command: String,
    expected: Vec<String>,
}

impl Step {
    /// A line below the command: of the text that it takes in, up to `END`, or of what
    /// it prints.
    fn goes_on(&mut self, line: &str) {
        if self.command.contains("<<'END'") && !self.command.ends_with("\nEND") {
            self.command.push('\n');
            self.command.push_str(line);
        } else {
            self.expected.push(line.to_owned());
        }
    }
}

fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut within = false;
    for line in readme.lines() {
        match line.strip_prefix("$ ") {
            _ if line.starts_with("```") => within = line == "```console",
            _ if !within => {}
            Some(command) => steps.push(Step { command: command.to_owned(), expected: Vec::new() }),
            None => steps.last_mut().unwrap().goes_on(line),
        }
    }
    steps
}

/// Columns are as wide as what they hold, a time that is left among it.
fn with_single_spaces(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn line_fits(expected: &str, line: &str) -> bool {
    let (expected, line) = (with_single_spaces(expected), with_single_spaces(line));
    let mut parts = expected.split(ANY);
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

fn fits(expected: &[String], lines: &[&str]) -> bool {
    match (expected, lines) {
        ([], lines) => lines.is_empty(),
        ([any, rest @ ..], lines) if any == ANY => {
            (0..=lines.len()).any(|skipped| fits(rest, &lines[skipped..]))
        }
        ([first, rest @ ..], [line, lines @ ..]) => line_fits(first, line) && fits(rest, lines),
        _ => false,
    }
}

#[test]
#[ignore = "needs bash, jq, python3 and GNU date"]
fn the_readme_shows_what_happens() {
    let steps = steps(include_str!("../README.md"));
    assert!(steps.len() > 15, "{}", steps.len());
    let script: Vec<String> =
        steps.iter().map(|step| format!("{}\necho '{SEAM}'", step.command)).collect();
    let folder = TempDir::new().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_sessctl")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", &format!("exec 2>&1\n{}", script.join("\n"))])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("TZ", "UTC")
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .env_remove("STATE_DIRECTORY")
        .env_remove("SESSCTL_CONFIG")
        .env_remove("SESSCTL_PROFILE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<&str> = output.split(&format!("{SEAM}\n")).collect();
    assert_eq!(answers.len(), steps.len() + 1);
    for (step, answer) in steps.iter().zip(answers) {
        let lines: Vec<&str> = answer.lines().collect();
        assert!(fits(&step.expected, &lines), "$ {}\n{answer}", step.command);
    }
}
