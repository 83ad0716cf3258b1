//! SQL statements with bound values.

use crate::domain::hex;
use crate::domain::profile::{SqlValue, SqlValueRef};
use crate::domain::session::SessionKey;
use crate::domain::time::{Span, UnixTime};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Statement {
    pub sql: String,
    pub values: Vec<SqlValue>,
    /// Each column is wrapped by [`Database::lossless`](super::database::Database::lossless).
    pub is_lossless: bool,
    /// Must see all writes that were acknowledged before, on any node.
    pub is_linearizable: bool,
    /// May read stale data, even before a change: its result is checked again before it is used.
    pub is_quick: bool,
}

impl Statement {
    pub fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), ..Self::default() }
    }

    #[must_use]
    #[cfg(feature = "rqlite")]
    pub fn linearizable(self) -> Self {
        Self { is_linearizable: true, ..self }
    }

    #[cfg(feature = "rqlite")]
    pub fn reads(&self) -> bool {
        self.sql.trim_start().starts_with("SELECT")
    }

    pub fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    pub fn bind(&mut self, value: impl Into<SqlValue>) -> &mut Self {
        self.values.push(value.into());
        let place = self.values.len().to_string();
        self.sql.push('?');
        self.sql.push_str(&place);
        self
    }

    pub fn literal(&mut self, value: impl Into<SqlValue>) -> &mut Self {
        let literal = value_literal(value.into().raw());
        self.push(&literal)
    }

    /// Binds the next value, for texts that number their parameters themselves.
    #[must_use]
    pub fn with(mut self, value: impl Into<SqlValue>) -> Self {
        self.values.push(value.into());
        self
    }
}

/// Writes a value as it is written in a statement; NaN becomes NULL, as in SQLite.
pub fn value_literal(value: SqlValueRef<'_>) -> String {
    match value {
        SqlValueRef::Null => "NULL".to_owned(),
        // Read as a number without its sign, this one would be out of range.
        SqlValueRef::Integer(i64::MIN) => format!("({} - 1)", i64::MIN + 1),
        SqlValueRef::Integer(number) => number.to_string(),
        SqlValueRef::Real(number) if number.is_nan() => "NULL".to_owned(),
        SqlValueRef::Real(f64::INFINITY) => "9e999".to_owned(),
        SqlValueRef::Real(f64::NEG_INFINITY) => "-9e999".to_owned(),
        SqlValueRef::Real(number) => format!("{number:?}"),
        SqlValueRef::Text(bytes) => match str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => literal(text),
            _ => format!("CAST(X'{}' AS TEXT)", hex::encode(bytes)),
        },
        SqlValueRef::Blob(bytes) => format!("X'{}'", hex::encode(bytes)),
    }
}

impl From<UnixTime> for SqlValue {
    fn from(time: UnixTime) -> Self {
        Self::Integer(time.0)
    }
}

impl From<Span> for SqlValue {
    fn from(span: Span) -> Self {
        Self::Integer(span.as_seconds())
    }
}

impl From<i64> for SqlValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u64> for SqlValue {
    /// Counts beyond the range of the database's integers are cut to its end.
    fn from(count: u64) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<usize> for SqlValue {
    fn from(count: usize) -> Self {
        (count as u64).into()
    }
}

impl From<&str> for SqlValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for SqlValue {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&SessionKey> for SqlValue {
    fn from(key: &SessionKey) -> Self {
        key_ref(key).to_value()
    }
}

impl From<SqlValueRef<'_>> for SqlValue {
    fn from(value: SqlValueRef<'_>) -> Self {
        value.to_value()
    }
}

impl<T: Into<Self>> From<Option<T>> for SqlValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Value of a key of one column; of several, see [`key_values`].
pub fn key_ref(key: &SessionKey) -> SqlValueRef<'_> {
    match key {
        SessionKey::Null | SessionKey::Columns(_) => SqlValueRef::Null,
        SessionKey::Integer(number) => SqlValueRef::Integer(*number),
        SessionKey::Real(number) => SqlValueRef::Real(*number),
        SessionKey::Text(bytes) => SqlValueRef::Text(bytes),
        SessionKey::Blob(bytes) => SqlValueRef::Blob(bytes),
        SessionKey::Row(place, _) => SqlValueRef::Integer(*place),
    }
}

/// Values of a key, one for each of its columns.
pub fn key_values(key: &SessionKey) -> impl Iterator<Item = SqlValueRef<'_>> {
    key.columns().iter().map(key_ref)
}

/// Values of the parameters `?1`, `?2`, … for one run of a statement.
#[derive(Debug, Clone, Copy)]
pub enum Parameters<'a> {
    One(SqlValueRef<'a>),
    Key(&'a SessionKey),
}

impl<'a> Parameters<'a> {
    pub fn iter(self) -> impl Iterator<Item = SqlValueRef<'a>> {
        let (one, key): (_, &[SessionKey]) = match self {
            Self::One(value) => (Some(value), &[]),
            Self::Key(key) => (None, key.columns()),
        };
        one.into_iter().chain(key.iter().map(key_ref))
    }
}

pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
