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

/// Asks whether this number of sessions shall end; anything but yes means no.
///
/// # Errors
/// Failure to read the answer.
pub fn ask(sessions: u64) -> anyhow::Result<bool> {
    let (count, noun) =
        (format_count(sessions), if sessions == 1 { "session" } else { "sessions" });
    let mut terminal = io::stderr();
    let asked = write!(terminal, "end {count} {noun}? [y/N] ").and_then(|()| terminal.flush());
    asked.context("could not ask for confirmation; pass --yes")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("could not read the answer; pass --yes")?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
