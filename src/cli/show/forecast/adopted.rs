//! Forecast for a session of a framework's table.

use crate::domain::profile::{Expiry, Profile, SessionTimes, Standing, StricterRule};
use crate::domain::time::UnixTime;

use super::Forecast;

impl Forecast<'_> {
    pub(super) fn describe_adopted(&self, times: &SessionTimes, profile: &Profile) -> Vec<String> {
        let rules = &self.session.stricter;
        let mut sentences = match rules.standing(times, self.now) {
            Standing::Live => self.describe_live(times, profile),
            Standing::Due(rule) => {
                let over = format!("It is over by the configuration: {}", self.rule(rule));
                let mut sentences = self.describe_deletion(&over, profile);
                sentences.push(format!("Until then {} accepts it.", profile.title));
                sentences
            }
            Standing::Expired => {
                let over = describe_end(times.expiry, profile);
                self.describe_deletion(&over, profile)
            }
            Standing::Retained => {
                let over = describe_end(times.expiry, profile);
                vec![format!("{over}."), describe_retained(rules.kept_until(times))]
            }
        };
        let is_cycled = profile.readonly.is_none();
        sentences.extend(self.describe_cycle().filter(|_| is_cycled));
        sentences
    }

    fn describe_live(&self, times: &SessionTimes, profile: &Profile) -> Vec<String> {
        let rules = &self.session.stricter;
        let Some(until) = rules.last_moment(times) else {
            return vec![match times.expiry {
                Expiry::Unknown => "Its times cannot be read, so it is kept.".to_owned(),
                _ => format!("It never expires, {}.", by_rule(profile)),
            }];
        };
        let rule = match rules.earliest_rule(times) {
            Some(rule) => format!("by the configuration: {}", self.rule(rule)),
            None => by_rule(profile),
        };
        let is_kept = rules.earliest_rule(times).is_none();
        let kept_until = rules.kept_until(times).filter(|_| is_kept);
        vec![
            format!("It is valid until {until}, {rule}."),
            match kept_until {
                Some(end) => describe_retained(Some(end)),
                None if is_kept && rules.retention.is_none() => describe_retained(None),
                None => self.describe_purge(profile),
            },
        ]
    }

    /// A rule of the configuration with its value.
    fn rule(&self, rule: StricterRule) -> String {
        let rules = &self.session.stricter;
        let value = match rule {
            StricterRule::Timeout => rules.timeout.map(|span| span.to_string()),
            StricterRule::Lifetime => rules.lifetime.map(|span| span.to_string()),
            StricterRule::UserLimit => Some(rules.user_limit.to_string()),
        };
        format!("{rule} = {}", value.unwrap_or_default())
    }

    fn describe_deletion(&self, over: &str, profile: &Profile) -> Vec<String> {
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

fn by_rule(profile: &Profile) -> String {
    format!("by {}'s own rules", profile.title)
}

fn describe_end(expiry: Expiry, profile: &Profile) -> String {
    match expiry.last_moment() {
        Some(since) => format!("It expired at {since}"),
        None => format!("It has expired, {}", by_rule(profile)),
    }
}

fn describe_retained(until: Option<UnixTime>) -> String {
    match until {
        Some(until) => format!("Its row is kept until {until}, by the retention."),
        None => "Its row is kept forever, by the retention.".to_owned(),
    }
}

fn describe_readonly(profile: &Profile) -> Option<String> {
    let reason = profile.readonly.as_ref()?;
    Some(format!("No purge deletes it: {}.", reason.trim_end_matches('.')))
}
