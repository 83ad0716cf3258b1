//! Finding columns that tell sessions from other rows, and flags of ended sessions.

use super::names;
use super::observation::{ObservedTable, ObservedValues};
use super::proposal::{DraftCondition, DraftFilter, DraftRule, DraftRuleKind, DraftTest, KeptRows};
use crate::domain::profile::definition::ColumnSource;
use crate::domain::profile::value::{SqlValue, SqlValueRef};

const MAX_VALUES: usize = 6;
const MAX_LENGTH: usize = 24;

/// Columns that are named as a kind, or whose few words repeat. Their values are shown, so those
/// that may be secrets are left out: of a kind, they are counted; other columns with one are no
/// filters.
///
/// If a value names sessions, the draft keeps only its rows.
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
        let is_kind = names::is_kind(source);
        let mut counts = observed.counts();
        let repeats = counts.len() > 1 && counts.len() * 3 <= table.rows;
        let all_words = counts.iter().all(|(value, _)| is_word(value));
        let is_few = counts.len() <= MAX_VALUES && all_words;
        let is_candidate = if is_kind {
            counts.iter().any(|(value, _)| is_word(value))
        } else {
            repeats && is_few && table.rows >= 6 && observed.texts().count() == table.rows
        };
        if !is_few {
            counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        }
        is_candidate.then(|| with_values(&source.column, counts, is_kind)).flatten()
    };
    table.values.iter().filter_map(filter).collect()
}

fn with_values(
    column: &str,
    counts: Vec<(&SqlValue, usize)>,
    is_kind: bool,
) -> Option<DraftFilter> {
    let (mut words, mut others): (Vec<_>, Vec<_>) =
        counts.into_iter().partition(|(value, _)| is_word(value));
    let sessions = sessions(&words, is_kind);
    let web = with_text(&words, |text| text == "web");
    // Those that the filter keeps come first.
    words.sort_by_key(|(value, _)| !sessions.contains(value) && !web.contains(value));
    if words.len() > MAX_VALUES {
        others.extend(words.drain(MAX_VALUES..));
    }
    if sessions.is_empty() && words.len() + others.len() < 2 {
        return None;
    }
    let all = || words.iter().map(|(value, _)| (*value).clone()).collect();
    let kept = match (sessions.is_empty(), web.is_empty()) {
        (false, _) => KeptRows::Sessions(sessions),
        (true, false) => KeptRows::Proposed(web),
        (true, true) => KeptRows::Proposed(all()),
    };
    let rows = others.iter().map(|(_, count)| count).sum();
    let own = |(value, count): (&SqlValue, usize)| (value.clone(), count);
    Some(DraftFilter {
        column: column.to_owned(),
        kept,
        values: words.iter().copied().map(own).collect(),
        others: (others.len(), rows),
    })
}

/// Values that name sessions: that word alone, or, of a kind, with others.
fn sessions(words: &[(&SqlValue, usize)], is_kind: bool) -> Vec<SqlValue> {
    let exact = with_text(words, |text| text == "session");
    if !exact.is_empty() || !is_kind {
        return exact;
    }
    let mut found = with_text(words, |text| text.contains("session"));
    found.truncate(MAX_VALUES);
    found
}

/// Values whose text in lower case fits.
fn with_text(words: &[(&SqlValue, usize)], fits: impl Fn(&str) -> bool) -> Vec<SqlValue> {
    let has =
        |value: &&SqlValue| value.raw().text().is_some_and(|text| fits(&text.to_ascii_lowercase()));
    words.iter().map(|(value, _)| *value).filter(has).cloned().collect()
}

/// Flags of sessions that may not end, each with the evidence.
pub(super) fn permanent(table: &ObservedTable) -> Vec<(DraftCondition, String)> {
    let count = |observed: &ObservedValues, wanted: i64| {
        let is_it = |value: &&SqlValue| value.is_same(SqlValueRef::Integer(wanted));
        observed.present().filter(is_it).count()
    };
    let is_declared = |source: &ColumnSource| {
        let column = table.columns.iter().find(|column| column.name == source.column);
        column.is_some_and(|column| column.declared.to_ascii_lowercase().contains("bool"))
    };
    let condition = |observed: &ObservedValues| {
        let source = observed.source.clone();
        let (present, set) = (observed.present().count(), count(observed, 1));
        let is_boolean =
            if present == 0 { is_declared(&source) } else { set + count(observed, 0) == present };
        let is_it = source.path.is_none() && names::is_permanent(&source) && is_boolean;
        let evidence = format!(
            "In {set} of {} rows, {} is set: such sessions may last longer, or do not end. To restrict \
             this rule to the others:",
            table.rows, source.column
        );
        is_it.then_some((DraftCondition { source, test: DraftTest::False }, evidence))
    };
    table.values.iter().filter_map(condition).collect()
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
        Some(DraftRule { kind, when, evidence, exceptions: Vec::new(), is_suggestion: true })
    };
    table.values.iter().filter_map(rule).collect()
}
