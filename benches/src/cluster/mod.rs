//! An rqlite cluster on this machine, and an application that works on it.

mod application;
mod client;
#[path = "../../../tests/rqlite/mod.rs"]
#[expect(clippy::allow_attributes, reason = "what is needed of it changes")]
#[allow(
    dead_code,
    missing_docs,
    clippy::missing_panics_doc,
    reason = "it is what the tests start their nodes with"
)]
mod nodes;

pub use application::{Beside, beside, flat_out};
pub use client::Client;
pub use nodes::{Node, Nodes};
