//! Words of a unit file, which has quotes, escapes and specifiers of its own.

use std::fmt::Write;

/// A word of a command.
pub fn quote_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '%' => quoted.push_str("%%"),
            '$' => quoted.push_str("$$"),
            '\n' => quoted.push_str("\\n"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A path outside of commands, which alone have variables.
pub fn quote_path(path: &str) -> String {
    quote_word(path).replace("$$", "$")
}

/// A part of a unit's name, as `systemd-escape` makes it.
pub fn escape_name(text: &str) -> String {
    let mut escaped = String::new();
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'/' => escaped.push('-'),
            b'.' if index == 0 => escaped.push_str("\\x2e"),
            b':' | b'_' | b'.' => escaped.push(byte.into()),
            byte if byte.is_ascii_alphanumeric() => escaped.push(byte.into()),
            // Writing to a string cannot fail.
            byte => drop(write!(escaped, "\\x{byte:02x}")),
        }
    }
    escaped
}
