//! Conditions that a row is still the one that was read.

use super::reader::TableReader;
use super::table::TableKey;
use crate::store::statement::quoted;

/// Result of the probe for a session that was deleted and is there again.
pub(super) const REINSERTED: i64 = -2;

impl TableReader {
    /// The condition that a row with the key `?1` is still what it was, down to the
    /// class and the letter case of each value; the values are `?2` and so on, after those of the
    /// key.
    pub(super) fn unchanged_condition(&self) -> String {
        let values = self.id_expressions().iter().chain(self.input_expressions());
        let is_same = |(index, value)| format!(" AND ({value}) COLLATE BINARY IS ?{index}");
        let same: String = (self.after_key() + 1..).zip(values).map(is_same).collect();
        format!("{}{same}", self.key.is_bound())
    }

    /// Condition that the row with the key `?1` still has the id `?2`, or `?2`, `?3`, …. A NULL id
    /// of one column counts as empty, as in a [`SessionKey`]. A primary key identifies a session
    /// by itself; a row id does not.
    pub(super) fn same_key_condition(&self) -> String {
        let key = self.key.is_bound();
        match (&self.table.key, self.id_expressions()) {
            (TableKey::PrimaryKey(_), _) => key,
            (TableKey::RowId(_), [id]) => format!("{key} AND ifnull({id}, '') IS ?2"),
            (TableKey::RowId(_), _) => format!("{key} AND {}", self.has_same_id()),
        }
    }

    /// Condition that a row has the id that follows the key among the parameters.
    fn has_same_id(&self) -> String {
        let is_same = |(index, id)| format!("({id}) COLLATE BINARY IS ?{index}");
        let same = (self.after_key() + 1..).zip(self.id_expressions()).map(is_same);
        same.collect::<Vec<String>>().join(" AND ")
    }

    /// Selects rows that are the same session as the one with the key `?1` and the id `?2`:
    /// at that row id, or, where ids are unique, at another.
    pub(super) fn same_session(&self) -> String {
        let (key, table) = (&self.key, self.table());
        let there = format!("SELECT {REINSERTED} FROM {table} WHERE {}", key.is_bound());
        if let TableKey::PrimaryKey(_) = self.table.key {
            return there;
        }
        let there = format!("{there} AND {}", self.has_same_id());
        if !self.table.are_unique(&self.profile.id) {
            return there;
        }
        // The columns alone, so that an index serves.
        let is_same = |(index, name): (usize, &String)| format!("{} = ?{index}", quoted(name));
        let same: Vec<String> = (2..).zip(&self.profile.id).map(is_same).collect();
        format!(
            "{there} UNION ALL SELECT {REINSERTED} FROM {table} WHERE {} AND {} AND {key} <> ?1",
            same.join(" AND "),
            self.has_same_id()
        )
    }
}
