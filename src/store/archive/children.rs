//! Tables whose rows go with a session, or lose their reference to it.

use crate::domain::error::Result;
use crate::domain::profile::{Dependent, DependentAction};
use crate::store::adopted::foreign_keys::foreign_keys_to;
use crate::store::database::Database;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct ChildTable {
    pub(super) name: String,
    /// Columns that lose their value; empty: the row is deleted.
    pub(super) changed: Vec<String>,
}

impl ChildTable {
    /// Follows the foreign keys to a table of sessions, and the dependents of its profile.
    pub(in crate::store) fn all_of(
        database: &impl Database,
        sessions: &str,
        dependents: &[Dependent],
    ) -> Result<Vec<Self>> {
        let mut found: Vec<Self> = dependents.iter().map(Self::of_dependent).collect();
        let (mut parents, mut next) = (vec![sessions.to_ascii_lowercase()], 0);
        let deleted = found.iter().filter(|child| child.changed.is_empty());
        parents.extend(deleted.map(|child| child.name.to_ascii_lowercase()));
        while let Some(parent) = parents.get(next).cloned() {
            next += 1;
            for key in foreign_keys_to(database, &parent)? {
                let name = key.child.to_ascii_lowercase();
                let cascades = key.cascades();
                if key.blocks_deletion() || (cascades && parents.contains(&name)) {
                    continue;
                }
                if cascades {
                    parents.push(name);
                }
                let changed = if cascades { Vec::new() } else { key.columns };
                found.push(Self { name: key.child, changed });
            }
        }
        let is_sessions = |child: &Self| child.name.eq_ignore_ascii_case(sessions);
        found.retain(|child| !(child.changed.is_empty() && is_sessions(child)));
        Ok(found)
    }

    fn of_dependent(dependent: &Dependent) -> Self {
        let changed = match dependent.action {
            DependentAction::Delete => Vec::new(),
            DependentAction::SetNull => dependent.columns.clone(),
        };
        Self { name: dependent.table.clone(), changed }
    }
}
