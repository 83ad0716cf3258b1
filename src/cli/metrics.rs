//! `--metrics-file`: figures for node_exporter's textfile collector.

use crate::output;
use crate::output::record::{Record, Schema};
use crate::output::{FormatName, Style};

pub fn text(figures: &[(&'static Schema, &[Record])]) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    for (schema, records) in figures {
        let (format, look) = (FormatName::Prometheus, Style::default());
        output::write(format, look, &mut text, schema, None, *records)?;
    }
    Ok(text)
}
