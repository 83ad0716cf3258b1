//! Commands that do not exist, with the ones that are probably meant.

use clap::Command;

use super::any_of;
use super::console_commands::{self, quoted};
use super::similar::nearest;
use super::typed::TypedCommand;

/// Names that other tools use, by the command that does the same here. A word in capitals
/// stands for the next word that was typed.
const OTHER_NAMES: [(&str, &[&str]); 26] = [
    ("show stat", &["stats", "statistics", "status", "info", "count", "summary", "overview"]),
    ("list", &["sessions", "ls", "ps", "search", "find", "query"]),
    ("show users", &["user", "who", "w", "accounts"]),
    ("show tasks", &["task", "services"]),
    ("show session HANDLE", &["inspect", "get", "view", "describe", "details"]),
    ("show runs", &["log", "logs", "audit", "journal", "events", "ledger"]),
    ("show schedule", &["jobs", "job", "timers"]),
    ("show config", &["configuration", "settings", "conf", "policy", "policies"]),
    ("show profiles", &["frameworks", "framework", "tables"]),
    (
        "purge",
        &[
            "delete",
            "clean",
            "cleanup",
            "clear",
            "clearsessions",
            "expire",
            "gc",
            "prune",
            "sweep",
            "reap",
            "remove",
            "rm",
            "flush",
            "trim",
        ],
    ),
    (
        "cycle --user USER",
        &["kick", "logout", "logoff", "signout", "revoke", "disconnect", "ban", "logout-user"],
    ),
    ("cycle --session HANDLE", &["kill", "destroy", "stop"]),
    ("cycle", &["end"]),
    ("restore", &["undo", "revert", "rollback", "undelete", "recover", "unarchive"]),
    ("compact", &["vacuum", "shrink", "optimize", "defrag", "reclaim"]),
    ("move", &["migrate", "mv", "cp", "clone", "transfer"]),
    ("init", &["create", "setup", "install", "initialize", "upgrade", "new"]),
    ("run", &["exec", "execute", "start"]),
    ("run --watch", &["watch", "daemon", "serve", "follow"]),
    ("open", &["login", "signin", "add"]),
    ("touch", &["renew", "refresh", "ping", "keepalive", "heartbeat"]),
    ("schedule print cron", &["cron", "crontab"]),
    ("schedule print systemd", &["systemd", "timer", "unit"]),
    ("completions", &["completion", "complete"]),
    ("man", &["manual", "manpage"]),
    ("--version", &["version"]),
];

/// Message about a word that is no command.
pub fn unknown(word: &str, typed: &TypedCommand, root: &Command) -> String {
    let name = match typed.name() {
        group if group.is_empty() || group == "help" => word.to_owned(),
        group => format!("{group} {word}"),
    };
    let following = typed.rest.iter().skip_while(|typed| *typed != word).skip(1);
    if typed.path.is_empty()
        && let Some(instead) = console_commands::instead_of(word, following)
    {
        return format!("unknown command {name:?}: {instead}");
    }
    match meant(word, typed, root) {
        meant if !meant.is_empty() => {
            let meant: Vec<String> = meant.iter().map(|it| format!("\"{it}\"")).collect();
            format!("unknown command {name:?}: did you mean {}?", any_of(&meant))
        }
        _ if typed.path.is_empty() => {
            format!("unknown command {name:?}; \"sessctl\" lists the commands")
        }
        _ => format!("unknown command {name:?}; use {}", any_of(&members(typed.command))),
    }
}

fn meant(word: &str, typed: &TypedCommand, root: &Command) -> Vec<String> {
    let lower = word.to_ascii_lowercase();
    let nested = nested(root);
    let named = |word: &str| -> Vec<String> {
        let ends_with = |path: &&String| path.rsplit(' ').next() == Some(word);
        nested.iter().filter(ends_with).cloned().collect()
    };
    if let Some(found) = Some(named(&lower)).filter(|found| !found.is_empty()) {
        return found;
    }
    if let Some(found) = by_other_name(&lower, typed, root) {
        return vec![found];
    }
    let members = members(typed.command);
    let aliases = typed.command.get_subcommands().flat_map(Command::get_visible_aliases);
    if let Some(near) = nearest(&lower, members.iter().map(String::as_str).chain(aliases)) {
        let group = typed.name();
        return vec![if group.is_empty() { near.to_owned() } else { format!("{group} {near}") }];
    }
    let last_words = nested.iter().filter_map(|path| path.rsplit(' ').next());
    let others = OTHER_NAMES.iter().flat_map(|(_, names)| names.iter().copied());
    match nearest(&lower, last_words.chain(others)) {
        Some(near) => {
            let found = named(near);
            if found.is_empty() {
                by_other_name(near, typed, root).into_iter().collect()
            } else {
                found
            }
        }
        None => Vec::new(),
    }
}

/// Names that stand for a cycle in front of a handle, and for other commands alone.
const BEFORE_HANDLES: [&str; 4] = ["end", "delete", "remove", "rm"];

fn is_handle(word: &str) -> bool {
    word == "HANDLE" || (word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn by_other_name(word: &str, typed: &TypedCommand, root: &Command) -> Option<String> {
    let following = typed.rest.iter().skip_while(|it| !it.eq_ignore_ascii_case(word)).nth(1);
    if BEFORE_HANDLES.contains(&word)
        && let Some(handle) = following.filter(|following| is_handle(following))
    {
        return Some(format!("cycle --session {handle}"));
    }
    let (command, _) = OTHER_NAMES.iter().find(|(_, names)| names.contains(&word))?;
    let first = command.split(' ').next()?;
    if !first.starts_with('-') && root.find_subcommand(first).is_none() {
        return None;
    }
    let is_placeholder = |word: &&str| word.chars().all(|letter| letter.is_ascii_uppercase());
    let Some(placeholder) = command.split(' ').find(is_placeholder) else {
        return Some((*command).to_owned());
    };
    let value = following.filter(|value| !value.starts_with('-'));
    Some(value.map_or_else(
        || (*command).to_owned(),
        |value| command.replace(placeholder, &quoted(value)),
    ))
}

/// Names of all commands that are typed as they are, and of the members of groups.
fn nested(root: &Command) -> Vec<String> {
    let mut paths = members(root);
    for group in root.get_subcommands().filter(|group| group.get_name() != "help") {
        let name = group.get_name();
        paths.extend(members(group).iter().map(|member| format!("{name} {member}")));
    }
    paths
}

fn members(command: &Command) -> Vec<String> {
    let shown = command.get_subcommands().filter(|below| !below.is_hide_set());
    let names = shown.map(|below| below.get_name().to_owned());
    names.filter(|name| name != "help").collect()
}
