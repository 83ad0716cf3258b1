//! Lines of any notation: TOML, properties, XML, JSON, PARAM commands, forms.

use std::collections::BTreeSet;

use toml::de::DeTable;

use super::terms;
use crate::config::document::Document;

/// A key of another system, and its value.
pub(super) type Pair = (String, String);

/// The name of the pair that a console command makes.
pub(super) const CONSOLE: &str = "Console command";

/// The keys of other systems on a line below a header.
pub(super) fn pairs(scope: &str, line: &str) -> Vec<Pair> {
    const COMMENTS: [&str; 7] = ["#", ";", "//", "==", "!", "<!--", "["];
    let line = line.trim().trim_start_matches(['>', '•']).trim_start();
    let line = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).unwrap_or(line);
    if COMMENTS.iter().any(|sign| line.starts_with(sign)) {
        return Vec::new();
    }
    if is_console(line) {
        return vec![(CONSOLE.to_owned(), line.to_owned())];
    }
    let readings = [properties(line), elements(line), params(line), members(scope, line)];
    let known = readings.into_iter().map(|pairs| {
        let known = |(name, _): &Pair| terms::find(&format!("{scope}.{name}")).is_some();
        pairs.into_iter().filter(known).collect::<Vec<_>>()
    });
    known.into_iter().find(|pairs| !pairs.is_empty()).unwrap_or_default()
}

fn is_console(line: &str) -> bool {
    const COMMANDS: [&str; 4] = ["tell", "load", "restart", "drop"];
    let first = line.split_whitespace().next().unwrap_or_default();
    !line.contains(['=', ':']) && COMMANDS.iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// `-DName=value`, wherever it stands.
fn properties(line: &str) -> Vec<Pair> {
    let words: Vec<&str> =
        line.split([' ', '\t', '"', '\'']).filter(|word| !word.is_empty()).collect();
    let pair = |(at, word): (usize, &&str)| {
        let (name, value) = word.strip_prefix("-D")?.split_once('=')?;
        let value = if value.is_empty() { words.get(at + 1)? } else { value };
        Some((name.to_owned(), cleaned_value(value)))
    };
    words.iter().enumerate().filter_map(pair).collect()
}

/// `<name>value</name>`, and attributes, of which name and value make one pair.
fn elements(line: &str) -> Vec<Pair> {
    let mut found = Vec::new();
    if !line.starts_with('<') {
        return found;
    }
    for element in line.split('<') {
        let (tag, text) = element.split_once('>').unwrap_or((element, ""));
        let mut pieces = tag.split('"');
        let mut named = None;
        while let (Some(name), Some(value)) = (pieces.next(), pieces.next()) {
            let name = name.trim_end_matches(['=', ' ']).rsplit(' ').next().unwrap_or_default();
            match name {
                "name" => named = Some(value.to_owned()),
                "value" => found.extend(named.take().map(|name| (name, value.to_owned()))),
                _ => found.push((name.to_owned(), value.to_owned())),
            }
        }
        if !text.trim().is_empty() {
            let name = tag.split_whitespace().next().unwrap_or_default();
            found.push((name.to_owned(), text.trim().to_owned()));
        }
    }
    found
}

/// `PARAM name value, name value`, also after SET SERVER; what is cleared has no value.
fn params(line: &str) -> Vec<Pair> {
    let words: Vec<&str> = line.split([' ', '\t', ',']).filter(|word| !word.is_empty()).collect();
    let is = |word: &&str, name: &str| word.eq_ignore_ascii_case(name);
    let Some(at) = words.iter().position(|word| is(word, "PARAM")) else {
        return Vec::new();
    };
    if words[..at].iter().any(|word| is(word, "CLEAR") || is(word, "RESET")) {
        return Vec::new();
    }
    let mut found: Vec<Pair> = Vec::new();
    for word in &words[at + 1..] {
        match found.last_mut() {
            Some((_, value)) if value.is_empty() || terms::find(word).is_none() => {
                *value = cleaned_value(&format!("{value} {word}"));
            }
            _ => found.push(((*word).to_owned(), String::new())),
        }
    }
    found.retain(|(_, value)| !value.is_empty());
    found
}

/// `name = value`, `name: value`, `name value`; several of them between braces.
fn members(scope: &str, line: &str) -> Vec<Pair> {
    let is_cleared = ["CLEAR ", "RESET "].iter().any(|word| line.to_uppercase().starts_with(word));
    match line.strip_prefix('{') {
        _ if is_cleared => Vec::new(),
        Some(inner) => inner
            .trim_end_matches(['}', ',', ' '])
            .split(',')
            .filter_map(|member| member_of(scope, member))
            .collect(),
        None => member_of(scope, line).into_iter().collect(),
    }
}

fn member_of(scope: &str, line: &str) -> Option<Pair> {
    let is_known = |name: &str| terms::find(&format!("{scope}.{name}")).is_some();
    let signs = line.rmatch_indices([':', '=']).map(|(at, _)| (at, at + 1));
    let blanks = line.rmatch_indices([' ', '\t', ',']).map(|(at, _)| (at, at + 1));
    signs.chain(blanks).find_map(|(end, begin)| {
        let name = line[..end].trim().trim_end_matches([':', '=', ' ']);
        let value = cleaned_value(&line[begin..]);
        (is_known(name) && !value.is_empty()).then(|| (name.to_owned(), value))
    })
}

/// A value without its quotes, a comma behind it and a comment.
fn cleaned_value(value: &str) -> String {
    let value = value.split(" #").next().unwrap_or_default().trim();
    let value = value.trim_start_matches(['=', ':']).trim();
    let value = value.trim_end_matches([',', ';']).trim();
    let is_quoted = value.len() > 1 && (value.starts_with('"') || value.starts_with('\''));
    let inner = value.trim_matches(if value.starts_with('"') { '"' } else { '\'' });
    if is_quoted { inner.trim() } else { value }.to_owned()
}

/// A text whose lines that are not TOML are blank, and the numbers of these. A header whose
/// quotes are missing has them.
pub(super) fn as_toml(text: &str) -> (String, BTreeSet<usize>) {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut bad = BTreeSet::new();
    for _ in 0..50 {
        let text = lines.join("\n") + "\n";
        let (_, faults) = DeTable::parse_recoverable(&text);
        if faults.is_empty() {
            return (text, bad);
        }
        let document = Document::new("", &text);
        let places =
            faults.iter().map(|fault| document.line(fault.span().unwrap_or_default().start));
        // Each line once, however many faults it has.
        for line in places.collect::<BTreeSet<_>>() {
            blank(&mut lines, line, &mut bad);
        }
    }
    for line in 1..=lines.len() {
        blank(&mut lines, line, &mut bad);
        blank(&mut lines, line, &mut bad);
    }
    (lines.join("\n"), bad)
}

/// Quotes a header, and blanks any other line; one that is blank already has its fault from
/// the line before.
fn blank(lines: &mut [String], line: usize, bad: &mut BTreeSet<usize>) {
    let at = line.min(lines.len());
    let Some(at) = (1..=at).rev().find(|at| !lines[at - 1].trim().is_empty()) else { return };
    let is_first = bad.insert(at);
    let header = lines[at - 1].trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    lines[at - 1] = match header.filter(|_| is_first) {
        Some(name) => format!("[\"{}\"]", name.replace(['"', '\\', '[', ']'], "")),
        None => String::new(),
    };
}
