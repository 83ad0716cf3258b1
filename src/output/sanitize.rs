//! Escaping of untrusted text: the only module that knows which characters affect the terminal
//! or program that shows them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Characters that start a formula in a spreadsheet, including the full-width forms of East
/// Asian keyboards.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Reports whether a character acts instead of being visible: controls and terminal escapes,
/// line and paragraph separators, marks that reorder the line, and invisible characters that
/// make two names look the same.
///
/// The joiners U+200C and U+200D pass: Persian, Hindi and emoji need them.
pub fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

fn escape_matching(
    text: &str,
    picked: impl Fn(char) -> bool,
    spelling: impl Fn(&mut String, char),
) -> Cow<'_, str> {
    let Some(first) = text.find(&picked) else {
        return Cow::Borrowed(text);
    };
    let mut spelled = String::with_capacity(text.len() + 16);
    spelled.push_str(&text[..first]);
    for c in text[first..].chars() {
        if picked(c) {
            spelling(&mut spelled, c);
        } else {
            spelled.push(c);
        }
    }
    Cow::Owned(spelled)
}

/// Escapes a text for a terminal: `\n`, `\t`, `\u{1b}` and the like replace the characters. A
/// backslash stays single, because `DOMAIN\user` is a common name and an escape is rare; json
/// has the exact text.
pub fn escape(text: &str) -> Cow<'_, str> {
    escape_matching(text, needs_escape, |spelled, c| spelled.extend(c.escape_default()))
}

/// Escapes a text for the line of a monitoring plugin, in which a vertical bar begins the
/// performance data.
pub fn status_text(text: &str) -> Cow<'_, str> {
    let picked = |c: char| needs_escape(c) || c == '|';
    escape_matching(text, picked, |spelled, c| match c {
        '|' => spelled.extend(c.escape_unicode()),
        _ => spelled.extend(c.escape_default()),
    })
}

/// A part of a key in `plain`: free of white space, so that a line splits at
/// its first blank, and of bare dots, so that the key splits at those. Two
/// names never give the same part, hence `\\` for a backslash.
pub fn key_part(text: &str) -> Cow<'_, str> {
    let picked = |c: char| needs_escape(c) || c.is_whitespace() || matches!(c, '.' | '\\');
    escape_matching(text, picked, |spelled, c| match c {
        '.' => spelled.push_str("\\."),
        ' ' => spelled.extend(c.escape_unicode()),
        _ => spelled.extend(c.escape_default()),
    })
}

/// A cell of CSV: visible, and with a leading apostrophe where a spreadsheet
/// would otherwise calculate it, after white space or joiners too.
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    let start = text
        .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200c}' | '\u{200d}'));
    if start.starts_with(FORMULA) || text.starts_with(['\t', '\r']) {
        Cow::Owned(format!("'{}", escape(text)))
    } else {
        escape(text)
    }
}

/// Appends a JSON string with its quotes. The text survives exactly; what must be escaped
/// is in `\u` escapes, of which those above U+FFFF take two.
pub fn json_string(json: &mut String, text: &str) {
    let is_plain = |b: u8| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
    if text.bytes().all(is_plain) {
        json.extend(["\"", text, "\""]);
        return;
    }
    let escape = |spelled: &mut String, c: char| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            // A String takes whatever is written to it.
            let _ = write!(spelled, "\\u{unit:04x}");
        }
    };
    let quoted = serde_json::Value::from(text).to_string();
    json.push_str(&escape_matching(&quoted, needs_escape, escape));
}

/// A Prometheus label's value, without its quotes. Two names must not end as
/// one, or the collector throws the whole file away for a series that stands
/// in it twice: so a backslash is doubled before Prometheus' own escapes
/// double it again.
pub fn label(text: &str) -> Cow<'_, str> {
    let picked = |c: char| needs_escape(c) || matches!(c, '\\' | '"');
    escape_matching(text, picked, |spelled, c| match c {
        '"' => spelled.push_str("\\\""),
        _ => spelled.push_str(&c.escape_default().to_string().replace('\\', "\\\\")),
    })
}
