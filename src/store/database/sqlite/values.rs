use rusqlite::Row;
use rusqlite::functions::Context;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use crate::domain::profile::{SqlValue, SqlValueRef};
use crate::store::database::RowRef;

impl<'a> From<ValueRef<'a>> for SqlValueRef<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(bytes) => Self::Text(bytes),
            ValueRef::Blob(bytes) => Self::Blob(bytes),
        }
    }
}

impl<'a> From<SqlValueRef<'a>> for ToSqlOutput<'a> {
    fn from(value: SqlValueRef<'a>) -> Self {
        Self::Borrowed(match value {
            SqlValueRef::Null => ValueRef::Null,
            SqlValueRef::Integer(number) => ValueRef::Integer(number),
            SqlValueRef::Real(number) => ValueRef::Real(number),
            SqlValueRef::Text(bytes) => ValueRef::Text(bytes),
            SqlValueRef::Blob(bytes) => ValueRef::Blob(bytes),
        })
    }
}

impl ToSql for SqlValueRef<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self).into())
    }
}

impl ToSql for SqlValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.raw().into())
    }
}

impl RowRef for Row<'_> {
    fn value(&self, place: usize) -> SqlValueRef<'_> {
        self.get_ref(place).map_or(SqlValueRef::Null, Into::into)
    }
}

impl RowRef for Context<'_> {
    fn value(&self, place: usize) -> SqlValueRef<'_> {
        if place < self.len() { self.get_raw(place).into() } else { SqlValueRef::Null }
    }
}
