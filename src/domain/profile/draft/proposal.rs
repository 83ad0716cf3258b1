//! A proposed profile, with the evidence for each part.

use super::key::DraftId;
use super::observation::ObservedDependent;
use super::people::{DraftClient, DraftToken, DraftUser};
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
    pub id: DraftId,
    pub user: Option<DraftUser>,
    pub client: Option<DraftClient>,
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
pub struct DraftRule {
    pub kind: DraftRuleKind,
    pub when: Vec<DraftCondition>,
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
    Above(i64),
    UpTo(i64),
}

/// Column with few values, by which some rows may be no sessions.
#[derive(Debug, Clone)]
pub struct DraftFilter {
    pub column: String,
    /// Values, each with its number of rows.
    pub values: Vec<(SqlValue, usize)>,
}

/// What is missing for a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoTimes {
    pub table: String,
    /// Columns that were considered.
    pub columns: Vec<String>,
    pub rows: usize,
}
