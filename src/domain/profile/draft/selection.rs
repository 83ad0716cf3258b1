//! Finding columns that tell sessions from other rows, and flags of ended sessions.

use super::names;
use super::observation::{ObservedTable, ObservedValues};
use super::proposal::{DraftCondition, DraftFilter, DraftRule, DraftRuleKind, DraftTest};
use crate::domain::profile::definition::ColumnSource;
use crate::domain::profile::value::{SqlValue, SqlValueRef};

const MAX_VALUES: usize = 6;
const MAX_LENGTH: usize = 24;

/// Columns that are named as a kind, or whose few words repeat. Their values are shown, so a
/// column with anything like a secret is left out.
pub(super) fn filters(
    table: &ObservedTable,
    is_taken: impl Fn(&ColumnSource) -> bool,
) -> Vec<DraftFilter> {
    let filter = |observed: &ObservedValues| {
        let source = &observed.source;
        let is_other = is_taken(source)
            || names::is_flag(source)
            || names::is_client(source)
            || names::is_agent(source)
            || table.is_unique(&source.column);
        if source.path.is_some() || is_other {
            return None;
        }
        let counts = observed.counts();
        let repeats = counts.len() > 1 && counts.len() * 3 <= table.rows;
        let is_candidate = if names::is_kind(source) {
            counts.len() > 1
        } else {
            repeats && table.rows >= 6 && observed.texts().count() == table.rows
        };
        let is_shown = counts.len() <= MAX_VALUES && counts.iter().all(|(value, _)| is_word(value));
        let own = |(value, count): (&SqlValue, usize)| (value.clone(), count);
        (is_candidate && is_shown).then(|| DraftFilter {
            column: source.column.clone(),
            values: counts.into_iter().map(own).collect(),
        })
    };
    table.values.iter().filter_map(filter).collect()
}

fn is_word(value: &SqlValue) -> bool {
    match value.raw() {
        SqlValueRef::Integer(number) => (-99..1_000).contains(&number),
        SqlValueRef::Text(bytes) => {
            let text = str::from_utf8(bytes).unwrap_or_default();
            let is_plain = |letter: char| letter.is_alphabetic() || "_-./: ".contains(letter);
            !text.is_empty() && text.len() <= MAX_LENGTH && text.chars().all(is_plain)
        }
        _ => false,
    }
}

/// Rules by flags and times of ended sessions: proposals, because the application may keep such
/// rows for a while.
pub(super) fn ended(
    table: &ObservedTable,
    is_time: impl Fn(&ColumnSource) -> bool,
) -> Vec<DraftRule> {
    let rule = |observed: &ObservedValues| {
        let source = &observed.source;
        if source.path.is_some() || !names::is_flag(source) {
            return None;
        }
        let flag = |wanted: i64| {
            let is_it = |value: &&SqlValue| value.is_same(SqlValueRef::Integer(wanted));
            observed.present().filter(is_it).count()
        };
        let present = observed.present().count();
        let is_flag = !is_time(source) && present > 0 && flag(0) + flag(1) == present;
        let (when, ended) = if is_flag {
            let condition = DraftCondition { source: source.clone(), test: DraftTest::True };
            (vec![condition], flag(1))
        } else {
            (Vec::new(), present)
        };
        let name = &source.column;
        let evidence = vec![format!(
            "in {ended} of {} rows, {name} says that the session has ended. To delete those rows at once:",
            observed.values.len()
        )];
        let kind = DraftRuleKind::NotNull(name.clone());
        Some(DraftRule { kind, when, evidence, is_suggestion: true })
    };
    table.values.iter().filter_map(rule).collect()
}
