//! Purges of tables with other shares of due rows, key orders and row sizes.

use anyhow::Result;

use super::super::Options;
use super::super::figure::{Section, Unit, format_ratio_of, format_values};
use super::super::workspace::Workspace;
use super::comparison::{Comparison, seconds};
use crate::print_status;
use crate::table::{Kind, Layout, TableSpec};

/// The tables, each with a label that names the difference from the first scenarios.
fn shapes() -> [(&'static str, TableSpec); 9] {
    let standard = TableSpec::half_due(Kind::Native, 1_000_000);
    let with_due_share = |due_share| TableSpec { due_share, ..standard };
    let with_layout = |layout| TableSpec { layout, ..standard };
    let with_row_bytes = |row_bytes, rows| TableSpec { rows, row_bytes, ..standard };
    [
        ("1 % due", with_due_share(0.01)),
        ("50 % due", standard),
        ("99 % due", with_due_share(0.99)),
        ("the first half of the keys due", with_layout(Layout::LowKeys)),
        ("the last half of the keys due", with_layout(Layout::HighKeys)),
        ("rows of 100 bytes", with_row_bytes(100, 1_000_000)),
        ("rows of 1 kB", with_row_bytes(1_000, 300_000)),
        ("rows of 10 kB", with_row_bytes(10_000, 50_000)),
        ("rows of 100 kB", with_row_bytes(100_000, 5_000)),
    ]
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let mut rows = Vec::new();
    for (label, spec) in shapes() {
        let spec = TableSpec { rows: options.scaled(spec.rows), ..spec };
        print_status(&format!("  {label}"));
        let comparison = Comparison::with_delete(workspace, options, &spec)?;
        let (time, baseline) = (seconds(&comparison.measured), seconds(&comparison.baseline));
        rows.push(vec![
            label.to_owned(),
            spec.rows.to_string(),
            format_values(Unit::Seconds, &time),
            format_values(Unit::Seconds, &baseline),
            format_ratio_of(&time, &baseline),
            format_values(Unit::Milliseconds, &comparison.longest_holds()?),
        ]);
    }
    let mut section = Section::default();
    section.add_table(&["", "rows", "time", "one DELETE", "ratio", "longest hold"], &rows);
    section.note("Half of the rows are due and scattered over the keys unless stated otherwise.");
    Ok(section)
}
