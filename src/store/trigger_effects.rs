//! Side effects of a change: triggers and actions of foreign keys, as compiled by SQLite.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::database::Database;
use super::statement::Statement;
use crate::domain::error::Result;

/// SQLite's flag for a row that is deleted only to be written again by an UPDATE.
const OPFLAG_ISUPDATE: u64 = 0x04;
/// Code of a step that leaves out a row because of `RAISE(IGNORE)`.
const OE_IGNORE: u64 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TriggerEffect {
    pub(super) deletes: bool,
    pub(super) writes: bool,
    /// May skip rows without an error, by `RAISE(IGNORE)`.
    pub(super) ignores: bool,
}

/// The actions of foreign keys have no name.
pub(super) fn trigger_effects(
    database: &impl Database,
    change: &Statement,
    table: &str,
) -> Result<BTreeMap<String, TriggerEffect>> {
    let mut explained = Statement::new(&format!("EXPLAIN {}", change.sql));
    explained.values.clone_from(&change.values);
    let root = root_page(database, table)?;
    let (mut programs, mut trigger) = (0, String::new());
    let mut found: BTreeMap<String, TriggerEffect> = BTreeMap::new();
    database.query(&explained, &mut |row| {
        let text = |column| row.text(column).unwrap_or_default();
        let (step, p1, p2, p4) = (text(1), row.count(2), row.count(3), text(5));
        if row.count(0) == 0 {
            programs += 1;
            p4.strip_prefix("-- TRIGGER ").unwrap_or_default().clone_into(&mut trigger);
        }
        // The first program is the change itself.
        if programs > 1 {
            let effect = found.entry(trigger.clone()).or_default();
            let is_table = p4.eq_ignore_ascii_case(table);
            effect.deletes |= step == "Delete" && is_table && p2 & OPFLAG_ISUPDATE == 0;
            effect.writes |= step == "OpenWrite" && p2 == root;
            effect.ignores |= step == "Halt" && p1 == 0 && p2 == OE_IGNORE;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

fn root_page(database: &impl Database, table: &str) -> Result<u64> {
    let sql =
        "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    Ok(database.query_first(&Statement::new(sql).with(table), |row| row.count(0))?.unwrap_or(0))
}
