//! Lines of an archive: each is one row, in JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

use crate::domain::profile::SqlValue;
use crate::domain::time::UnixTime;
use crate::storage::{ArchivedRow, ArchivedSession, NamedValue};

/// Beginning of each line: the version of the format.
pub const SIGNATURE: &[u8] = b"{\"archive\":1,";

/// Properties that all rows of a run share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub at: UnixTime,
    pub work: String,
    pub job: Option<String>,
    pub host: String,
    pub database: String,
    /// Name of the profile; `None`: sessctl's own table.
    pub profile: Option<String>,
}

/// A line that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub at: Option<UnixTime>,
    pub database: String,
    pub profile: Option<String>,
    pub handle: String,
    pub user: Option<String>,
    /// True for a row that went with its session, whose own line comes before.
    pub is_child: bool,
    pub row: ArchivedRow,
}

/// Appends the lines of a session: its own, then those of its children.
pub fn append_lines(bytes: &mut Vec<u8>, session: &ArchivedSession, origin: &Origin) {
    append_line(bytes, session, &session.row, None, origin);
    for child in &session.children {
        append_line(bytes, session, child, Some(&session.row.table), origin);
    }
}

fn append_line(
    bytes: &mut Vec<u8>,
    session: &ArchivedSession,
    row: &ArchivedRow,
    child_of: Option<&str>,
    origin: &Origin,
) {
    let default_reason = if origin.work == "cycle" { "cycled" } else { "expired" };
    let key = format!("[{}]", row.key.iter().map(|name| json(name)).collect::<Vec<_>>().join(","));
    let fields = [
        ("at", Some(json(&origin.at.to_string()))),
        ("run", Some(json(&origin.work))),
        ("job", origin.job.as_deref().map(json)),
        ("host", Some(json(&origin.host))),
        ("database", Some(json(&origin.database))),
        ("profile", origin.profile.as_deref().map(json)),
        ("reason", Some(json(session.reason.as_deref().unwrap_or(default_reason)))),
        ("session", Some(json(&session.handle))),
        ("user", session.user.as_deref().map(json)),
        ("table", Some(json(&row.table))),
        ("child_of", child_of.map(json)),
        ("key", Some(key).filter(|_| !row.key.is_empty())),
        ("rowid", row.row_id.map(|number| number.to_string())),
        ("row", Some(object(&row.columns))),
        ("changed", Some(object(&row.changed)).filter(|_| !row.changed.is_empty())),
    ];
    bytes.extend(&SIGNATURE[..SIGNATURE.len() - 1]);
    for (name, value) in fields {
        if let Some(value) = value {
            bytes.extend(format!(",\"{name}\":{value}").bytes());
        }
    }
    bytes.extend(b"}\n");
}

/// A text in JSON.
fn json(text: &str) -> String {
    Value::from(text).to_string()
}

/// An object in the order of the columns.
fn object(values: &[NamedValue]) -> String {
    let field = |(name, value): &NamedValue| format!("{}:{}", json(name), json_value(value));
    format!("{{{}}}", values.iter().map(field).collect::<Vec<_>>().join(","))
}

/// A value without loss: what JSON lacks is an object with its class.
fn json_value(value: &SqlValue) -> Value {
    let tagged = |class: &str, text: String| {
        Value::Object(Map::from_iter([(class.to_owned(), text.into())]))
    };
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(number) => Value::from(*number),
        SqlValue::Real(number) => Number::from_f64(*number)
            .map_or_else(|| tagged("real", number.to_string()), Value::Number),
        SqlValue::Text(bytes) => match str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => tagged("text", STANDARD.encode(bytes)),
        },
        SqlValue::Blob(bytes) => tagged("blob", STANDARD.encode(bytes)),
    }
}

impl Line {
    /// Reads a line; `None`: it is not one of an archive.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let Value::Object(mut fields) = serde_json::from_slice(line).ok()? else { return None };
        if fields.get("archive")? != 1 {
            return None;
        }
        let mut text = |name: &str| match fields.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let at = text("at").and_then(|at| chrono::DateTime::parse_from_rfc3339(&at).ok());
        let (database, profile) = (text("database")?, text("profile"));
        let (handle, user, table) = (text("session")?, text("user"), text("table")?);
        let is_child = text("child_of").is_some();
        let key = match fields.remove("key") {
            Some(Value::Array(names)) => {
                names.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>()?
            }
            _ => Vec::new(),
        };
        let row_id = fields.get("rowid").and_then(Value::as_i64);
        let columns = named_values(fields.remove("row")?)?;
        let changed = fields.remove("changed").map_or(Some(Vec::new()), named_values)?;
        Some(Self {
            at: at.map(|at| UnixTime(at.timestamp())),
            database,
            profile,
            handle,
            user,
            is_child,
            row: ArchivedRow { table, key, row_id, columns, changed },
        })
    }
}

fn named_values(object: Value) -> Option<Vec<NamedValue>> {
    let Value::Object(fields) = object else { return None };
    fields.into_iter().map(|(name, value)| Some((name, sql_value(value)?))).collect()
}

fn sql_value(value: Value) -> Option<SqlValue> {
    Some(match value {
        Value::Null => SqlValue::Null,
        Value::Number(number) => match number.as_i64() {
            Some(whole) => SqlValue::Integer(whole),
            None => SqlValue::Real(number.as_f64()?),
        },
        Value::String(text) => SqlValue::Text(text.into_bytes()),
        Value::Object(tagged) => {
            let (class, value) = tagged.into_iter().next()?;
            let text = value.as_str()?;
            match class.as_str() {
                "blob" => SqlValue::Blob(STANDARD.decode(text).ok()?),
                "text" => SqlValue::Text(STANDARD.decode(text).ok()?),
                "real" => SqlValue::Real(text.parse().ok()?),
                _ => return None,
            }
        }
        Value::Bool(_) | Value::Array(_) => return None,
    })
}
