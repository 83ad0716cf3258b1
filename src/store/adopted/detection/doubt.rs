//! Evidence on whether Django's times are in UTC, as the detected profile assumes, or in the
//! local time of `TIME_ZONE`. With the wrong assumption, live sessions would be deleted.

use crate::domain::error::Result;
use crate::domain::profile::{
    DetectionDoubt, OffsetEvidence, Profile, ProfileChoice, Rule, RuleKind, UserForm,
    signed_lifetime,
};
use crate::store::adopted::column_sql::MAX_PAYLOAD_BYTES;
use crate::store::adopted::reader::TableReader;
use crate::store::adopted::sample;
use crate::store::database::{Database, RowRef};
use crate::store::statement::quoted;

/// Number of latest sessions whose clock is examined: the current setting has written them.
const MAX_LATEST: usize = 1_000;

/// Finds the expiry column of Django sessions and the evidence for its clock; `None` if the profile
/// is not Django's for times in UTC, or if there are no rows. The latest rows are read, which are
/// all rows of a small table, and a sample of a larger one.
pub fn offset_evidence(
    database: &impl Database,
    reader: &TableReader,
) -> Result<Option<(String, OffsetEvidence)>> {
    let Profile { user, times, rules, .. } = &reader.profile;
    let user = user.as_ref().filter(|user| user.form == UserForm::DjangoPayload);
    let (Some(user), [Rule { kind: RuleKind::At(time), .. }]) = (user, rules.as_slice()) else {
        return Ok(None);
    };
    let Some(column) = times.get(*time).filter(|time| time.encoding.is_silently_utc()) else {
        return Ok(None);
    };
    let column = reader.input_name(column.input);
    // The time of the signature is near the end of the payload.
    let payload = quoted(&user.column);
    let end = format!(
        "CASE WHEN octet_length({payload}) <= {MAX_PAYLOAD_BYTES} THEN substr({payload}, -200) END"
    );
    let what = format!("{}, {}", database.lossless(&end), reader.inputs());
    let lifetime = |row: &dyn RowRef| {
        let over = reader.with_inputs(row, 1, |inputs| reader.profile.time(Some(*time), inputs));
        row.text(0).zip(over).and_then(|(payload, over)| signed_lifetime(&payload, over))
    };
    let latest = sample::rows_by_key(reader, &what, "DESC", MAX_LATEST);
    let mut lifetimes = database.query_all(&latest, lifetime)?;
    if lifetimes.is_empty() {
        return Ok(None);
    }
    if lifetimes.len() == MAX_LATEST {
        lifetimes.extend(sample::rows_between(database, reader, &what, lifetime)?);
    }
    Ok(Some((column, OffsetEvidence::of(lifetimes.into_iter().flatten()))))
}

/// `local` is the profile for the other setting.
pub fn detection_doubt(
    profile: &Profile,
    local: Option<&Profile>,
    column: &str,
    found: OffsetEvidence,
) -> Option<DetectionDoubt> {
    let table = &profile.table;
    let finding = match found {
        OffsetEvidence::Nothing => format!(
            "the rows of {table} do not show whether {column} is in UTC (USE_TZ = True) or in the \
             local time of TIME_ZONE (USE_TZ = False)"
        ),
        found => contradiction(table, column, found)?,
    };
    let choice = |profile: &Profile, condition| ProfileChoice {
        name: profile.name.clone(),
        parameters: profile.missing.clone(),
        condition,
    };
    let utc =
        choice(profile, "settings.py has USE_TZ = True, which is the default since Django 5.0");
    let local = local.map(|local| {
        choice(local, "settings.py has USE_TZ = False (replace the example with your TIME_ZONE)")
    });
    Some(DetectionDoubt { finding, choices: std::iter::once(utc).chain(local).collect() })
}

pub fn contradiction(table: &str, column: &str, found: OffsetEvidence) -> Option<String> {
    let offset = match found {
        OffsetEvidence::Utc | OffsetEvidence::Nothing => return None,
        OffsetEvidence::Ahead(seconds) => format!("{} UTC", describe_offset(seconds)),
        OffsetEvidence::Mixed => "at several offsets from UTC".to_owned(),
    };
    Some(format!(
        "judging by sessions that last two weeks, {column} in {table} is {offset}: it looks like \
         the local time of TIME_ZONE (USE_TZ = False)"
    ))
}

/// `4:30 hours ahead of`, or `behind`.
fn describe_offset(seconds: i64) -> String {
    let minutes = seconds.abs() / 60;
    let hours = match (minutes / 60, minutes % 60) {
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (hours, minutes) => format!("{hours}:{minutes:02} hours"),
    };
    format!("{hours} {}", if seconds < 0 { "behind" } else { "ahead of" })
}
