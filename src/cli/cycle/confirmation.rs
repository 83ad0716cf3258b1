//! Question before many sessions end.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::Context as _;

use crate::domain::format::format_count;

/// Sessions that end without a question, unless all tasks were selected.
pub const MAX_UNASKED: u64 = 100;

/// Reports whether somebody can answer: standard input and standard error are terminals.
pub fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks whether this number of sessions shall end, while those of some users are kept; anything
/// but yes means no.
///
/// # Errors
/// Failure to read the answer.
pub fn ask(sessions: u64, kept: Option<(u64, usize)>) -> anyhow::Result<bool> {
    let question = question(sessions, kept);
    let mut terminal = io::stderr();
    let asked = write!(terminal, "{question} [y/N] ").and_then(|()| terminal.flush());
    asked.context("could not ask for confirmation; pass --yes")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("could not read the answer; pass --yes")?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn question(sessions: u64, kept: Option<(u64, usize)>) -> String {
    let count = |number: u64, noun: &str| {
        format!("{} {noun}{}", format_count(number), if number == 1 { "" } else { "s" })
    };
    let kept = kept.map_or_else(String::new, |(kept, users)| {
        let are = if kept == 1 { "is" } else { "are" };
        format!(" ({} of {} {are} kept)", count(kept, "session"), count(users as u64, "user"))
    });
    format!("end {}{kept}?", count(sessions, "session"))
}
