//! Orders to a reader, one JSON array in each line.

use anyhow::{Context as _, bail};
use serde_json::{Value as Json, json};

use crate::storage::{Order as SortOrder, SortKey};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Read all figures now.
    Read,
    /// Read nothing until [`Resume`](Self::Resume).
    Pause,
    Resume,
    View(View),
}

/// Sessions that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Options of the selection.
    pub words: Vec<String>,
    pub order: SortOrder,
    /// Readers that share the time for reading.
    pub readers: u32,
}

impl Default for View {
    fn default() -> Self {
        let order = SortOrder { by: SortKey::Idle, reverse: false };
        Self { words: Vec::new(), order, readers: 1 }
    }
}

impl Order {
    /// One line, without its end.
    pub fn to_line(&self) -> String {
        match self {
            Self::Read => json!(["read"]),
            Self::Pause => json!(["pause"]),
            Self::Resume => json!(["resume"]),
            Self::View(View { words, order, readers }) => {
                json!(["view", words, order.by.as_str(), order.reverse, readers])
            }
        }
        .to_string()
    }

    /// Reads what [`to_line`](Self::to_line) has written.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(line: &str) -> anyhow::Result<Self> {
        let json: Json = serde_json::from_str(line)?;
        let parts = json.as_array().context("unexpected order")?;
        let [kind, parts @ ..] = parts.as_slice() else { bail!("unexpected order") };
        Ok(match (kind.as_str().unwrap_or_default(), parts) {
            ("read", []) => Self::Read,
            ("pause", []) => Self::Pause,
            ("resume", []) => Self::Resume,
            ("view", [words, by, reverse, readers]) => {
                let words = words.as_array().context("unexpected words")?.iter();
                let words = words.map(|word| word.as_str().map(str::to_owned));
                let by: SortKey = by.as_str().unwrap_or_default().parse()?;
                let reverse = reverse.as_bool().context("unexpected order")?;
                Self::View(View {
                    words: words.collect::<Option<_>>().context("unexpected word")?,
                    order: SortOrder { by, reverse },
                    readers: readers.as_u64().and_then(|it| it.try_into().ok()).unwrap_or(1),
                })
            }
            _ => bail!("unexpected order"),
        })
    }
}
