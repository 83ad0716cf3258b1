//! A line of text that is being typed.

use super::Key;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    text: Vec<char>,
    /// Characters before the cursor.
    cursor: usize,
}

/// Characters that a line can have.
const MAX_LENGTH: usize = 1_000;

impl Line {
    pub fn new(text: impl AsRef<str>) -> Self {
        let text: Vec<char> = text.as_ref().chars().collect();
        Self { cursor: text.len(), text }
    }

    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// The text before and behind the cursor.
    pub fn parts(&self) -> (String, String) {
        let (before, behind) = self.text.split_at(self.cursor);
        (before.iter().collect(), behind.iter().collect())
    }

    /// Handles a key that edits; others do nothing.
    pub fn press(&mut self, key: Key) {
        match key {
            Key::Char(char) if self.text.len() < MAX_LENGTH => {
                self.text.insert(self.cursor, char);
                self.cursor += 1;
            }
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            Key::Delete if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            Key::Home | Key::Ctrl('a') => self.cursor = 0,
            Key::End | Key::Ctrl('e') => self.cursor = self.text.len(),
            Key::Ctrl('u') => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            Key::Ctrl('k') => self.text.truncate(self.cursor),
            Key::Ctrl('w') => {
                let before = &self.text[..self.cursor];
                let word = before.iter().rposition(|char| !char.is_whitespace());
                let word = word.map_or(0, |end| {
                    before[..end]
                        .iter()
                        .rposition(|char| char.is_whitespace())
                        .map_or(0, |it| it + 1)
                });
                self.text.drain(word..self.cursor);
                self.cursor = word;
            }
            _ => {}
        }
    }
}
