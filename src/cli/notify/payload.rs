//! Content of a notification: the result as JSON, and what counts as a failure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::cli::all_databases::events::RunResult;
use crate::cli::exit::redact_credentials;

/// Maximum length of a reason, in characters.
const MAX_REASON_CHARS: usize = 2000;

/// Meaning of a result to those who are notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Success,
    Failure,
    /// Another process does the work, or the call was interrupted: there will be another result.
    Neither,
}

impl Verdict {
    /// The verdict on an exit code. An incomplete run is a success until it is one of too many in
    /// a row, which makes its code that of a failure.
    pub const fn of(exit_code: u8) -> Self {
        match exit_code {
            0 | 3 | 5 => Self::Success,
            11 | 129 | 130 | 143 => Self::Neither,
            _ => Self::Failure,
        }
    }
}

/// Knowledge about a unit beside its result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitFacts {
    /// Configured name or location; `None`: the unit is not about one database.
    pub database: Option<String>,
    pub job: Option<String>,
    pub host: String,
    pub labels: BTreeMap<String, String>,
}

impl UnitFacts {
    /// The message at the start of a unit.
    pub fn started(&self) -> String {
        let Self { database, job, host, labels } = self;
        let version = env!("CARGO_PKG_VERSION");
        let database = database.as_deref().map(redact_credentials);
        json!({
            "database": database,
            "job": job,
            "outcome": "started",
            "host": host,
            "version": version,
            "labels": labels,
        })
        .to_string()
    }

    /// The message at the end of a unit.
    pub fn finished(&self, result: &RunResult, duration: Duration) -> String {
        let Self { database, job, host, labels } = self;
        let RunResult { started, finished, outcome, exit_code, marked, ended, deleted, reason } =
            result;
        let (version, database) =
            (env!("CARGO_PKG_VERSION"), database.as_deref().map(redact_credentials));
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        json!({
            "database": database,
            "job": job,
            "outcome": outcome,
            "exit_code": exit_code,
            "marked": marked,
            "ended": ended,
            "deleted": deleted,
            "started": started.to_string(),
            "started_unix": started.0,
            "finished": finished.to_string(),
            "finished_unix": finished.0,
            "duration_seconds": Duration::from_millis(milliseconds).as_secs_f64(),
            "reason": reason.as_deref().map(bounded),
            "host": host,
            "version": version,
            "labels": labels,
        })
        .to_string()
    }

    /// One line for people: `shop, purge: done`.
    pub fn sentence(&self, result: &RunResult) -> String {
        let names: Vec<&str> =
            [&self.database, &self.job].into_iter().filter_map(|name| name.as_deref()).collect();
        let names = redact_credentials(&names.join(", ")).into_owned();
        let prefix = if names.is_empty() { names } else { format!("{names}: ") };
        match &result.reason {
            Some(reason) => format!("{prefix}{}: {}", result.outcome, bounded(reason)),
            None => format!("{prefix}{}", result.outcome),
        }
    }

    /// Variables for a command. None contains a control character.
    pub fn variables(&self, result: &RunResult) -> [(&'static str, String); 5] {
        let plain = |text: &Option<String>| {
            let text = text.as_deref().map(bounded).unwrap_or_default();
            text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
        };
        [
            ("SESSCTL_DATABASE", plain(&self.database)),
            ("SESSCTL_JOB", plain(&self.job)),
            ("SESSCTL_OUTCOME", plain(&Some(result.outcome.clone()))),
            ("SESSCTL_EXIT_CODE", result.exit_code.to_string()),
            ("SESSCTL_REASON", plain(&result.reason)),
        ]
    }
}

/// A text without passwords in addresses, and of limited length.
fn bounded(text: &str) -> String {
    let text = redact_credentials(text);
    match text.char_indices().nth(MAX_REASON_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}
