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

/// Values that no option accepts.
const NONSENSE: &str = "\u{1}nonsense";

/// Options of a command and the commands below it that reject nonsense, with what they say.
fn refusals(path: &[String], command: &clap::Command, found: &mut Vec<(String, String)>) {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        let path = [path, &[below.get_name().to_owned()]].concat();
        refusals(&path, below, found);
    }
    for option in command.get_arguments().filter(|arg| arg.get_action().takes_values()) {
        let Some(long) = option.get_long() else { continue };
        let typed = format!("--{long}={NONSENSE}");
        let args: Vec<OsString> = ["sessctl"]
            .into_iter()
            .chain(path.iter().map(String::as_str))
            .chain([typed.as_str()])
            .map(OsString::from)
            .collect();
        let Err(error) = sessctl::cli::arguments::parse(&args) else { continue };
        let mut whole = sessctl::cli::arguments::command();
        whole.build();
        found.push((long.to_owned(), sessctl::cli::mistakes::answer(&error, &whole, &args)));
    }
}

#[test]
fn each_option_refuses_a_value_in_the_same_words() {
    let mut whole = sessctl::cli::arguments::command();
    whole.build();
    let mut found = Vec::new();
    refusals(&[], &whole, &mut found);
    let refused: Vec<_> = found.iter().filter(|(_, said)| said.starts_with("invalid --")).collect();
    assert!(refused.len() > 100, "{}", refused.len());
    for (option, said) in &found {
        let begin = format!("invalid --{option} {NONSENSE:?}: ");
        // The other values are any text, and what is missing is something else.
        let begins_again =
            said.starts_with("no command given") || said.contains("needs one of these");
        let has_advice = said.strip_prefix(&begin).is_some_and(|advice| advice.starts_with("use "));
        let needs_others = said.contains("\" needs ") || begins_again;
        assert!(has_advice || needs_others, "{said:?}");
        assert!(!said.contains("invalid value") && !said.contains("digit found"), "{said:?}");
    }
}
