//! The question whether a session shall end.

use super::key::Key;
use super::line::Line;
use crate::domain::why::why;
use crate::output::record::Value;

/// The session that is to end: the one that was highlighted when the key was pressed.
#[derive(Debug, Clone, PartialEq)]
pub struct Doomed {
    pub database: usize,
    pub handle: String,
    /// User, task, client, state and idle time, as far as they are known.
    pub facts: Vec<(&'static str, Value)>,
}

/// The question whether a session shall end.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmation {
    pub doomed: Doomed,
    pub why: Line,
    /// Set while the reason is typed; otherwise, the answer is awaited.
    pub is_typing: bool,
    pub fault: Option<String>,
}

impl Confirmation {
    /// Handles a key while the reason is typed.
    pub fn type_reason(&mut self, key: Key) {
        match key {
            Key::Enter | Key::Tab | Key::BackTab | Key::Down => {
                self.fault = reason(&self.why.text()).err();
                self.is_typing = self.fault.is_some();
            }
            key => {
                self.why.press(key);
                self.fault = None;
            }
        }
    }

    /// The words of the command that ends the session.
    pub fn words(&self) -> Vec<String> {
        let words = ["cycle", "--yes", "--session", &self.doomed.handle].map(str::to_owned);
        let reason = reason(&self.why.text()).ok().flatten();
        words.into_iter().chain(reason.map(|reason| format!("--why={reason}"))).collect()
    }
}

/// The reason of a run; none if the line is empty.
fn reason(text: &str) -> Result<Option<String>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    why(text).map(Some).map_err(|fault| format!("the reason {fault}"))
}
