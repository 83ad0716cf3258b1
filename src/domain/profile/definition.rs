//! The definition of a framework's session table.

use super::condition::Condition;
use super::doubt::{DetectionDoubt, Parameter};
use super::rule::{Rule, TimeColumn};
use super::stricter::StricterRules;
use super::value::SqlValue;
use crate::domain::error::{Error, Result};
use crate::domain::time_zone::TimeZone;

/// Name of SQLite's row id, unless a column of the table has the same name.
pub const ROW_ID: &str = "rowid";

#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Unique name: lower-case letters, digits and hyphens.
    pub name: String,
    /// Name of the framework.
    pub title: String,
    /// Part and setting of the framework, to help users choose.
    pub about: String,
    /// Versions of the framework that it describes, for people.
    pub versions: Option<String>,
    /// Evidence for the profile; `None`: none is stated.
    pub verified: Option<Verification>,
    /// Rows of the table, such as "sessions" or "tokens".
    pub holds: String,
    /// Logins that outlive the end of their session, as noun phrases.
    pub survives: Vec<String>,
    /// The name of its one task, in lists and figures.
    pub task: String,
    pub table: String,
    /// The columns that it must have. Others are ignored.
    pub columns: Vec<String>,
    /// Columns that only some versions of the table have; NULL where there is none.
    pub optional: Vec<String>,
    /// Columns that together identify a session, or [`ROW_ID`]. Handles derive from their values.
    pub id: Vec<String>,
    /// Set if detection may choose it: not if another profile fits the same tables and is safer.
    pub is_detected: bool,
    /// Reason why rows must not be deleted; `None`: they may be.
    pub readonly: Option<String>,
    pub user: Option<UserSource>,
    pub client: Option<ColumnSource>,
    pub agent: Option<ColumnSource>,
    /// Columns by which a row is looked up by its token; empty: not possible.
    pub tokens: Vec<TokenForm>,
    /// Values that decide on a row, in the order of the inputs of [`judge`](Self::judge).
    pub inputs: Vec<ColumnSource>,
    /// Times among the inputs, with their encodings.
    pub times: Vec<TimeColumn>,
    /// Index of the [time](Self::times) at which a session was opened.
    pub created: Option<usize>,
    /// Index of the time at which it was last used.
    pub used: Option<usize>,
    /// Rules that end a session; any of them is enough.
    pub rules: Vec<Rule>,
    /// Rules of the configuration in addition.
    pub stricter: StricterRules,
    /// Conditions under which a row is a session; all must hold.
    pub filter: Vec<Condition>,
    /// Tables whose rows belong to sessions.
    pub dependents: Vec<Dependent>,
    /// Parameters without a value. While there are any, no session is ever over.
    pub missing: Vec<Parameter>,
    /// Reason why the detected profile must be confirmed by name before anything is deleted.
    pub doubt: Option<DetectionDoubt>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSource {
    pub column: String,
    /// Path in the JSON text of the column, in SQLite's notation; `None`: the column itself.
    pub path: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct UserSource {
    pub column: String,
    /// Paths in the JSON text of the column, as in [`ColumnSource`]: the first one with a value
    /// counts. Empty: the column itself.
    pub paths: Vec<String>,
    pub form: UserForm,
    pub nobody: Vec<SqlValue>,
    /// Table with the names of the users; `None`: they are known by their ids alone.
    pub names: Option<UserNames>,
}

/// Columns of another table that translate a user's id into a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserNames {
    pub table: String,
    /// Column with the id, as it is in the table of sessions.
    pub key: String,
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserForm {
    /// Number or text.
    Plain,
    /// Within the signed payload of Django's session backends.
    DjangoPayload,
}

/// Evidence for a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// The running framework wrote the rows of the test and judged them.
    Running,
    /// The schema and the code of the framework were read.
    Schema,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenForm {
    /// Column that holds the token or its hash.
    pub column: String,
    /// Text before the token in the column.
    pub prefix: String,
    /// Set if the column holds the SHA-256 of the token, in lower-case hexadecimal digits.
    pub is_hashed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    pub table: String,
    /// Columns that name the session.
    pub columns: Vec<String>,
    /// The columns of the sessions that they name, in the same order.
    pub references: Vec<String>,
    pub action: DependentAction,
}

/// Action on dependent rows when their session is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DependentAction {
    #[default]
    Delete,
    /// Keep them, and set the columns that name the session to NULL.
    SetNull,
}

impl Verification {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Schema => "schema",
        }
    }
}

impl Profile {
    /// Value of [`holds`](Self::holds) unless a profile says otherwise.
    pub const SESSIONS: &str = "sessions";

    /// Reports whether the rows are sessions, and not something else that expires.
    pub fn holds_sessions(&self) -> bool {
        self.holds == Self::SESSIONS
    }

    /// List of what [survives](Self::survives) the end of a session; `None`: nothing is known to.
    pub fn survivors(&self) -> Option<String> {
        (!self.survives.is_empty()).then(|| self.survives.join("; "))
    }

    /// Explanation that nothing may be deleted; `None`: rows may be.
    pub fn readonly_reason(&self) -> Option<String> {
        let Self { name, table, readonly, .. } = self;
        readonly.as_ref().map(|reason| {
            format!("profile {name} is read-only, so nothing is deleted from {table}: {reason}")
        })
    }

    /// [`Error::Refused`] if the profile is for looking only, and [`Error::UnconfirmedProfile`] if
    /// it has to be named first.
    pub fn may_delete(&self) -> Result<()> {
        if let Some(reason) = self.readonly_reason() {
            return Err(Error::Refused(reason));
        }
        let unproven = |doubt: &DetectionDoubt| Error::UnconfirmedProfile(Box::new(doubt.clone()));
        self.doubt.as_ref().map_or(Ok(()), |doubt| Err(unproven(doubt)))
    }

    /// Message about [parameters](Self::missing) without a value; `None`: there are none.
    pub fn missing_parameters(&self) -> Option<String> {
        let ask = |asked: &Parameter| {
            format!("{0}, such as {0}={1} ({2})", asked.name, asked.example, asked.about)
        };
        let asked: Vec<String> = self.missing.iter().map(ask).collect();
        let name = &self.name;
        (!asked.is_empty()).then(|| {
            format!("profile {name} needs the parameter {}", asked.join(" and the parameter "))
        })
    }

    /// [`Error::Unselectable`] if no row can be looked up by its token.
    pub fn token_forms(&self) -> Result<&[TokenForm]> {
        let Self { name, table, tokens, .. } = self;
        if tokens.is_empty() {
            return Err(Error::Unselectable(format!(
                "profile {name} does not say how to find the row of a token in {table}"
            )));
        }
        Ok(tokens)
    }

    /// Puts the machine's zone wherever a time is read by a local wall clock. `machine`
    /// resolves it, and is not called for a profile that needs none.
    pub fn resolve_local<E>(
        &mut self,
        machine: &dyn Fn() -> std::result::Result<TimeZone, E>,
    ) -> std::result::Result<(), E> {
        self.times.iter_mut().try_for_each(|time| time.encoding.resolve_local(machine))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionUser {
    /// No user: nobody has logged in.
    Nobody,
    User(String),
    Unreadable,
}

impl SessionUser {
    pub fn user(self) -> Option<String> {
        match self {
            Self::User(user) => Some(user),
            Self::Nobody | Self::Unreadable => None,
        }
    }
}
