//! Console commands of the systems that sessctl replaces, typed as subcommands.

use std::ffi::OsString;

/// The command to type instead of a subcommand that there is not; `None`: no console
/// command of another system begins with it.
pub fn instead_of(name: &str, args: impl Iterator<Item = OsString>) -> Option<String> {
    let args = args.map(|arg| arg.to_string_lossy().into_owned());
    let words: Vec<String> = args.skip_while(|arg| arg != name).skip(1).collect();
    let words: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let command = match (name.to_ascii_lowercase().as_str(), words.as_slice()) {
        ("restart", [task, name, ..]) if task.eq_ignore_ascii_case("task") => {
            format!("cycle {}", quoted(name))
        }
        ("tell" | "load" | "restart" | "quit", [task, ..]) => format!("cycle {}", quoted(task)),
        ("tell" | "load" | "restart" | "quit", []) => "cycle TASK".to_owned(),
        ("drop", [all, ..]) if all.eq_ignore_ascii_case("all") => "cycle --all".to_owned(),
        ("drop", [user, ..]) => format!("cycle --user {}", quoted(user)),
        ("drop", []) => "cycle --user USER".to_owned(),
        ("invalidate", _) => "close, with the token on standard input".to_owned(),
        ("status", _) => "show stat".to_owned(),
        _ => return None,
    };
    Some(format!("here write sessctl {command}"))
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
