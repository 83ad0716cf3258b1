//! The keys of the five systems, and what replaces each of them.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::value::Value::{Count, Frequency, Hour, Interval, Is, Store, Times};
use super::value::{Value, forever, hours, milliseconds, never, resolution, seconds};

/// A key of another system.
pub(super) struct Term {
    pub(super) system: &'static str,
    /// What that system calls such a thing.
    pub(super) what: &'static str,
    /// Its spellings, the usual one first. A dot separates tables; NAME stands for any
    /// name.
    pub(super) names: &'static [&'static str],
    pub(super) advice: Advice,
}

/// What to do with a key of another system.
#[derive(Clone, Copy)]
pub(super) enum Advice {
    /// Keys to write instead.
    Write(&'static [Part]),
    /// Nothing to write, and why.
    LeaveOut(&'static str),
    /// A job, made of all fields of a Program document.
    Program,
}

/// Keys to write under one table.
pub(super) type Part = (&'static str, &'static [(&'static str, Value)]);

pub(super) const JOB: &str = "[[job]]";
pub(super) const POLICY: &str = "[policy]";
const JMAP: &str = "[policy.jmap]";
const RETENTION: &str = "[retention]";
const PURGE: (&str, Value) = ("do", Is("\"purge\""));
const DELETE_AT_END: (&str, Value) = ("retention", Is("\"0\""));
const TWO_PASS: (&str, Value) = ("expire", Is("\"two-pass\""));
const TTL: Advice = Advice::Write(&[(JMAP, &[("timeout", milliseconds("1h"))])]);
const SIZE: Advice =
    Advice::Write(&[(JMAP, &[("limit", Count("100")), ("when_full", Is("\"evict-lru\""))])]);
const NO_SESSIONS: Advice = Advice::LeaveOut("no counterpart; it purges no sessions");

pub(super) const DOMINO: &str = "Domino";
pub(super) const WEBSPHERE: &str = "WebSphere";
const STALWART: &str = "Stalwart";
pub(super) const TRANSFER: &str = "Tandem TRANSFER";
const REDBEX: &str = "redbex";

/// Tables that hold such keys and have a name of their own.
const TABLES: &[(&str, &str)] = &[
    ("Program document", DOMINO),
    ("Session management", WEBSPHERE),
    ("PARAM", TRANSFER),
    ("User sessions & security", REDBEX),
];

pub(super) const TERMS: &[Term] = &[
    Term {
        system: DOMINO,
        what: "setting",
        names: &["IMAP session timeout", "IMAP idle timeout", "IMAP session idle timeout"],
        advice: Advice::Write(&[("[policy.imap]", &[("timeout", never("m", "30m"))])]),
    },
    Term {
        system: DOMINO,
        what: "setting",
        names: &["POP3 session timeout", "POP3 idle timeout"],
        advice: Advice::Write(&[("[policy.pop3]", &[("timeout", never("m", "30m"))])]),
    },
    Term {
        system: DOMINO,
        what: "setting",
        names: &["LDAP session timeout", "LDAP idle timeout"],
        advice: Advice::Write(&[("[policy.ldap]", &[("timeout", never("m", "30m"))])]),
    },
    Term {
        system: DOMINO,
        what: "setting",
        names: &["HTTP session timeout", "HTTP idle timeout"],
        advice: Advice::Write(&[("[policy.http]", &[("timeout", never("m", "30m"))])]),
    },
    Term {
        system: DOMINO,
        what: "setting",
        names: &["SMTP session timeout", "SMTP idle timeout"],
        advice: Advice::Write(&[("[policy.smtp]", &[("timeout", never("m", "30m"))])]),
    },
    program(&["Program name"]),
    program(&["Command line"]),
    program(&["Server to run on"]),
    program(&["Run at times"]),
    program(&["Repeat interval", "Repeat interval of"]),
    program(&["Days of week"]),
    program(&["Enabled/disabled"]),
    program(&["Comments"]),
    Term {
        system: DOMINO,
        what: "console command",
        names: &["Console command"],
        advice: Advice::Program,
    },
    Term {
        system: WEBSPHERE,
        what: "system property",
        names: &["HttpSessionReaperPollInterval"],
        advice: REAPER,
    },
    Term {
        system: WEBSPHERE,
        what: "system property",
        names: &["SessionReaperInterval", "ReaperInterval"],
        advice: REAPER,
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["MaxInactiveInterval"],
        advice: Advice::Write(&[(POLICY, &[("timeout", never("s", "30m"))])]),
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["session-timeout", "invalidationTimeout"],
        advice: Advice::Write(&[(POLICY, &[("timeout", never("m", "30m"))])]),
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["Write frequency"],
        advice: Advice::Write(&[(POLICY, &[("touch_resolution", Frequency)])]),
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["Write interval"],
        advice: Advice::Write(&[(POLICY, &[("touch_resolution", resolution("10s"))])]),
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["Schedule sessions cleanup", "Schedule session cleanup", "Schedule invalidation"],
        advice: Advice::LeaveOut("a job for each of the two hours does it"),
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["First time of day", "First hour"],
        advice: Advice::Write(&[(
            JOB,
            &[("name", Is("\"cleanup, first time of day\"")), ("at", Hour), PURGE],
        )]),
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["Second time of day", "Second hour"],
        advice: Advice::Write(&[(
            JOB,
            &[("name", Is("\"cleanup, second time of day\"")), ("at", Hour), PURGE],
        )]),
    },
    Term {
        system: STALWART,
        what: "key",
        names: &["jmap.session.cache.ttl", "cache.session.ttl"],
        advice: TTL,
    },
    Term {
        system: STALWART,
        what: "key",
        names: &["jmap.session.cache.size", "cache.session.size"],
        advice: SIZE,
    },
    Term {
        system: STALWART,
        what: "key",
        names: &[
            "jmap.purge.schedule.sessions",
            "jmap.session.purge.frequency",
            "jmap.purge.sessions.frequency",
        ],
        advice: Advice::Write(&[
            (JOB, &[("name", Is("\"purge sessions\"")), ("at", Times("15 * *")), PURGE]),
            (JMAP, &[DELETE_AT_END]),
        ]),
    },
    Term {
        system: STALWART,
        what: "key",
        names: &["jmap.purge.schedule.db", "jmap.purge.schedule.blobs"],
        advice: NO_SESSIONS,
    },
    Term {
        system: STALWART,
        what: "key",
        names: &["store.NAME.purge.frequency"],
        advice: Advice::Write(&[(JOB, &[("name", Store), ("at", Times("0 3 *")), PURGE])]),
    },
    Term {
        system: TRANSFER,
        what: "PARAM",
        names: &["CHECKSESSIONHOUR"],
        advice: Advice::Write(&[
            (JOB, &[("name", Is("\"check\"")), ("at", Hour), PURGE]),
            (POLICY, &[TWO_PASS]),
        ]),
    },
    Term {
        system: TRANSFER,
        what: "PARAM",
        names: &["IDLESESSIONDELAY"],
        advice: Advice::Write(&[(POLICY, &[TWO_PASS, ("delay", hours("24h"))])]),
    },
    Term {
        system: TRANSFER,
        what: "profile attribute",
        names: &[
            "item retention time",
            "depot item retention time",
            "model depot item retention time",
            "depot.item retention time",
            "model depot.item retention time",
        ],
        advice: Advice::Write(&[
            (POLICY, &[("retention", forever("forever"))]),
            (RETENTION, &[("max", forever("forever"))]),
        ]),
    },
    Term {
        system: TRANSFER,
        what: "profile attribute",
        names: &[
            "group depot item retention time",
            "model group depot item retention time",
            "group depot.item retention time",
            "model group depot.item retention time",
        ],
        advice: Advice::Write(&[("[retention.\"group-*\"]", &[("max", forever("forever"))])]),
    },
    Term {
        system: TRANSFER,
        what: "folder",
        names: &[
            "INBOX",
            "INBOX retention",
            "INBOX retention time",
            "INBOX item retention time",
            "INBOX.item retention time",
        ],
        advice: Advice::Write(&[("[policy.inbox]", &[("retention", forever("forever"))])]),
    },
    Term {
        system: TRANSFER,
        what: "folder",
        names: &[
            "OUTLOG",
            "OUTLOG retention",
            "OUTLOG retention time",
            "OUTLOG item retention time",
            "OUTLOG.item retention time",
        ],
        advice: Advice::Write(&[("[policy.outlog]", &[("retention", forever("24h"))])]),
    },
    Term {
        system: TRANSFER,
        what: "folder",
        names: &[
            "WASTEBASKET",
            "WASTEBASKET retention",
            "WASTEBASKET retention time",
            "WASTEBASKET item retention time",
            "WASTEBASKET.item retention time",
        ],
        advice: Advice::Write(&[("[policy.wastebasket]", &[DELETE_AT_END])]),
    },
    Term {
        system: REDBEX,
        what: "setting",
        names: &["Default User session timeout"],
        advice: Advice::Write(&[(POLICY, &[("timeout", seconds("30m"))])]),
    },
    Term {
        system: REDBEX,
        what: "setting",
        names: &["Maximum allowed user session timeout"],
        advice: Advice::Write(&[(POLICY, &[("max_timeout", seconds("1h"))])]),
    },
    Term {
        system: REDBEX,
        what: "setting",
        names: &["User session abandoned threshold"],
        advice: Advice::Write(&[(
            POLICY,
            &[("expire", Is("\"abandoned\"")), ("abandoned", seconds("2h"))],
        )]),
    },
    Term {
        system: REDBEX,
        what: "licence limit",
        names: &[
            "concurrent user sessions",
            "concurrent sessions",
            "concurrent connections",
            "number of concurrent user sessions",
            "allowed number of concurrent connections",
            "license",
        ],
        advice: Advice::Write(&[(
            "[[licence]]",
            &[("tasks", Is("[\"*\"]")), ("limit", Count("10"))],
        )]),
    },
];

const REAPER: Advice = Advice::Write(&[
    (JOB, &[("name", Is("\"reaper\"")), ("every", Interval), PURGE]),
    (POLICY, &[("strict", Is("false")), DELETE_AT_END]),
]);

/// A field of a Program document.
const fn program(names: &'static [&'static str]) -> Term {
    Term { system: DOMINO, what: "Program document field", names, advice: Advice::Program }
}

/// A key as it is compared: without regard to case, blanks, hyphens, underscores, and
/// what some systems put around it, or in parentheses behind it.
pub(super) fn normal(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let name = name.strip_prefix("-d").unwrap_or(&name);
    let name = name.strip_prefix("user sessions & security:").unwrap_or(name);
    let name = name.split('(').next().unwrap_or_default();
    name.replace("[s]", "")
        .chars()
        .filter(|c| !c.is_whitespace() && !"_-/:\"'".contains(*c))
        .collect()
}

/// A name of a term, as it is compared.
type Name = (Vec<String>, &'static Term);

/// The names of all terms by their last parts.
static NAMES: LazyLock<HashMap<String, Vec<Name>>> = LazyLock::new(|| {
    let mut names: HashMap<String, Vec<Name>> = HashMap::new();
    for term in TERMS {
        for name in term.names {
            let parts: Vec<String> = name.split('.').map(part).collect();
            names.entry(parts[parts.len() - 1].clone()).or_default().push((parts, term));
        }
    }
    names
});

const ANY: &str = "NAME";

fn part(name: &str) -> String {
    if name == ANY { ANY.to_owned() } else { normal(name) }
}

fn is_same((part, found): (&String, &String)) -> bool {
    part == ANY || part == found
}

/// The term that a key with its tables ends in, the longest one, and what stands for NAME.
pub(super) fn find(path: &str) -> Option<(&'static Term, String)> {
    let last = path.rsplit('.').next().map(normal)?;
    let names = NAMES.get(&last)?;
    let path: Vec<String> = path.split('.').map(normal).collect();
    let fits = names.iter().filter_map(|(parts, term)| {
        let end = path.get(path.len().checked_sub(parts.len())?..)?;
        let any = parts.iter().position(|part| part == ANY).map(|at| end[at].clone());
        let is_found = parts.iter().zip(end).all(is_same);
        is_found.then(|| (parts.len(), (*term, any.unwrap_or_default())))
    });
    fits.max_by_key(|(length, _)| *length).map(|(_, found)| found)
}

/// The system whose keys stand in such a table; `None`: no other system has it.
pub(super) fn table(path: &str) -> Option<&'static str> {
    let path: Vec<String> = path.split('.').map(normal).collect();
    let is_above =
        |parts: &[String]| parts.len() > path.len() && parts.iter().zip(&path).all(is_same);
    let of_terms = NAMES.values().flatten().find(|(parts, _)| is_above(parts));
    let own = TABLES.iter().find(|(name, _)| path == [normal(name)]);
    of_terms.map(|(_, term)| term.system).or(own.map(|(_, system)| *system))
}
