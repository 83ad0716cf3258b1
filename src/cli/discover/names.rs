//! Names of databases, made from their paths.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::domain::token::Digest;

const MAX_LENGTH: usize = 64;
const HASH_DIGITS: usize = 12;

/// Names of files and directories that do not tell one application from another.
const GENERIC: &[&str] = &[
    "app",
    "apps",
    "current",
    "data",
    "database",
    "databases",
    "db",
    "db1",
    "default",
    "dev",
    "development",
    "django",
    "home",
    "instance",
    "lib",
    "local",
    "main",
    "opt",
    "prisma",
    "prod",
    "production",
    "session",
    "sessions",
    "shared",
    "sqlite",
    "sqlite3",
    "srv",
    "storage",
    "store",
    "usr",
    "var",
    "www",
];

/// Forms of a name, each longer and less likely to be used by another database than the one before.
const FORMS: usize = 5;

/// Chooses a valid name for each path, other than those that are in use. The names depend on the
/// paths alone, whatever their order. Paths that would share a name get longer ones:
///
/// 1. the file or the closest directory that is not generic, like `shop` for
///    `/srv/shop/db.sqlite3`;
/// 2. with the directory above it, `srv-shop`;
/// 3. with the file, `srv-shop-db`;
/// 4. the whole path, `srv-shop-db`;
/// 5. with a hash of the path.
pub fn choose(paths: &[PathBuf], used: &BTreeSet<String>) -> Vec<String> {
    let forms: Vec<[String; FORMS]> = paths.iter().map(|path| forms(path)).collect();
    let mut chosen = vec![0; paths.len()];
    loop {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (forms, form) in forms.iter().zip(&chosen) {
            *counts.entry(&forms[*form]).or_default() += 1;
        }
        let mut is_changed = false;
        for (forms, form) in forms.iter().zip(&mut chosen) {
            let name = forms[*form].as_str();
            if *form + 1 < FORMS && (counts[name] > 1 || used.contains(name)) {
                (*form, is_changed) = (*form + 1, true);
            }
        }
        if !is_changed {
            return forms.iter().zip(chosen).map(|(forms, form)| forms[form].clone()).collect();
        }
    }
}

fn forms(path: &Path) -> [String; FORMS] {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let directories = path.parent().into_iter().flat_map(Path::components);
    let directories = directories.map(|part| valid(&part.as_os_str().to_string_lossy()));
    let mut parts: Vec<String> = directories.filter(|part| !part.is_empty()).collect();
    let stem = valid(&stem);
    if !stem.is_empty() {
        parts.push(stem.clone());
    }
    let is_specific = |part: &String| !GENERIC.contains(&part.to_ascii_lowercase().as_str());
    let last = parts.len().saturating_sub(1);
    let at = parts.iter().rposition(is_specific).unwrap_or(last);
    let base = parts.get(at).cloned().unwrap_or_default();
    let above = if at > 0 { format!("{}-{base}", parts[at - 1]) } else { base.clone() };
    let with_file = if at < last { format!("{above}-{stem}") } else { above.clone() };
    let whole = parts.join("-");
    let hash = Digest::of_bytes(path.as_os_str().as_encoded_bytes()).id();
    let hash = &hash[..HASH_DIGITS];
    let room = MAX_LENGTH - HASH_DIGITS - 1;
    let hashed = match shortened(&whole, room) {
        "" => format!("db-{hash}"),
        start => format!("{start}-{hash}"),
    };
    // A name that has to be cut would no longer be that of one path.
    let fitting = |name: String| match name.len() {
        1..=MAX_LENGTH => name,
        _ => hashed.clone(),
    };
    [fitting(base), fitting(above), fitting(with_file), fitting(whole), hashed]
}

/// The letters of a name that are allowed, with hyphens in place of others.
fn valid(part: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    let words = part.split(|c: char| !is_allowed(c)).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-");
    name.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
}

/// The start of a text in ASCII.
fn shortened(text: &str, most: usize) -> &str {
    text.get(..most).unwrap_or(text).trim_end_matches(|c: char| !c.is_ascii_alphanumeric())
}
