//! Tests of `cli::arguments`.

use std::ffi::OsString;

use clap::{ArgMatches, CommandFactory as _};
use sessctl::cli::Cli;
use sessctl::cli::arguments::narrow_parser;

/// Subcommands that the narrow parser leaves to the whole one.
const RARE: [&str; 7] =
    ["demo", "completions", "man", "__complete", "__privileged-helper", "__detached", "help"];

fn narrow(words: &[&str]) -> Option<clap::Command> {
    let args: Vec<OsString> = ["sessctl"].iter().chain(words).map(OsString::from).collect();
    narrow_parser(&args)
}

fn names(parser: &clap::Command) -> Vec<&str> {
    parser.get_subcommands().map(clap::Command::get_name).collect()
}

/// The subcommands and values on the command line; names of groups are capitalized.
fn values(matches: &ArgMatches) -> Vec<String> {
    let ids = matches.ids().map(clap::Id::as_str).filter(|id| !id.starts_with(char::is_uppercase));
    let mut values: Vec<String> =
        ids.map(|id| format!("{id} = {:?}", matches.get_raw_occurrences(id))).collect();
    if let Some((name, matches)) = matches.subcommand() {
        values.push(name.to_owned());
        values.extend(self::values(matches));
    }
    values
}

#[test]
fn one_subcommand_is_built() {
    let whole = Cli::command();
    for name in names(&whole).into_iter().filter(|name| !RARE.contains(name) && *name != "show") {
        let parser = narrow(&["--db", "app.db", name, "imap"]).unwrap();
        assert_eq!(names(&parser), [name]);
    }
    for name in names(whole.find_subcommand("show").unwrap()) {
        let parser = narrow(&["--db", "app.db", "show", "-o", "json", name]).unwrap();
        assert_eq!(names(&parser), ["show"]);
        assert_eq!(names(parser.find_subcommand("show").unwrap()), [name]);
    }
}

#[test]
fn what_the_narrow_parser_accepts_means_the_same_to_the_whole_one() {
    let lines = [
        "show stat",
        "--db show show stat",
        "show stat purge",
        "show session stat",
        "show --db stat runs",
        "-o json purge --dry-run",
        "purge -q --db list",
        "schedule next 15 * *",
        "profile check django",
    ];
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let args = ["sessctl"].iter().chain(&words);
        let whole = Cli::command().try_get_matches_from(args.clone()).unwrap();
        if let Ok(matches) = narrow(&words).unwrap().try_get_matches_from(args) {
            assert_eq!(values(&matches), values(&whole), "{line}");
        }
    }
}

#[test]
fn the_narrow_parser_knows_no_help_and_no_other_subcommand() {
    let refuses = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        narrow(&words).unwrap().try_get_matches_from(["sessctl"].iter().chain(&words)).is_err()
    };
    assert!(refuses("help purge"));
    assert!(refuses("show help stat"));
    assert!(refuses("demo purge"));
    assert!(refuses("terminate purge"));
    assert!(refuses("--db purge show stat"));
    assert!(narrow(&["help"]).is_none());
    assert!(narrow(&["show"]).is_none());
    assert!(narrow(&["--version"]).is_none());
    assert!(narrow_parser(&[]).is_none());
}
