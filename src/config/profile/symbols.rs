use toml::de::DeValue;

use super::columns::Columns;
use super::parameters::Parameters;
use crate::config::error::Result;
use crate::config::values::text;
use crate::domain::profile::{ColumnSource, TimeColumn};

/// Columns, parameters and times by their names, and the inputs read so far.
pub(super) struct Symbols<'a> {
    pub(super) columns: Columns,
    pub(super) parameters: Parameters<'a>,
    pub(super) times: Vec<(String, TimeColumn)>,
    pub(super) inputs: Vec<ColumnSource>,
}

impl Symbols<'_> {
    /// The index of an input, which is read once even if it is used twice.
    pub(super) fn input(&mut self, source: ColumnSource) -> usize {
        let known = self.inputs.iter().position(|known| *known == source);
        known.unwrap_or_else(|| {
            self.inputs.push(source);
            self.inputs.len() - 1
        })
    }

    /// The index of the time that a value names.
    pub(super) fn time(&self, value: &DeValue<'_>) -> Result<usize, String> {
        let name = text(value)?;
        let index = self.times.iter().position(|(known, _)| known == name);
        index.ok_or_else(|| format!("unknown time {name:?}: define it in [times.{name}]"))
    }
}
