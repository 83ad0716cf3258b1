//! Filters that select sessions.

mod check;
mod client;
mod definition;
mod recency;
mod rule;

pub use client::{AgentPattern, ClientFilter};
pub use definition::Filter;
pub use recency::recency;
pub use rule::SelectionRule;
