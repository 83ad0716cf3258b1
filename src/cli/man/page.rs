//! The page of a command, from its arguments and its help.

use clap::builder::PossibleValue;
use clap::{Arg, Command};

use super::help::HelpEnd;
use super::roff::{Roff, bold, escape, italic};
use crate::cli::facts::{ENVIRONMENT, EXIT_CODES, FILES, Fact, RELEASED};

/// Section of the manual for commands of an administrator.
pub const SECTION: u8 = 8;

/// Name and section of the page of the configuration file.
pub const CONFIGURATION: (&str, u8) = ("sessctl.toml", 5);

pub struct Page {
    /// Name in the manual: `sessctl-show-stat`.
    pub name: String,
    pub section: u8,
    pub text: String,
}

pub fn begin(name: &str, section: u8, manual: &str) -> Roff {
    let source = concat!("sessctl ", env!("CARGO_PKG_VERSION"));
    Roff::titled(&name.to_uppercase(), section, RELEASED, source, manual)
}

/// Formats the page of a command that is named as its page is: `sessctl-show-stat`.
pub fn page(command: &Command, parent: Option<&str>) -> String {
    let name = command.get_name();
    let mut page = begin(name, SECTION, "System Manager\\(aqs Manual");
    page.section("NAME");
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    page.filled(&format!("{} \\- {}", escape(name), escape(&about)));
    page.section("SYNOPSIS");
    synopsis(&mut page, command);
    page.section("DESCRIPTION");
    let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    // The first paragraph is the name's.
    page.paragraphs(long.split_once("\n\n").map_or(&about, |(_, rest)| rest));
    let help = command.get_after_long_help().or_else(|| command.get_after_help());
    let end = HelpEnd::of(&help.map(ToString::to_string).unwrap_or_default());
    for note in &end.notes {
        page.request("PP");
        if note.contains('\n') { page.literal(note.lines()) } else { page.text(note) }
    }
    options(&mut page, command);
    subcommands(&mut page, command);
    facts(&mut page, "EXIT STATUS", EXIT_CODES);
    facts(&mut page, "ENVIRONMENT", ENVIRONMENT);
    facts(&mut page, "FILES", FILES);
    if !end.examples.is_empty() {
        page.section("EXAMPLES");
        examples(&mut page, &end);
    }
    see_also(&mut page, command, parent);
    page.finish()
}

fn facts(page: &mut Roff, heading: &str, facts: &[Fact]) {
    page.section(heading);
    page.table(facts.iter().copied());
}

/// A table, or, if none of them is explained, the commands alone.
fn examples(page: &mut Roff, end: &HelpEnd) {
    if end.examples.iter().all(|(_, meaning)| meaning.is_empty()) {
        return page.literal(end.examples.iter().map(|(command, _)| command.as_str()));
    }
    page.table(end.examples.iter().map(|(command, meaning)| (&**command, &**meaning)));
}

fn synopsis(page: &mut Roff, command: &Command) {
    // `sessctl show stat`, not the name of the page.
    let words = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let mut line = format!("{} [{}]", bold(words), italic("OPTIONS"));
    for argument in command.get_positionals().filter(|argument| !argument.is_hide_set()) {
        let values = values(argument);
        let shown = if argument.is_required_set() { values } else { format!("[{values}]") };
        line.extend([" ", &shown]);
    }
    if command.has_subcommands() {
        line.extend([" ", &italic("COMMAND")]);
    }
    page.filled(&line);
}

/// Placeholders of the values of an argument.
fn values(argument: &Arg) -> String {
    let names: Vec<String> = match argument.get_value_names() {
        Some(names) => names.iter().map(|name| italic(name)).collect(),
        None => vec![italic(&argument.get_id().as_str().to_uppercase())],
    };
    let is_list = argument.get_num_args().is_some_and(|range| range.max_values() > names.len());
    names.join(" ") + if is_list { "..." } else { "" }
}

/// The arguments under their headings, those without one first.
fn options(page: &mut Roff, command: &Command) {
    let shown: Vec<&Arg> =
        command.get_arguments().filter(|argument| !argument.is_hide_set()).collect();
    let mut headings: Vec<Option<&str>> = vec![None];
    for argument in &shown {
        if !headings.contains(&argument.get_help_heading()) {
            headings.push(argument.get_help_heading());
        }
    }
    page.section("OPTIONS");
    for heading in headings {
        if let Some(heading) = heading {
            page.subsection(heading);
        }
        for argument in shown.iter().filter(|argument| argument.get_help_heading() == heading) {
            option(page, argument);
        }
    }
}

fn option(page: &mut Roff, argument: &Arg) {
    page.request("TP");
    let short = argument.get_short().map(|short| bold(&format!("-{short}")));
    let long = argument.get_long().map(|long| bold(&format!("--{long}")));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    let takes_values = argument.get_action().takes_values();
    let shown = match (names.is_empty(), takes_values) {
        (true, _) => values(argument),
        (false, true) => format!("{} {}", names.join(", "), values(argument)),
        (false, false) => names.join(", "),
    };
    page.filled(&shown);
    let help = argument.get_long_help().or_else(|| argument.get_help());
    let mut help = help.map(ToString::to_string).unwrap_or_default();
    let defaults = argument.get_default_values();
    if takes_values && !defaults.is_empty() {
        let defaults: Vec<_> = defaults.iter().map(|value| value.to_string_lossy()).collect();
        help.extend([" [default: ", &defaults.join(" "), "]"]);
    }
    page.paragraphs(&help);
    if takes_values {
        possible_values(page, &argument.get_possible_values());
    }
}

fn possible_values(page: &mut Roff, values: &[PossibleValue]) {
    let shown = values.iter().filter(|value| !value.is_hide_set());
    let (described, bare): (Vec<_>, Vec<_>) = shown.partition(|value| value.get_help().is_some());
    if !bare.is_empty() {
        let names: Vec<String> = bare.iter().map(|value| bold(value.get_name())).collect();
        page.request("br");
        page.filled(&format!("Possible values: {}", names.join(", ")));
    }
    if !described.is_empty() {
        page.request("RS");
        for value in described {
            page.request("TP");
            page.filled(&bold(value.get_name()));
            page.text(&value.get_help().map(ToString::to_string).unwrap_or_default());
        }
        page.request("RE");
    }
}

fn subcommands(page: &mut Roff, command: &Command) {
    let below: Vec<&Command> = visible(command).collect();
    if below.is_empty() {
        return;
    }
    page.section("COMMANDS");
    for below in below {
        page.request("TP");
        let page_name = format!("{}-{}", command.get_name(), below.get_name());
        page.filled(&format!("{}({SECTION})", bold(&page_name)));
        page.text(&below.get_about().map(ToString::to_string).unwrap_or_default());
    }
}

fn see_also(page: &mut Roff, command: &Command, parent: Option<&str>) {
    let name = command.get_name();
    let below = visible(command).map(|below| format!("{name}-{}", below.get_name()));
    let mut pages: Vec<(String, u8)> =
        parent.map(str::to_owned).into_iter().chain(below).map(|name| (name, SECTION)).collect();
    pages.push((CONFIGURATION.0.to_owned(), CONFIGURATION.1));
    let list: Vec<String> =
        pages.iter().map(|(name, section)| format!("{}({section})", bold(name))).collect();
    page.section("SEE ALSO");
    page.filled(&list.join(", "));
}

/// The subcommands that the help shows.
pub fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    let below = command.get_subcommands();
    below.filter(|below| !below.is_hide_set() && below.get_name() != "help")
}
