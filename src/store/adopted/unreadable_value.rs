//! The value that makes the expiry of a row unknown, for a report.

use super::reader::TableReader;
use crate::domain::profile::{
    Condition, DecodedTime, Expiry, Length, Profile, RowStatus, Rule, RuleKind, SqlValueRef,
};
use crate::storage::UnreadableValue;

/// The first in this order: the input of a condition, the time, the length.
pub(super) fn unreadable_value(
    reader: &TableReader,
    inputs: &[SqlValueRef<'_>],
) -> Option<UnreadableValue> {
    let profile = &reader.profile;
    let input = profile.rules.iter().find_map(|rule| unreadable_input(profile, rule, inputs))?;
    let value = reader.display_value(input, &inputs.get(input)?.to_value());
    Some(UnreadableValue { input: reader.input_name(input), value })
}

fn unreadable_input(profile: &Profile, rule: &Rule, inputs: &[SqlValueRef<'_>]) -> Option<usize> {
    if !rule.may_apply(inputs) {
        return None;
    }
    let is_odd = |condition: &&Condition| !condition.is_decidable(inputs);
    if let Some(condition) = rule.when.iter().find(is_odd) {
        return Some(condition.input);
    }
    let (RuleKind::At(time) | RuleKind::After(time, _)) = rule.kind else {
        return None;
    };
    let time = profile.times.get(time)?;
    let is_bad = match time.read(inputs) {
        DecodedTime::Unreadable => true,
        DecodedTime::Null => time.null.is_none(),
        DecodedTime::At(_) | DecodedTime::Never | DecodedTime::Expired => false,
    };
    match &rule.kind {
        _ if is_bad => Some(time.input),
        RuleKind::After(_, Length::Input { input, .. }) => {
            let rules = vec![rule.clone()];
            let alone = Profile { rules, filter: Vec::new(), ..profile.clone() };
            (alone.judge(inputs) == RowStatus::Session(Expiry::Unknown)).then_some(*input)
        }
        _ => None,
    }
}
