//! Tables, legacy keys and unknown lines of a configuration file.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key_table::{CONSOLE_COMMAND, LegacyKey, find};
use super::notation::pairs;
use super::table::LegacyTable;

pub(super) struct LegacyEntry {
    pub(super) key: &'static LegacyKey,
    /// The name in the file, with its tables.
    pub(super) name: String,
    /// The part of the name that stands for NAME.
    pub(super) any: String,
    pub(super) value: String,
    pub(super) line: usize,
    /// The index of the table around it, and the names of all tables around it.
    pub(super) table: usize,
    pub(super) path: Vec<String>,
}

impl LegacyEntry {
    /// The key and its value for a remark.
    pub(super) fn quoted(&self) -> String {
        format!("{} {:?}", self.name, self.value)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    /// Blank, a comment or a header.
    Blank,
    Own,
    Legacy,
    /// Not recognized, or not of one kind.
    Unknown,
}

pub(super) struct LineScan<'a> {
    pub(super) lines: Vec<&'a str>,
    /// The kind of each line by its number; that of 0 is unused.
    pub(super) kinds: Vec<LineKind>,
    /// Tables in the order of the file, with their own keys.
    pub(super) tables: Vec<LegacyTable>,
    pub(super) is_toml: bool,
    own_tables: &'a [&'a str],
}

/// Scans a file, of which sessctl itself has `own_tables`.
pub(super) fn scan<'a>(
    text: &'a str,
    own_tables: &'a [&'a str],
) -> (LineScan<'a>, Vec<LegacyEntry>) {
    let lines: Vec<&str> = text.lines().collect();
    let mut scan = LineScan {
        kinds: vec![LineKind::Blank; lines.len() + 1],
        lines,
        tables: vec![LegacyTable { line: Some(0), ..LegacyTable::default() }],
        is_toml: DeTable::parse(text).is_ok(),
        own_tables,
    };
    let (mut hits, mut line) = (Vec::new(), 1);
    while line <= scan.lines.len() {
        line += scan.read(line, &mut hits);
    }
    (scan, hits)
}

impl LineScan<'_> {
    /// Accepts a table that may be in a file of sessctl.
    pub(super) fn is_own(&self, path: &[String]) -> bool {
        self.is_toml || path.first().is_some_and(|name| self.own_tables.contains(&name.as_str()))
    }

    /// Reads the header, the TOML or the other notation that begins on a line, and returns
    /// the number of its lines.
    fn read(&mut self, line: usize, hits: &mut Vec<LegacyEntry>) -> usize {
        let rest = &self.lines[line - 1..];
        if let Some((header, path)) = header(rest[0]) {
            self.tables.push(LegacyTable {
                header,
                path,
                line: Some(line),
                ..LegacyTable::default()
            });
            return 1;
        }
        let (leaves, count, is_toml) = match statement(rest, self.is_toml) {
            Some((leaves, count)) => (leaves, count, true),
            None => (pairs(&self.tables[self.tables.len() - 1].path.join("."), rest[0]), 1, false),
        };
        let kinds = leaves.into_iter().map(|leaf| self.read_leaf(line, leaf, is_toml, hits));
        let kind = kinds.reduce(|one, other| if one == other { one } else { LineKind::Unknown });
        let kind = kind.unwrap_or(if is_toml { LineKind::Blank } else { LineKind::Unknown });
        self.kinds[line..line + count].fill(kind);
        count
    }

    fn read_leaf(
        &mut self,
        line: usize,
        (name, value): Leaf,
        is_toml: bool,
        hits: &mut Vec<LegacyEntry>,
    ) -> LineKind {
        let table = self.tables.len() - 1;
        let path = [self.tables[table].path.as_slice(), &name].concat();
        let is_parameter = is_toml && path[0] == "parameters";
        if let Some((key, any)) = find(&path.join(".")).filter(|_| !is_parameter) {
            let name = match name.as_slice() {
                _ if is_toml => path.join("."),
                [command] if command == CONSOLE_COMMAND => value.clone(),
                name => name.join("."),
            };
            let name = name.trim_start_matches("-D").trim_matches(['"', '\'', ' ', ':']).to_owned();
            let path = path[..path.len() - 1].to_vec();
            hits.push(LegacyEntry { key, name, any, value, line, table, path });
            LineKind::Legacy
        } else if self.is_own(&path) {
            self.tables[table].own.push((name[0].clone(), value));
            LineKind::Own
        } else {
            LineKind::Unknown
        }
    }
}

/// A key with its tables below those of the header, and its value.
pub(super) type Leaf = (Vec<String>, String);

fn parse(text: &str) -> Option<Vec<Leaf>> {
    let mut leaves = Vec::new();
    collect(&[], DeTable::parse(text).ok()?.get_ref(), text, &mut leaves);
    Some(leaves)
}

fn collect(path: &[String], table: &DeTable<'_>, text: &str, leaves: &mut Vec<Leaf>) {
    for (key, value) in table {
        let path = [path, &[key.get_ref().to_string()]].concat();
        match value.get_ref() {
            DeValue::Table(inner) => collect(&path, inner, text, leaves),
            DeValue::Array(items) if items.iter().any(|item| item.get_ref().is_table()) => {
                let tables = items.iter().filter_map(|item| item.get_ref().as_table());
                tables.for_each(|inner| collect(&path, inner, text, leaves));
            }
            _ => leaves.push((path, plain(text, value))),
        }
    }
}

/// A value as it stands, without quotes; a list with commas.
fn plain(text: &str, value: &Spanned<DeValue<'_>>) -> String {
    match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Array(items) => {
            items.iter().map(|item| plain(text, item)).collect::<Vec<_>>().join(", ")
        }
        _ => text[value.span()].replace('_', ""),
    }
}

/// The TOML statement at the start of some lines, and the number of its lines: a value may
/// extend over several. In a file that is not TOML, such a value may have no end.
fn statement(lines: &[&str], is_toml: bool) -> Option<(Vec<Leaf>, usize)> {
    const OPEN: [&str; 4] = ["[", "{", "\"\"\"", "'''"];
    const CLOSE: [&str; 4] = ["]", "}", "\"\"\"", "'''"];
    let value = lines[0].split_once('=').map_or("", |(_, value)| value.trim_start());
    let is_open = is_toml || OPEN.iter().any(|sign| value.starts_with(sign));
    let most = if is_toml { lines.len() } else { lines.len().min(50) };
    let is_end =
        |count: &usize| is_open && CLOSE.iter().any(|sign| lines[count - 1].contains(sign));
    let mut counts = std::iter::once(1).chain((2..=most).filter(is_end));
    counts.find_map(|count| Some((parse(&lines[..count].join("\n"))?, count)))
}

/// A header on a line, with quotes if it lacks them, and the tables that it names.
fn header(line: &str) -> Option<(String, Vec<String>)> {
    let line = line.trim();
    let name = line.strip_prefix('[')?;
    let leaf = parse(&format!("{line}\nkey = 0")).and_then(|mut leaves| leaves.pop());
    if let Some((mut path, _)) = leaf {
        path.pop();
        return Some((line.to_owned(), path));
    }
    let name = name.strip_suffix(']')?.replace(['"', '\\', '[', ']'], "");
    Some((format!("[\"{name}\"]"), vec![name]))
}
