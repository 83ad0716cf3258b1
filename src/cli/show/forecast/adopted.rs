//! Forecast for a session of a framework's table.

use crate::domain::profile::{Expiry, Profile};

use super::Forecast;

impl Forecast<'_> {
    pub(super) fn describe_adopted(&self, expiry: Expiry, profile: &Profile) -> Vec<String> {
        let by_rule = format!("by {}'s own rules", profile.title);
        let mut sentences = if expiry.is_expired(self.now) {
            self.describe_expired(expiry, profile, &by_rule)
        } else {
            match expiry.last_moment() {
                Some(until) => {
                    vec![
                        format!("It is valid until {until}, {by_rule}."),
                        self.describe_purge(profile),
                    ]
                }
                None if expiry == Expiry::Unknown => {
                    vec!["Its times cannot be read, so it is kept.".to_owned()]
                }
                None => vec![format!("It never expires, {by_rule}.")],
            }
        };
        let is_cycled = profile.readonly.is_none();
        sentences.extend(self.describe_cycle().filter(|_| is_cycled));
        sentences
    }

    fn describe_expired(&self, expiry: Expiry, profile: &Profile, by_rule: &str) -> Vec<String> {
        let over = match expiry.last_moment() {
            Some(since) => format!("It expired at {since}"),
            None => format!("It has expired, {by_rule}"),
        };
        if let Some(sentence) = describe_readonly(profile) {
            return vec![format!("{over}."), sentence];
        }
        vec![
            format!("{over}; the next purge deletes it."),
            match self.plans.next_purge {
                Some(next) if next <= self.now => "That purge is due now.".to_owned(),
                Some(next) => format!("That purge is scheduled for {next}."),
                None => "No job of the configuration schedules one on this machine.".to_owned(),
            },
        ]
    }

    fn describe_purge(&self, profile: &Profile) -> String {
        describe_readonly(profile).unwrap_or_else(|| match self.plans.last_purge {
            Some(purge) => {
                let about = if self.plans.has_interval { "about " } else { "" };
                format!("The purge at {about}{purge} would then delete it.")
            }
            None => "The first purge after that deletes it; no job of the configuration schedules \
            one on this machine."
                .to_owned(),
        })
    }
}

fn describe_readonly(profile: &Profile) -> Option<String> {
    let reason = profile.readonly.as_ref()?;
    Some(format!("No purge deletes it: {}.", reason.trim_end_matches('.')))
}
