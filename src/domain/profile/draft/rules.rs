//! The expiry rules of a draft.

use super::candidate::TimeCandidate;
use super::duration::Duration;
use super::encodings::LONGEST_LENGTH;
use super::names::TimeHint;
use super::proposal::{
    DraftCondition, DraftLifetime, DraftRule, DraftRuleKind, DraftTest, DraftTime,
};
use super::role::Roles;
use crate::domain::profile::encoding::Unit;

/// Writes the rules; `None`: no time can be that of a rule.
///
/// 1. The end of the session, if there is one.
/// 2. Else the last use, or the opening, and the lifetime in a column.
/// 3. Else the last use, or the opening, and a lifetime that is a parameter.
/// 4. Else only proposals.
pub(super) fn write(
    candidates: &[TimeCandidate],
    roles: &Roles,
    duration: Option<&Duration>,
    times: &[Option<DraftTime>],
) -> Option<Vec<DraftRule>> {
    let name = |index: usize| times[index].as_ref().map(|time| time.name.clone());
    let others = || {
        let other =
            |(other, _): &(usize, String)| Some(suggested_end(&candidates[*other], name(*other)?));
        roles.other_ends.iter().filter_map(other)
    };
    if let Some((index, _)) = &roles.expires {
        let mut found = vec![at_the_end(&candidates[*index], name(*index)?)];
        let used = roles.used.as_ref().and_then(|(used, _)| name(*used));
        found.extend(used.clone().and_then(|used| suggested_lengths(&candidates[*index], used)));
        found.extend(others());
        let idle = suggested_length(roles, duration, name).or_else(|| used.map(suggested_idle));
        found.extend(idle);
        return Some(found);
    }
    let Some((base, _)) = roles.used.as_ref().or(roles.created.as_ref()) else {
        let found: Vec<DraftRule> = others().collect();
        return (!found.is_empty()).then_some(found);
    };
    let is_used = roles.used.is_some();
    let created = roles.created.as_ref().filter(|_| is_used).and_then(|(index, _)| name(*index));
    let mut rule = after(name(*base)?, duration, is_used);
    if candidates[*base].hint == Some(TimeHint::Expires) {
        rule.evidence.push(
            "if it is the end of the session after all, and all of them have ended, write `at` \
             instead of `after` and `lifetime`"
                .to_owned(),
        );
    }
    let mut found = vec![rule];
    if let Some(created) = created {
        if candidates[*base].values.nulls > 0 {
            found.push(until_first_use(&candidates[*base], created.clone(), duration));
        }
        found.push(suggested_maximum(created));
    }
    found.extend(others());
    Some(found)
}

fn at_the_end(end: &TimeCandidate, time: String) -> DraftRule {
    let sentence = "a session ends at that time; at exactly that time it is still valid, unless you \
                    write \"<=\"";
    let mut evidence = vec![sentence.to_owned()];
    let mut when = Vec::new();
    if end.is_date() {
        evidence.push(format!(
            "the values are only dates, so it ends at the beginning of that day; if it lasts until the \
             end of it, write after = {time:?} and lifetime = \"1d\" instead of `at`"
        ));
    }
    if end.values.lengths > 0 {
        evidence.push(format!(
            "{} of the values are too small for times, and may be lengths",
            end.values.lengths
        ));
        let test = DraftTest::Above(LONGEST_LENGTH);
        when.push(DraftCondition { source: end.source.clone(), test });
    }
    DraftRule {
        kind: DraftRuleKind::At(time),
        when,
        evidence,
        exceptions: Vec::new(),
        is_suggestion: false,
    }
}

/// Rule for rows that have a length in the place of the end.
fn suggested_lengths(end: &TimeCandidate, used: String) -> Option<DraftRule> {
    let source = end.source.clone();
    let test = DraftTest::UpTo(LONGEST_LENGTH);
    let lifetime =
        DraftLifetime::Column { source: source.clone(), unit: Unit::Seconds, never: Vec::new() };
    (end.values.lengths > 0).then(|| DraftRule {
        kind: DraftRuleKind::After(used, lifetime),
        when: vec![DraftCondition { source, test }],
        evidence: vec!["If the small values are lengths in seconds from the last use:".to_owned()],
        exceptions: Vec::new(),
        is_suggestion: true,
    })
}

fn lifetime(duration: Option<&Duration>) -> DraftLifetime {
    match duration {
        None => DraftLifetime::Parameter,
        Some(Duration { source, unit, sentinels, .. }) => DraftLifetime::Column {
            source: source.clone(),
            unit: *unit,
            never: sentinels.iter().map(|(value, _)| value.clone()).collect(),
        },
    }
}

/// Restricts a rule to the rows that have a length.
fn has_length(duration: Option<&Duration>) -> Vec<DraftCondition> {
    let duration = duration.filter(|duration| duration.has_nulls);
    let condition = |duration: &Duration| DraftCondition {
        source: duration.source.clone(),
        test: DraftTest::Null(false),
    };
    duration.map(condition).into_iter().collect()
}

fn after(time: String, duration: Option<&Duration>, is_used: bool) -> DraftRule {
    let by = if is_used { "its last use" } else { "its opening" };
    let mut evidence = vec![match duration {
        None => format!("a session lasts for a time after {by} that no column contains"),
        Some(_) => format!("a session lasts for a time after {by}, which is in a column"),
    }];
    evidence.extend(duration.map(|duration| duration.evidence.clone()));
    if duration.is_some_and(|duration| !duration.sentinels.is_empty()) {
        evidence
            .push("those under `never` are taken for unlimited, which deletes nothing".to_owned());
    }
    let kind = DraftRuleKind::After(time, lifetime(duration));
    DraftRule {
        kind,
        when: has_length(duration),
        evidence,
        exceptions: Vec::new(),
        is_suggestion: false,
    }
}

/// Rule for sessions that have not been used since they were opened.
fn until_first_use(
    used: &TimeCandidate,
    created: String,
    duration: Option<&Duration>,
) -> DraftRule {
    let mut when = has_length(duration);
    let test = DraftTest::Null(true);
    when.insert(0, DraftCondition { source: used.source.clone(), test });
    DraftRule {
        evidence: vec![format!(
            "without a value of {}, the same time after its opening: delete this rule if such \
             sessions are not meant to end",
            used.label()
        )],
        kind: DraftRuleKind::After(created, lifetime(duration)),
        when,
        exceptions: Vec::new(),
        is_suggestion: false,
    }
}

fn suggested_end(end: &TimeCandidate, time: String) -> DraftRule {
    let (kind, sentence) = if end.time_of_day.is_some() {
        let day = DraftRuleKind::After(time, DraftLifetime::Example("1d"));
        (day, "To end a session at the end of that day, whatever the time of day:")
    } else {
        (DraftRuleKind::At(time), "If a session also ends at this time:")
    };
    let evidence = vec![sentence.to_owned()];
    DraftRule { kind, when: Vec::new(), evidence, exceptions: Vec::new(), is_suggestion: true }
}

fn suggested_idle(used: String) -> DraftRule {
    DraftRule {
        kind: DraftRuleKind::After(used, DraftLifetime::Example("30d")),
        when: Vec::new(),
        evidence: vec![
            "If a session ends some time after its last use, as well as at its end, or instead \
             (then delete the rule of the end):"
                .to_owned(),
        ],
        exceptions: Vec::new(),
        is_suggestion: true,
    }
}

fn suggested_maximum(created: String) -> DraftRule {
    DraftRule {
        kind: DraftRuleKind::After(created, DraftLifetime::Example("30d")),
        when: Vec::new(),
        evidence: vec![
            "If a session also ends some time after its opening, however much it is \
                        used:"
                .to_owned(),
        ],
        exceptions: Vec::new(),
        is_suggestion: true,
    }
}

/// Rule for a session that ends a while after its last use, as well as at a fixed time.
fn suggested_length(
    roles: &Roles,
    duration: Option<&Duration>,
    name: impl Fn(usize) -> Option<String>,
) -> Option<DraftRule> {
    let duration = duration.filter(|duration| duration.source.path.is_none())?;
    let (base, _) = roles.used.as_ref()?;
    Some(DraftRule {
        kind: DraftRuleKind::After(name(*base)?, lifetime(Some(duration))),
        when: has_length(Some(duration)),
        evidence: vec![format!(
            "If a session also ends when it has been unused for as long as {} says ({}):",
            duration.source.column, duration.evidence
        )],
        exceptions: Vec::new(),
        is_suggestion: true,
    })
}
