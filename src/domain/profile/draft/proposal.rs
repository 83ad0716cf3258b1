//! A proposed profile, with the evidence for each part.

use super::key::DraftId;
use super::observation::ObservedDependent;
use super::people::{DraftSource, DraftToken, DraftUser};
use crate::domain::profile::definition::ColumnSource;
use crate::domain::profile::doubt::Parameter;
use crate::domain::profile::encoding::{Encoding, Unit};
use crate::domain::profile::rule::NullMeaning;
use crate::domain::profile::value::SqlValue;

#[derive(Debug, Clone)]
pub struct Draft {
    pub table: String,
    pub columns: Vec<String>,
    /// Number of sampled rows, and whether that is all of them.
    pub rows: usize,
    pub is_whole: bool,
    /// Reason why the profile must not delete yet.
    pub readonly: Option<String>,
    /// Reason why the rows look like accounts.
    pub accounts: Option<String>,
    pub id: DraftId,
    pub user: Option<DraftUser>,
    pub client: Option<DraftSource>,
    pub agent: Option<DraftSource>,
    pub token: Option<DraftToken>,
    /// Times that the profile uses, and some that it might.
    pub times: Vec<DraftTime>,
    /// Name of the time.
    pub created: Option<String>,
    pub used: Option<String>,
    pub rules: Vec<DraftRule>,
    pub filters: Vec<DraftFilter>,
    pub dependents: Vec<ObservedDependent>,
    pub parameters: Vec<Parameter>,
    /// Set if a parameter is the time zone, and no value tells which it is.
    pub unknown_zone: Option<UnknownZone>,
    /// Remarks on the whole.
    pub remarks: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct DraftTime {
    pub name: String,
    pub source: ColumnSource,
    /// The encoding, with UTC in the place of an unknown zone.
    pub encoding: Encoding,
    pub zone: DraftZone,
    pub null: Option<NullMeaning>,
    pub never: Vec<SqlValue>,
    pub evidence: Vec<String>,
    /// Only proposed, as a comment.
    pub is_suggestion: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftZone {
    /// The values name their zone, or are numbers.
    Given,
    Utc,
    /// A parameter named `timezone`.
    Parameter,
}

#[derive(Debug, Clone)]
pub struct UnknownZone {
    /// Zone by which the newest time would be minutes before now.
    pub perhaps: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub struct DraftRule {
    pub kind: DraftRuleKind,
    pub when: Vec<DraftCondition>,
    /// Conditions that are only proposed, as a comment, each with the evidence.
    pub exceptions: Vec<(DraftCondition, String)>,
    pub evidence: Vec<String>,
    /// Only proposed, as a comment.
    pub is_suggestion: bool,
}

#[derive(Debug, Clone)]
pub enum DraftRuleKind {
    At(String),
    After(String, DraftLifetime),
    NotNull(String),
}

#[derive(Debug, Clone)]
pub enum DraftLifetime {
    /// A parameter named `lifetime`.
    Parameter,
    /// A length that a person has to fill in, as an example.
    Example(&'static str),
    Column {
        source: ColumnSource,
        unit: Unit,
        never: Vec<SqlValue>,
    },
}

#[derive(Debug, Clone)]
pub struct DraftCondition {
    pub source: ColumnSource,
    pub test: DraftTest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftTest {
    Null(bool),
    True,
    False,
    Above(i64),
    UpTo(i64),
}

/// Column with few values, by which some rows may be no sessions.
#[derive(Debug, Clone)]
pub struct DraftFilter {
    pub column: String,
    /// Values that may be shown, each with its number of rows.
    pub values: Vec<(SqlValue, usize)>,
    /// Number of other values, and of their rows.
    pub others: (usize, usize),
    pub kept: KeptRows,
}

/// Rows that a filter keeps.
#[derive(Debug, Clone)]
pub enum KeptRows {
    /// Rows with one of these values, which name sessions.
    Sessions(Vec<SqlValue>),
    /// A proposal: those with one of these values.
    Proposed(Vec<SqlValue>),
}

/// Reason why a table has no draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoTimes {
    pub table: String,
    /// Columns that were considered.
    pub columns: Vec<String>,
    pub rows: usize,
    /// Columns that are named as times, but hold numbers of an unknown meaning.
    pub unknown: Vec<String>,
}
