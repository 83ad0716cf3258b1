//! Keys of five older session systems, and the sessctl keys that replace them.
//!
//! A new key is a row here and in the table of docs/coming-from.md.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::value::Conversion::{
    self, Cleanup, Duration, Fixed, Hour, Interval, Limit, Nothing, Program, PurgeName, Schedule,
    Text, WriteFrequency, WriteInterval,
};

pub struct LegacyKey {
    pub system: &'static str,
    /// The system's word for such a key.
    pub(super) kind: &'static str,
    /// Spellings, separated by `|`. A dot separates tables; NAME stands for any name.
    names: &'static str,
    pub replacements: &'static [Replacement],
}

/// A table, its key, the conversion of the value, and the default.
pub type Replacement = (&'static str, &'static str, Conversion, &'static str);

impl LegacyKey {
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.names.split('|')
    }

    /// The usual name.
    pub(super) fn name(&self) -> &'static str {
        self.names().next().unwrap_or_default()
    }
}

const DOMINO: (&str, &str) = ("Domino", "setting");
const PROGRAM: (&str, &str) = ("Domino", "Program document field");
const PROPERTY: (&str, &str) = ("WebSphere", "system property");
pub(super) const WEBSPHERE: (&str, &str) = ("WebSphere", "setting");
const STALWART: (&str, &str) = ("Stalwart", "key");
pub(super) const PARAM: (&str, &str) = ("Tandem TRANSFER", "PARAM");
const PROFILE: (&str, &str) = ("Tandem TRANSFER", "profile attribute");
const FOLDER: (&str, &str) = ("Tandem TRANSFER", "folder");
const REDBEX: (&str, &str) = ("redbex", "setting");

/// The name of a command that was typed on Domino's console.
pub(super) const CONSOLE_COMMAND: &str = "Console command";
const IDLE_MINUTES: Conversion = Duration("m", "never", "never");
const IDLE_SECONDS: Conversion = Duration("s", "never", "never");
const MILLISECONDS: Conversion = Duration("ms", "", "");
const SECONDS: Conversion = Duration("s", "", "");
const HOURS: Conversion = Duration("h", "0", "");
const RETENTION: Conversion = Duration("h", "0", "forever");
const CYCLE: &[Replacement] = &[("job", "do", Program, "cycle")];
const DAILY: Replacement = ("job", "at", Hour, "0 0 *");
const PURGE: Replacement = ("job", "do", Text, "purge");
const TWO_PASS: Replacement = ("policy", "expire", Text, "two-pass");
const REAPER: &[Replacement] = &[
    ("job", "name", Text, "reaper"),
    ("job", "every", Interval, "auto"),
    PURGE,
    ("policy", "strict", Fixed, "false"),
    ("policy", "retention", Text, "0"),
];

const fn key(
    (system, kind): (&'static str, &'static str),
    names: &'static str,
    replacements: &'static [Replacement],
) -> LegacyKey {
    LegacyKey { system, kind, names, replacements }
}

#[rustfmt::skip]
pub const KEYS: &[LegacyKey] = &[
    key(DOMINO, "IMAP session timeout|IMAP idle timeout|IMAP session idle timeout",
        &[("policy.imap", "timeout", IDLE_MINUTES, "30m")]),
    key(DOMINO, "POP3 session timeout|POP3 idle timeout",
        &[("policy.pop3", "timeout", IDLE_MINUTES, "30m")]),
    key(DOMINO, "LDAP session timeout|LDAP idle timeout",
        &[("policy.ldap", "timeout", IDLE_MINUTES, "30m")]),
    key(DOMINO, "HTTP session timeout|HTTP idle timeout",
        &[("policy.http", "timeout", IDLE_MINUTES, "30m")]),
    key(DOMINO, "SMTP session timeout|SMTP idle timeout",
        &[("policy.smtp", "timeout", IDLE_MINUTES, "30m")]),
    key(PROGRAM, "Program name", CYCLE),
    key(PROGRAM, "Command line", CYCLE),
    key(PROGRAM, "Server to run on", CYCLE),
    key(PROGRAM, "Run at times", CYCLE),
    key(PROGRAM, "Repeat interval|Repeat interval of", CYCLE),
    key(PROGRAM, "Days of week", CYCLE),
    key(PROGRAM, "Enabled/disabled", CYCLE),
    key(PROGRAM, "Comments", CYCLE),
    key(("Domino", "console command"), CONSOLE_COMMAND, CYCLE),
    key(PROPERTY, "HttpSessionReaperPollInterval", REAPER),
    key(PROPERTY, "SessionReaperInterval|ReaperInterval", REAPER),
    key(WEBSPHERE, "MaxInactiveInterval", &[("policy", "timeout", IDLE_SECONDS, "30m")]),
    key(WEBSPHERE, "session-timeout|invalidationTimeout",
        &[("policy", "timeout", IDLE_MINUTES, "30m")]),
    key(WEBSPHERE, "Write frequency", &[("policy", "touch_resolution", WriteFrequency, "0s")]),
    key(WEBSPHERE, "Write interval", &[("policy", "touch_resolution", WriteInterval, "10s")]),
    key(WEBSPHERE, "Schedule sessions cleanup|Schedule session cleanup|Schedule invalidation",
        &[("", "", Cleanup, "")]),
    key(WEBSPHERE, "First time of day|First hour",
        &[("job", "name", Text, "cleanup, first time of day"), DAILY, PURGE]),
    key(WEBSPHERE, "Second time of day|Second hour",
        &[("job", "name", Text, "cleanup, second time of day"), DAILY, PURGE]),
    key(STALWART, "jmap.session.cache.ttl|cache.session.ttl",
        &[("policy.jmap", "timeout", MILLISECONDS, "1h")]),
    key(STALWART, "jmap.session.cache.size|cache.session.size",
        &[("policy.jmap", "limit", Limit, "100"), ("policy.jmap", "when_full", Text, "evict-lru")]),
    key(STALWART, "jmap.purge.schedule.sessions|jmap.session.purge.frequency\
                  |jmap.purge.sessions.frequency",
        &[("job", "name", Text, "purge sessions"), ("job", "at", Schedule, "15 * *"), PURGE,
          ("policy.jmap", "retention", Text, "0")]),
    key(STALWART, "jmap.purge.schedule.db|jmap.purge.schedule.blobs",
        &[("", "", Nothing, "no counterpart; purges no sessions")]),
    key(STALWART, "store.NAME.purge.frequency",
        &[("job", "name", PurgeName, ""), ("job", "at", Schedule, "0 3 *"), PURGE]),
    key(PARAM, "CHECKSESSIONHOUR",
        &[("job", "name", Text, "check"), DAILY, PURGE, TWO_PASS]),
    key(PARAM, "IDLESESSIONDELAY", &[TWO_PASS, ("policy", "delay", HOURS, "24h")]),
    key(PROFILE, "item retention time|depot item retention time|model depot item retention time\
                 |depot.item retention time|model depot.item retention time",
        &[("policy", "retention", RETENTION, "forever"),
          ("retention", "max", RETENTION, "forever")]),
    key(PROFILE, "group depot item retention time|model group depot item retention time\
                 |group depot.item retention time|model group depot.item retention time",
        &[("retention.\"group-*\"", "max", RETENTION, "forever")]),
    key(FOLDER, "INBOX|INBOX retention|INBOX retention time|INBOX item retention time\
                |INBOX.item retention time",
        &[("policy.inbox", "retention", RETENTION, "forever")]),
    key(FOLDER, "OUTLOG|OUTLOG retention|OUTLOG retention time|OUTLOG item retention time\
                |OUTLOG.item retention time",
        &[("policy.outlog", "retention", RETENTION, "24h")]),
    key(FOLDER, "WASTEBASKET|WASTEBASKET retention|WASTEBASKET retention time\
                |WASTEBASKET item retention time|WASTEBASKET.item retention time",
        &[("policy.wastebasket", "retention", Text, "0")]),
    key(REDBEX, "Default User session timeout", &[("policy", "timeout", SECONDS, "30m")]),
    key(REDBEX, "Maximum allowed user session timeout",
        &[("policy", "max_timeout", SECONDS, "1h")]),
    key(REDBEX, "User session abandoned threshold",
        &[("policy", "expire", Text, "abandoned"), ("policy", "abandoned", SECONDS, "2h")]),
    key(("redbex", "licence limit"), "concurrent user sessions|concurrent sessions\
        |concurrent connections|number of concurrent user sessions\
        |allowed number of concurrent connections|license",
        &[("licence", "tasks", Fixed, "[\"*\"]"), ("licence", "limit", Limit, "10")]),
];

/// Keys by their normalized names.
static NAMES: LazyLock<HashMap<String, &LegacyKey>> = LazyLock::new(|| {
    let names = KEYS.iter().flat_map(|key| key.names().map(move |name| (name, key)));
    names.map(|(name, key)| (parts(name).join("."), key)).collect()
});

/// Systems by their normalized tables: those in the names of keys, and a few without keys of
/// their own.
static TABLES: LazyLock<HashMap<String, &str>> = LazyLock::new(|| {
    let tables = NAMES.iter().flat_map(|(name, key)| {
        name.match_indices('.').map(move |(at, _)| (name[..at].to_owned(), key.system))
    });
    let others = [
        ("Program document", "Domino"),
        ("Session management", "WebSphere"),
        ("PARAM", "Tandem TRANSFER"),
        ("User sessions & security", "redbex"),
    ];
    tables.chain(others.map(|(name, system)| (normalized(name), system))).collect()
});

/// A name without case, blanks, hyphens, underscores, a text in parentheses behind it, and the
/// prefixes of some systems.
fn normalized(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let name = name.strip_prefix("-d").unwrap_or(&name);
    let name = name.strip_prefix("user sessions & security:").unwrap_or(name);
    let name = name.split('(').next().unwrap_or_default().replace("[s]", "");
    name.chars().filter(|c| !c.is_whitespace() && !"_-/:\"'".contains(*c)).collect()
}

fn parts(path: &str) -> Vec<String> {
    path.split('.').map(normalized).collect()
}

/// The value under a name, and the second part of that, which may be any NAME.
fn look_up<T: Copy>(map: &HashMap<String, T>, mut parts: Vec<String>) -> Option<(T, String)> {
    let any = parts.get(1).cloned().unwrap_or_default();
    if let Some(value) = map.get(&parts.join(".")) {
        return Some((*value, any));
    }
    "name".clone_into(parts.get_mut(1)?);
    Some((*map.get(&parts.join("."))?, any))
}

/// The key with the longest name that a path of tables ends in, and what stands for NAME.
pub fn find(path: &str) -> Option<(&'static LegacyKey, String)> {
    let parts = parts(path);
    (0..parts.len()).find_map(|from| look_up(&NAMES, parts[from..].to_vec()))
}

pub fn system_of_table(path: &str) -> Option<&'static str> {
    look_up(&TABLES, parts(path)).map(|(system, _)| system)
}
