//! Notification of hooks about ended sessions.

use std::collections::BTreeSet;

use crate::domain::policy::Policies;
use crate::domain::session::Session;
use crate::domain::time::UnixTime;

/// A hook for ended sessions, for instance to drop their connections.
pub trait EndHook {
    /// Receives sessions that have just ended. They stay ended, whatever it returns.
    ///
    /// # Errors
    /// Reason why it could not process them, in a few words.
    fn ended(&mut self, sessions: &[Session], policies: &Policies) -> Result<(), String>;

    /// Returns its name in messages.
    fn name(&self) -> &'static str {
        "the hook"
    }

    /// Reports whether it wants notifications at this time.
    fn is_listening(&self) -> bool {
        true
    }
}

/// Ended sessions that hooks were not notified of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedNotifications {
    pub sessions: u64,
    /// Time at which the first of them ended.
    pub since: UnixTime,
    /// Reason for the first miss.
    pub why: String,
    pub hooks: BTreeSet<&'static str>,
}

impl MissedNotifications {
    fn new(since: UnixTime, why: String) -> Self {
        Self { sessions: 0, since, why, hooks: BTreeSet::new() }
    }
}

impl std::fmt::Display for MissedNotifications {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sessions = if self.sessions == 1 { "session" } else { "sessions" };
        let hooks: Vec<&str> = self.hooks.iter().copied().collect();
        let hooks = hooks.join(" and ");
        write!(f, "{hooks} did not receive {} ended {sessions}: {}", self.sessions, self.why)
    }
}

#[derive(Default)]
pub struct Notifier {
    hooks: Vec<Box<dyn EndHook>>,
    missed: Option<MissedNotifications>,
}

impl Notifier {
    pub fn add(&mut self, hook: Box<dyn EndHook>) {
        self.hooks.push(hook);
    }

    pub fn is_enabled(&self) -> bool {
        self.hooks.iter().any(|hook| hook.is_listening())
    }

    pub(super) fn notify(&mut self, sessions: &[Session], policies: &Policies) {
        let Some(first) = sessions.first() else { return };
        let since = first.end.map_or(UnixTime(0), |end| end.at);
        self.notify_each(sessions.len() as u64, since, |hook| hook.ended(sessions, policies));
    }

    /// Records ended sessions whose identity is unknown.
    pub fn record_missed(&mut self, sessions: u64, since: UnixTime) {
        if sessions > 0 {
            let lost = || "the response of the cluster was lost".to_owned();
            self.notify_each(sessions, since, |_| Err(lost()));
        }
    }

    /// Notifies each hook, and counts the sessions once if any of the hooks fails.
    fn notify_each(
        &mut self,
        sessions: u64,
        since: UnixTime,
        notify: impl Fn(&mut dyn EndHook) -> Result<(), String>,
    ) {
        let listening = self.hooks.iter_mut().filter(|hook| hook.is_listening());
        let mut is_counted = false;
        for hook in listening {
            let Err(why) = notify(hook.as_mut()) else { continue };
            let missed = self.missed.get_or_insert_with(|| MissedNotifications::new(since, why));
            missed.sessions += if is_counted { 0 } else { sessions };
            missed.hooks.insert(hook.name());
            is_counted = true;
        }
    }

    pub fn take_missed_notifications(&mut self) -> Option<MissedNotifications> {
        self.missed.take()
    }
}
