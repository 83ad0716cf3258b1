//! Tokens of clients, and the keys of their rows.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::hex;
use super::session::SessionKey;

/// Secret of a session. It has no `Display`, and its `Debug` hides it: it is
/// shown where [`expose`](Self::expose) stands, and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// 256 bits from the caller's random source, as 64 hexadecimal digits.
    pub fn from_random(bits: [u8; 32]) -> Self {
        Self(hex::encode(&bits))
    }

    /// A token that a client presents.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The SHA-256 of the token's text in lower-case hexadecimal: the key of
    /// its row in a native table.
    pub fn id(&self) -> String {
        self.digest().id()
    }

    /// SHA-256 of the token.
    pub fn digest(&self) -> Digest {
        Digest::of(self.expose())
    }

    /// Key of the token's row in a native table.
    pub fn key(&self) -> SessionKey {
        SessionKey::Text(self.id().into())
    }
}

/// SHA-256 of a token, which is not secret. Digests sort like the keys of their rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// Number of digits of a key in the handle of its session.
const HANDLE_LENGTH: usize = 12;

impl Digest {
    pub fn of(token: &str) -> Self {
        Self::of_bytes(token.as_bytes())
    }

    /// Digest of bytes, such as the id of a row in a framework's table.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The key of the session's row in a native table.
    pub fn key(&self) -> SessionKey {
        SessionKey::Text(self.id().into())
    }

    /// Handle of the session, even if there is none.
    pub fn handle(&self) -> String {
        hex::encode(&self.0[..HANDLE_LENGTH / 2])
    }

    /// All of it, in lower-case hexadecimal digits.
    pub fn id(&self) -> String {
        hex::encode(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
