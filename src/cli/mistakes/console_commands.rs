//! Console commands of five older session systems, typed as subcommands.

/// Advice for a console command with these words behind it.
pub fn instead_of<'w>(name: &str, words: impl Iterator<Item = &'w String>) -> Option<String> {
    let words: Vec<&String> = words.filter(|arg| !arg.starts_with('-')).collect();
    let lower: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let word = |at: usize, otherwise: &str| {
        words.get(at).map_or_else(|| otherwise.to_owned(), |word| quoted(word))
    };
    let command = match (name.to_ascii_lowercase().as_str(), lower.as_slice()) {
        ("tell", [_, "show", ..]) => format!("show tasks {} --users", word(0, "TASK")),
        ("restart", ["server", ..]) => return None,
        ("restart", ["task", _, ..]) => format!("cycle {}", word(1, "TASK")),
        ("restart" | "quit", _) | ("tell", [_, "quit" | "q" | "exit" | "restart", ..]) => {
            format!("cycle {}", word(0, "TASK"))
        }
        ("load", [_, ..]) => {
            return Some(format!(
                "sessctl does not start server tasks; to end the sessions of a task, use sessctl \
                 cycle {}",
                word(0, "TASK")
            ));
        }
        ("drop", ["all", ..]) => "cycle --all".to_owned(),
        ("drop", [_, _, ..]) => format!("cycle --user {}, once for each user", word(0, "USER")),
        ("drop", _) => format!("cycle --user {}", word(0, "USER")),
        ("invalidate", _) => "close, with the token on standard input".to_owned(),
        ("logout" | "logoff", []) => {
            "cycle --user USER, or close with the token on standard input".to_owned()
        }
        _ => return None,
    };
    Some(format!("use sessctl {command}"))
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:@/=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
