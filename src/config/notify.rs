//! Notifications of failures: `[notify]`, of a database `[database.notify]`, of a job `notify`.

use toml::de::DeValue;

use super::error::Result;
use super::keys::{COMMAND, ConfigKey, KeyFormat, TEXT, key};
use super::values::{count, text};

/// Receivers of notifications of the runs of a job, of a database, or of all databases.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NotifyOptions {
    /// The address that is requested at the start and at the end; `None`: none.
    pub ping: Option<String>,
    /// The program and its arguments for the first failure after a success; empty: none.
    pub on_failure: Vec<String>,
    /// The program and its arguments for the first success after a failure; empty: none.
    pub on_recovery: Vec<String>,
    /// The number of incomplete runs in a row that counts as a failure; 0: incomplete runs are
    /// no failures; `None`: as in the more general section.
    pub after: Option<u32>,
}

pub(super) const KEYS: &[ConfigKey<NotifyOptions>] = &[
    key!("ping", ping, PING),
    key!("on_failure", on_failure, COMMAND),
    key!("on_recovery", on_recovery, COMMAND),
    key!("after", after, AFTER),
];

const PING: KeyFormat<Option<String>> =
    KeyFormat { read: |value| ping(value).map(Some), show: TEXT.show };
const AFTER: KeyFormat<Option<u32>> = KeyFormat {
    read: |value| match u32::try_from(count(value)?) {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(format!("must be at most {}", u32::MAX)),
    },
    show: |number| number.map(|number| number.to_string()).unwrap_or_default(),
};

/// Checks an address without asking the network.
fn ping(value: &DeValue<'_>) -> Result<String, String> {
    const EXPECTED: &str = "must be an address like \"https://hc-ping.com/UUID\"";
    let address = text(value)?;
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let is_plain = address.chars().all(|letter| letter.is_ascii_graphic());
    if host.is_empty() || !is_plain {
        return Err(EXPECTED.to_owned());
    }
    if cfg!(not(feature = "rqlite")) {
        return Err("needs a sessctl that was built with the feature rqlite, which contains the \
                    HTTP client"
            .to_owned());
    }
    Ok(address.to_owned())
}
