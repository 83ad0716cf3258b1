//! The end of a command's help: examples, exit codes and other blocks.

/// A line of an example: the command, and what it is for.
pub type Example = (String, String);

#[derive(Default)]
pub struct HelpEnd {
    pub examples: Vec<Example>,
    /// Everything else, except for the exit codes.
    pub notes: Vec<String>,
}

impl HelpEnd {
    /// Reads the text after the options of a command: blocks with a heading of their own.
    pub fn of(text: &str) -> Self {
        let mut end = Self::default();
        for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
            match block.split_once('\n') {
                Some(("Examples:" | "Example:", rows)) => end.examples.extend(examples(rows)),
                Some(("Exit codes:", _)) => {}
                _ => end.notes.push(block.trim_end().to_owned()),
            }
        }
        end
    }
}

/// Splits the rows of examples. A row that is indented further continues the one before.
fn examples(rows: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for row in rows.lines() {
        let text = row.trim();
        match examples.last_mut() {
            Some((_, meaning)) if row.starts_with("   ") => {
                meaning.extend([" ", text]);
            }
            _ => {
                let (command, meaning) = text.split_once("  ").unwrap_or((text, ""));
                examples.push((command.to_owned(), meaning.trim_start().to_owned()));
            }
        }
    }
    examples
}
