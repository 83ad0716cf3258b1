//! The SQL contract: what docs/sql-contract.md promises to programs in other
//! languages, with the statements taken from that page.

mod external_programs;
mod init;
mod limits;
mod page;
mod schema;
mod versions;
