//! Triggers that reject deletions, as far as their text shows.

use crate::domain::error::Result;
use crate::store::database::Database;
use crate::store::statement::Statement;

/// Reads the triggers that fire when rows of a table are deleted, each with its tokens.
pub(super) fn delete_triggers(
    database: &impl Database,
    table: &str,
) -> Result<Vec<(String, Vec<String>)>> {
    let sql = Statement::new(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' \
         AND tbl_name = ?1 COLLATE NOCASE ORDER BY name",
    )
    .with(table);
    let all = database.query_all(&sql, |row| {
        (row.text(0).unwrap_or_default(), tokens(&row.text(1).unwrap_or_default()))
    })?;
    Ok(all.into_iter().filter(|(_, words)| header(words).any(|word| word == "delete")).collect())
}

pub(super) fn trigger_names(database: &impl Database, table: &str) -> Result<Vec<String>> {
    let sql = Statement::new(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE",
    );
    database.query_all(&sql.with(table), |row| row.text(0).unwrap_or_default())
}

/// The trigger is unconditional, and starts by raising an error.
pub fn always_rejects(words: &[String]) -> bool {
    let mut head = header(words);
    let is_conditional = head.any(|word| word == "when");
    let body: Vec<&str> =
        words.iter().map(String::as_str).skip_while(|word| *word != "begin").skip(1).collect();
    match body.as_slice() {
        ["select", "raise", "(", "abort" | "fail" | "rollback", ",", text, ")", ";", ..] => {
            !is_conditional && text.starts_with('\'')
        }
        _ => false,
    }
}

fn header(words: &[String]) -> impl Iterator<Item = &String> {
    words.iter().take_while(|word| *word != "begin")
}

/// Tokens of a statement without its comments, in lower case. Quoted names keep their
/// quotes, so that they do not match keywords.
pub fn tokens(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '\'' | '"' | '`' => quoted_length(rest, first),
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            _ if is_word_char(first) => {
                rest.find(|letter| !is_word_char(letter)).unwrap_or(rest.len())
            }
            _ => first.len_utf8(),
        };
        let (word, others) = rest.split_at(length);
        let is_comment = word.starts_with("--") || word.starts_with("/*");
        if !is_comment && !first.is_whitespace() {
            found.push(word.to_ascii_lowercase());
        }
        rest = others;
    }
    found
}

fn is_word_char(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$')
}

/// Length of the quoted text at the start. A quote within it is doubled.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut end = 1;
    while let Some(position) = text[end..].find(quote) {
        end += position + 1;
        if !text[end..].starts_with(quote) {
            return end;
        }
        end += 1;
    }
    text.len()
}
