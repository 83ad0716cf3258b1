//! Draft of a profile for an unknown table, from its schema and a sample of its values.
//!
//! Where two meanings are possible, the draft has the one that deletes less, and says so.

mod accounts;
mod candidate;
mod clock;
mod duration;
mod encodings;
mod ends;
mod key;
mod names;
mod observation;
mod people;
mod proposal;
mod ranking;
mod role;
mod rules;
mod selection;
mod text_times;
mod times;
mod vocabulary;

pub use key::DraftId;
pub use observation::{
    ObservedColumn, ObservedDependent, ObservedReference, ObservedTable, ObservedValues,
};
pub use people::{DraftSource, DraftToken, DraftUser};
pub use proposal::{
    Draft, DraftCondition, DraftFilter, DraftLifetime, DraftRule, DraftRuleKind, DraftTest,
    DraftTime, DraftZone, KeptRows, NoTimes, UnknownZone,
};
pub use ranking::{TableRank, rank, rank_by_schema};

use super::definition::ColumnSource;
use super::doubt::Parameter;
use super::encoding::{Encoding, Unit};
use crate::domain::time::UnixTime;
use clock::{Clock, ClockEvidence};
use role::Roles;

/// Drafts the profile of a table.
///
/// # Errors
/// If the table has no column that can be a time of the session.
pub fn draft(table: &ObservedTable, now: UnixTime) -> Result<Draft, NoTimes> {
    let candidates = candidate::find(table, now);
    let clock = clock::of_table(&candidates, now);
    let roles = Roles::of(&candidates, &clock.clock, now);
    let is_time = |source: &ColumnSource| candidates.iter().any(|it| it.source == *source);
    let duration = duration::find(table, is_time, unit_of_times(&candidates, &roles));
    let times = times::write(&candidates, &roles, &clock, now);
    let Some(mut expired) = rules::write(&candidates, &roles, duration.as_ref(), &times) else {
        return Err(no_times(table, now));
    };
    expired.extend(selection::ended(table, is_time));
    let accounts = accounts::evidence(table);
    let readonly = readonly(table, accounts.as_deref(), &expired);
    finish(&mut expired, table, accounts.is_some());
    let is_length =
        |source: &ColumnSource| duration.as_ref().is_some_and(|it| it.source == *source);
    let found = Columns::find(table, |source| is_time(source) || is_length(source));
    let named = |role: &Option<(usize, String)>| {
        role.as_ref().and_then(|(index, _)| times[*index].as_ref()).map(|time| time.name.clone())
    };
    let (created, last) = (named(&roles.created), named(&roles.used));
    let times: Vec<DraftTime> = times.into_iter().flatten().collect();
    let (parameters, unknown_zone) = parameters(&expired, &times, &clock, now);
    Ok(Draft {
        table: table.name.clone(),
        columns: table.columns.iter().map(|column| column.name.clone()).collect(),
        rows: table.rows,
        is_whole: table.is_whole,
        readonly,
        accounts,
        parameters,
        unknown_zone,
        remarks: remarks(&candidates, &roles),
        dependents: table.dependents.clone(),
        id: found.id,
        user: found.user,
        client: found.client,
        agent: found.agent,
        token: found.token,
        times,
        created,
        used: last,
        rules: expired,
        filters: found.filters,
    })
}

/// Unit of the last use, or else of the opening, if it is a number.
fn unit_of_times(candidates: &[candidate::TimeCandidate], roles: &Roles) -> Option<Unit> {
    let (index, _) = roles.used.as_ref().or(roles.created.as_ref())?;
    match &candidates[*index].values.encoding {
        Encoding::Unix(unit, _) => Some(*unit),
        _ => None,
    }
}

/// Reason why a profile must not delete yet.
fn readonly(table: &ObservedTable, accounts: Option<&str>, rules: &[DraftRule]) -> Option<String> {
    if let Some(reason) = accounts {
        return Some(format!("the rows look like accounts, not sessions: {reason}"));
    }
    if rules.iter().all(|rule| rule.is_suggestion) {
        return Some("no column is known to tell when a session ends".to_owned());
    }
    let reason = "the table had no rows when this profile was drafted, so its times are guesses";
    (table.rows == 0).then(|| reason.to_owned())
}

/// Makes all rules of accounts proposals, and adds exceptions to the rules of sessions.
fn finish(rules: &mut [DraftRule], table: &ObservedTable, are_accounts: bool) {
    let exceptions = selection::permanent(table);
    for rule in rules.iter_mut().filter(|rule| !rule.is_suggestion) {
        if are_accounts {
            rule.is_suggestion = true;
            if let DraftRuleKind::After(_, lifetime @ DraftLifetime::Parameter) = &mut rule.kind {
                *lifetime = DraftLifetime::Example("30d");
            }
        } else {
            rule.exceptions.clone_from(&exceptions);
        }
    }
}

/// Columns of a table other than its times.
struct Columns {
    id: DraftId,
    user: Option<DraftUser>,
    client: Option<DraftSource>,
    agent: Option<DraftSource>,
    token: Option<DraftToken>,
    filters: Vec<DraftFilter>,
}

impl Columns {
    /// Finds each among those that are left. A column has one meaning only, except that the id may
    /// be the token.
    fn find(table: &ObservedTable, is_taken: impl Fn(&ColumnSource) -> bool) -> Self {
        let id = key::find(table);
        let is_id = |source: &ColumnSource| {
            source.path.is_none() && id.columns.len() == 1 && id.columns[0] == source.column
        };
        let user = people::user(table, |source| is_taken(source) || is_id(source));
        let is_user = |source: &ColumnSource| user.as_ref().is_some_and(|it| it.source == *source);
        let client =
            people::client(table, |source| is_taken(source) || is_id(source) || is_user(source));
        let is_source = |it: &Option<DraftSource>, source: &ColumnSource| {
            it.as_ref().is_some_and(|it| it.source == *source)
        };
        let agent = people::agent(table, |source| {
            is_taken(source) || is_id(source) || is_user(source) || is_source(&client, source)
        });
        let is_shown = |source: &ColumnSource| {
            is_user(source) || is_source(&client, source) || is_source(&agent, source)
        };
        let token =
            people::token(table, &id.columns, |source| is_taken(source) || is_shown(source));
        let filters = selection::filters(table, |source| {
            let holds_token = token.as_ref().is_some_and(|it| it.column == source.column);
            is_taken(source) || is_id(source) || is_shown(source) || holds_token
        });
        Self { id, user, client, agent, token, filters }
    }
}

fn no_times(table: &ObservedTable, now: UnixTime) -> NoTimes {
    let columns = table.columns.iter().map(|column| column.name.clone()).collect();
    let unknown = candidate::of_unknown_encoding(table, now);
    NoTimes { table: table.name.clone(), columns, rows: table.rows, unknown }
}

fn parameters(
    rules: &[DraftRule],
    times: &[DraftTime],
    clock: &ClockEvidence,
    now: UnixTime,
) -> (Vec<Parameter>, Option<UnknownZone>) {
    let needs_lifetime = |rule: &DraftRule| {
        let is_open = matches!(&rule.kind, DraftRuleKind::After(_, DraftLifetime::Parameter));
        is_open && !rule.is_suggestion
    };
    let needs_zone = |time: &DraftTime| time.zone == DraftZone::Parameter && !time.is_suggestion;
    let lifetime = rules.iter().any(needs_lifetime).then(|| Parameter {
        name: "lifetime".to_owned(),
        about: "how long a session lasts after that time; only the application or its \
                configuration knows"
            .to_owned(),
        example: "30d".to_owned(),
    });
    let example = match clock.clock {
        Clock::Ahead(offset) => clock::zone_with(offset, now),
        Clock::Utc | Clock::Unknown => clock.west,
    };
    let timezone = times.iter().any(needs_zone).then(|| Parameter {
        name: "timezone".to_owned(),
        about: match clock.clock {
            Clock::Unknown => {
                "time zone in which the application writes its times; no value tells which one"
            }
            Clock::Utc | Clock::Ahead(_) => "time zone in which the application writes its times",
        }
        .to_owned(),
        example: example.unwrap_or("UTC").to_owned(),
    });
    let unknown_zone = (timezone.is_some() && clock.clock == Clock::Unknown)
        .then_some(UnknownZone { perhaps: clock.west });
    (lifetime.into_iter().chain(timezone).collect(), unknown_zone)
}

/// Times that the draft does not use.
fn remarks(candidates: &[candidate::TimeCandidate], roles: &Roles) -> Vec<String> {
    let others = roles.others.iter();
    others
        .map(|(index, reason)| {
            format!(
                "there are more times in {}, which have no use here: {reason}",
                candidates[*index].label()
            )
        })
        .collect()
}
