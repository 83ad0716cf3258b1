//! The session tables that frameworks have: what the command and the library do to
//! them, seen from outside.
//!
//! The tables are those that the frameworks really made (fixtures/), at the clock that
//! belongs to them, and large copies of them with rows in the frameworks' own forms.
//! Beside them stand tables that sessctl has no profile of (profiles/), and, where they
//! are installed, the frameworks themselves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../cli/fixture.rs"]
#[expect(dead_code, unused_imports, reason = "it has more to offer than is used here")]
mod fixture;

#[path = "../rqlite/mod.rs"]
#[expect(clippy::allow_attributes, reason = "what is not needed changes with each test")]
#[allow(dead_code, reason = "not every test needs all that nodes can do")]
mod rqlite;

mod beside;
mod boundary;
mod clock;
mod cluster;
mod detection;
mod disguise;
mod django;
mod faketime;
mod flask;
mod forms;
mod framework;
mod keys;
mod node;
mod others;
mod peer;
mod state;
mod strangers;
mod unreadable;
