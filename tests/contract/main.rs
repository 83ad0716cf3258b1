//! The SQL contract: what docs/sql-contract.md promises to programs in other
//! languages, with the statements taken from that page.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../cli/fixture.rs"]
#[expect(dead_code, reason = "it has more to offer than is used here")]
mod fixture;
mod init;
mod limits;
mod page;
mod peer;
mod schema;
mod versions;
