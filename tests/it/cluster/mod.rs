//! Sessions on a real cluster of three rqlite nodes.

mod adopted;
mod basics;
mod copy;
mod many_policies;
