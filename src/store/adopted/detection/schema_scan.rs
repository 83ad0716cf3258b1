//! The tables of a database that may fit a profile, found in one pass over its schema.
//!
//! The pass reads the statement that created each table, and compares the identifiers in it with
//! those of all profiles. It only excludes: what it finds has to be compared exactly.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::domain::error::Result;
use crate::domain::profile::ProfileOutline;
use crate::store::database::Database;
use crate::store::statement::Statement;

const TABLES: &str = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' \
                      AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name";
const VIRTUAL: &[u8] = b"CREATE VIRTUAL";

#[derive(Debug, Default)]
pub struct SchemaScan {
    /// Names of the ordinary tables.
    pub names: Vec<String>,
    /// Tables and profiles that may fit, as indexes of the names and of the outlines.
    pub candidates: Vec<(usize, usize)>,
}

impl SchemaScan {
    pub fn of(database: &impl Database, index: &IdentifierIndex) -> Result<Self> {
        let (mut scan, mut found) = (Self::default(), vec![0; index.width]);
        database.query(&Statement::new(TABLES), &mut |row| {
            let sql = row.bytes(1);
            if sql.get(..VIRTUAL.len()).is_some_and(|start| start.eq_ignore_ascii_case(VIRTUAL)) {
                return Ok(ControlFlow::Continue(()));
            }
            index.mark(sql, &mut found);
            let fitting = index.profiles_within(&found);
            scan.candidates.extend(fitting.map(|profile| (scan.names.len(), profile)));
            scan.names.push(row.text(0).unwrap_or_default());
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(scan)
    }
}

/// Identifiers of all profiles, and a set of them for each profile.
pub struct IdentifierIndex {
    bits: HashMap<Vec<u8>, usize>,
    /// For each first letter, the lengths that occur, as bits.
    lengths: [u64; 256],
    /// Number of words in a set.
    width: usize,
    profiles: Vec<Vec<u64>>,
}

impl IdentifierIndex {
    pub fn of(outlines: &[ProfileOutline<'_>]) -> Self {
        let mut bits: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut lengths = [0; 256];
        let mut needed: Vec<Vec<usize>> = Vec::with_capacity(outlines.len());
        for outline in outlines {
            let parts = outline.columns.iter().flat_map(|name| identifiers(name.as_bytes()));
            needed.push(
                parts
                    .map(|part| {
                        let part = part.to_ascii_lowercase();
                        lengths[usize::from(part[0])] |= 1 << part.len().min(63);
                        let next = bits.len();
                        *bits.entry(part).or_insert(next)
                    })
                    .collect(),
            );
        }
        let width = bits.len() / 64 + 1;
        let set = |needed: &Vec<usize>| {
            let mut set = vec![0; width];
            for bit in needed {
                set[bit / 64] |= 1 << (bit % 64);
            }
            set
        };
        let profiles = needed.iter().map(set).collect();
        Self { bits, lengths, width, profiles }
    }

    /// Sets the bits of the identifiers in a statement, and clears all others.
    fn mark(&self, sql: &[u8], found: &mut [u64]) {
        found.fill(0);
        let mut lower = Vec::with_capacity(64);
        for word in identifiers(sql) {
            let lengths = self.lengths[usize::from(word[0].to_ascii_lowercase())];
            if lengths & (1 << word.len().min(63)) == 0 {
                continue;
            }
            lower.clear();
            lower.extend(word.iter().map(u8::to_ascii_lowercase));
            if let Some(bit) = self.bits.get(&lower) {
                found[bit / 64] |= 1 << (bit % 64);
            }
        }
    }

    fn profiles_within(&self, found: &[u64]) -> impl Iterator<Item = usize> {
        let fits = move |needed: &Vec<u64>| {
            needed.iter().zip(found).all(|(needed, found)| needed & !found == 0)
        };
        self.profiles.iter().enumerate().filter(move |(_, needed)| fits(needed)).map(|(at, _)| at)
    }
}

/// The runs of characters that need no quotes in an identifier, also within quotes.
fn identifiers(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..);
    text.split(move |byte| !is_part(byte)).filter(|word| !word.is_empty())
}
