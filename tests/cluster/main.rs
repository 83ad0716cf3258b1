//! Sessions on a real cluster of three rqlite nodes.

#[path = "../rqlite/mod.rs"]
#[allow(dead_code, reason = "not every test needs all that nodes can do")]
mod rqlite;

mod basics;
