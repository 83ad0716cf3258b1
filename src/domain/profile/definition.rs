//! The definition of a framework's session table.

use super::condition::Condition;
use super::rule::{Rule, TimeColumn};
use super::value::SqlValue;
use crate::domain::error::{Error, Result};
use crate::domain::time_zone::TimeZone;

/// A framework's table of sessions.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// What users call it: lower-case letters, digits and hyphens.
    pub name: String,
    /// The framework, for people.
    pub title: String,
    /// Which part of it, in which setting, for people who choose.
    pub about: String,
    /// The name of its one task, in lists and figures.
    pub task: String,
    /// The table.
    pub table: String,
    /// The columns that it must have.
    pub columns: Vec<String>,
    /// Columns that it may have besides, and no others.
    pub optional: Vec<String>,
    /// The column whose values tell sessions apart. The handle comes from it.
    pub id: String,
    /// Whether it may be chosen without having been named: not where another profile
    /// fits the same tables and is the safer guess.
    pub is_detected: bool,
    /// Why nothing may be deleted; `None`: it may.
    pub readonly: Option<String>,
    /// Where the user is, if anywhere.
    pub user: Option<UserSource>,
    /// Where the client's address is, if anywhere.
    pub client: Option<ColumnSource>,
    /// How a row is found by what its client holds; `None`: it cannot be.
    pub token: Option<TokenForm>,
    /// What a row is judged by: what [`judge`](Self::judge) is given, in this order.
    pub inputs: Vec<ColumnSource>,
    /// The times among them, and how they are written.
    pub times: Vec<TimeColumn>,
    /// Which of the [times](Self::times) says when a session was opened.
    pub created: Option<usize>,
    /// Which of them says when it was last used.
    pub used: Option<usize>,
    /// What makes a session over; any of these is enough.
    pub rules: Vec<Rule>,
    /// What makes a row a session at all; all of these must hold. Each names an input.
    pub filter: Vec<Condition>,
    /// Tables whose rows belong to sessions.
    pub dependents: Vec<Dependent>,
    /// What nobody has said yet and only the application's configuration knows. With
    /// any of these, no session is ever over.
    pub missing: Vec<Parameter>,
    /// Why it must be named before anything is deleted, where it was detected and another
    /// profile may be the right one.
    pub doubt: Option<DetectionDoubt>,
}

/// Why a profile that was detected may be the wrong one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectionDoubt {
    /// What the rows show, or do not show, in a sentence.
    pub finding: String,
    /// How to name the profile, following "name the profile:".
    pub remedy: String,
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSource {
    /// The column.
    pub column: String,
    /// The path in the JSON text that the column holds, in SQLite's notation; `None`:
    /// the column itself.
    pub path: Option<String>,
}

/// Where the user of a session is.
#[derive(Debug, Clone, PartialEq)]
pub struct UserSource {
    /// In which value.
    pub source: ColumnSource,
    /// In which form.
    pub form: UserForm,
    /// Values that are no users, but mean that it is nobody's.
    pub nobody: Vec<SqlValue>,
}

/// How a user is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserForm {
    /// As a number or a text.
    Plain,
    /// Within the signed payload of Django's session backends.
    DjangoPayload,
}

/// How a row is found by what its client holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenForm {
    /// The column that holds the token, or what is made of it.
    pub column: String,
    /// What the column has before it.
    pub prefix: String,
    /// Whether the column holds its SHA-256, in lower-case hexadecimal digits.
    pub is_hashed: bool,
}

/// A table whose rows belong to sessions, and what becomes of them with their session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// The table.
    pub table: String,
    /// Its column that names the session.
    pub column: String,
    /// The column of the sessions that it names.
    pub references: String,
    /// What becomes of its rows.
    pub action: DependentAction,
}

/// What becomes of the rows that belong to a session when it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DependentAction {
    /// They are deleted, too.
    #[default]
    Delete,
    /// They stay, and the column that names the session becomes NULL.
    SetNull,
}

/// Something that only the application's configuration knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where to find its value, for people.
    pub about: String,
    /// A value that it might have.
    pub example: String,
}

impl Profile {
    /// That nothing may be deleted, and why, in a sentence; `None`: it may.
    pub fn readonly_reason(&self) -> Option<String> {
        let Self { name, table, readonly, .. } = self;
        readonly.as_ref().map(|reason| {
            format!("profile {name} is read-only, so nothing is deleted from {table}: {reason}")
        })
    }

    /// Makes sure that rows may be deleted by this profile.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is for looking only, and [`Error::UnconfirmedProfile`] if it has to be
    /// named first.
    pub fn may_delete(&self) -> Result<()> {
        if let Some(reason) = self.readonly_reason() {
            return Err(Error::Refused(reason));
        }
        let unproven = |DetectionDoubt { finding, remedy }: &DetectionDoubt| {
            Err(Error::UnconfirmedProfile { finding: finding.clone(), remedy: remedy.clone() })
        };
        self.doubt.as_ref().map_or(Ok(()), unproven)
    }

    /// The [parameters](Self::missing) that nobody has given, and how to give them, in a
    /// sentence; `None`: there are all.
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

    /// Makes sure that it says whose sessions are.
    ///
    /// # Errors
    /// [`Error::Refused`] if it does not.
    pub fn must_name_users(&self) -> Result<()> {
        let Self { name, table, user, .. } = self;
        if user.is_some() {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "profile {name} does not say where {table} holds the user of a session, so sessions \
             cannot be selected by user; select a session by its handle"
        )))
    }

    /// How a row is found by what its client holds.
    ///
    /// # Errors
    /// [`Error::Refused`] if it cannot be.
    pub fn token_form(&self) -> Result<&TokenForm> {
        let Self { name, table, token, .. } = self;
        token.as_ref().ok_or_else(|| {
            Error::Refused(format!(
                "profile {name} does not say how to find the row of a token in {table}; select the \
                 session by its handle"
            ))
        })
    }

    /// Puts the machine's zone wherever a time is read by a local wall clock. `machine`
    /// resolves it, and is not called for a profile that needs none.
    ///
    /// # Errors
    /// Whatever `machine` fails with.
    pub fn resolve_local<E>(
        &mut self,
        machine: &dyn Fn() -> std::result::Result<TimeZone, E>,
    ) -> std::result::Result<(), E> {
        self.times.iter_mut().try_for_each(|time| time.encoding.resolve_local(machine))
    }
}

/// Whose session a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Nobody's: nobody has logged in.
    Nobody,
    /// This user's.
    User(String),
    /// It cannot be said: what names the user cannot be read.
    Unreadable,
}

impl Owner {
    /// The user, if it is known that there is one.
    pub fn user(self) -> Option<String> {
        match self {
            Self::User(user) => Some(user),
            Self::Nobody | Self::Unreadable => None,
        }
    }
}
