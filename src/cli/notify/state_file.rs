//! The content of a state file, and the rules by which it changes.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::command::LIMIT;
use crate::domain::time::UnixTime;

const FAILED: &str = "failed";
const WELL: &str = "well";

/// Time after which an announcement is no longer under way, whatever became of its process.
const MAX_ANNOUNCEMENT: Duration = LIMIT.saturating_add(Duration::from_secs(15));

/// Names a scope in all processes: `None` where it does not apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeKey {
    /// `job`, `database` or `all`.
    pub kind: &'static str,
    /// Full path of the configuration.
    pub config: Option<String>,
    /// Configured name or location.
    pub database: Option<String>,
    pub job: Option<String>,
}

impl ScopeKey {
    pub fn file_name(&self) -> String {
        let Self { kind, config, database, job } = self;
        let digest = Sha256::digest(json!([kind, config, database, job]).to_string());
        format!("{}.json", URL_SAFE_NO_PAD.encode(&digest[..15]))
    }
}

/// A change that is to be announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateChange {
    Failed,
    Recovered,
}

impl StateChange {
    pub const fn to(is_failed: bool) -> Self {
        if is_failed { Self::Failed } else { Self::Recovered }
    }
}

/// An announcement that a process has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Announcement {
    change: StateChange,
    begun: UnixTime,
}

/// Knowledge of a scope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownState {
    /// The state that was announced last, with its time: whether it is that of a failure.
    told: Option<(bool, String)>,
    announcement: Option<Announcement>,
    /// Results in a row for which another program had locked the subject.
    locked: BTreeMap<String, u64>,
}

impl KnownState {
    /// Parses a file; `None`: it is damaged.
    pub fn parse(text: &str) -> Option<Self> {
        let content: Value = serde_json::from_str(text).ok()?;
        let since = content["since"].as_str().unwrap_or_default().to_owned();
        let told = match content.get("state")? {
            Value::Null => None,
            state => Some((is_failed(state)?, since)),
        };
        let announcement = &content["announcing"];
        let announcement = is_failed(&announcement["state"]).and_then(|is_failed| {
            let begun = UnixTime(announcement["begun_unix"].as_i64()?);
            Some(Announcement { change: StateChange::to(is_failed), begun })
        });
        let locked = content["locked"].as_object().into_iter().flatten();
        let locked = locked.filter_map(|(name, count)| Some((name.clone(), count.as_u64()?)));
        Some(Self { told, announcement, locked: locked.collect() })
    }

    pub fn content(&self, key: &ScopeKey) -> String {
        let ScopeKey { kind, config, database, job } = key;
        let announcement = self.announcement.as_ref().map(|announcement| {
            let state = word(announcement.change == StateChange::Failed);
            json!({ "state": state, "begun_unix": announcement.begun.0 })
        });
        let content = json!({
            "scope": kind,
            "config": config,
            "database": database,
            "job": job,
            "state": self.told.as_ref().map(|(is_failed, _)| word(*is_failed)),
            "since": self.told.as_ref().map(|(_, since)| since),
            "announcing": announcement,
            "locked": self.locked,
        });
        format!("{content}\n")
    }

    /// Takes in a result. Returns the change that this process is to announce.
    pub fn take(&mut self, is_failed: bool, now: UnixTime) -> Option<StateChange> {
        let told = self.told.as_ref().map(|(is_failed, _)| *is_failed);
        let change = match (told, is_failed) {
            (Some(told), is_failed) if told == is_failed => return None,
            (None, false) => {
                self.told = Some((false, now.to_string()));
                return None;
            }
            (_, is_failed) => StateChange::to(is_failed),
        };
        let is_under_way = self.announcement.as_ref().is_some_and(|other| {
            // Negative after the clock was set back.
            let age = now.0.saturating_sub(other.begun.0);
            other.change == change
                && u64::try_from(age).is_ok_and(|age| age <= MAX_ANNOUNCEMENT.as_secs())
        });
        if is_under_way {
            return None;
        }
        self.announcement = Some(Announcement { change, begun: now });
        Some(change)
    }

    /// Notes how an announcement has ended.
    pub fn settle(&mut self, change: StateChange, is_delivered: bool, now: UnixTime) {
        self.announcement.take_if(|announcement| announcement.change == change);
        if is_delivered {
            self.told = Some((change == StateChange::Failed, now.to_string()));
        }
    }

    /// Counts the subjects that were locked, and forgets the others. Returns the numbers.
    pub fn count(&mut self, locked: &[String], others: &[String]) -> BTreeMap<String, u64> {
        self.locked.retain(|name, _| !others.contains(name));
        let mut count = |name: &String| {
            let count = self.locked.entry(name.clone()).or_default();
            *count = count.saturating_add(1);
            (name.clone(), *count)
        };
        locked.iter().map(&mut count).collect()
    }
}

const fn word(is_failed: bool) -> &'static str {
    if is_failed { FAILED } else { WELL }
}

fn is_failed(state: &Value) -> Option<bool> {
    match state.as_str()? {
        FAILED => Some(true),
        WELL => Some(false),
        _ => None,
    }
}
