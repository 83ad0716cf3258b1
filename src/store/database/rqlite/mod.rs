//! Client for rqlite, which replicates an SQLite database over several nodes.
//!
//! A batch is one request, and so one entry of the Raft log. If the response is lost, the batch
//! is sent again: either its statements are idempotent, or it leaves a receipt, by which the
//! second attempt recovers the result of the first.

pub(in crate::store) mod address;
pub mod client;
mod connection;
mod database;
pub mod error;
mod idempotency;
pub mod json;
mod shared;

pub use connection::Rqlite;
pub use shared::SharedState;
