//! Refusal of a session at a limit.

use crate::domain::policy::Licence;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("limit reached: {}", self.finding())]
pub struct LimitReached {
    pub task: String,
    /// Limit of the task, of each of its users, or of its licence.
    pub limit: u64,
    pub user: Option<String>,
    pub licence: Option<Licence>,
}

impl LimitReached {
    fn finding(&self) -> String {
        let Self { task, limit, user, licence } = self;
        let sessions = if *limit == 1 { "session" } else { "sessions" };
        if let Some(licence) = licence {
            return format!(
                "the licence for {licence} allows {limit} {sessions}, and none of them can be \
                 evicted"
            );
        }
        let whose = user.as_ref().map_or_else(String::new, |user| format!(" of user {user:?}"));
        format!("task {task:?} allows {limit} {sessions}{whose}, none of which can be evicted")
    }
}
