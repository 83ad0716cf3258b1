//! The command among the words of a command line.

use clap::{Arg, Command};

/// The command that was typed, as far as it exists, and what follows it.
pub struct TypedCommand<'a> {
    /// Commands from the outermost one, without the program itself.
    pub path: Vec<&'a Command>,
    pub command: &'a Command,
    pub rest: &'a [String],
}

impl<'a> TypedCommand<'a> {
    pub fn of(root: &'a Command, words: &'a [String]) -> Self {
        let mut typed = Self { path: Vec::new(), command: root, rest: words };
        let mut at = 0;
        while let Some(word) = words.get(at) {
            at += 1;
            if word.starts_with('-') {
                at += usize::from(takes_next_word(typed.command, word));
            } else if let Some(below) = typed.command.find_subcommand(word) {
                typed.path.push(below);
                typed.command = below;
                typed.rest = &words[at..];
            } else {
                break;
            }
        }
        typed
    }

    /// Name as it is typed: `show stat`; empty for the program itself.
    pub fn name(&self) -> String {
        self.path.iter().map(|command| command.get_name()).collect::<Vec<_>>().join(" ")
    }

    /// Command that prints its help.
    pub fn help(&self) -> String {
        let name = self.name();
        format!("\"sessctl {name}{}--help\"", if name.is_empty() { "" } else { " " })
    }

    /// Word that follows another one, if it is a value.
    pub fn value_after(&self, word: &str) -> Option<&'a str> {
        let at = self.rest.iter().position(|typed| typed == word)?;
        self.rest.get(at + 1).map(String::as_str).filter(|next| !next.starts_with('-'))
    }
}

/// Options of a command that its help shows, or that it hides only in some forms of it.
pub fn options(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| arg.get_long().is_some())
}

pub fn has_option(command: &Command, long: &str) -> bool {
    options(command).any(|arg| arg.get_long() == Some(long) && !arg.is_hide_set())
}

fn takes_next_word(command: &Command, word: &str) -> bool {
    let is_it = |arg: &&Arg| match word.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => word.len() == 2 && arg.get_short() == word.chars().nth(1),
    };
    let arg = command.get_arguments().find(is_it);
    arg.is_some_and(|arg| arg.get_action().takes_values() && !arg.is_require_equals_set())
}
