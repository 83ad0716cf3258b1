//! Delays that are over long before anybody looks.

use super::read::Reader;
use crate::domain::job::min_spacing;
use crate::domain::policy::{ExpiryMode, Policy};

impl Reader<'_> {
    /// Warns of each delay that is less than the distance between the checks.
    pub(super) fn warn_of_delays(&mut self) {
        let policies = &self.config.policies;
        let own = policies.tables().map(|(task, policy)| (Some(task), policy));
        let all = std::iter::once((None, &policies.default)).chain(own);
        let mut warnings: Vec<_> =
            all.filter_map(|(task, policy)| self.late_check(task, policy)).collect();
        // Tasks that differ in other keys have the same to say.
        warnings.dedup();
        self.config.warnings.extend(warnings);
    }

    fn late_check(&self, task: Option<&str>, policy: &Policy) -> Option<String> {
        if policy.expire != ExpiryMode::TwoPass {
            return None;
        }
        let (jobs, policies) = (&self.config.jobs, &self.config.policies);
        let apart = min_spacing(jobs, policies, task, policy.delay)?;
        let delay = policy.delay;
        (delay < apart).then(|| {
            format!(
                "{}.delay = \"{delay}\" cannot take effect before the next check: \
                 the planned purges lie {apart} apart",
                self.whose_delay(task)
            )
        })
    }

    /// The table to change where the delay of a two-pass policy is wrong.
    fn whose_delay(&self, task: Option<&str>) -> String {
        let table = task.map(|task| format!("policy.{task}"));
        let is_own = |table: &String| {
            ["delay", "expire"].iter().any(|key| self.own_line(table, key).is_some())
        };
        table.filter(is_own).unwrap_or_else(|| "policy".to_owned())
    }
}
