//! Telling somebody which sessions have ended.

use std::collections::BTreeSet;

use crate::domain::policy::Policies;
use crate::domain::session::Session;
use crate::domain::time::UnixTime;

/// Wants to know which sessions have ended, to drop their connections, say.
pub trait EndHook {
    /// Is told of sessions that have ended just now. They stay ended, whatever
    /// comes of it.
    ///
    /// # Errors
    /// Why it could not take note of them, in a few words.
    fn ended(&mut self, sessions: &[Session], policies: &Policies) -> Result<(), String>;

    /// What messages call it.
    fn name(&self) -> &'static str {
        "the hook"
    }

    /// Whether it wants to know of sessions at this moment.
    fn is_listening(&self) -> bool {
        true
    }
}

/// Ended sessions of which a listener has not taken note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedNotifications {
    /// How many.
    pub sessions: u64,
    /// When the first of them ended.
    pub since: UnixTime,
    /// Why, the first time.
    pub why: String,
    /// The [names](EndHook::name) of the listeners.
    pub whom: BTreeSet<&'static str>,
}

impl MissedNotifications {
    fn new(since: UnixTime, why: String) -> Self {
        Self { sessions: 0, since, why, whom: BTreeSet::new() }
    }
}

impl std::fmt::Display for MissedNotifications {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sessions = if self.sessions == 1 { "session" } else { "sessions" };
        let whom: Vec<&str> = self.whom.iter().copied().collect();
        let (whom, was) = (whom.join(" and "), if whom.len() == 1 { "was" } else { "were" });
        write!(f, "{whom} {was} not told of {} ended {sessions}: {}", self.sessions, self.why)
    }
}

/// The listeners, and what they have missed.
#[derive(Default)]
pub(super) struct Notifier {
    listeners: Vec<Box<dyn EndHook>>,
    untold: Option<MissedNotifications>,
}

impl Notifier {
    pub(super) fn add(&mut self, listener: Box<dyn EndHook>) {
        self.listeners.push(listener);
    }

    /// Whether anybody listens.
    pub(super) fn is_heard(&self) -> bool {
        self.listeners.iter().any(|listener| listener.is_listening())
    }

    pub(super) fn ring(&mut self, sessions: &[Session], policies: &Policies) {
        let Some(first) = sessions.first() else { return };
        let since = first.end.map_or(UnixTime(0), |end| end.at);
        self.tell(sessions.len() as u64, since, |listener| listener.ended(sessions, policies));
    }

    /// Notes that so many have ended, of which nobody can say which they were.
    pub(super) fn miss(&mut self, sessions: u64, since: UnixTime) {
        if sessions > 0 {
            self.tell(sessions, since, |_| Err("the answer of the cluster was lost".to_owned()));
        }
    }

    /// Tells each listener of so many sessions, and counts them if one of them takes no note.
    fn tell(
        &mut self,
        sessions: u64,
        since: UnixTime,
        tell: impl Fn(&mut dyn EndHook) -> Result<(), String>,
    ) {
        let listening = self.listeners.iter_mut().filter(|listener| listener.is_listening());
        let mut is_counted = false;
        for listener in listening {
            let Err(why) = tell(listener.as_mut()) else { continue };
            let untold = self.untold.get_or_insert_with(|| MissedNotifications::new(since, why));
            untold.sessions += if is_counted { 0 } else { sessions };
            untold.whom.insert(listener.name());
            is_counted = true;
        }
    }

    /// What was missed since the last time that somebody asked.
    pub(super) fn take_missed_notifications(&mut self) -> Option<MissedNotifications> {
        self.untold.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes no note of anything, and goes by a name.
    struct Deaf(&'static str);

    impl EndHook for Deaf {
        fn ended(&mut self, _: &[Session], _: &Policies) -> Result<(), String> {
            Err("it is deaf".to_owned())
        }

        fn name(&self) -> &'static str {
            self.0
        }

        fn is_listening(&self) -> bool {
            self.0 != "nobody"
        }
    }

    #[test]
    fn sessions_that_several_listeners_miss_count_once() {
        let mut bell = Notifier::default();
        bell.add(Box::new(Deaf("nobody")));
        assert!(!bell.is_heard());
        bell.miss(3, UnixTime(7));
        assert_eq!(bell.take_missed_notifications(), None);
        for name in ["the report", "the hook"] {
            bell.add(Box::new(Deaf(name)));
        }
        bell.miss(3, UnixTime(7));
        assert_eq!(
            bell.take_missed_notifications().unwrap().to_string(),
            "the hook and the report were not told of 3 ended sessions: the answer of the cluster \
             was lost"
        );
    }
}
