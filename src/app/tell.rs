//! Telling somebody which sessions have ended.

use crate::domain::policy::Policies;
use crate::domain::session::Session;
use crate::domain::time::UnixTime;

/// Wants to know which sessions have ended, to drop their connections, say.
pub trait Listener {
    /// Is told of sessions that have ended just now. They stay ended, whatever
    /// comes of it.
    ///
    /// # Errors
    /// Why it could not take note of them, in a few words.
    fn ended(&mut self, sessions: &[Session], policies: &Policies) -> Result<(), String>;
}

/// Ended sessions of which the listener has not taken note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// How many.
    pub sessions: u64,
    /// When the first of them ended.
    pub since: UnixTime,
    /// Why, the first time.
    pub why: String,
}

impl std::fmt::Display for Untold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sessions = if self.sessions == 1 { "session" } else { "sessions" };
        write!(f, "the hook was not told of {} ended {sessions}: {}", self.sessions, self.why)
    }
}

/// The listener, if there is one, and what it has missed.
#[derive(Default)]
pub(super) struct Bell {
    listener: Option<Box<dyn Listener>>,
    untold: Option<Untold>,
}

impl Bell {
    pub(super) fn for_listener(listener: Box<dyn Listener>) -> Self {
        Self { listener: Some(listener), untold: None }
    }

    /// Whether anybody listens.
    pub(super) fn is_heard(&self) -> bool {
        self.listener.is_some()
    }

    pub(super) fn ring(&mut self, sessions: &[Session], policies: &Policies) {
        let Some(listener) = self.listener.as_mut().filter(|_| !sessions.is_empty()) else {
            return;
        };
        if let Err(why) = listener.ended(sessions, policies) {
            let since = sessions[0].end.map_or(UnixTime(0), |end| end.at);
            let untold = self.untold.get_or_insert(Untold { sessions: 0, since, why });
            untold.sessions += sessions.len() as u64;
        }
    }

    /// Notes that so many have ended, of which nobody can say which they were.
    pub(super) fn miss(&mut self, sessions: u64, since: UnixTime) {
        if sessions > 0 && self.is_heard() {
            let why = "the answer of the cluster was lost".to_owned();
            let untold = self.untold.get_or_insert(Untold { sessions: 0, since, why });
            untold.sessions += sessions;
        }
    }

    /// What was missed since the last time that somebody asked.
    pub(super) fn take_untold(&mut self) -> Option<Untold> {
        self.untold.take()
    }
}
