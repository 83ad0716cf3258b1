//! An rqlite cluster on this machine, and an application that works on it.

mod application;
mod client;
#[path = "../../../tests/support/rqlite/mod.rs"]
#[expect(clippy::allow_attributes, reason = "what is needed of it changes")]
#[allow(
    dead_code,
    missing_docs,
    clippy::missing_panics_doc,
    reason = "it is what the tests start their nodes with"
)]
mod nodes;

use std::fs;

use anyhow::{Context as _, Result};

pub use application::{Act, Beside, beside, flat_out};
pub use client::Client;
pub use nodes::{Node, Nodes};

/// The processor time that a node has had so far, in seconds. The kernel counts it in
/// hundredths.
pub fn processor_time(node: &Node) -> Result<f64> {
    let path = format!("/proc/{}/stat", node.pid());
    let stat = fs::read_to_string(&path).with_context(|| format!("could not read {path}"))?;
    // The program's name, in brackets, may have spaces in it.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<f64>);
    let ticks: f64 = ticks.sum::<Result<f64, _>>().with_context(|| format!("{path}: {stat:?}"))?;
    Ok(ticks / 100.0)
}
