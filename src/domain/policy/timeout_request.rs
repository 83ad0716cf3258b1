//! The timeout that a session asks for, and the one that it gets.

use super::Policy;
use crate::domain::time::Span;

/// The timeout that a new session asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeoutRequest {
    /// It leaves that to the policy.
    #[default]
    Nothing,
    /// It would rather never time out.
    Never,
    /// So much.
    For(Span),
}

impl Policy {
    /// The timeout that a new session gets: what it asks for, or `timeout`,
    /// within [`min_timeout`, `max_timeout`].
    pub fn grant(&self, asked: TimeoutRequest) -> Option<Span> {
        let wanted = match asked {
            TimeoutRequest::Nothing => self.timeout,
            TimeoutRequest::Never => None,
            TimeoutRequest::For(span) => Some(span),
        };
        match (wanted, self.max_timeout) {
            (None, most) => most,
            (Some(wanted), most) => {
                let capped = most.map_or(wanted, |most| wanted.min(most));
                Some(capped.max(self.min_timeout))
            }
        }
    }
}
