//! Users that nobody knows.

use std::fmt;

/// Name or id that stands for no user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownUser {
    pub user: String,
    /// Table of the sessions.
    pub table: String,
    /// Column with the names of the users, such as `users.email`.
    pub names: Option<String>,
    /// Name that begins like this, if there is only one.
    pub similar: Option<String>,
}

impl fmt::Display for UnknownUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, table, names, similar } = self;
        match names {
            Some(names) => write!(f, "no user with {names} {user:?}")?,
            None => write!(f, "no user {user:?} in the table {table:?}")?,
        }
        match similar {
            Some(similar) => write!(f, "; did you mean {similar:?}?"),
            None => Ok(()),
        }
    }
}

/// Users of a selection that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownUsers(pub Vec<UnknownUser>);

impl fmt::Display for UnknownUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&users.join("; "))
    }
}
