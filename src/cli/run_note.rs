//! Description of a run for the ledger: what was typed, and why.

use std::fmt::Display;

use std::path::Path;

use super::exit::eprint_line;
use super::priority::Priority;
use super::trust::shell_quoted;
use crate::domain::why::why;
use crate::output::sanitize::escape;
use crate::storage::RunNote;

#[derive(Debug, Clone, Default, clap::Args)]
pub struct Why {
    /// Reason, which `sessctl show runs` shows; of root, also the system log
    #[arg(long, value_name = "TEXT", value_parser = why)]
    why: Option<String>,
}

impl Why {
    /// Returns the description of a run with this selection; an empty one stands for none.
    pub fn note(&self, selection: Typed) -> RunNote {
        let selection = Some(selection.0).filter(|text| !text.is_empty());
        RunNote { selection, why: self.why.clone() }
    }
}

#[cfg(feature = "top")]
impl Why {
    pub fn text(&self) -> Option<&str> {
        self.why.as_deref()
    }
}

/// Reports that the ledger lacks the end of a run, also with --quiet.
pub fn print_unrecorded(why: &str) {
    eprint_line(
        Priority::Warning,
        &escape(&format!(
            "sessctl: warning: the record of this run in the ledger is incomplete: {why}"
        )),
    );
}

/// Arguments as a user would type them.
#[derive(Debug, Default)]
pub struct Typed(String);

impl Typed {
    #[cfg(feature = "top")]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn word(&mut self, word: &dyn Display) -> &mut Self {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(&shell_quoted(Path::new(&word.to_string())));
        self
    }

    /// Adds an option for each of these values.
    pub fn option<T: Display>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        for value in values {
            self.word(&name).word(&value);
        }
        self
    }

    pub fn flag(&mut self, name: &str, is_set: bool) -> &mut Self {
        if is_set { self.word(&name) } else { self }
    }
}
