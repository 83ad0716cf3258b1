//! Options that do not exist, or not with this command, and arguments too many.

use clap::Command;

use super::console_commands::quoted;
use super::similar::nearest;
use super::typed::{TypedCommand, has_option, options};
use super::{any_of, joined};

/// Names that other tools use, by the options that do the same here, the likeliest first.
const OTHER_NAMES: [(&[&str], &[&str]); 23] = [
    (&["client"], &["ip", "address", "addr", "host", "network", "cidr", "remote"]),
    (&["user"], &["username", "login", "account", "uid", "user-id", "name", "users", "email", "u"]),
    (&["except-user"], &["exclude-user", "exclude-users", "exclude", "but", "not-user"]),
    (&["agent"], &["browser", "user-agent", "useragent", "ua"]),
    (&["why"], &["reason", "message", "comment", "note", "m"]),
    (&["param"], &["lifetime"]),
    (&["dry-run", "limit"], &["n"]),
    (&["task"], &["service", "app", "application", "kind", "type", "tasks"]),
    (
        &["idle-over", "created-before", "used-before"],
        &["days", "hours", "minutes", "age", "older-than", "older", "inactive", "unused", "idle"],
    ),
    (&["created-before"], &["before", "until", "created"]),
    (&["ended-since", "after"], &["since", "from", "ended-after"]),
    (&["yes"], &["force", "confirm", "no-confirm", "assume-yes", "no-input", "f", "y"]),
    (&["dry-run"], &["simulate", "dry", "check", "what-if", "test", "noop", "preview", "pretend"]),
    (&["output"], &["format", "fmt", "type", "f"]),
    (&["limit"], &["count", "max", "top", "head", "lines", "rows", "max-rows"]),
    (&["state"], &["status", "states"]),
    (&["db"], &["database", "file", "sqlite", "path", "url", "d"]),
    (&["config"], &["conf", "cfg", "settings", "c"]),
    (&["sort"], &["order", "order-by", "sort-by"]),
    (&["verbose"], &["debug", "trace"]),
    (&["quiet"], &["silent", "s"]),
    (&["run-time", "wait"], &["time", "timeout", "max-time", "time-limit", "duration"]),
    (&["session"], &["handle", "id", "sid", "session-id", "token"]),
];

/// Advice for what a command leaves to the configuration, by command and option.
const ADVICE: [(&str, &[&str], &str); 6] = [
    (
        "purge",
        &["days", "hours", "minutes", "age", "older-than", "older", "inactive", "unused", "before"],
        "the policy or the profile says what is due; \"list --idle-over 30d\" shows what is \
         unused for longer, and \"show config\" the policy",
    ),
    (
        "purge",
        &["force", "yes", "confirm", "no-confirm", "f", "y"],
        "purge asks nothing; --max-percent, --max-rows and --accept-clock lift its guard",
    ),
    (
        "check",
        &["w", "warn", "warning"],
        "--warn-expired, --warn-age and --warn-rows set what is a warning",
    ),
    (
        "check",
        &["c", "crit", "critical"],
        "--max-expired, --max-age and --max-rows set what is critical",
    ),
    ("touch", &["token"], "pass the token on standard input, or in a file with --token-file"),
    ("close", &["token"], "pass the token on standard input, or in a file with --token-file"),
];

/// Message about an option, or another argument, that the command does not have.
pub fn unknown(word: &str, typed: &TypedCommand, root: &Command) -> String {
    let Some(name) = word.strip_prefix('-') else {
        return unexpected(word, typed);
    };
    let name = name.trim_start_matches('-').split('=').next().unwrap_or_default();
    let place = match typed.name() {
        command if command.is_empty() => " before a command".to_owned(),
        command => format!(" for \"{command}\""),
    };
    let wrong = format!("unknown option {:?}{place}", word.split('=').next().unwrap_or_default());
    if let Some(advice) = advice(name, typed) {
        return format!("{wrong}: {advice}");
    }
    let known = known(name, typed);
    if let Some(option) = &known {
        if word.starts_with("--") && option == name {
            return misplaced(option, typed);
        }
        let value = value(name, option, typed);
        return format!("{wrong}: did you mean \"--{option}{value}\"?");
    }
    match elsewhere(name, root) {
        Some((option, commands)) => {
            let have = if commands.len() == 1 { "has" } else { "have" };
            let it = if option == name { "it".to_owned() } else { format!("\"--{option}\"") };
            format!("{wrong}: {} {have} {it}", joined(&commands, "and"))
        }
        None => format!("{wrong}; see {}", typed.help()),
    }
}

/// Message about an option that the command has, and that was typed before its name.
fn misplaced(option: &str, typed: &TypedCommand) -> String {
    let name = typed.name();
    let arg = options(typed.command).find(|arg| arg.get_long() == Some(option));
    let arg = arg.filter(|arg| arg.get_action().takes_values() && !arg.is_require_equals_set());
    let value = arg.and_then(|arg| Some(format!(" {}", arg.get_value_names()?.first()?)));
    let value = value.unwrap_or_default();
    format!(
        "option \"--{option}\" goes after the command: use \"sessctl {name} --{option}{value}\""
    )
}

fn advice(name: &str, typed: &TypedCommand) -> Option<&'static str> {
    let command = typed.name();
    let fits = |(of, names, _): &&(&str, &[&str], &str)| *of == command && names.contains(&name);
    ADVICE.iter().find(fits).map(|(.., advice)| *advice)
}

/// Option of the same command that is probably meant.
fn known(name: &str, typed: &TypedCommand) -> Option<String> {
    let same = same(name).find(|option| has_option(typed.command, option));
    let longs = options(typed.command).filter(|arg| !arg.is_hide_set());
    same.or_else(|| nearest(name, longs.filter_map(clap::Arg::get_long))).map(str::to_owned)
}

fn same(name: &str) -> impl Iterator<Item = &'static str> + use<'_> {
    let fits = OTHER_NAMES.iter().filter(move |(_, names)| names.contains(&name));
    fits.flat_map(|(options, _)| options.iter().copied())
}

/// Age in the words of the option, if a number stands for it: `--days 30` is `--idle-over 30d`;
/// or a parameter of the profile.
fn value(name: &str, option: &str, typed: &TypedCommand) -> String {
    if option == "param" && name != option {
        let value = typed.value_after(&format!("--{name}")).unwrap_or("2h");
        return format!(" {}", quoted(&format!("{name}={value}")));
    }
    let unit = match name {
        "days" => "d",
        "hours" => "h",
        "minutes" => "m",
        _ => return String::new(),
    };
    let number = typed.value_after(&format!("--{name}"));
    let number = number.filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
    number.filter(|_| option != name).map_or_else(String::new, |number| format!(" {number}{unit}"))
}

/// Other commands that have an option of this meaning.
fn elsewhere(name: &str, root: &Command) -> Option<(String, Vec<String>)> {
    std::iter::once(name.to_owned()).chain(same(name).map(str::to_owned)).find_map(|option| {
        let commands = commands_with(&option, root);
        (!commands.is_empty()).then_some((option, commands))
    })
}

fn commands_with(option: &str, root: &Command) -> Vec<String> {
    let mut found = Vec::new();
    for command in root.get_subcommands().filter(|it| !it.is_hide_set()) {
        let name = command.get_name();
        if has_option(command, option) {
            found.push(format!("\"{name}\""));
        }
        let below = command.get_subcommands().filter(|below| has_option(below, option));
        found.extend(below.map(|below| format!("\"{name} {}\"", below.get_name())));
    }
    found
}

/// Message about a word where the command takes none.
fn unexpected(word: &str, typed: &TypedCommand) -> String {
    let name = typed.name();
    let wrong = format!("unexpected argument {word:?} for \"{name}\"");
    let meant = ["user", "task"].into_iter().filter(|option| has_option(typed.command, option));
    let meant: Vec<String> =
        meant.map(|option| format!("\"--{option} {}\"", quoted(word))).collect();
    if meant.is_empty() {
        format!("{wrong}; see {}", typed.help())
    } else {
        format!("{wrong}: did you mean {}?", any_of(&meant))
    }
}
