//! Values of a row as keys, handles and displayed text.

use super::column_sql::MAX_VALUE_BYTES;
use crate::domain::profile::{SqlValue, SqlValueRef};
use crate::domain::session::SessionKey;
use crate::domain::token::Digest;

/// Converts a value of one of several columns to a part of a key.
pub(super) fn key_part(value: SqlValueRef<'_>) -> SessionKey {
    if value == SqlValueRef::Null { SessionKey::Null } else { key_from(value) }
}

/// Converts a value to a key; NULL becomes an empty text.
pub(super) fn key_from(value: SqlValueRef<'_>) -> SessionKey {
    match value {
        SqlValueRef::Null => SessionKey::Text(Vec::new()),
        SqlValueRef::Integer(number) => SessionKey::Integer(number),
        SqlValueRef::Real(number) => SessionKey::Real(number),
        SqlValueRef::Text(bytes) => SessionKey::Text(bytes.to_vec()),
        SqlValueRef::Blob(bytes) => SessionKey::Blob(bytes.to_vec()),
    }
}

/// Hash from which the handle of an id is derived. Of several columns, each adds its storage class
/// and its length before its value, so that different ids differ in what is hashed.
pub(super) fn id_digest(id: &[SqlValueRef<'_>]) -> Digest {
    let [id] = id else {
        return Digest::of_bytes(&id.iter().flat_map(|value| tagged(*value)).collect::<Vec<u8>>());
    };
    match *id {
        SqlValueRef::Null => Digest::of(""),
        SqlValueRef::Integer(number) => Digest::of(&number.to_string()),
        SqlValueRef::Real(number) => Digest::of(&number.to_string()),
        SqlValueRef::Text(bytes) | SqlValueRef::Blob(bytes) => Digest::of_bytes(bytes),
    }
}

fn tagged(value: SqlValueRef<'_>) -> Vec<u8> {
    let of = |class: u8, bytes: &[u8]| {
        [&[class][..], &(bytes.len() as u64).to_be_bytes(), bytes].concat()
    };
    match value {
        SqlValueRef::Null => of(b'n', &[]),
        SqlValueRef::Integer(number) => of(b'i', &number.to_be_bytes()),
        SqlValueRef::Real(number) => of(b'r', &number.to_bits().to_be_bytes()),
        SqlValueRef::Text(bytes) => of(b't', bytes),
        SqlValueRef::Blob(bytes) => of(b'b', bytes),
    }
}

/// Displayed text of a value; `None` if it is empty.
pub(super) fn display_text(value: SqlValueRef<'_>) -> Option<String> {
    let text = match value {
        SqlValueRef::Null => return None,
        SqlValueRef::Integer(number) => number.to_string(),
        SqlValueRef::Real(number) => number.to_string(),
        SqlValueRef::Text(bytes) | SqlValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    };
    Some(text).filter(|text| !text.is_empty())
}

/// A value as messages show it: of what is long, the beginning, and quoted where it is no number.
pub(super) fn display_value(value: &SqlValue) -> String {
    const LONG: usize = 40;
    match value {
        SqlValue::Null => "NULL".to_owned(),
        SqlValue::Integer(number) => number.to_string(),
        SqlValue::Real(number) => format!("{number:?}"),
        SqlValue::Text(bytes) => {
            let Ok(text) = str::from_utf8(bytes) else {
                return "text that is not UTF-8".to_owned();
            };
            let more = if text.chars().count() > LONG { "…" } else { "" };
            format!("{:?}{more}", text.chars().take(LONG).collect::<String>())
        }
        // As a value that is too long is read.
        SqlValue::Blob(bytes) if *bytes == [0] => format!("more than {MAX_VALUE_BYTES} bytes"),
        SqlValue::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
