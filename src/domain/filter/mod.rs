//! Filters that select sessions.

mod check;
mod client;
mod definition;
mod recency;

pub use client::{AgentPattern, ClientFilter};
pub use definition::Filter;
pub use recency::recency;
