//! The manual: a page for each command and one for the configuration file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use clap::CommandFactory as _;
use sessctl::cli::Cli;
use sessctl::cli::facts::{ENVIRONMENT, EXIT_CODES, FILES, Fact, RELEASED};

use crate::support::Sandbox;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The names of a command's page and of the pages below it.
fn pages_of(command: &clap::Command, name: &str) -> BTreeSet<String> {
    let below = command.get_subcommands();
    let below = below.filter(|below| !below.is_hide_set() && below.get_name() != "help");
    let mut pages: BTreeSet<String> =
        below.flat_map(|below| pages_of(below, &format!("{name}-{}", below.get_name()))).collect();
    pages.insert(format!("{name}.8"));
    pages
}

/// Writes all pages into the directory `man`.
fn with_pages() -> Sandbox {
    let sandbox = Sandbox::without_database();
    fs::create_dir(sandbox.path("man")).unwrap();
    sandbox.run(["man", "--dir", "man"]).succeeds().is_silent();
    sandbox
}

fn written(sandbox: &Sandbox) -> BTreeSet<String> {
    let entries = fs::read_dir(sandbox.path("man")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A page as text without the escapes of troff.
fn plain(page: &str) -> String {
    let escapes = [("\\-", "-"), ("\\(ti", "~"), ("\\(aq", "'"), ("\\(dq", "\""), ("\\&", "")];
    let text = escapes.iter().fold(page.to_owned(), |text, (from, to)| text.replace(from, to));
    text.replace("\\fB", "").replace("\\fI", "").replace("\\fR", "")
}

/// The rows of a table in a page, each on a line.
fn rows(page: &str) -> Vec<String> {
    let cells = plain(page).replace("\tT{\n", "\t");
    let rows =
        cells.split("\nT}\n").map(|row| row.rsplit(".\n").next().unwrap().replace('\n', " "));
    rows.collect()
}

/// Text of a page in Markdown, without code marks and links.
fn without_marks(markdown: &str) -> String {
    let mut parts = markdown.split('[');
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        match part.split_once("](") {
            Some((label, rest)) => {
                text.push_str(label);
                text.push_str(rest.split_once(')').unwrap().1);
            }
            None => text.push_str(part),
        }
    }
    text.replace('`', "")
}

fn each_table() -> [(&'static str, &'static [Fact]); 3] {
    [("EXIT STATUS", EXIT_CODES), ("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)]
}

#[test]
fn each_command_has_a_page_and_so_does_the_configuration() {
    let mut expected = pages_of(&Cli::command(), "sessctl");
    expected.insert("sessctl.toml.5".to_owned());
    assert_eq!(written(&with_pages()), expected);
}

#[test]
fn a_page_is_found_by_the_words_of_its_command() {
    let sandbox = Sandbox::without_database();
    let title = |words: &[&str]| {
        let page = sandbox.run([&["man"], words].concat()).succeeds().stdout();
        page.lines().nth(1).unwrap().split(" \"2").next().unwrap().to_owned()
    };
    assert_eq!(title(&[]), ".TH \"SESSCTL\" 8");
    assert_eq!(title(&["purge"]), ".TH \"SESSCTL\\-PURGE\" 8");
    assert_eq!(title(&["sessctl-purge"]), ".TH \"SESSCTL\\-PURGE\" 8");
    assert_eq!(title(&["show", "stat"]), ".TH \"SESSCTL\\-SHOW\\-STAT\" 8");
    assert_eq!(title(&["sessctl.toml"]), ".TH \"SESSCTL.TOML\" 5");
    let ran = sandbox.run(["man", "nosuch"]);
    let message = ran.is_refused_with(2).stderr();
    assert!(message.contains("no page \"nosuch\" in the manual: use sessctl, init"), "{message}");
}

#[test]
fn the_page_of_a_command_has_the_usual_sections_in_order() {
    let page = Sandbox::without_database().run(["man", "purge"]).succeeds().stdout();
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
    let expected = [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "EXIT STATUS",
        "ENVIRONMENT",
        "FILES",
        "EXAMPLES",
        "SEE ALSO",
    ];
    assert_eq!(headings, expected.map(|heading| format!("\"{heading}\"")));
}

#[test]
fn exit_codes_variables_and_files_are_the_same_everywhere() {
    let sandbox = Sandbox::without_database();
    let [page, help] = [["man"], ["--help"]].map(|args| sandbox.run(args).succeeds().stdout());
    let reference = without_marks(&read("docs/reference.md"));
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for (heading, facts) in each_table() {
        let section = page.split_once(&format!(".SH \"{heading}\"\n")).unwrap().1;
        let table = rows(section.split(".TE").next().unwrap());
        for ((term, meaning), row) in facts.iter().zip(&table) {
            assert!(row.ends_with(&format!("{term}\t{meaning}")), "{row}");
            let row = format!("\n| {term} | {meaning} |\n");
            assert!(reference.contains(&row), "docs/reference.md lacks{row}");
            let in_help = help.contains(&format!("{term} {meaning}"));
            assert!(in_help || heading != "EXIT STATUS", "{term}");
        }
    }
}

#[test]
fn the_manual_has_every_variable_that_sessctl_reads() {
    let known: BTreeSet<&str> = ENVIRONMENT.iter().map(|(name, _)| *name).collect();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli")];
    while let Some(directory) = directories.pop() {
        for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            let reads = source.split("var(\"").skip(1).chain(source.split("var_os(\"").skip(1));
            for rest in reads.chain(source.split("\"SESSCTL_").skip(1)) {
                let name = rest.split('"').next().unwrap();
                let is_known = known.contains(name) || known.contains(&*format!("SESSCTL_{name}"));
                assert!(is_known, "{name} in {}", path.display());
            }
        }
    }
}

#[test]
fn the_page_of_the_configuration_has_every_key() {
    let sandbox = Sandbox::without_database();
    let page = plain(&sandbox.run(["man", "sessctl.toml"]).succeeds().stdout());
    let config = "[[job]]\nname = 'purge'\nevery = 'auto'\ndo = 'purge'\n\
                  [[licence]]\ntasks = ['web']\nlimit = 1";
    sandbox.file("jobs.toml", config);
    let settings = sandbox.run(["--config", "jobs.toml", "show", "config", "--json"]).json();
    let keys = settings.as_array().unwrap().iter().map(|setting| setting["key"].as_str().unwrap());
    for key in keys.filter(|key| !["config", "user"].contains(key)) {
        let own = key.rsplit('.').next().unwrap();
        assert!(page.lines().any(|line| line.starts_with(&format!("{own} = "))), "{key}");
    }
}

#[test]
fn the_date_of_the_pages_is_that_of_the_release() {
    let heading = format!("\n## [{}] - {RELEASED}\n", env!("CARGO_PKG_VERSION"));
    assert!(read("CHANGELOG.md").contains(&heading), "CHANGELOG.md lacks{heading}");
}

#[test]
#[ignore = "needs mandoc"]
fn mandoc_has_no_objections() {
    let sandbox = with_pages();
    let pages = written(&sandbox).into_iter().map(|name| sandbox.path("man").join(name));
    let lint = Command::new("mandoc").args(["-T", "lint"]).args(pages).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&lint.stdout), "");
    assert!(lint.status.success());
}

#[test]
#[ignore = "needs mandoc"]
fn tables_are_shown_as_tables() {
    let sandbox = with_pages();
    let page = sandbox.path("man/sessctl.8");
    let mut mandoc = Command::new("mandoc");
    let shown = mandoc.args(["-T", "ascii", "-O", "width=80"]).arg(page).output().unwrap().stdout;
    // Bold is a character over itself.
    let mut text = String::new();
    for character in String::from_utf8(shown).unwrap().chars() {
        if character == '\u{8}' {
            text.pop();
        } else {
            text.push(character);
        }
    }
    for row in [
        "\n       12    the database is corrupt\n",
        "\n       SESSCTL_DB                 as --db\n",
        "\n       sessctl --db app.db purge                   end and delete them\n",
    ] {
        assert!(text.contains(row), "{row}{text}");
    }
}
