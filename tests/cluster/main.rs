//! Sessions on a real cluster of three rqlite nodes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../rqlite/mod.rs"]
#[expect(clippy::allow_attributes, reason = "what is not needed changes with each test")]
#[allow(dead_code, reason = "not every test needs all that nodes can do")]
mod rqlite;

#[path = "../adopted_store/profiles.rs"]
#[expect(clippy::allow_attributes, reason = "what is not needed changes with each test")]
#[allow(dead_code, reason = "not every test needs all profiles")]
mod profiles;

mod adopted;
mod application;
mod basics;
mod books;
#[path = "../simulation/chance.rs"]
mod chance;
mod chaos;
mod leaders;
mod moving;
mod policies;
mod scene;
mod trouble;
