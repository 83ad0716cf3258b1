//! Disks that fail, and files that are damaged: each command ends in good time with an exit
//! code that is documented and, if that is not 0, a reason; it never panics, and no live
//! session is lost.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../simulation/chance.rs"]
#[expect(dead_code, reason = "it has more to offer than is used here")]
mod chance;
#[path = "../cli/fixture.rs"]
#[expect(dead_code, unused_imports, reason = "it has more to offer than is used here")]
mod fixture;
mod injected;
mod mutated;
mod scene;
