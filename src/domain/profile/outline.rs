//! What detection compares before it reads a profile.

use super::definition::Profile;
use crate::domain::error::Result;

/// Part of a profile that is enough to exclude it for most tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileOutline<'a> {
    pub name: &'a str,
    pub table: &'a str,
    /// The columns that its table must have.
    pub columns: Vec<&'a str>,
}

/// Profiles that detection chooses from. It reads only those that may fit.
pub trait ProfileCatalog {
    fn outlines(&self) -> Vec<ProfileOutline<'_>>;

    /// Reads the profile with the outline at this index.
    ///
    /// # Errors
    /// If the profile is invalid.
    fn profile(&self, index: usize) -> Result<Profile>;
}

impl ProfileCatalog for [Profile] {
    fn outlines(&self) -> Vec<ProfileOutline<'_>> {
        self.iter().map(Profile::outline).collect()
    }

    fn profile(&self, index: usize) -> Result<Profile> {
        Ok(self[index].clone())
    }
}

impl Profile {
    fn outline(&self) -> ProfileOutline<'_> {
        ProfileOutline {
            name: &self.name,
            table: &self.table,
            columns: self.columns.iter().map(String::as_str).collect(),
        }
    }
}

/// Names of columns that many unrelated tables have.
const GENERIC: &[&str] = &[
    "accessed",
    "active",
    "client",
    "content",
    "created",
    "createdat",
    "data",
    "date",
    "expiration",
    "expirationtime",
    "expire",
    "expireat",
    "expired",
    "expiredate",
    "expires",
    "expiresat",
    "expiry",
    "expirydate",
    "expirytime",
    "hash",
    "id",
    "ip",
    "ipaddress",
    "key",
    "lastused",
    "lastusedat",
    "lifetime",
    "modified",
    "name",
    "owner",
    "state",
    "status",
    "time",
    "timestamp",
    "token",
    "type",
    "updated",
    "updatedat",
    "user",
    "userid",
    "uuid",
    "value",
    "version",
];

/// Reports whether a column tells one kind of table from another.
pub fn is_distinctive(column: &str) -> bool {
    let plain: String = column.chars().filter(|char| *char != '_').collect();
    !GENERIC.contains(&plain.to_ascii_lowercase().as_str())
}
