//! Privileges: root works on a database with those of the file's owner.
//!
//! 1. The configuration, the profile and the credentials are read as root.
//! 2. The owner is found without opening anything in its reach.
//! 3. A helper keeps root's privileges for what only root may do: see [`helper`].
//! 4. The process takes the owner's user, group and supplementary groups for good, and only
//!    then resolves the path of the database.

mod config_message;
pub mod detached;
pub mod helper;
pub mod identity;
pub mod message;
mod owner;
mod switch;

pub use identity::Identity;
pub use owner::{IfMissing, of as owner_of};
pub use switch::{
    NewOwner, PrivilegeNeeds, ensure_privileges_kept, find_owner, reexec, take_privileges,
};
