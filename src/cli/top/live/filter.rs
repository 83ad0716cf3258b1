//! The filter of the view: options of a selection in one line.

use clap::Parser;

use crate::cli::selection::Selection;

#[derive(Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    selection: Selection,
}

/// Reads the words of a selection.
///
/// # Errors
/// The first mistake, in one line.
pub fn selection(words: &[String]) -> Result<Selection, String> {
    match Line::try_parse_from(words) {
        Ok(line) => Ok(line.selection),
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            Err(first.strip_prefix("error: ").unwrap_or(first).to_owned())
        }
    }
}

/// Splits a line as a shell does, and checks that its words are a selection.
///
/// # Errors
/// The first mistake, in one line.
pub fn parse(line: &str) -> Result<Vec<String>, String> {
    let words = shlex::split(line).ok_or("a quote is not closed")?;
    selection(&words).map(|_| words)
}

/// The line that [`parse`] splits into these words.
pub fn line(words: &[String]) -> String {
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default()
}
