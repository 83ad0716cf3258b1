//! Read consistency of a cluster, and freshness of its reads.

use std::fmt;
use std::time::Duration;

use crate::domain::variants::string_enum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Consistency {
    /// Read from the leader. A leader that was replaced without knowing may be stale by up to
    /// its lease of about a second; a new leader by a few milliseconds, until it has applied
    /// all that its predecessor acknowledged.
    #[default]
    Weak,
    /// Linearizable read. It goes through the Raft log like a write, and takes as long.
    Linearizable,
    /// Read from any node, which may be stale by any time.
    None,
}

string_enum!(Consistency, "consistency", {
    Weak => "weak",
    Linearizable => "linearizable",
    None => "none",
});

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFreshness {
    pub node: String,
    pub contact: LeaderContact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaderContact {
    IsLeader,
    Ago(Duration),
    /// No contact since the node started.
    Never,
    /// Not reported, or not to this user.
    Unknown,
}

impl fmt::Display for ReadFreshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read from {} alone, ", self.node)?;
        match self.contact {
            LeaderContact::IsLeader => f.write_str("which claims to be the leader"),
            LeaderContact::Ago(ago) => {
                let tenths = ago.as_millis().div_ceil(100);
                write!(f, "which last heard from the leader {}.{} s ago", tenths / 10, tenths % 10)
            }
            LeaderContact::Never => {
                f.write_str("which has not heard from a leader since it started")
            }
            LeaderContact::Unknown => {
                f.write_str("which does not say how far behind the others it is")
            }
        }
    }
}
