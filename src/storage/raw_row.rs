//! Raw rows of sessctl's own table, for copying and comparing tables.

use std::cmp::Ordering;

use sha2::{Digest, Sha256};

use crate::domain::hex;

/// Row with all eleven columns. Text is kept as bytes, because it need not be UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRow {
    pub id: String,
    pub user: Option<Vec<u8>>,
    /// Task, in its original letter case.
    pub task: Vec<u8>,
    pub client: Option<Vec<u8>>,
    /// Opening time, in Unix seconds like all following times.
    pub created_at: i64,
    pub last_used_at: i64,
    /// Idle timeout in seconds.
    pub idle_timeout: Option<i64>,
    pub marked_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub end_reason: Option<Vec<u8>>,
    pub agent: Option<Vec<u8>>,
}

impl RawRow {
    /// True if this row describes a later state of the session than the other:
    ///
    /// 1. It was used later.
    /// 2. It has ended, and the other has not: nothing undoes an end.
    /// 3. Both have ended, and this one later.
    ///
    /// Two rows may each be newer than the other: one was used after the other had ended.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        let has_ended_later = match (self.ended_at, other.ended_at) {
            (Some(end), Some(other)) => end > other,
            (end, None) => end.is_some(),
            (None, Some(_)) => false,
        };
        self.last_used_at > other.last_used_at || has_ended_later
    }

    /// Approximate size in a request, in bytes.
    pub fn size(&self) -> usize {
        const REST: usize = 200;
        let length = |text: &Option<Vec<u8>>| text.as_ref().map_or(0, Vec::len);
        REST + length(&self.user) + self.task.len() + length(&self.client) + length(&self.agent)
    }

    /// Appends the row in the format of `sqlite3 -quote`: columns in order, separated by
    /// commas, with a trailing line feed.
    pub fn append_to(&self, text: &mut Vec<u8>) {
        append_text(text, Some(self.id.as_bytes()), b',');
        append_text(text, self.user.as_deref(), b',');
        append_text(text, Some(&self.task), b',');
        append_text(text, self.client.as_deref(), b',');
        append_number(text, Some(self.created_at));
        append_number(text, Some(self.last_used_at));
        append_number(text, self.idle_timeout);
        append_number(text, self.marked_at);
        append_number(text, self.ended_at);
        append_text(text, self.end_reason.as_deref(), b',');
        append_text(text, self.agent.as_deref(), b'\n');
    }
}

fn append_text(text: &mut Vec<u8>, value: Option<&[u8]>, end: u8) {
    match value {
        None => text.extend(b"NULL"),
        Some(bytes) => {
            text.push(b'\'');
            for byte in bytes {
                text.extend(if *byte == b'\'' { b"''" } else { std::slice::from_ref(byte) });
            }
            text.push(b'\'');
        }
    }
    text.push(end);
}

fn append_number(text: &mut Vec<u8>, value: Option<i64>) {
    match value {
        None => text.extend(b"NULL,"),
        Some(number) => text.extend(format!("{number},").bytes()),
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableChecksum {
    pub rows: u64,
    /// SHA-256, in lower-case hexadecimal, of all rows in key order in the format of `sqlite3
    /// -quote`.
    pub sha256: String,
}

/// Incremental hasher of rows in key order.
#[derive(Default)]
pub struct TableHasher {
    rows: u64,
    hash: Sha256,
    text: Vec<u8>,
}

impl TableHasher {
    pub fn take(&mut self, rows: &[RawRow]) {
        self.text.clear();
        for row in rows {
            row.append_to(&mut self.text);
        }
        self.hash.update(&self.text);
        self.rows += rows.len() as u64;
    }

    pub fn content(self) -> TableChecksum {
        let sha256 = hex::encode(&self.hash.finalize());
        TableChecksum { rows: self.rows, sha256 }
    }
}

/// Differences of a destination table from a source table within a key range.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TableDiff<'a> {
    pub missing: Vec<&'a RawRow>,
    /// Source rows that differ in the destination and are not newer there.
    pub older: Vec<&'a RawRow>,
    /// Source rows that are newer in the destination.
    pub newer: Vec<&'a RawRow>,
    pub extra: Vec<&'a RawRow>,
}

impl<'a> TableDiff<'a> {
    /// Compares the rows of a key range, both in key order.
    pub fn between(here: &'a [RawRow], there: &'a [RawRow]) -> Self {
        let mut differences = Self::default();
        let (mut here, mut there) = (here.iter().peekable(), there.iter().peekable());
        loop {
            let order = match (here.peek(), there.peek()) {
                (None, None) => return differences,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(other)) => one.id.cmp(&other.id),
            };
            match order {
                Ordering::Less => differences.missing.extend(here.next()),
                Ordering::Greater => differences.extra.extend(there.next()),
                Ordering::Equal => {
                    if let (Some(one), Some(other)) = (here.next(), there.next()) {
                        differences.judge(one, other);
                    }
                }
            }
        }
    }

    fn judge(&mut self, here: &'a RawRow, there: &'a RawRow) {
        if here == there {
            return;
        }
        let those = if there.is_newer_than(here) { &mut self.newer } else { &mut self.older };
        those.push(here);
    }
}

/// Share of all keys of sessctl's own table that sort before this one: they are uniformly
/// distributed hexadecimal numbers. Other keys sort after them.
#[expect(clippy::cast_precision_loss, reason = "eight digits fit")]
pub fn key_position(key: &str) -> f64 {
    let digits = key.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    digits.map_or(1.0, |digits| f64::from(digits) / (1_u64 << 32) as f64)
}

/// Canonical name of a task, and the session that set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskName {
    /// Task, in the letter case of its first use.
    pub task: Vec<u8>,
    pub created_at: i64,
}

/// Counter of a task, such as its peak, which cannot be computed from the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Name of the task; its ASCII case does not matter.
    pub task: Vec<u8>,
    pub name: Vec<u8>,
    pub value: i64,
}

impl Counter {
    pub fn is_of(&self, other: &Self) -> bool {
        self.task.eq_ignore_ascii_case(&other.task) && self.name == other.name
    }
}
