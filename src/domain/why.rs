//! Reason that a caller gives for a run.

/// Maximum length in characters: it is one line in a log.
const MAX_LENGTH: usize = 500;

/// Reads the reason for a run. An empty one is probably an unset variable of a script.
///
/// # Errors
/// Reason why the text is not one, in a few words.
pub fn why(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("must not be empty".to_owned()),
        1..=MAX_LENGTH => Ok(text.to_owned()),
        length => Err(format!("has {length} characters; at most {MAX_LENGTH} are recorded")),
    }
}
