//! An unfinished command line: what can stand at its end.

use clap::{Arg, Command};

/// Role of the last word, or its possible roles.
pub struct Place<'a> {
    /// The command that the words before it lead to.
    pub command: &'a Command,
    /// Argument whose value it is: of an option, or of the next position.
    pub argument: Option<&'a Arg>,
    /// Set if it is the value of an option, and nothing else.
    pub is_value: bool,
    /// Set if nothing but positions can follow: after `--`.
    pub only_positions: bool,
    /// Part of the word before the value: `--task=`.
    pub prefix: String,
    /// Set before the first position, where a subcommand can stand.
    pub takes_subcommand: bool,
}

/// An option that takes the next words, and how many of them.
type Pending<'a> = Option<(&'a Arg, usize)>;

/// Finds the place of the last word. The command must be built.
pub fn place<'a>(root: &'a Command, words: &[String]) -> Place<'a> {
    let (last, before) = words.split_last().map_or(("", words), |(last, rest)| (&**last, rest));
    let (mut command, mut pending, mut position, mut only_positions) = (root, None, 0, false);
    for (index, word) in before.iter().enumerate() {
        // bash splits --option=value in three.
        let is_split = word == "=" || index > 0 && before[index - 1] == "=";
        if only_positions {
            position += 1;
        } else if word == "=" && pending.is_some() {
        } else if let Some((argument, left)) = pending
            && (is_split || !word.starts_with('-'))
        {
            pending = Some((argument, left - 1)).filter(|(_, left)| *left > 0 && !is_split);
        } else if word == "--" {
            (only_positions, pending) = (true, None);
        } else if word.starts_with('-') {
            pending = option(command, word);
        } else if position == 0
            && let Some(below) = command.find_subcommand(word)
        {
            command = below;
        } else {
            position += 1;
        }
    }
    let takes_subcommand = position == 0 && command.has_subcommands();
    let place = Place {
        command,
        argument: command.get_positionals().nth(position).or_else(|| last_of_many(command)),
        is_value: false,
        only_positions,
        prefix: String::new(),
        takes_subcommand,
    };
    let is_split = last == "=" || before.last().is_some_and(|word| word == "=");
    match pending.or_else(|| attached(command, last).map(|argument| (argument, 1))) {
        _ if only_positions => place,
        Some((argument, _)) if is_split || !last.starts_with('-') => {
            Place { argument: Some(argument), is_value: true, ..place }
        }
        Some((argument, _)) if attached(command, last).is_some() => {
            let prefix = last.split_inclusive('=').next().unwrap_or_default().to_owned();
            Place { argument: Some(argument), is_value: true, prefix, ..place }
        }
        _ => place,
    }
}

/// The option that a word names, if it takes the next words.
fn option<'a>(command: &'a Command, word: &str) -> Pending<'a> {
    if word.contains('=') {
        return None;
    }
    let argument = match word.strip_prefix("--") {
        Some(long) => by_long(command, long),
        None => by_short(command, word.chars().next_back()?),
    }?;
    let range = argument.get_num_args()?;
    // An optional value must be attached.
    let takes = argument.get_action().takes_values() && !argument.is_require_equals_set();
    (takes && range.max_values() > 0).then(|| (argument, range.max_values()))
}

/// The option of a word `--task=im`.
fn attached<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let (long, _) = word.strip_prefix("--")?.split_once('=')?;
    by_long(command, long).filter(|argument| argument.get_action().takes_values())
}

fn by_long<'a>(command: &'a Command, long: &str) -> Option<&'a Arg> {
    let has_name = |argument: &&Arg| {
        let aliases = argument.get_all_aliases().unwrap_or_default();
        argument.get_long() == Some(long) || aliases.contains(&long)
    };
    command.get_arguments().find(has_name)
}

fn by_short(command: &Command, short: char) -> Option<&Arg> {
    command.get_arguments().find(|argument| argument.get_short() == Some(short))
}

/// The last position, if it takes any number of words.
fn last_of_many(command: &Command) -> Option<&Arg> {
    let many = |argument: &&Arg| {
        argument.get_num_args().is_some_and(|range| range.max_values() == usize::MAX)
    };
    command.get_positionals().last().filter(many)
}
