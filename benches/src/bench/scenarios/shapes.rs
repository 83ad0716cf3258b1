//! A purge of tables of other shapes.

use anyhow::Result;

use super::super::Options;
use super::super::bed::Bed;
use super::super::figure::Section;
use super::pair::Pair;
use crate::say;
use crate::table::{Kind, Layout, Spec};

/// What is out of the ordinary, and the table that is.
fn shapes() -> [(&'static str, Spec); 9] {
    let usual = Spec::half(Kind::Native, 1_000_000);
    let due = |due| Spec { due, ..usual };
    let laid = |layout| Spec { layout, ..usual };
    let wide = |bytes, rows| Spec { rows, bytes, ..usual };
    [
        ("1 % due", due(0.01)),
        ("50 % due", usual),
        ("99 % due", due(0.99)),
        ("the first half of the keys due", laid(Layout::First)),
        ("the last half of the keys due", laid(Layout::Last)),
        ("rows of 100 bytes", wide(100, 1_000_000)),
        ("rows of 1 kB", wide(1_000, 300_000)),
        ("rows of 10 kB", wide(10_000, 50_000)),
        ("rows of 100 kB", wide(100_000, 5_000)),
    ]
}

pub fn run(bed: &Bed, options: &Options) -> Result<Section> {
    let mut section = Section::default();
    for (what, spec) in shapes() {
        let spec = Spec { rows: options.scaled(spec.rows), ..spec };
        say(&format!("  {what}"));
        let pair = Pair::of_purges(bed, options, &spec)?;
        let rows = spec.rows;
        section.add(pair.time(format!("time, {what} ({rows} rows)"), "one DELETE"));
        section.add(pair.hold(format!("longest hold, {what}"))?);
    }
    section.note("Half of the rows are due and scattered over the keys unless stated otherwise.");
    Ok(section)
}
