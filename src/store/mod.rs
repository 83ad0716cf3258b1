//! Session tables and the databases that hold them: the only place with SQL.
//!
//! A table ([native](open) or [adopted]) turns the methods of
//! [`SessionStore`](crate::storage::SessionStore) into statements; a database runs them.
//! Neither depends on the kind of the other.

pub mod adopted;
pub mod archive;
mod cluster;
pub mod database;
pub mod discovery;
mod ledger;
mod location;
pub mod migrations;
pub mod native;
pub mod open_native;
mod scan_limits;
pub mod statement;
mod trigger_effects;
mod url;

pub use cluster::{CaCertificates, Cluster, Credentials};
pub use database::sqlite::file::hazard::NameHazard;
pub use database::sqlite::{Access, Protection, Running, protect};
pub use location::{Location, LocationError};
pub use open_native::{create, freshness, is_native, litefs_primary, name_hazard, open};

pub use crate::storage::consistency::Consistency;
