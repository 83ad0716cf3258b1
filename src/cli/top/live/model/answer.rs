//! What a command has answered.

use super::key::Key;

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub number: u64,
    pub title: String,
    pub lines: Vec<String>,
    /// Exit code of the command, once it has ended.
    pub exit_code: Option<u8>,
    /// First line that is shown.
    pub first: usize,
}

impl Answer {
    /// Handles a key. Reports whether the answer is to be closed.
    pub fn press(&mut self, key: Key, page: usize) -> bool {
        match key {
            Key::Escape | Key::Enter | Key::Char('q') => return true,
            key => {
                if let Some(lines) = key.steps(page) {
                    let last = self.lines.len().saturating_sub(1);
                    self.first = self.first.saturating_add_signed(lines).min(last);
                }
            }
        }
        false
    }
}
