//! Selections by what a table does not have.

use std::fmt;

/// Property of a session by which it can be selected, as far as its table has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    User,
    Client,
    Agent,
    Creation,
    LastUse,
    Expiry,
}

impl Attribute {
    pub const ALL: [Self; 6] =
        [Self::User, Self::Client, Self::Agent, Self::Creation, Self::LastUse, Self::Expiry];

    /// Noun for messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Client => "client",
            Self::Agent => "agent",
            Self::Creation => "creation time",
            Self::LastUse => "last use",
            Self::Expiry => "expiry",
        }
    }
}

/// Attributes by which sessions of a table were selected although it lacks them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingAttributes {
    /// Name of the table.
    pub table: String,
    pub missing: Vec<Attribute>,
    /// Attributes of the table.
    pub present: Vec<Attribute>,
}

impl fmt::Display for MissingAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |attributes: &[Attribute], separator: &str| {
            attributes.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(separator)
        };
        let (missing, present) = (list(&self.missing, " and no "), list(&self.present, ", "));
        write!(f, "the table {:?} has no {missing} of a session; it has: {present}", self.table)
    }
}
