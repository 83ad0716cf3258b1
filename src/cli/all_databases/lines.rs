//! Lines of bounded length from a stream of bytes.

use std::mem;

pub struct LineSplitter {
    line: Vec<u8>,
    limit: usize,
    is_cut: bool,
}

/// A line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub bytes: Vec<u8>,
    /// Set if the line went on; the rest was dropped.
    pub is_cut: bool,
}

impl LineSplitter {
    pub const fn new(limit: usize) -> Self {
        Self { line: Vec::new(), limit, is_cut: false }
    }

    /// Takes bytes, and returns the lines that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut parts = bytes.split(|byte| *byte == b'\n');
        self.extend(parts.next().unwrap_or_default());
        for part in parts {
            lines.push(self.take());
            self.extend(part);
        }
        lines
    }

    /// Returns the last line, which has no end.
    pub fn end(&mut self) -> Option<Line> {
        (!self.line.is_empty()).then(|| self.take())
    }

    fn extend(&mut self, part: &[u8]) {
        let room = self.limit - self.line.len();
        self.is_cut |= part.len() > room;
        self.line.extend_from_slice(&part[..part.len().min(room)]);
    }

    fn take(&mut self) -> Line {
        Line { bytes: mem::take(&mut self.line), is_cut: mem::take(&mut self.is_cut) }
    }
}

impl Line {
    /// The line as text, with three dots for the rest that was dropped.
    pub fn to_text(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        if self.is_cut { format!("{text}...") } else { text.into_owned() }
    }
}
