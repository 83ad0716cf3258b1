//! Tables at random, in every encoding: what goes is what the profile says.

use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::types::Value;
use sessctl::domain::profile::{
    Encoding, NullMeaning, Profile, RowStatus, Separator, SqlValue, Storage, Unit, ZoneForm,
};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::domain::time_zone::TimeZone;

use crate::support::NOW;
use crate::support::adopted::{ApplicationDb, purge_all, purge_by_key};
use crate::support::profiles::{Draft, draft, text};

/// Function that encodes a time, given in milliseconds from now.
pub(super) type Write = fn(i64) -> Value;

/// All encodings, and what writes in them.
pub(super) fn encodings() -> Vec<(Encoding, Write)> {
    let unix = |unit, storage| Encoding::Unix(unit, vec![storage]);
    let berlin: TimeZone = "Europe/Berlin".parse().unwrap();
    vec![
        (unix(Unit::Seconds, Storage::Integer), |ms| (at(ms) / 1_000).into()),
        (unix(Unit::Minutes, Storage::Integer), |ms| (at(ms) / 60_000).into()),
        (unix(Unit::Milliseconds, Storage::Integer), |ms| at(ms).into()),
        (unix(Unit::Milliseconds, Storage::Real), |ms| as_real(at(ms)).into()),
        (unix(Unit::Milliseconds, Storage::Text), |ms| at(ms).to_string().into()),
        (unix(Unit::Seconds, Storage::Real), |ms| (as_real(at(ms)) / 1_000.0).into()),
        (Encoding::Julian(vec![Storage::Real]), |ms| {
            (as_real(at(ms)) / 86_400_000.0 + 2_440_587.5).into()
        }),
        (Encoding::Ticks(vec![Storage::Integer]), |ms| {
            ((at(ms) + 62_135_596_800_000) * 10_000).into()
        }),
        (text(Separator::Blank, &[6], ZoneForm::None(TimeZone::UTC)), |ms| {
            written(ms, "%Y-%m-%d %H:%M:%S%.6f").into()
        }),
        (text(Separator::T, &[0, 3, 9], ZoneForm::Z), |ms| {
            let form = if ms % 2 == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%.3fZ" };
            written(ms, form).into()
        }),
        (text(Separator::Either, &[0], ZoneForm::Offset), |ms| {
            let form =
                if ms % 2 == 0 { "%Y-%m-%d %H:%M:%S+00:00" } else { "%Y-%m-%dT%H:%M:%S+00:00" };
            written(ms, form).into()
        }),
        (text(Separator::Blank, &[0], ZoneForm::None(berlin)), |ms| {
            written(ms + 7_200_000, "%Y-%m-%d %H:%M:%S").into()
        }),
        (
            text(
                Separator::T,
                &[0, 3],
                ZoneForm::AnyOf(vec![ZoneForm::None(TimeZone::UTC), ZoneForm::Z]),
            ),
            |ms| {
                let form = if ms % 2 == 0 { "%Y-%m-%dT%H:%M:%S%.3f" } else { "%Y-%m-%dT%H:%M:%SZ" };
                written(ms, form).into()
            },
        ),
        (
            Encoding::OneOf(vec![
                unix(Unit::Milliseconds, Storage::Integer),
                text(Separator::T, &[3], ZoneForm::Z),
            ]),
            |ms| match ms % 2 {
                0 => at(ms).into(),
                _ => written(ms, "%Y-%m-%dT%H:%M:%S%.3fZ").into(),
            },
        ),
        (Encoding::Pattern("%Y%m%d%H%M%S".to_owned(), TimeZone::UTC), |ms| {
            written(ms, "%Y%m%d%H%M%S").into()
        }),
    ]
}

fn at(ms: i64) -> i64 {
    NOW.0 * 1_000 + ms
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of this century fit")]
fn as_real(number: i64) -> f64 {
    number as f64
}

fn written(ms: i64, form: &str) -> String {
    chrono::DateTime::from_timestamp_millis(at(ms)).unwrap().format(form).to_string()
}

/// Value that is unusual in a column of times.
pub(super) fn odd(which: u8) -> Value {
    match which {
        0 => Value::Null,
        1 => 0.into(),
        2 => 1_781_524_700.into(),
        3 => 1_781_524_700_000_i64.into(),
        4 => 1.5.into(),
        5 => "0000-00-00 00:00:00".to_owned().into(),
        6 => "2026-06-15 11:00:00".to_owned().into(),
        7 => "2026-06-15T11:00:00.5Z".to_owned().into(),
        8 => vec![1_u8, 2].into(),
        9 => i64::MAX.into(),
        10 => (-1).into(),
        _ => "~".to_owned().into(),
    }
}

/// A time in a row: near the present moment, far from it, or something odd.
pub(super) fn time() -> impl Strategy<Value = Result<i64, u8>> {
    prop_oneof![
        6 => (-3_i64..4).prop_map(|seconds| Ok(seconds * 1_000)),
        6 => (-9_000_000_000_i64..9_000_000_000).prop_map(Ok),
        2 => (0_u8..12).prop_map(Err),
    ]
}

fn datum(value: &Value) -> SqlValue {
    match value {
        Value::Null => SqlValue::Null,
        Value::Integer(number) => SqlValue::Integer(*number),
        Value::Real(number) => SqlValue::Real(*number),
        Value::Text(text) => SqlValue::Text(text.clone().into()),
        Value::Blob(bytes) => SqlValue::Blob(bytes.clone()),
    }
}

pub(super) fn is_over(profile: &Profile, inputs: &[Value], now: UnixTime) -> bool {
    let inputs: Vec<SqlValue> = inputs.iter().map(datum).collect();
    match profile.judge(&inputs.iter().map(SqlValue::raw).collect::<Vec<_>>()) {
        RowStatus::NoSession => false,
        RowStatus::Session(expiry) => expiry.is_expired(now),
    }
}

pub(super) fn rule(
    draft: Draft,
    lifetime: Option<i64>,
    null: u8,
    over: u8,
    at_once: bool,
) -> Profile {
    let draft = match null {
        0 => draft,
        1 => draft.null(NullMeaning::Expired),
        _ => draft.null(NullMeaning::Never),
    }
    .never(-1);
    // Before all times, and behind them.
    let draft = match over {
        0 => draft,
        1 => draft.over(0),
        _ => draft.over(0).over(i64::MAX),
    };
    match lifetime {
        None => draft.at(0, at_once).0,
        Some(seconds) => draft.after(0, Span::seconds(seconds), at_once).0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn a_purge_deletes_exactly_the_rows_that_the_profile_expires(
        which in 0_usize..15,
        times in vec(time(), 0..60),
        lifetime in proptest::option::of(0_i64..100_000),
        (null, over) in (0_u8..3, 0_u8..3),
        (at_once, has_index, has_places, by_key) in any::<(bool, bool, bool, bool)>(),
        stride in 1_usize..30,
        declared in prop::sample::select(&["", "", "", "INTEGER", "REAL", "TEXT", "DATETIME"][..]),
    ) {
        let (encoding, write) = encodings().swap_remove(which);
        let key = if has_places { "" } else { " WITHOUT ROWID" };
        let index = if has_index { "CREATE INDEX i ON t (expiry)" } else { "" };
        let columns = format!("id TEXT PRIMARY KEY, expiry {declared}");
        let db = ApplicationDb::of(&format!("CREATE TABLE t ({columns}){key}; {index}"));
        let profile =
            rule(draft("t", "t", "id", &["id", "expiry"]).time("expiry", encoding), lifetime, null, over, at_once);
        let application = db.application();
        let mut left = Vec::new();
        // Enough of what is good and not over, for the index to be worth it.
        let good = (0..200).map(|_| Ok(90_000_000));
        for (place, time) in times.into_iter().chain(good).enumerate() {
            let value = time.map_or_else(odd, |ms| write(ms - lifetime.unwrap_or(0) * 1_000));
            let id = format!("id{place:03}");
            // The column may make something else of it.
            let sql = "INSERT INTO t VALUES (?1, ?2) RETURNING expiry";
            let value = application.query_row(sql, (&id, &value), |row| row.get(0)).unwrap();
            if !is_over(&profile, &[value], NOW) {
                left.push(id);
            }
        }
        let mut store = db.store(profile);
        let purge = if by_key { purge_by_key } else { purge_all };
        let totals = match purge(store.as_mut(), stride) {
            Err(error) if error.is_refusal() && !declared.is_empty() => return Ok(()),
            totals => totals.unwrap(),
        };
        prop_assert_eq!(db.column("t", "id"), left.clone());
        prop_assert_eq!(totals.sessions, totals.rows);
        prop_assert_eq!(totals.sessions - totals.settled.deleted, left.len() as u64);
    }
}
