//! `--metrics-file`: figures for node_exporter's textfile collector.

use std::path::Path;

use anyhow::Context as _;

use super::replace::replace;
use crate::output::record::{Record, Schema};
use crate::output::{self, FormatName, Look};

/// Writes figures into a file. The collector, which reads as another user, finds the old file
/// or the new one, never half of it.
pub fn write(path: &Path, figures: &[(&'static Schema, &[Record])]) -> anyhow::Result<()> {
    let mut text = Vec::new();
    for (schema, records) in figures {
        let (format, look) = (FormatName::Prometheus, Look::default());
        output::write(format, look, &mut text, schema, None, *records)
            .with_context(|| format!("could not write {}", path.display()))?;
    }
    replace(path, &text)
}
