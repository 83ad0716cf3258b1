//! What a reader may ask of a cluster of several databases, and is told of it.

use std::fmt;
use std::time::Duration;

use crate::domain::session::words;

/// What a read from a cluster may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Consistency {
    /// What the leader has. One that has been replaced without knowing it may be up to
    /// its lease of about a second behind, and one that has just been chosen a few
    /// milliseconds, until it has carried out all that its predecessor acknowledged.
    #[default]
    Weak,
    /// All that was acknowledged before the read began: it goes through the log that the
    /// nodes share, as a write does, and takes as long.
    Linearizable,
    /// What the node has that was asked, which may be behind the others by any time.
    None,
}

words!(Consistency, "consistency", {
    Weak => "weak",
    Linearizable => "linearizable",
    None => "none",
});

/// How fresh that is what one node has answered on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFreshness {
    /// Its address.
    pub node: String,
    /// What it says of the leader.
    pub contact: LeaderContact,
}

/// When a node has last heard of the leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaderContact {
    /// It takes itself for the leader.
    IsLeader,
    /// So long ago.
    Ago(Duration),
    /// Not since it was started.
    Never,
    /// It does not say, or not to this user.
    Unknown,
}

impl fmt::Display for ReadFreshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read from {} alone, ", self.node)?;
        match self.contact {
            LeaderContact::IsLeader => f.write_str("the leader by its own account"),
            LeaderContact::Ago(ago) => {
                let tenths = ago.as_millis().div_ceil(100);
                write!(f, "which last heard of the leader {}.{}s ago", tenths / 10, tenths % 10)
            }
            LeaderContact::Never => {
                f.write_str("which has not heard of a leader since it was started")
            }
            LeaderContact::Unknown => {
                f.write_str("which does not say how far behind the others it is")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_never_made_younger() {
        let said = |millis| {
            let contact = LeaderContact::Ago(Duration::from_millis(millis));
            ReadFreshness { node: "http://db2:4001".to_owned(), contact }.to_string()
        };
        assert_eq!(
            said(32),
            "read from http://db2:4001 alone, which last heard of the leader 0.1s ago"
        );
        assert!(said(300).ends_with(" 0.3s ago"));
        assert!(said(62_001).ends_with(" 62.1s ago"));
    }
}
