//! The hidden subcommand that the scripts call: the words that can stand at the end of a
//! command line.

use std::env;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command};

use super::command_line::{Place, place};
use super::values::{self, Candidate, Paths};
use crate::cli::config_files::ConfigFiles;
use crate::cli::context::{Context, print};
use crate::cli::exit::Exit;
use crate::cli::man;
use crate::config::ConfigSet;

/// Name of the hidden subcommand.
pub const COMMAND: &str = "__complete";

/// Print the words that can end a command line
#[derive(clap::Args)]
pub struct Args {
    /// Words of the command line after the program; the last one is unfinished
    #[arg(last = true)]
    words: Vec<String>,
}

impl Args {
    /// Prints the kind of paths that fit, and then each word, with its meaning after a tab.
    pub fn run(&self, context: &Context, mut command: Command) -> anyhow::Result<Exit> {
        command.build();
        let words: Vec<String> = self.words.iter().map(|word| unquoted(word)).collect();
        let place = place(&command, &words);
        let typed = words.last().map_or("", String::as_str);
        let typed = if typed == "=" { "" } else { typed };
        let mut paths = Paths::None;
        let mut candidates = Vec::new();
        if let Some(argument) = place.argument.filter(|_| place.is_value || !typed.starts_with('-'))
        {
            paths = Paths::of(argument);
            let config = || configuration(&words, context);
            candidates = match argument.get_id().as_str() {
                "page" => pages(&command, &words),
                _ => values::of(argument, config),
            };
            let prefix = place.prefix.clone() + listed(argument, &typed[place.prefix.len()..]);
            for (word, _) in &mut candidates {
                word.insert_str(0, &prefix);
            }
        }
        if !place.is_value && !place.only_positions {
            candidates.extend(names(&place, typed));
        }
        let lines = candidates.iter().filter(|(word, _)| word.starts_with(typed));
        let lines = lines.map(|(word, meaning)| format!("{}\n", line(word, meaning)));
        print(format!("{}\n", paths.as_str()) + &lines.collect::<String>())?;
        Ok(Exit::Done)
    }
}

/// The subcommands, or the options of a word that begins as one.
fn names(place: &Place<'_>, typed: &str) -> Vec<Candidate> {
    if typed.starts_with('-') {
        return place.command.get_arguments().filter_map(option).collect();
    }
    let below = man::visible(place.command).filter(|_| place.takes_subcommand);
    below.map(|below| (below.get_name().to_owned(), first_line(below.get_about()))).collect()
}

fn option(argument: &Arg) -> Option<Candidate> {
    let long = argument.get_long().filter(|_| !argument.is_hide_set())?;
    let is_help = matches!(argument.get_action(), ArgAction::Help | ArgAction::Version);
    let help = if is_help { None } else { argument.get_help() };
    Some((format!("--{long}"), first_line(help)))
}

fn first_line(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// The values before the last one of a list that is separated by commas.
fn listed<'a>(argument: &Arg, value: &'a str) -> &'a str {
    let end = argument.get_value_delimiter().and_then(|delimiter| value.rfind(delimiter));
    end.map_or("", |end| &value[..=end])
}

/// The next words of the pages that begin with those that are there.
fn pages(command: &Command, words: &[String]) -> Vec<Candidate> {
    let before = &words[..words.len() - 1];
    let typed = before.iter().position(|word| word == "man").map_or(before, |at| &before[at + 1..]);
    let next = |(name, _): Candidate| {
        let parts: Vec<&str> = name.split(' ').collect();
        let (begin, rest) = parts.split_at_checked(typed.len())?;
        let next = rest.first().filter(|_| begin == typed)?;
        Some(((*next).to_owned(), String::new()))
    };
    let mut pages: Vec<Candidate> =
        values::pages(command.clone()).into_iter().filter_map(next).collect();
    pages.dedup();
    pages
}

/// Configuration of this command line, with the database that it names. If it cannot be read,
/// nothing is printed: the command itself will report it.
fn configuration(words: &[String], context: &Context) -> Option<(ConfigSet, Option<PathBuf>)> {
    let set = match value(words, "--config") {
        Some(path) => {
            let texts = ConfigFiles::of(Some(&expanded(path))).read().ok()?;
            ConfigSet::parse(&texts).ok()?
        }
        None => context.read_config_set().ok()?,
    };
    let named = context.named_db.as_ref().map(|named| named.path.clone());
    Some((set, value(words, "--db").map(expanded).or(named)))
}

/// The value of an option of the command line that is to be completed.
fn value<'w>(words: &'w [String], option: &str) -> Option<&'w str> {
    let before = &words[..words.len().saturating_sub(1)];
    before.iter().enumerate().find_map(|(index, word)| {
        if word == option {
            return words[index + 1..].iter().find(|word| *word != "=").map(String::as_str);
        }
        word.strip_prefix(option)?.strip_prefix('=')
    })
}

/// A path as the shell would pass it: `~/` is the user's home.
fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_owned(),
    }
}

/// A word without the quotes that the shell would remove.
fn unquoted(word: &str) -> String {
    word.replace(['\'', '"', '\\'], "")
}

/// A line of the answer. Line feeds and tabs have a meaning of their own in it.
fn line(word: &str, meaning: &str) -> String {
    let clean = |text: &str| text.replace(|c: char| c.is_control(), " ");
    if meaning.is_empty() { clean(word) } else { format!("{}\t{}", clean(word), clean(meaning)) }
}
