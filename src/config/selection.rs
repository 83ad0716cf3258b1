//! Keys that select sessions, in jobs and for hooks.

use toml::de::DeValue;

use super::error::Result;
use super::keys::{ConfigKey, KeyFormat, key};
use super::values::{count, name, one_or_more, parsed, span};
use crate::domain::filter::{AgentPattern, ClientFilter, SelectionRule};
use crate::domain::session::SessionState;
use crate::domain::task::TaskPattern;
use crate::domain::time::Span;

/// Keys of a job that select sessions, in addition to the task.
pub(super) const KEYS: &[ConfigKey<SelectionRule>] = &[
    key!("user", users, USERS),
    key!("except_user", except_users, USERS),
    key!("client", client, CLIENT),
    key!("agent", agent, AGENT),
    key!("state", states, STATES),
    key!("idle_over", idle_over, AGE),
    key!("created_before", created_before, AGE),
    key!("used_before", used_before, AGE),
    key!("keep_newest", keep_newest, LIMIT),
    key!("limit", limit, LIMIT),
];

pub(super) const TASK: KeyFormat<Option<TaskPattern>> = KeyFormat {
    read: |value| name(value).map(|task| Some(task.as_str().into())),
    show: |task| task.as_ref().map_or("*", TaskPattern::as_str).to_owned(),
};
/// Shown as nothing if it is not set, as all of these.
pub(super) const USERS: KeyFormat<Vec<String>> = KeyFormat {
    read: |value| one_or_more(value, "[\"alice\", \"bob\"]", name),
    show: |users| users.join(", "),
};
pub(super) const CLIENT: KeyFormat<Option<ClientFilter>> = KeyFormat {
    read: |value| parsed(value).map(Some),
    show: |client| client.as_ref().map(ToString::to_string).unwrap_or_default(),
};
pub(super) const AGENT: KeyFormat<Option<AgentPattern>> = KeyFormat {
    read: |value| name(value).map(|agent| Some(agent.as_str().into())),
    show: |agent| agent.as_ref().map_or("", AgentPattern::as_str).to_owned(),
};
const STATES: KeyFormat<Vec<SessionState>> = KeyFormat {
    read: |value| one_or_more(value, "[\"active\", \"idle\"]", state),
    show: |states| states.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", "),
};
const AGE: KeyFormat<Option<Span>> = KeyFormat {
    read: |value| span(value).map(Some),
    show: |span| span.map(|span| span.to_string()).unwrap_or_default(),
};
const LIMIT: KeyFormat<Option<u64>> = KeyFormat {
    read: |value| match count(value)? {
        0 => Err("must be an integer of 1 or more".to_owned()),
        limit => Ok(Some(limit)),
    },
    show: |number| number.map(|number| number.to_string()).unwrap_or_default(),
};

fn state(value: &DeValue<'_>) -> Result<SessionState, String> {
    match parsed(value)? {
        SessionState::Ended => {
            Err("a cycle ends sessions that have not ended; valid values: active, idle, \
                 abandoned, expired"
                .to_owned())
        }
        state => Ok(state),
    }
}
