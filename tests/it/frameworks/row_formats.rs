//! Rows as the frameworks write them, for a session that expires at a given time.
//!
//! Each framework has its own resolution: seconds, milliseconds, or finer. The time is that
//! of the rule, whatever the columns hold: where a session lasts for two hours after its
//! last use, the row has that use, two hours before.

use chrono::DateTime;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::frameworks::harness::Framework;
use crate::support::{DAY, HOUR, NOW};

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;
/// Nanoseconds in a thousandth of a second.
pub const MILLI: i64 = 1_000_000;

/// The format of one framework.
pub struct RowFormat {
    /// The profile's name.
    pub profile: &'static str,
    /// The finest that it can say, in nanoseconds.
    pub grain: i64,
    /// True if a session has expired exactly at its expiry time.
    pub at_once: bool,
    /// Columns other than the id that must be unique.
    unique: &'static [&'static str],
    /// Time columns of the row with this number, whose session expires this many nanoseconds after
    /// 1970.
    times: fn(u32, i64) -> Vec<(&'static str, Value)>,
}

/// All of them.
pub const FORMATS: [RowFormat; 13] = [
    RowFormat {
        profile: "django",
        grain: 1_000,
        at_once: false,
        unique: &[],
        times: |_, over| {
            let payload = signed(over / SECOND - TWO_WEEKS);
            vec![("expire_date", python(over).into()), ("session_data", payload.into())]
        },
    },
    RowFormat {
        profile: "flask-session",
        grain: 1_000,
        at_once: true,
        unique: &["id"],
        times: |_, over| vec![("expiry", micros(over).into())],
    },
    RowFormat {
        profile: "rails",
        grain: 1_000,
        at_once: false,
        unique: &["id"],
        // It is over for its age, or else for being unused.
        times: |serial, over| {
            let (old, new) = (micros(over - 30 * DAY * SECOND), micros(over - 29 * DAY * SECOND));
            let [created, updated] =
                if (serial / 2).is_multiple_of(2) { [old, new] } else { [new, old] };
            vec![("created_at", created.into()), ("updated_at", updated.into())]
        },
    },
    RowFormat {
        profile: "laravel",
        grain: SECOND,
        at_once: true,
        unique: &[],
        times: |_, over| vec![("last_activity", (over / SECOND - 2 * HOUR).into())],
    },
    RowFormat {
        profile: "symfony",
        grain: SECOND,
        at_once: false,
        unique: &[],
        // An older version has written half of the rows.
        times: |serial, over| {
            let over = over / SECOND;
            let [lifetime, time] =
                if (serial / 2).is_multiple_of(2) { [over, over - DAY] } else { [DAY, over - DAY] };
            vec![("sess_lifetime", lifetime.into()), ("sess_time", time.into())]
        },
    },
    RowFormat {
        profile: "scs",
        grain: MILLI,
        at_once: false,
        unique: &[],
        times: |_, over| vec![("expiry", julian(over).into())],
    },
    RowFormat {
        profile: "connect-sqlite3",
        grain: MILLI,
        at_once: false,
        unique: &[],
        times: |serial, over| {
            let over = over / MILLI;
            let value =
                if (serial / 2).is_multiple_of(2) { over.into() } else { real(over).into() };
            vec![("expired", value)]
        },
    },
    RowFormat {
        profile: "better-auth",
        grain: MILLI,
        at_once: false,
        unique: &["token"],
        times: |_, over| vec![("expiresAt", javascript(over).into())],
    },
    RowFormat {
        profile: "authjs-drizzle",
        grain: MILLI,
        at_once: false,
        unique: &[],
        times: |_, over| vec![("expires", (over / MILLI).into())],
    },
    RowFormat {
        profile: "authjs-typeorm",
        grain: MILLI,
        at_once: false,
        unique: &["id"],
        times: |_, over| vec![("expires", (over / MILLI).to_string().into())],
    },
    RowFormat {
        profile: "spring-session",
        grain: MILLI,
        at_once: false,
        unique: &["SESSION_ID"],
        times: |_, over| vec![("EXPIRY_TIME", (over / MILLI).into())],
    },
    RowFormat {
        profile: "tower-sessions",
        grain: 1,
        at_once: false,
        unique: &[],
        times: |_, over| vec![("expiry_date", rust(over).into())],
    },
    RowFormat {
        profile: "gitea",
        grain: SECOND,
        at_once: true,
        unique: &[],
        times: |_, over| vec![("expiry", (over / SECOND - DAY).into())],
    },
];

impl RowFormat {
    /// The format of a framework.
    #[track_caller]
    pub fn of(framework: &Framework) -> &'static Self {
        Self::find(framework).unwrap()
    }

    /// The format of a framework, if its rows can be written; not that of a variant of the table.
    pub fn find(framework: &Framework) -> Option<&'static Self> {
        let is_it = |form: &&Self| form.profile == framework.profile;
        let is_variant = framework.fixture.starts_with(&format!("{}-", framework.profile));
        FORMATS.iter().find(is_it).filter(|_| !is_variant)
    }

    /// True if a session that expires at `over` has expired at `now`, both in nanoseconds.
    pub fn is_over(&self, over: i64, now: i64) -> bool {
        over < now || (self.at_once && over == now)
    }

    /// Inserts copies of the first row of the table with these expiry times in one transaction;
    /// returns their ids as text, in the same order.
    pub fn insert(&self, framework: &Framework, db: &mut Connection, over: &[i64]) -> Vec<String> {
        let transaction = db.transaction().unwrap();
        let model = first_row(framework);
        let names: Vec<String> = model.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let sql =
            format!("INSERT INTO \"{}\" ({}) VALUES ({marks})", framework.table, names.join(", "));
        let mut insertion = transaction.prepare(&sql).unwrap();
        let mut ids = Vec::with_capacity(over.len());
        for (serial, &over) in (1_000..).zip(over) {
            let mut row = model.clone();
            for name in self.unique {
                let is_number = matches!(value(&mut row, name), Value::Integer(_));
                *value(&mut row, name) =
                    if is_number { i64::from(serial).into() } else { format!("u{serial}").into() };
            }
            *value(&mut row, framework.id.trim_matches('"')) = format!("row{serial}").into();
            for (name, time) in (self.times)(serial, over) {
                *value(&mut row, name) = time;
            }
            ids.push(format!("row{serial}"));
            insertion.execute(params_from_iter(row.into_iter().map(|(_, value)| value))).unwrap();
        }
        drop(insertion);
        transaction.commit().unwrap();
        ids
    }
}

/// The first row of the fixture, with the names of its columns.
fn first_row(framework: &Framework) -> Vec<(String, Value)> {
    let db = Connection::open_in_memory().unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    db.execute_batch(&framework.sql).unwrap();
    let mut statement = db.prepare(&format!("SELECT * FROM \"{}\"", framework.table)).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let read = |row: &rusqlite::Row<'_>| {
        names.into_iter().enumerate().map(|(place, name)| Ok((name, row.get(place)?))).collect()
    };
    statement.query_row([], read).unwrap()
}

fn value<'a>(row: &'a mut [(String, Value)], name: &str) -> &'a mut Value {
    &mut row.iter_mut().find(|(known, _)| known == name).unwrap().1
}

fn form(nanos: i64, form: &str) -> String {
    DateTime::from_timestamp_nanos(nanos).format(form).to_string()
}

/// Django's own lifetime, in seconds.
const TWO_WEEKS: i64 = 14 * DAY;

/// A payload as Django's signer writes it at this second, with the user 1 in it.
pub fn signed(mut second: i64) -> String {
    let digits: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let mut moment = String::new();
    while second > 0 {
        moment.insert(0, digits[usize::try_from(second % 62).unwrap()]);
        second /= 62;
    }
    format!("eyJfYXV0aF91c2VyX2lkIjoiMSJ9:{moment}:YzDFU2NrytPoy9-vUDJ4xJatL2uN4OoEecwbzYi6tbU")
}

/// Formats an aware time like Django's backend: in UTC, without decimals if there are none.
pub fn python(nanos: i64) -> String {
    let is_whole = nanos % SECOND == 0;
    form(nanos, if is_whole { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S%.6f" })
}

/// Formats a time like `SQLAlchemy` and Rails: always with six decimals.
fn micros(nanos: i64) -> String {
    form(nanos, "%Y-%m-%d %H:%M:%S%.6f")
}

/// Formats a time like `toISOString`.
pub fn javascript(nanos: i64) -> String {
    form(nanos, "%Y-%m-%dT%H:%M:%S%.3fZ")
}

/// Formats a time in RFC 3339 like the crate `time`: without trailing zeros.
fn rust(nanos: i64) -> String {
    let text = form(nanos, "%Y-%m-%dT%H:%M:%S%.9f");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    // The seconds' own zero is no decimal.
    let text = if nanos % SECOND == 0 { form(nanos, "%Y-%m-%dT%H:%M:%S") } else { text.to_owned() };
    format!("{text}Z")
}

/// Converts a time with three decimals to a Julian day like `julianday()`.
fn julian(nanos: i64) -> f64 {
    real(nanos / MILLI + 210_866_760_000_000) / 86_400_000.0
}

#[expect(clippy::cast_precision_loss, reason = "thousandths of a second are below 2^53")]
fn real(number: i64) -> f64 {
    number as f64
}

#[test]
fn the_formats_match_the_fixtures() {
    let noon = NOW.0 * SECOND;
    assert_eq!(python(noon - SECOND), "2026-06-15 11:59:59");
    assert!(signed(1_750_000_000).contains("9:1uQowS:Y"));
    assert_eq!(python(noon + 116 * MILLI), "2026-06-15 12:00:00.116000");
    assert_eq!(micros(noon), "2026-06-15 12:00:00.000000");
    assert_eq!(javascript(noon + 337 * MILLI), "2026-06-15T12:00:00.337Z");
    assert_eq!(rust(noon - 700 * MILLI), "2026-06-15T11:59:59.3Z");
    assert_eq!(rust(noon - 2 * SECOND), "2026-06-15T11:59:58Z");
    assert_eq!(rust(noon + 39_446_043), "2026-06-15T12:00:00.039446043Z");
    let sql = "SELECT julianday('2026-06-15 12:00:01.033')";
    let sqlite: f64 =
        Connection::open_in_memory().unwrap().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(julian(noon + 1_033 * MILLI).to_bits(), sqlite.to_bits());
}
