//! Names of tables, compared with those that frameworks give them.

/// How much the name of a table says in favor of a profile; more is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameMatch {
    Other,
    /// With a prefix or a suffix, in the plural, or another name with the word "session".
    Related,
    Exact,
}

impl NameMatch {
    /// Compares the name of a table with the name in a profile. ASCII case is ignored, as in
    /// SQLite.
    pub fn of(table: &str, expected: &str) -> Self {
        if table.eq_ignore_ascii_case(expected) {
            return Self::Exact;
        }
        let (found, wanted) = (words(table), words(expected));
        let contains = found.windows(wanted.len().max(1)).any(|some| some == wanted);
        if contains || (names_sessions(table) && names_sessions(expected)) {
            Self::Related
        } else {
            Self::Other
        }
    }
}

/// Words of a name, in the singular and in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for char in name.chars() {
        let is_start = was_lower && char.is_uppercase();
        if is_start || !char.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| char.is_alphanumeric()) {
            word.extend(char.to_lowercase());
        }
        was_lower = char.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words.iter().map(|word| word.strip_suffix('s').unwrap_or(word).to_owned()).collect()
}

fn names_sessions(name: &str) -> bool {
    name.to_ascii_lowercase().contains("session") || words(name).iter().any(|word| word == "ses")
}

/// Words in the names of tables and columns that have to do with logins, and their weight.
const WORDS: &[(&str, u32)] = &[
    ("session", 3),
    ("sitzung", 3),
    ("sess", 2),
    ("login", 2),
    ("logon", 2),
    ("token", 2),
    ("cookie", 2),
    ("auth", 1),
    ("remember", 1),
];
const TIMES: &[&str] = &[
    "expir",
    "valid_until",
    "validuntil",
    "ttl",
    "last_activity",
    "lastactivity",
    "last_seen",
    "lastseen",
    "last_used",
    "lastused",
    "last_access",
    "lastaccess",
    "ablauf",
    "gueltig",
    "max_age",
    "maxage",
    "idle",
    "timeout",
];

/// Measure of how much a table looks like one of sessions by its name and its columns; 0: not at
/// all.
pub fn session_likeness(table: &str, columns: &[String]) -> u32 {
    let weight = |name: &str| {
        let name = name.to_ascii_lowercase();
        let found = WORDS.iter().filter(|(word, _)| name.contains(word)).map(|(_, weight)| *weight);
        found.max().unwrap_or(0)
    };
    let is_time = |name: &String| {
        let name = name.to_ascii_lowercase();
        TIMES.iter().any(|word| name.contains(word))
    };
    let by_name = weight(table);
    let by_columns = columns.iter().map(|column| weight(column)).max().unwrap_or(0);
    let by_times = if columns.iter().any(is_time) { 2 } else { 0 };
    let has_evidence = by_name > 1 || (by_columns > 1 && by_times > 0);
    if has_evidence { 2 * by_name + by_columns + by_times } else { 0 }
}

/// Words in the names of tables that an application no longer uses.
const COPIES: &[&str] =
    &["old", "backup", "bak", "archive", "archived", "copy", "tmp", "temp", "deleted"];

/// Reports whether a table is a copy of another by its name.
pub fn is_copy(table: &str) -> bool {
    words(table).iter().any(|word| COPIES.contains(&word.as_str()))
}

/// Length from which on a name within another is no coincidence.
const MIN_COMMON: usize = 4;

/// Distance between two names: insertions, deletions and replacements of characters, ignoring
/// ASCII case; 0 if one contains the other.
pub fn name_distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    let is_long = one.len().min(other.len()) >= MIN_COMMON;
    if is_long && (one.contains(&other) || other.contains(&one)) {
        return 0;
    }
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, char) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, wanted) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(char != *wanted);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
