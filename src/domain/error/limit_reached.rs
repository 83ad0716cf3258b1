//! The refusal of a session at a limit.

use crate::domain::policy::Licence;

/// A session that a limit keeps from opening.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("refused: {}", self.finding())]
pub struct LimitReached {
    /// The task.
    pub task: String,
    /// Its limit, that of each of its users, or that of its licence.
    pub limit: u64,
    /// The user, if it is the limit of users.
    pub user: Option<String>,
    /// The licence that the task belongs to, if it is the limit of that.
    pub licence: Option<Licence>,
}

impl LimitReached {
    fn finding(&self) -> String {
        let Self { task, limit, user, licence } = self;
        if let Some(licence) = licence {
            return format!(
                "the licence for {licence} allows no more than {limit} sessions, and none of \
                 them can be evicted"
            );
        }
        let whose = user.as_ref().map_or_else(String::new, |user| format!(" of {user}"));
        format!(
            "{task} is open to no more than {limit} sessions{whose}, and none of them may make way"
        )
    }
}
