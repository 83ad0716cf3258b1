//! Triggers that an application has added to sessctl's own table.

use crate::domain::error::{Error, Result};
use crate::store::database::Database;
use crate::store::statement::Statement;
use crate::store::trigger_effects::trigger_effects;

/// Changes by which sessions end and rows are deleted.
const STATEMENTS: [&str; 2] = [
    "DELETE FROM sessions WHERE id = ''",
    "UPDATE sessions SET ended_at = 0, end_reason = 'closed', marked_at = 0 WHERE id = ''",
];

/// Checks that no trigger prevents sessions from ending: none skips rows without an error
/// or changes sessions itself. Only then are the counts of a purge reliable.
pub(super) fn validate_triggers(database: &impl Database) -> Result<()> {
    let any = Statement::new(
        "SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'sessions' \
         AND name <> 'name_task' LIMIT 1",
    );
    if database.query_first(&any, |_| ())?.is_none() {
        return Ok(());
    }
    for change in STATEMENTS {
        for (trigger, effect) in trigger_effects(database, &Statement::new(change), "sessions")? {
            let does = if effect.ignores {
                "can keep sessions from ending"
            } else if effect.deletes || effect.writes {
                "changes other sessions when one ends"
            } else {
                continue;
            };
            return Err(Error::Refused(format!(
                "the trigger {trigger} in \"{}\" {does}; drop or change it, then run the command \
                 again",
                database.display_name()
            )));
        }
    }
    Ok(())
}
