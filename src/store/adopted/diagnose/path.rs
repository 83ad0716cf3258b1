//! Paths of times that match nothing in the JSON texts of a table.

use super::sample::Row;
use crate::domain::error::Result;
use crate::domain::profile::{ColumnSource, NullMeaning, SqlValue, TimeColumn};
use crate::store::adopted::reader::TableReader;
use crate::store::database::Database;
use crate::store::statement::{literal, quoted};

/// Message for a path that matches no JSON text in the sample, if a session without the
/// time would count as expired.
pub(in crate::store::adopted) fn path_never_matches(
    database: &impl Database,
    reader: &TableReader,
    time: &TimeColumn,
    rows: &[&Row],
) -> Result<Option<String>> {
    let source = reader.profile.inputs.get(time.input);
    let Some(ColumnSource { column, path: Some(path) }) = source else {
        return Ok(None);
    };
    let is_found = |row: &&Row| {
        // A blob stands for a text that is not JSON.
        !matches!(row.inputs.get(time.input), None | Some(SqlValue::Null | SqlValue::Blob(_)))
    };
    if time.null != Some(NullMeaning::Expired) || rows.iter().any(is_found) {
        return Ok(None);
    }
    let (value, path_literal) = (quoted(column), literal(path));
    let mut sql = reader.select(&format!(
        "CASE WHEN json_valid({value}) THEN json_type({value}, {path_literal}) IS NOT NULL END"
    ));
    sql.push(&format!(" WHERE {} = ?1", reader.key));
    let (mut json_texts, mut found) = (0_u64, 0_u64);
    let mut keys = rows.iter().map(|row| row.key.raw());
    database.query_each(&sql, &mut keys, &mut |row| {
        let is_there = row.and_then(|row| row.integer(0));
        json_texts += u64::from(is_there.is_some());
        found += u64::from(is_there == Some(1));
    })?;
    let (table, profile) = (&reader.table.name, &reader.profile.name);
    Ok((json_texts > 0 && found == 0).then(|| {
        format!(
            "no row of {table} has a value at {path} in {column}, and profile {profile} treats \
             sessions without it as expired: check the path"
        )
    }))
}
