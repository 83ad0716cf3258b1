//! SQL statements with bound values.

use rusqlite::types::{Value, ValueRef};

use crate::domain::hex;
use crate::domain::profile::{SqlValue, SqlValueRef};
use crate::domain::session::Key;
use crate::domain::time::{Span, UnixTime};

/// SQL text and the values of its parameters `?1`, `?2`, ….
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Statement {
    /// The text.
    pub sql: String,
    /// The values.
    pub values: Vec<Value>,
    /// Each column is wrapped by
    /// [`Database::lossless`](super::database::Database::lossless).
    pub is_lossless: bool,
    /// Must see all writes that were acknowledged before, on any node.
    pub is_linearizable: bool,
    /// May read stale data, even before a change: its result is checked again before it is
    /// used.
    pub is_quick: bool,
}

impl Statement {
    /// A statement that begins like this.
    pub fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), ..Self::default() }
    }

    /// Makes the statement see all writes that were acknowledged before.
    #[must_use]
    #[cfg(feature = "rqlite")]
    pub fn linearizable(self) -> Self {
        Self { is_linearizable: true, ..self }
    }

    /// Reports whether the statement only reads.
    #[cfg(feature = "rqlite")]
    pub fn reads(&self) -> bool {
        self.sql.trim_start().starts_with("SELECT")
    }

    /// Appends text.
    pub fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Appends a parameter that holds this value.
    pub fn bind(&mut self, value: impl Into<Param>) -> &mut Self {
        self.values.push(value.into().0);
        let place = self.values.len().to_string();
        self.sql.push('?');
        self.sql.push_str(&place);
        self
    }

    /// Appends this value as it is written in a statement.
    pub fn literal(&mut self, value: impl Into<Param>) -> &mut Self {
        let literal = value.into().literal();
        self.push(&literal)
    }

    /// Appends a parameter that holds this value, in its class and to the last byte.
    pub fn bind_lossless(&mut self, value: ValueRef<'_>) -> &mut Self {
        match value {
            ValueRef::Text(bytes) if str::from_utf8(bytes).is_err() => {
                // No parameter holds it.
                self.push(&format!("CAST(X'{}' AS TEXT)", hex::encode(bytes)))
            }
            value => self.bind(Param(owned(value))),
        }
    }

    /// Binds the next value, for texts that number their parameters themselves.
    #[must_use]
    pub fn with(mut self, value: impl Into<Param>) -> Self {
        self.values.push(value.into().0);
        self
    }
}

/// A value in the form in which the database holds it.
pub struct Param(Value);

impl Param {
    /// The value as it is written in a statement.
    fn literal(self) -> String {
        match self.0 {
            Value::Null => "NULL".to_owned(),
            // Read as a number without its sign, this one would be out of range.
            Value::Integer(i64::MIN) => format!("({} - 1)", i64::MIN + 1),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => format!("{number:?}"),
            Value::Text(text) if !text.contains('\0') => literal(&text),
            Value::Text(text) => format!("CAST(X'{}' AS TEXT)", hex::encode(text.as_bytes())),
            Value::Blob(bytes) => format!("X'{}'", hex::encode(&bytes)),
        }
    }
}

impl From<UnixTime> for Param {
    fn from(time: UnixTime) -> Self {
        Self(Value::Integer(time.0))
    }
}

impl From<Span> for Param {
    fn from(span: Span) -> Self {
        Self(Value::Integer(span.as_seconds()))
    }
}

impl From<u64> for Param {
    /// Counts beyond the range of the database's integers are cut to its end.
    fn from(count: u64) -> Self {
        Self(Value::Integer(i64::try_from(count).unwrap_or(i64::MAX)))
    }
}

impl From<usize> for Param {
    fn from(count: usize) -> Self {
        (count as u64).into()
    }
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self(Value::Text(text.to_owned()))
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self(Value::Text(text))
    }
}

impl From<&Key> for Param {
    /// Converts a key of the native table, which consists of digits. Bytes that are not
    /// UTF-8 are replaced; use [`bind_lossless`](Statement::bind_lossless) for other keys.
    fn from(key: &Key) -> Self {
        Self(owned(key_ref(key)))
    }
}

impl From<i64> for Param {
    fn from(number: i64) -> Self {
        Self(Value::Integer(number))
    }
}

impl<T: Into<Self>> From<Option<T>> for Param {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self(Value::Null), Into::into)
    }
}

/// A key in the form in which the database holds it, without a copy.
pub fn key_ref(key: &Key) -> ValueRef<'_> {
    match key {
        Key::Integer(number) => ValueRef::Integer(*number),
        Key::Real(number) => ValueRef::Real(*number),
        Key::Text(bytes) => ValueRef::Text(bytes),
        Key::Blob(bytes) => ValueRef::Blob(bytes),
        Key::Row(place, _) => ValueRef::Integer(*place),
    }
}

/// A value in the form in which the database holds it, in the very class, without a copy.
pub fn value_ref(value: &SqlValue) -> ValueRef<'_> {
    match value.raw() {
        SqlValueRef::Null => ValueRef::Null,
        SqlValueRef::Integer(number) => ValueRef::Integer(number),
        SqlValueRef::Real(number) => ValueRef::Real(number),
        SqlValueRef::Text(text) => ValueRef::Text(text),
        SqlValueRef::Blob(bytes) => ValueRef::Blob(bytes),
    }
}

/// Copies a value. Bytes of a text that are not UTF-8 are replaced.
pub fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// A value that was read, as the rules take it.
pub fn raw(value: ValueRef<'_>) -> SqlValueRef<'_> {
    match value {
        ValueRef::Null => SqlValueRef::Null,
        ValueRef::Integer(number) => SqlValueRef::Integer(number),
        ValueRef::Real(number) => SqlValueRef::Real(number),
        ValueRef::Text(text) => SqlValueRef::Text(text),
        ValueRef::Blob(bytes) => SqlValueRef::Blob(bytes),
    }
}

/// The name of a table, a column or an index, whatever characters it has.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a text that is part of the statement rather than a value of a row.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
