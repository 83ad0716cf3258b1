//! Policies that a dry run tries out: `--set`.

use crate::app::{PurgeRequest, SessionService};
use crate::cli::context::Context;
use crate::cli::mistakes::nearest;
use crate::config::{Config, IgnoredKey, PolicySetting};
use crate::domain::format::format_count;
use crate::domain::policy::TimeoutBasis;
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;
use crate::store::Access;

/// Reads a setting of a policy. An unknown key gets the nearest one as an answer.
pub fn setting(text: &str) -> Result<PolicySetting, String> {
    PolicySetting::parse(text, &format!("--set {text}")).map_err(|message| {
        let name = text.split('=').next().unwrap_or_default().trim();
        let (table, key) = name.rsplit_once('.').unwrap_or(("policy", name));
        let is_known = PolicySetting::keys().any(|known| known == key);
        match nearest(key, PolicySetting::keys()) {
            Some(near) if !is_known => {
                let table = if table.starts_with("policy.") { table } else { "policy" };
                format!("unknown key; did you mean {table}.{near}?")
            }
            _ => message,
        }
    })
}

/// The configuration with the changed policies.
pub struct ChangedPolicies(Config);

impl ChangedPolicies {
    /// `None`: nothing is changed.
    ///
    /// # Errors
    /// Settings that contradict others.
    pub fn of(settings: &[PolicySetting], context: &Context) -> anyhow::Result<Option<Self>> {
        let changed = || context.config_with(settings).map(Self);
        (!settings.is_empty()).then(changed).transpose()
    }

    /// Opens the table under these policies. Warns of settings without an effect.
    pub fn open(
        &self,
        settings: &[PolicySetting],
        context: &Context,
    ) -> anyhow::Result<SessionService> {
        let service = context.open_under(&self.0)?;
        let before = &context.config()?.warnings;
        for warning in self.0.warnings.iter().filter(|warning| !before.contains(warning)) {
            context.warn(warning);
        }
        if let Some(profile) = service.profile() {
            let ignored = self.0.table_policy(profile)?.ignored;
            for IgnoredKey { line, reason, .. } in
                ignored.iter().filter(|key| key.line.is_override())
            {
                context.warn(&format!("{line} has no effect on {}: {reason}", profile.table));
            }
        }
        for setting in settings {
            let task = setting.task.as_deref().map(TaskPattern::from);
            if let Some(task) = task
                && !service.knows_task(&task)?
            {
                context.warn(&format!(
                    "--set {}: the database has never held a session of this task",
                    setting.given
                ));
            }
        }
        Ok(service)
    }

    /// Result of a purge without the changes, and how the sessions were evaluated with them.
    ///
    /// # Errors
    /// Errors of reading the table.
    pub fn comparison(
        &self,
        request: &PurgeRequest,
        now: UnixTime,
        context: &Context,
    ) -> anyhow::Result<String> {
        let present = context.open_quietly(Access::Read)?;
        let done = present.preview(request, now)?.summary.done;
        let (count, verb) = match present.profile() {
            Some(_) => (done.deleted, "be deleted"),
            None => (done.ended, "end"),
        };
        let sessions = if count == 1 { "session" } else { "sessions" };
        let count = format_count(count);
        let text = format!("under the present policies, {count} {sessions} would {verb}");
        Ok(match present.profile() {
            None => text + self.evaluation(),
            Some(_) => text,
        })
    }

    fn evaluation(&self) -> &'static str {
        let has = |basis| self.0.policies.all().any(|policy| policy.basis == basis);
        if has(TimeoutBasis::Policy) {
            "; open sessions are evaluated as if they had been granted the changed timeout"
        } else if has(TimeoutBasis::Bounds) {
            "; open sessions are evaluated as if their timeouts had been granted within the changed \
             bounds"
        } else {
            ""
        }
    }
}
