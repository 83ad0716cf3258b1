//! Finding what the times of a table mean.

use super::candidate::TimeCandidate;
use super::clock::{Clock, SKEW, length};
use super::ends;
use super::names;
use super::names::TimeHint;
use crate::domain::profile::timestamp::{SECOND, Timestamp};
use crate::domain::time::UnixTime;

/// Maximum distance of a local time that seems to be in the future.
const ZONES: i128 = 15 * 3_600 * SECOND;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Expires,
    Used,
    Created,
    Deleted,
    /// A time that may be the last use or the opening.
    Past,
    /// The day of a past time whose time of day is in another column.
    Day,
}

/// Indexes of the candidates by their roles, each with the reason.
#[derive(Debug, Clone, Default)]
pub(super) struct Roles {
    pub(super) expires: Option<(usize, String)>,
    /// Other times that may be the end, or are ends of something else, each with a sentence.
    pub(super) other_ends: Vec<(usize, String)>,
    pub(super) used: Option<(usize, String)>,
    pub(super) created: Option<(usize, String)>,
    /// Times without a role, with a description.
    pub(super) others: Vec<(usize, String)>,
}

impl Roles {
    /// Finds the roles of the candidates.
    ///
    /// 1. A time with values after now is the end, unless its name says otherwise, or it is a
    ///    local time that may only seem to be after now.
    /// 2. A time that is named as the end, but has no value after now, is the end if it lies
    ///    after the last use or the opening in nearly all rows. Otherwise it counts as the last
    ///    use: taken for the end, it would end every session.
    /// 3. An end that may be that of something else is only proposed.
    /// 4. Of several ends, a column goes before a path in JSON, then the latest one.
    /// 5. All others are the last use or the opening, by their names, and by their order in the
    ///    rows: the newest is the last use.
    pub(super) fn of(candidates: &[TimeCandidate], clock: &Clock, now: UnixTime) -> Self {
        let shift = if let Clock::Ahead(offset) = clock { *offset } else { 0 };
        let local = |candidate: &TimeCandidate| {
            let shift = if candidate.values.is_zoneless { shift } else { 0 };
            Local { now: Timestamp(Timestamp::from(now).0 + shift), is_shifted: shift != 0 }
        };
        let roles: Vec<(Role, String)> = candidates
            .iter()
            .map(|candidate| role(candidate, candidates, local(candidate)))
            .collect();
        let with = |wanted: Role| -> Vec<usize> {
            (0..roles.len()).filter(|index| roles[*index].0 == wanted).collect()
        };
        let reason = |index: usize| (index, roles[index].1.clone());
        let mut found = Self::default();
        found.add_ends(with(Role::Expires), candidates, &roles, |end| local(end).now);
        let newest = |indexes: Vec<usize>| {
            let order = |index: &usize| past_order(&candidates[*index]);
            indexes.into_iter().max_by_key(order)
        };
        let (used, created, past) = (with(Role::Used), with(Role::Created), with(Role::Past));
        let last = newest(used.clone()).or_else(|| newest(past.clone()));
        found.used = last.map(reason);
        let is_left = |index: &usize| Some(*index) != last;
        let opening = newest(created.clone()).or_else(|| {
            let is_before = |index: &usize| {
                let order = last.map(|last| candidates[last].order(&candidates[*index], 0));
                order.is_some_and(|(both, after)| both > 0 && both == after)
            };
            newest(past.iter().copied().filter(is_left).filter(is_before).collect())
        });
        found.created = opening.map(reason);
        let rest = used.into_iter().chain(created).chain(past).filter(is_left);
        let rest = rest.chain(with(Role::Day));
        found.others = rest.filter(|index| Some(*index) != opening).map(reason).collect();
        found
    }

    /// Adds the ends: the one of the session, and the proposals.
    fn add_ends(
        &mut self,
        mut ends: Vec<usize>,
        candidates: &[TimeCandidate],
        roles: &[(Role, String)],
        now: impl Fn(&TimeCandidate) -> Timestamp,
    ) {
        ends.sort_by_key(|index| end_order(&candidates[*index]));
        let all: Vec<&TimeCandidate> = ends.iter().map(|index| &candidates[*index]).collect();
        for index in ends.iter().copied() {
            let (end, seen) = (&candidates[index], &roles[index].1);
            match ends::doubt(end, &all, candidates, now(end)) {
                Some(doubt) => {
                    let what = match end.time_of_day {
                        Some(_) => "an end that a profile cannot express",
                        None => "an end, but hardly that of the session",
                    };
                    self.other_ends.push((index, format!("{what}: {doubt} ({seen})")));
                }
                None if self.expires.is_none() => self.expires = Some((index, seen.clone())),
                None => self.other_ends.push((index, format!("may be an end, too: {seen}"))),
            }
        }
    }
}

/// Columns before paths, then the latest values.
fn end_order(candidate: &TimeCandidate) -> (bool, bool, i128) {
    let newest = candidate.values.newest().map_or(0, |newest| newest.0);
    let is_named = candidate.hint == Some(TimeHint::Expires);
    (candidate.source.path.is_some(), !is_named, -newest)
}

/// Columns rather than paths, then the latest values.
fn past_order(candidate: &TimeCandidate) -> (bool, i128) {
    let newest = candidate.values.newest().map_or(0, |newest| newest.0);
    (candidate.source.path.is_none(), newest)
}

/// The time by the clock of a candidate, and whether that clock is a guess.
#[derive(Debug, Clone, Copy)]
struct Local {
    now: Timestamp,
    is_shifted: bool,
}

fn role(candidate: &TimeCandidate, all: &[TimeCandidate], local: Local) -> (Role, String) {
    let values = &candidate.values;
    let Some(newest) = values.newest() else {
        return by_name(candidate.hint, "by its name alone");
    };
    let now = local.now;
    let future = values.after(Timestamp(now.0 + SKEW));
    let lead = newest.0 - now.0;
    let seen = seen(candidate, future, lead, local.is_shifted);
    let has_used = || all.iter().any(|other| other.hint == Some(TimeHint::Used));
    let is_end_anyway = || names::is_other_end(&candidate.source) || has_used();
    match (candidate.hint, future) {
        (None, _) if candidate.time_of_day.is_some() || names::is_other_end(&candidate.source) => {
            (Role::Expires, seen)
        }
        (Some(TimeHint::Used | TimeHint::Created), _) if candidate.time_of_day.is_some() => {
            (Role::Day, "they are only days, with the time of day in another column".to_owned())
        }
        (Some(TimeHint::Deleted), _) => (Role::Deleted, format!("by its name; {seen}")),
        (Some(TimeHint::Expires), 1..) => (Role::Expires, format!("by its name, and {seen}")),
        (Some(TimeHint::Expires), 0) => match ends_after(candidate, all) {
            Some(sentence) => (Role::Expires, format!("by its name, and {sentence}; {seen}")),
            None if candidate.time_of_day.is_some() || is_end_anyway() => {
                (Role::Expires, format!("by its name; {seen}"))
            }
            None => {
                (Role::Past, format!("despite its name: {seen}, as with the time of the last use"))
            }
        },
        (Some(TimeHint::Used), _) => (Role::Used, format!("by its name; {seen}")),
        (Some(TimeHint::Created), _) => (Role::Created, format!("by its name; {seen}")),
        (_, 1..) if values.is_zoneless && lead < ZONES => {
            (Role::Past, format!("{seen}, which may be due to a time zone"))
        }
        (_, 1..) => (Role::Expires, seen),
        (_, 0) => (Role::Past, seen),
    }
}

fn seen(candidate: &TimeCandidate, future: usize, lead: i128, is_shifted: bool) -> String {
    let count = candidate.values.readable;
    let by = if is_shifted { ", by the clock that is guessed below" } else { "" };
    match (future, lead) {
        (1.., _) => {
            format!("{future} of {count} values are after now, up to {}{by}", length(lead))
        }
        (0, 1..) => format!("the newest is {} after now{by}", length(lead)),
        (0, _) if is_shifted => format!("the newest is {} ago{by}", length(-lead)),
        (0, _) => format!("no value is after now, and the newest is {} ago", length(-lead)),
    }
}

fn by_name(hint: Option<TimeHint>, reason: &str) -> (Role, String) {
    let role = match hint {
        Some(TimeHint::Expires) => Role::Expires,
        Some(TimeHint::Created) => Role::Created,
        Some(TimeHint::Deleted) => Role::Deleted,
        _ => Role::Used,
    };
    (role, reason.to_owned())
}

/// Sentence about a time of the past that this one follows in at least nine of ten rows.
fn ends_after(candidate: &TimeCandidate, all: &[TimeCandidate]) -> Option<String> {
    let is_past =
        |other: &&TimeCandidate| matches!(other.hint, Some(TimeHint::Used | TimeHint::Created));
    all.iter().filter(is_past).find_map(|other| {
        let (both, after) = candidate.order(other, 60 * SECOND);
        let follows = both >= 3 && after * 10 >= both * 9;
        follows.then(|| format!("it is after {} in {after} of {both} rows", other.label()))
    })
}
