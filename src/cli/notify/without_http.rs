//! Stand-in of the HTTP client in a build without the feature `rqlite`.

use std::time::Instant;

use super::url::{PingError, PingRequest};

/// Sends nothing.
pub struct Client;

impl Client {
    pub const fn new(_: bool) -> Self {
        Self
    }

    /// Fails.
    ///
    /// # Errors
    /// Always.
    pub fn send(&self, _: &PingRequest, _: Instant) -> Result<(), PingError> {
        let why = "this sessctl was built without the feature \"rqlite\", which has the network";
        Err(PingError::permanent(why))
    }
}
