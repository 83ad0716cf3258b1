//! Console commands of the systems that sessctl replaces, typed as subcommands.

use std::ffi::OsString;

/// The command to type instead of a subcommand that there is not; `None`: no console
/// command of another system begins with it.
pub fn instead_of(name: &str, args: impl Iterator<Item = OsString>) -> Option<String> {
    let args = args.map(|arg| arg.to_string_lossy().into_owned());
    let words: Vec<String> = args.skip_while(|arg| arg != name).skip(1).collect();
    let words: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let name = name.to_ascii_lowercase();
    Some(match (name.as_str(), words.as_slice()) {
        ("tell", [task, show, ..]) if show.eq_ignore_ascii_case("show") => {
            use_instead(&format!("show tasks {} --users", quoted(task)))
        }
        ("tell", [task, what, ..]) if is_end(what) => cycle(task),
        ("restart", [task, ..]) if task.eq_ignore_ascii_case("server") => return None,
        ("restart", [word, task, ..]) if word.eq_ignore_ascii_case("task") => cycle(task),
        ("restart" | "quit", [task, ..]) => cycle(task),
        ("restart" | "quit", []) => use_instead("cycle TASK"),
        ("load", [task, ..]) => {
            format!("sessctl starts no programs; to end its sessions, {}", cycle(task))
        }
        ("drop", [all, ..]) if all.eq_ignore_ascii_case("all") => use_instead("cycle --all"),
        ("drop", [user]) => use_instead(&format!("cycle --user {}", quoted(user))),
        ("drop", [user, ..]) => {
            let command = use_instead(&format!("cycle --user {}", quoted(user)));
            format!("{command}, once for each user")
        }
        ("drop", []) => use_instead("cycle --user USER"),
        ("login", _) => use_instead("open"),
        ("logout" | "logoff" | "invalidate", _) => {
            use_instead("close, with the token on standard input")
        }
        ("status", _) => use_instead("show stat"),
        ("sessions", _) => use_instead("list"),
        _ => return None,
    })
}

fn is_end(word: &str) -> bool {
    ["quit", "q", "exit", "restart"].iter().any(|end| word.eq_ignore_ascii_case(end))
}

fn cycle(task: &str) -> String {
    use_instead(&format!("cycle {}", quoted(task)))
}

fn use_instead(command: &str) -> String {
    format!("use sessctl {command}")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:@/".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
