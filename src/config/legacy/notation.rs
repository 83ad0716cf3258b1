//! Lines of other notations than TOML: properties, XML, JSON, PARAM commands, forms,
//! console commands.

use super::key_table::{CONSOLE_COMMAND, find};

type Pair = (String, String);

/// Legacy keys on a line below a header with the name `table`, and their values.
pub(super) fn pairs(table: &str, line: &str) -> Vec<(Vec<String>, String)> {
    const IGNORED: [&str; 9] = ["#", ";", "//", "==", "!", "<!--", "[", "CLEAR ", "RESET "];
    let line = line.trim().trim_start_matches(['>', '•']).trim_start();
    let line = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).unwrap_or(line);
    if IGNORED.iter().any(|start| line.to_uppercase().starts_with(start)) {
        return Vec::new();
    }
    if is_console_command(line) {
        return vec![(vec![CONSOLE_COMMAND.to_owned()], line.to_owned())];
    }
    let is_known = |name: &str| find(&format!("{table}.{name}")).is_some();
    let readings = [properties(line), xml(line), params(line), members(line, is_known)];
    let known = readings.map(|pairs| {
        let known = pairs.into_iter().filter(|(name, _)| is_known(name));
        known.map(|(name, value)| (vec![name], value)).collect::<Vec<_>>()
    });
    known.into_iter().find(|pairs| !pairs.is_empty()).unwrap_or_default()
}

fn is_console_command(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default().to_lowercase();
    !line.contains(['=', ':']) && ["tell", "load", "restart", "drop"].contains(&first.as_str())
}

/// `-DNAME=VALUE` anywhere on the line.
fn properties(line: &str) -> Vec<Pair> {
    let words = line.split([' ', '\t', '"', '\'']).filter(|word| !word.is_empty());
    let next = words.clone().skip(1).map(Some).chain([None]);
    let pairs = words.zip(next).filter_map(|(word, next)| {
        let (name, value) = word.strip_prefix("-D")?.split_once('=')?;
        let value = if value.is_empty() { next? } else { value };
        Some((name.to_owned(), unquoted(value)))
    });
    pairs.collect()
}

/// `<NAME>VALUE</NAME>`, `NAME="VALUE"`, and `name="NAME" value="VALUE"`.
fn xml(line: &str) -> Vec<Pair> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut found = Vec::new();
    for element in line.split('<').filter(|_| line.starts_with('<')) {
        let (tag, text) = element.split_once('>').unwrap_or((element, ""));
        let (mut pieces, mut named) = (tag.split('"'), None);
        while let (Some(name), Some(value)) = (pieces.next(), pieces.next()) {
            match name.trim_end_matches(['=', ' ']).rsplit(' ').next().unwrap_or_default() {
                "name" => named = Some(value),
                "value" => found.extend(named.take().map(|name| pair(name, value))),
                name => found.push(pair(name, value)),
            }
        }
        if !text.trim().is_empty() {
            found.push(pair(tag.split_whitespace().next().unwrap_or_default(), text.trim()));
        }
    }
    found
}

/// `PARAM NAME VALUE, NAME VALUE`, also after SET SERVER.
fn params(line: &str) -> Vec<Pair> {
    let words = line.split([' ', '\t', ',']).filter(|word| !word.is_empty());
    let words = words.skip_while(|word| !word.eq_ignore_ascii_case("PARAM")).skip(1);
    let mut found: Vec<Pair> = Vec::new();
    for word in words {
        match found.last_mut() {
            Some((_, value)) if value.is_empty() || find(word).is_none() => {
                *value = unquoted(&format!("{value} {word}"));
            }
            _ => found.push((word.to_owned(), String::new())),
        }
    }
    found.retain(|(_, value)| !value.is_empty());
    found
}

/// `NAME = VALUE`, `NAME: VALUE`, `NAME VALUE`; several of them between braces.
fn members(line: &str, is_known: impl Fn(&str) -> bool) -> Vec<Pair> {
    let (inner, separator) = match line.strip_prefix('{') {
        Some(inner) => (inner.trim_end_matches(['}', ',', ' ']), ","),
        None => (line, "\n"),
    };
    let member = |text: &str| {
        let signs = text.rmatch_indices([':', '=']);
        let blanks = text.rmatch_indices([' ', '\t', ',']);
        signs.chain(blanks).find_map(|(at, _)| {
            let name = text[..at].trim().trim_end_matches([':', '=', ' ']);
            let value = unquoted(&text[at + 1..]);
            (is_known(name) && !value.is_empty()).then(|| (name.to_owned(), value))
        })
    };
    inner.split(separator).filter_map(member).collect()
}

/// A value without its quotes, a comma behind it and a comment.
fn unquoted(value: &str) -> String {
    let value = value.split(" #").next().unwrap_or_default().trim();
    let value = value.trim_start_matches(['=', ':']).trim();
    let value = value.trim_end_matches([',', ';']).trim();
    match value.chars().next().filter(|c| value.len() > 1 && ['"', '\''].contains(c)) {
        Some(quote) => value.trim_matches(quote).trim().to_owned(),
        None => value.to_owned(),
    }
}
