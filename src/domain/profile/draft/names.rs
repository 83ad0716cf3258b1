//! Meanings that the names of tables and columns suggest, in several languages.

use super::vocabulary::{
    AGENT, CLIENT, CREATED, DELETED, DURATION, EXPIRES, OTHER, OTHER_END_WORDS, OTHER_ENDS,
    PASSWORD, PERMANENT, PERMANENT_WORDS, TOKEN, USED, USER, USERS,
};
use crate::domain::profile::definition::ColumnSource;
use crate::domain::profile::encoding::Unit;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeHint {
    Expires,
    Used,
    Created,
    Deleted,
    /// A time that has nothing to do with the session, such as a birthday.
    Other,
}

/// Lower-case words of a name, without accents: `lastSeenAt` and `last_seen_at` have the same.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in name.chars() {
        let starts = letter.is_uppercase() && was_lower;
        if (starts || !letter.is_alphanumeric()) && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        was_lower = letter.is_lowercase() || letter.is_numeric();
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            letter.to_lowercase().for_each(|letter| push_plain(word, letter));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn push_plain(word: &mut String, letter: char) {
    match letter {
        'ä' => word.push_str("ae"),
        'ö' => word.push_str("oe"),
        'ü' => word.push_str("ue"),
        'ß' => word.push_str("ss"),
        'é' | 'è' | 'ê' => word.push('e'),
        'á' | 'à' | 'â' | 'ã' => word.push('a'),
        'í' => word.push('i'),
        'ó' | 'ô' | 'õ' => word.push('o'),
        'ú' => word.push('u'),
        'ñ' => word.push('n'),
        'ç' => word.push('c'),
        letter => word.push(letter),
    }
}

struct Name {
    words: Vec<String>,
    joined: String,
}

impl Name {
    /// The name of a column; for a path in JSON, the name of its last step.
    fn of(source: &ColumnSource) -> Self {
        let name = source.path.as_deref().map_or(source.column.as_str(), last_step);
        Self::from(name)
    }

    fn from(name: &str) -> Self {
        let words = words(name);
        let joined = words.concat();
        Self { words, joined }
    }

    fn has(&self, stems: &[&str]) -> bool {
        stems.iter().any(|stem| self.joined.contains(stem))
    }

    fn has_word(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }
}

pub(super) fn last_step(path: &str) -> &str {
    path.rsplit('.').find(|step| !step.is_empty()).unwrap_or(path).trim_matches('"')
}

pub(super) fn time_hint(source: &ColumnSource) -> Option<TimeHint> {
    let name = Name::of(source);
    // A time of the user, and not of the session.
    let is_of_other = source.path.as_ref().is_some_and(|path| {
        let steps = Name::from(path.strip_suffix(last_step(path)).unwrap_or_default());
        steps.has_word(&["user", "account", "profile", "member"])
    });
    let is_end = name.has(EXPIRES) || name.has_word(&["exp", "until", "bis", "hasta", "jusqua"]);
    let is_other = name.has(OTHER) || name.has_word(&["dob"]);
    if is_of_other || (is_other && !is_end) || name.has(PERMANENT) {
        Some(TimeHint::Other)
    } else if name.has(DELETED) || name.has_word(&["closed"]) {
        Some(TimeHint::Deleted)
    } else if is_end {
        Some(TimeHint::Expires)
    } else if name.has(USED)
        || name.has_word(&["used", "seen", "mtime", "last", "access", "touch", "visit", "aktiv"])
    {
        Some(TimeHint::Used)
    } else if name.has(CREATED) || name.has_word(&["start", "ctime", "iat", "nbf", "since", "cree"])
    {
        Some(TimeHint::Created)
    } else {
        None
    }
}

/// Reports whether a time, if it is an end, is that of something other than the session.
pub(super) fn is_other_end(source: &ColumnSource) -> bool {
    let name = Name::from(source.path.as_deref().unwrap_or(&source.column));
    name.has(OTHER_ENDS) || name.has_word(OTHER_END_WORDS)
}

/// Reports whether a time is that of a refresh token, which may be the session's own end.
pub(super) fn is_refresh_token(source: &ColumnSource) -> bool {
    Name::from(source.path.as_deref().unwrap_or(&source.column)).has(&["refreshtoken"])
}

/// Reports whether a column may say that a session does not end.
pub(super) fn is_permanent(source: &ColumnSource) -> bool {
    let name = Name::of(source);
    name.has(PERMANENT) || name.has_word(PERMANENT_WORDS)
}

/// Reports whether a column is that of a password, which accounts have: its name ends so, or is
/// that of a hash of it.
pub(super) fn is_password(column: &str) -> bool {
    let name = Name::from(column);
    let is_last = PASSWORD.iter().any(|stem| name.joined.ends_with(stem));
    is_last || (name.has(PASSWORD) && name.has(&["hash", "digest", "crypt", "salt"]))
}

pub(super) fn is_email(column: &str) -> bool {
    Name::from(column).has_word(&["email", "mail"]) || Name::from(column).has(&["emailaddress"])
}

pub(super) fn is_duration(source: &ColumnSource) -> bool {
    Name::of(source).has(DURATION)
}

/// Unit that a name ends with or contains: `idle_minutes`, `ttlMs`.
pub(super) fn unit(source: &ColumnSource) -> Option<Unit> {
    const UNITS: &[(Unit, &[&str], &[&str])] = &[
        (Unit::Milliseconds, &["milli"], &["ms", "msec", "msecs"]),
        (Unit::Microseconds, &["micro"], &["us"]),
        (Unit::Nanoseconds, &["nano"], &["ns"]),
        (Unit::Ticks, &[], &["ticks"]),
        (Unit::Seconds, &["second", "sekund", "segund", "seconde"], &["sec", "secs", "sek", "s"]),
        (Unit::Minutes, &["minut"], &["min", "mins", "m"]),
        (Unit::Hours, &["hours", "stunde", "horas", "heures"], &["h", "hour", "std"]),
        (Unit::Days, &["days", "tage", "dias", "jours"], &["d", "day", "tag"]),
    ];
    let name = Name::of(source);
    // Express keeps the maximum age of its cookie in milliseconds.
    if name.joined == "originalmaxage" {
        return Some(Unit::Milliseconds);
    }
    let is_unit =
        |(_, stems, words): &&(Unit, &[&str], &[&str])| name.has(stems) || name.has_word(words);
    UNITS.iter().find(is_unit).map(|(unit, ..)| *unit)
}

pub(super) fn is_user(source: &ColumnSource) -> bool {
    let name = Name::of(source);
    let is_word = name.has_word(&[
        "user", "uid", "account", "member", "owner", "email", "person", "sub", "login",
    ]);
    let is_nested = source.path.as_ref().is_some_and(|path| {
        let steps = Name::from(path.strip_suffix(last_step(path)).unwrap_or_default());
        steps.has_word(&["user", "passport", "account"]) && name.has_word(&["id", "name", "sub"])
    });
    (name.has(USER) || is_word || is_nested) && !is_agent(source) && !is_token(source)
}

pub(super) fn is_users_table(table: &str) -> bool {
    Name::from(table).has(USERS)
}

/// Name of a person in a table of users, best first.
pub(super) fn person_name(columns: &[String]) -> Option<&String> {
    const NAMES: [&str; 8] = [
        "username",
        "login",
        "loginname",
        "benutzername",
        "name",
        "email",
        "kennung",
        "displayname",
    ];
    NAMES.iter().find_map(|wanted| columns.iter().find(|column| words(column).concat() == **wanted))
}

pub(super) fn is_agent(source: &ColumnSource) -> bool {
    let name = Name::of(source);
    name.has(AGENT) || name.has_word(&["ua"])
}

/// Reports whether the values identify something: `device_id` is no device.
pub(super) fn is_identifier(source: &ColumnSource) -> bool {
    Name::of(source).has_word(&["id", "ids", "uuid", "guid", "fingerprint"]) || is_token(source)
}

pub(super) fn is_client(source: &ColumnSource) -> bool {
    let name = Name::of(source);
    name.has(CLIENT) || name.has_word(&["ip", "ipnr", "host", "address", "client"])
}

pub(super) fn is_token(source: &ColumnSource) -> bool {
    let name = Name::of(source);
    name.has(TOKEN) || name.has_word(&["sid", "key", "hash", "jti", "series"])
}

pub(super) fn is_kind(source: &ColumnSource) -> bool {
    let name = Name::of(source);
    name.has_word(&[
        "kind",
        "type",
        "context",
        "typ",
        "art",
        "category",
        "scope",
        "purpose",
        "authenticated",
        "tipo",
        "provider",
        "class",
        "mode",
        "zweck",
    ])
}

pub(super) fn is_flag(source: &ColumnSource) -> bool {
    Name::of(source).has(DELETED) || Name::of(source).has_word(&["closed", "disabled", "gesperrt"])
}

/// Weight of a table's name as that of a table of sessions.
pub(super) fn session_table(table: &str) -> i32 {
    const WEIGHTS: &[(&[&str], i32)] = &[
        (&["session", "sitzung", "sesion", "sessao", "sess"], 10),
        (&["login", "anmeldung", "logon", "signin"], 7),
        (&["token", "cookie", "remember", "ticket"], 5),
        (&["auth", "cache", "grant", "connection"], 3),
    ];
    const OTHERS: &[&str] = &[
        "log",
        "audit",
        "history",
        "attribute",
        "migration",
        "schema",
        "setting",
        "event",
        "backup",
        "archive",
        "protokoll",
        "verlauf",
        "lock",
    ];
    let name = Name::from(table);
    let found = WEIGHTS.iter().find(|(stems, _)| name.has(stems)).map_or(0, |(_, weight)| *weight);
    let is_other = name
        .words
        .iter()
        .any(|word| OTHERS.iter().any(|other| word == other || *word == format!("{other}s")));
    if is_other { found - 8 } else { found }
}
