//! Local rqlite cluster, and an application that uses it.

mod client;
mod load;
#[path = "../../../tests/support/rqlite/mod.rs"]
#[expect(clippy::allow_attributes, reason = "the set of unused items changes")]
#[allow(dead_code, missing_docs, clippy::missing_panics_doc, reason = "shared with the tests")]
mod nodes;

use std::fs;

use anyhow::{Context as _, Result};

pub use client::Client;
pub use load::{ClientOp, UnderLoad, run_under_load, throughput};
pub use nodes::{Node, Nodes};

/// CPU time of a node in seconds, with the kernel's resolution of 10 ms.
pub fn cpu_time(node: &Node) -> Result<f64> {
    let path = format!("/proc/{}/stat", node.pid());
    let stat = fs::read_to_string(&path).with_context(|| format!("could not read {path}"))?;
    // The name of the program, in parentheses, may contain spaces.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<f64>);
    let ticks: f64 = ticks.sum::<Result<f64, _>>().with_context(|| format!("{path}: {stat:?}"))?;
    Ok(ticks / 100.0)
}
