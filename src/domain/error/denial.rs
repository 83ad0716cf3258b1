//! Nodes of a cluster that deny requests.

/// Reason why a node denies all requests, as far as it suggests a remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// The server requires a user and a password.
    CredentialsRequired,
    /// The certificate is signed by an unknown authority.
    UnknownAuthority,
    Other,
}
