//! Rules of the administrator's own for a framework's table.

use std::fmt;

use crate::domain::time::Span;
use crate::domain::variants::string_enum;

/// Part of a policy that a framework's table can follow. It shortens sessions and never
/// lengthens them; `retention` delays only the deletion of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StricterRules {
    /// Maximum time without use; `None`: any that the framework allows.
    pub timeout: Option<Span>,
    /// Maximum age; `None`: any that the framework allows.
    pub lifetime: Option<Span>,
    /// Maximum number of live sessions of each user; zero: any.
    pub user_limit: u64,
    /// Time for which the row of a session that is over is kept; zero: none; `None`: forever.
    pub retention: Option<Span>,
}

/// Rule that makes a session due which the application still accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StricterRule {
    Timeout,
    Lifetime,
    UserLimit,
}

string_enum!(StricterRule, "stricter rule", {
    Timeout => "timeout",
    Lifetime => "lifetime",
    UserLimit => "user_limit",
});

impl Default for StricterRules {
    /// The framework's rules alone.
    fn default() -> Self {
        Self { timeout: None, lifetime: None, user_limit: 0, retention: Some(Span::ZERO) }
    }
}

impl StricterRules {
    /// Reports whether any rule is set.
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }

    /// Reports whether a session may be due that the application accepts.
    pub fn ends_live_sessions(&self) -> bool {
        self.timeout.is_some() || self.lifetime.is_some() || self.user_limit > 0
    }
}

impl fmt::Display for StricterRules {
    /// Writes the rules that are set as the configuration does: `timeout = 1h, user_limit = 3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let retention = match self.retention {
            Some(Span::ZERO) => None,
            Some(retention) => Some(retention.to_string()),
            None => Some("forever".to_owned()),
        };
        let rules = [
            ("timeout", self.timeout.map(|span| span.to_string())),
            ("lifetime", self.lifetime.map(|span| span.to_string())),
            ("user_limit", (self.user_limit > 0).then(|| self.user_limit.to_string())),
            ("retention", retention),
        ];
        let set = rules.into_iter().filter_map(|(key, value)| Some(format!("{key} = {}", value?)));
        f.write_str(&set.collect::<Vec<String>>().join(", "))
    }
}
