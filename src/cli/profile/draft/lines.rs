//! Lines of a TOML file with comments.

use crate::domain::profile::SqlValue;
use crate::output::sanitize::{escape, needs_escape};

const WIDTH: usize = 98;

#[derive(Default)]
pub(super) struct Lines {
    text: String,
    /// Set while everything is written as a comment.
    is_comment: bool,
}

impl Lines {
    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn blank(&mut self) -> &mut Self {
        self.text.push('\n');
        self
    }

    /// Writes the following lines as comments, or no longer.
    pub(super) fn as_comment(&mut self, is_comment: bool) -> &mut Self {
        self.is_comment = is_comment;
        self
    }

    pub(super) fn line(&mut self, line: &str) -> &mut Self {
        if self.is_comment {
            self.text.push_str("# ");
        }
        self.text.push_str(line);
        self.blank()
    }

    pub(super) fn key(&mut self, key: &str, value: &str) -> &mut Self {
        self.line(&format!("{key} = {value}"))
    }

    /// Writes a sentence, broken between words.
    pub(super) fn comment(&mut self, sentence: &str) -> &mut Self {
        let mut line = "#".to_owned();
        for word in escape(sentence).split(' ').filter(|word| !word.is_empty()) {
            if line.len() + word.len() >= WIDTH {
                self.text.push_str(&line);
                self.blank();
                "#".clone_into(&mut line);
            }
            line.push(' ');
            line.push_str(word);
        }
        self.text.push_str(&line);
        self.blank()
    }

    /// Writes sentences, each with a capital letter and a full stop.
    pub(super) fn sentences(&mut self, sentences: &[String]) -> &mut Self {
        let finished: Vec<String> = sentences.iter().map(|sentence| finished(sentence)).collect();
        if finished.is_empty() { self } else { self.comment(&finished.join(" ")) }
    }
}

fn finished(sentence: &str) -> String {
    let end = if sentence.ends_with([':', '.']) { "" } else { "." };
    let mut letters = sentence.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}{end}", letters.as_str())
}

/// A string in TOML.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if needs_escape(letter) => {
                quoted.extend(format!("\\U{:08X}", u32::from(letter)).chars());
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// A key in TOML, quoted if necessary.
pub(super) fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(is_bare) { name.to_owned() } else { quoted(name) }
}

pub(super) fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(", "))
}

/// A value in TOML; `None`: TOML cannot express it.
pub(super) fn value(value: &SqlValue) -> Option<String> {
    match value {
        SqlValue::Integer(number) => Some(number.to_string()),
        SqlValue::Real(number) if number.is_finite() => Some(format!("{number:?}")),
        SqlValue::Text(bytes) => str::from_utf8(bytes).ok().map(quoted),
        SqlValue::Null | SqlValue::Real(_) | SqlValue::Blob(_) => None,
    }
}
