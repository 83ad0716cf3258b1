//! The five systems that sessctl replaces: a test for each thing that they do, under
//! the configuration in examples/ that makes sessctl do the same.
//!
//! The first letter of a test's name is that of its system, and the number counts the
//! behaviours of that system. They run the real binary, with rows written relative to
//! now; where time has to pass, the library, which takes now as a parameter, or the
//! binary with a clock that lies.
//!
//! The sessions are in a SQLite file, or on a cluster of three rqlite nodes if
//! `SESSCTL_TEST_ON` is `cluster`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../cli/fixture.rs"]
#[expect(dead_code, reason = "it has more to offer than is used here")]
mod fixture;
#[path = "../rqlite/mod.rs"]
#[expect(clippy::allow_attributes, reason = "what is not needed changes with each test")]
#[allow(dead_code, reason = "not every test needs all that nodes can do")]
mod rqlite;

mod advice;
mod crowd;
mod cycles;
mod domino;
mod faketime;
mod folders;
mod former;
mod frequency;
mod licence;
mod licences;
mod lying_clock;
mod moved_clock;
mod patterns;
mod place;
mod reaper;
mod redbex;
mod stalwart;
mod system;
mod transfer;
mod websphere;
mod world;
