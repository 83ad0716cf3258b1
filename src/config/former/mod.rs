//! Keys of the systems that sessctl replaces, found in a configuration file: each is
//! refused with what to write instead.

mod program;
mod terms;
#[cfg(test)]
mod tests;
mod value;

use std::fmt::Write as _;

use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::page::{Page, Read};
use program::{Field, Program};
use terms::{Advice, Part, Term};

/// Refuses a file with keys of another system in it.
///
/// # Errors
/// The first of these keys, with the keys to write in its place.
pub(super) fn check(page: Page<'_>, root: &DeTable<'_>) -> Read<()> {
    let mut search = Search { page, found: Vec::new() };
    search.table("", root);
    let first = search.found.into_iter().min_by_key(|(at, _)| *at);
    first.map_or(Ok(()), |(_, fault)| Err(fault))
}

/// A syntax error with what to write instead of its line, if that is of another system.
pub(super) fn with_hint(fault: ConfigError, text: &str) -> ConfigError {
    match hint(text, fault.line) {
        Some(hint) => ConfigError { message: format!("{}; {hint}", fault.message), ..fault },
        None => fault,
    }
}

/// What to write instead of a line that is not TOML; `None`: it names no key and no
/// console command of another system.
fn hint(text: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let at = line.checked_sub(1)?;
    let is_header = |line: &&&str| line.trim_start().starts_with('[');
    let header = lines[..at.min(lines.len())].iter().rev().find(is_header);
    let header = header.map_or("", |line| line.trim().trim_matches(['[', ']']));
    let fields: Vec<Field> = lines[at.min(lines.len())..].iter().map_while(|l| field(l)).collect();
    if !fields.is_empty() {
        let lines = [line, line + fields.len() - 1];
        return Some(format!("this is {}", program_advice(&Program::new(&fields), &[], lines)));
    }
    let (name, term, given, part) = reading(header, lines.get(at)?)?;
    Some(format!("{name} is {}", advice(term, &given, &part, &[])))
}

struct Search<'a> {
    page: Page<'a>,
    found: Vec<(usize, ConfigError)>,
}

impl Search<'_> {
    fn table(&mut self, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let dot = if path.is_empty() { "" } else { "." };
            let (at, path) = (key.span().start, format!("{path}{dot}{}", key.get_ref()));
            match value.get_ref() {
                // Their names are those of a profile.
                DeValue::Table(_) if path == "parameters" => {}
                DeValue::Table(inner) if inner.is_empty() => self.empty(&path, at),
                DeValue::Table(inner) => self.table(&path, inner),
                DeValue::Array(items) if items.iter().any(|item| item.get_ref().is_table()) => {
                    let tables = items.iter().filter_map(|item| item.get_ref().as_table());
                    tables.for_each(|inner| self.table(&path, inner));
                }
                value => self.key(&path, at, value, table),
            }
        }
    }

    /// A table whose keys have been replaced one by one.
    fn empty(&mut self, path: &str, at: usize) {
        if let Some(system) = terms::table(path) {
            let what = format!("a table of {system}; here leave it out");
            self.found.push((at, self.page.fault(at, path, &what)));
        }
    }

    fn key(&mut self, path: &str, at: usize, value: &DeValue<'_>, table: &DeTable<'_>) {
        let Some((term, part)) = terms::find(path) else { return };
        // In a job, only what it does not have yet.
        let is_job = path.to_ascii_lowercase().starts_with("job.");
        let has: Vec<&str> = table.keys().map(|key| key.get_ref().as_ref()).collect();
        let has: &[&str] = if is_job { &has } else { &[] };
        let what = match term.advice {
            Advice::Program => self.program(table, has),
            _ => advice(term, &text(value), &part, has),
        };
        self.found.push((at, self.page.fault(at, path, &what)));
    }

    /// The fields of a Program document describe one job together.
    fn program(&self, table: &DeTable<'_>, has: &[&str]) -> String {
        let (mut fields, mut lines) = (Vec::new(), Vec::new());
        for (key, value) in table {
            if let Some((Term { advice: Advice::Program, names, .. }, _)) =
                terms::find(key.get_ref())
            {
                fields.push((names[0], text(value.get_ref())));
                lines.push(self.page.line(key.span().start));
            }
        }
        let [first, last] =
            [lines.iter().min(), lines.iter().max()].map(|line| *line.unwrap_or(&0));
        program_advice(&Program::new(&fields), has, [first, last])
    }
}

/// The field of a Program document on a line, or a console command as its command line.
fn field(line: &str) -> Option<Field> {
    const COMMANDS: [&str; 4] = ["tell", "load", "restart", "drop"];
    let first = line.split_whitespace().next()?;
    if !line.contains('=') && COMMANDS.iter().any(|word| first.eq_ignore_ascii_case(word)) {
        return Some(("Command line", line.to_owned()));
    }
    let (_, term, given, _) = reading("", line)?;
    matches!(term.advice, Advice::Program).then_some((term.names[0], given))
}

/// The key of another system on a line that may be of any notation: its name as it stands
/// there, what it is, its value, and what stands for NAME.
fn reading(header: &str, line: &str) -> Option<(String, &'static Term, String, String)> {
    let line = line.split('#').next().unwrap_or_default().replace(['=', '<', '>', '"'], " ");
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.first()?.starts_with('[') {
        return None;
    }
    let ranges =
        (0..words.len()).flat_map(|from| (from + 1..=words.len()).rev().map(move |to| (from, to)));
    for (from, to) in ranges {
        let name = words[from..to].join(" ");
        let path = if from == 0 { format!("{header}.{name}") } else { name.clone() };
        // A short one may be any word of the line.
        let is_distinct = from == 0 || terms::normal(&name).len() > "WASTEBASKET".len();
        if let Some((term, part)) = terms::find(&path).filter(|_| is_distinct) {
            return Some((name, term, words[to..].join(" "), part));
        }
    }
    None
}

/// What a key is, and what to write instead.
fn advice(term: &Term, given: &str, part: &str, has: &[&str]) -> String {
    let mut text = format!("a {} of {}; here ", term.what, term.system);
    match term.advice {
        Advice::Write(parts) => {
            let parts: Vec<String> =
                parts.iter().map(|each| written(each, given, part, has)).collect();
            let _ = write!(text, "write {}", parts.join(" and "));
        }
        Advice::LeaveOut(why) => {
            let _ = write!(text, "leave it out: {why}");
        }
        Advice::Program => {}
    }
    text + term.note
}

fn written(part: &Part, given: &str, name: &str, has: &[&str]) -> String {
    let keys = part.keys.iter().map(|(key, value)| (*key, value.of(given, name)));
    let has = if part.table == terms::JOB { has } else { &[] };
    settings(keys, has, part.table)
}

/// Keys with their values, without those that the table has already.
fn settings(
    keys: impl Iterator<Item = (&'static str, String)>,
    has: &[&str],
    table: &str,
) -> String {
    let keys: Vec<String> = keys
        .filter(|(key, _)| !has.contains(key))
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    format!("{} under {table}", keys.join(", "))
}

fn program_advice(program: &Program, has: &[&str], [first, last]: [usize; 2]) -> String {
    let keys = settings(program.keys().into_iter(), has, terms::JOB);
    let lines = if first == last {
        String::new()
    } else {
        format!(", in place of lines {first} to {last}")
    };
    format!("a part of a Program document of Domino; here write {keys}{lines}")
}

/// A value as text: numbers and words as they stand, a list with commas.
fn text(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Array(items) => {
            items.iter().map(|item| text(item.get_ref())).collect::<Vec<_>>().join(", ")
        }
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Table(_) => String::new(),
    }
}
