//! Short lists of commands.

use std::fmt::Write as _;

use clap::Command;

use super::typed::TypedCommand;

/// Commands by purpose; those that are in no group come last.
const PURPOSES: [(&str, &[&str]); 5] = [
    ("Look", &["list", "show", "doctor", "check", "report", "top"]),
    ("End sessions", &["purge", "cycle", "restore", "run", "schedule"]),
    ("Tables and files", &["init", "compact", "move", "profile", "discover"]),
    ("Sessions in scripts", &["open", "touch", "close"]),
    ("Start here", &["demo", "completions", "man"]),
];

const LINE_WIDTH: usize = 79;

/// List of all commands, grouped by purpose.
pub fn commands(root: &Command) -> String {
    let mut text = "no command given; the commands are:\n".to_owned();
    let grouped = |name: &str| PURPOSES.iter().any(|(_, names)| names.contains(&name));
    let find = |name: &&str| visible(root).find(|command| command.get_name() == *name);
    for (purpose, names) in PURPOSES {
        let _ = writeln!(text, "{purpose}:");
        names.iter().filter_map(find).for_each(|command| add(&mut text, command));
    }
    visible(root).filter(|it| !grouped(it.get_name())).for_each(|command| add(&mut text, command));
    text + "\"sessctl COMMAND --help\" explains one of them, \"sessctl --help\" the exit codes"
}

/// List of the members of a group.
pub fn members(group: &TypedCommand) -> String {
    let name = group.name();
    let mut text = format!("\"{name}\" needs one of these; see {}:\n", group.help());
    visible(group.command).for_each(|command| add(&mut text, command));
    text.trim_end().to_owned()
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    let shown = command.get_subcommands().filter(|below| !below.is_hide_set());
    shown.filter(|below| below.get_name() != "help")
}

fn add(text: &mut String, command: &Command) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let line = format!("  {:11} {about}", command.get_name());
    let _ = writeln!(text, "{}", shortened(&line));
}

/// Cuts a line between words.
fn shortened(line: &str) -> String {
    if line.chars().count() <= LINE_WIDTH {
        return line.to_owned();
    }
    let kept: String = line.chars().take(LINE_WIDTH - 3).collect();
    let end = kept.rfind(' ').unwrap_or(kept.len());
    format!("{}...", kept[..end].trim_end_matches(','))
}
