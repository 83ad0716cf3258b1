//! What stands on the lines of a file.

use std::collections::BTreeSet;

use toml::de::{DeTable, DeValue};

use super::lines::{CONSOLE, pairs};
use super::terms;
use super::terms::Term;
use crate::config::document::Document;
use crate::config::sections::TOP_LEVEL;

/// A key of another system.
pub(super) struct Found {
    pub(super) line: usize,
    /// The key with its tables, as it is shown.
    pub(super) shown: String,
    /// The tables that it stands in.
    pub(super) scope: Vec<String>,
    pub(super) term: &'static Term,
    /// What stands for NAME.
    pub(super) any: String,
    pub(super) given: String,
    pub(super) section: usize,
}

/// A header, and the lines below it.
pub(super) struct Section {
    /// As it stands in the file; empty above the first one.
    pub(super) header: String,
    pub(super) path: Vec<String>,
    pub(super) line: usize,
    /// The keys that are no other system's, and their values.
    pub(super) own: Vec<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Blank, or a comment.
    Nothing,
    Header,
    /// Of sessctl, or not known in a file that is TOML.
    Own,
    Old,
    /// Not known in a file that is not TOML.
    Unknown,
}

pub(super) struct Survey<'a> {
    pub(super) lines: Vec<&'a str>,
    /// By the numbers of the lines, of which 0 is none.
    pub(super) kinds: Vec<Kind>,
    pub(super) sections: Vec<Section>,
    pub(super) found: Vec<Found>,
    pub(super) is_toml: bool,
}

/// A key that is no table, with the lines of its value.
struct Leaf {
    path: Vec<String>,
    line: usize,
    last: usize,
    given: String,
}

impl<'a> Survey<'a> {
    pub(super) fn of_toml(page: &Document<'a>, root: &DeTable<'_>) -> Self {
        let mut leaves = Vec::new();
        collect(page, &[], root, &mut leaves);
        Self::new(page, page.text, &leaves, true)
    }

    /// The same of a file whose `bad` lines are no TOML and blank in the cleaned one.
    pub(super) fn of_lines(
        page: &Document<'a>,
        cleaned: &Document<'_>,
        root: &DeTable<'_>,
        bad: &BTreeSet<usize>,
    ) -> Self {
        let mut leaves = Vec::new();
        collect(cleaned, &[], root, &mut leaves);
        let mut survey = Self::new(page, cleaned.text, &leaves, false);
        for line in bad {
            survey.read_bad(*line);
        }
        survey.found.sort_by_key(|found| found.line);
        survey
    }

    fn new(page: &Document<'a>, cleaned: &str, leaves: &[Leaf], is_toml: bool) -> Self {
        let lines: Vec<&str> = page.text.lines().collect();
        let mut survey = Self {
            kinds: vec![Kind::Nothing; lines.len() + 1],
            lines,
            sections: vec![section("", 1)],
            found: Vec::new(),
            is_toml,
        };
        let inside: BTreeSet<usize> =
            leaves.iter().flat_map(|leaf| leaf.line..=leaf.last).collect();
        for (line, text) in (1..).zip(cleaned.lines()) {
            if text.trim_start().starts_with('[') && !inside.contains(&line) {
                survey.sections.push(section(text, line));
                survey.kinds[line] = Kind::Header;
            }
        }
        for leaf in leaves {
            survey.read(leaf);
        }
        survey.found.sort_by_key(|found| found.line);
        survey
    }

    pub(super) fn section_of(&self, line: usize) -> usize {
        self.sections.partition_point(|section| section.line <= line).saturating_sub(1)
    }

    fn read(&mut self, leaf: &Leaf) {
        let section = self.section_of(leaf.line);
        let path = leaf.path.join(".");
        let found = terms::find(&path).filter(|_| leaf.path[0] != "parameters");
        let kind = match found {
            Some((term, any)) => {
                let (line, given) = (leaf.line, leaf.given.clone());
                let scope = leaf.path[..leaf.path.len() - 1].to_vec();
                let shown = path.trim_start_matches("-D").trim_end_matches([':', ' ']).to_owned();
                self.found.push(Found { line, shown, scope, term, any, given, section });
                Kind::Old
            }
            None if self.is_toml || TOP_LEVEL.contains(&leaf.path[0].as_str()) => {
                let own = &mut self.sections[section];
                let key = leaf.path.get(own.path.len()).cloned().unwrap_or_default();
                own.own.push((key, leaf.given.clone()));
                Kind::Own
            }
            None => Kind::Unknown,
        };
        for line in leaf.line..=leaf.last {
            self.kinds[line] = kind;
        }
    }

    fn read_bad(&mut self, line: usize) {
        if self.kinds[line] == Kind::Header {
            return;
        }
        let section = self.section_of(line);
        let scope = self.sections[section].path.clone();
        let pairs = pairs(&scope.join("."), self.lines[line - 1]);
        self.kinds[line] = if pairs.is_empty() { Kind::Unknown } else { Kind::Old };
        for (name, given) in pairs {
            let path = format!("{}.{name}", scope.join("."));
            if let Some((term, any)) = terms::find(&path) {
                let shown = if name == CONSOLE { &given } else { &name };
                let shown =
                    shown.trim_start_matches("-D").trim_matches(['"', '\'', ' ']).to_owned();
                let scope = scope.clone();
                self.found.push(Found { line, shown, scope, term, any, given, section });
            }
        }
    }

    /// A section without a key whose table is another system's: its line, its name, and
    /// the system.
    pub(super) fn leftover(&self) -> Option<(usize, &str, &'static str)> {
        let empty = self.sections.iter().filter(|section| section.own.is_empty());
        let mut tables = empty.filter_map(|section| {
            let system = terms::table(&section.path.join("."))?;
            Some((section.line, section.header.trim_matches(['[', ']']), system))
        });
        tables.next().filter(|_| self.is_toml)
    }
}

fn section(header: &str, line: usize) -> Section {
    Section { header: header.trim().to_owned(), path: path_of(header), line, own: Vec::new() }
}

/// The tables that a header names.
fn path_of(header: &str) -> Vec<String> {
    let parsed = DeTable::parse(header).ok();
    let mut path = Vec::new();
    let mut table = parsed.as_ref().map(toml::Spanned::get_ref);
    while let Some((key, value)) = table.and_then(|table| table.iter().next()) {
        path.push(key.get_ref().to_string());
        table = match value.get_ref() {
            DeValue::Array(items) => items.iter().find_map(|item| item.get_ref().as_table()),
            value => value.as_table(),
        };
    }
    path
}

fn collect(page: &Document<'_>, path: &[String], table: &DeTable<'_>, leaves: &mut Vec<Leaf>) {
    for (key, value) in table {
        let path = [path, &[key.get_ref().to_string()]].concat();
        match value.get_ref() {
            DeValue::Table(inner) => collect(page, &path, inner, leaves),
            DeValue::Array(items) if items.iter().any(|item| item.get_ref().is_table()) => {
                let tables = items.iter().filter_map(|item| item.get_ref().as_table());
                tables.for_each(|inner| collect(page, &path, inner, leaves));
            }
            inner => {
                let last = page.line(value.span().end.saturating_sub(1));
                let (line, given) = (page.line(key.span().start), text(inner));
                leaves.push(Leaf { path, line, last: last.max(line), given });
            }
        }
    }
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
