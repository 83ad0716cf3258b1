//! The keys of the five systems, and what replaces each of them.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::value::Value::{self, Count, Frequency, Hour, Interval, Is, Resolution, Store, Times};
use super::value::{forever, hours, minutes, never, seconds};

/// A key of another system.
pub(super) struct Term {
    pub(super) system: &'static str,
    /// What that system calls such a thing.
    pub(super) what: &'static str,
    /// Its spellings, the usual one first. A dot separates tables; NAME stands for any
    /// name.
    pub(super) names: &'static [&'static str],
    pub(super) advice: Advice,
    /// What to know in addition, with the punctuation in front.
    pub(super) note: &'static str,
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
pub(super) struct Part {
    pub(super) table: &'static str,
    pub(super) keys: &'static [(&'static str, Value)],
}

pub(super) const JOB: &str = "[[job]]";
const POLICY: &str = "[policy]";
const JMAP: &str = "[policy.jmap]";
const PURGE: (&str, Value) = ("do", Is("\"purge\""));
const DELETE_AT_END: (&str, Value) = ("retention", Is("\"0\""));

const DOMINO: &str = "Domino";
const WEBSPHERE: &str = "WebSphere";
const STALWART: &str = "Stalwart";
const TRANSFER: &str = "Tandem TRANSFER";
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
        advice: Advice::Write(&[Part {
            table: "[policy.imap]",
            keys: &[("timeout", minutes("30m"))],
        }]),
        note: "",
    },
    program(&["Program name"]),
    program(&["Command line"]),
    program(&["Server to run on"]),
    program(&["Run at times"]),
    program(&["Repeat interval", "Repeat interval of"]),
    program(&["Days of week"]),
    program(&["Enabled/disabled"]),
    Term {
        system: WEBSPHERE,
        what: "system property",
        names: &["HttpSessionReaperPollInterval"],
        advice: REAPER,
        note: "",
    },
    Term {
        system: WEBSPHERE,
        what: "system property",
        names: &["SessionReaperInterval"],
        advice: REAPER,
        note: "",
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["MaxInactiveInterval"],
        advice: Advice::Write(&[Part { table: POLICY, keys: &[("timeout", never('s', "30m"))] }]),
        note: "",
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["session-timeout"],
        advice: Advice::Write(&[Part { table: POLICY, keys: &[("timeout", never('m', "30m"))] }]),
        note: "",
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["Write frequency"],
        advice: Advice::Write(&[Part { table: POLICY, keys: &[("touch_resolution", Frequency)] }]),
        note: "",
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["Write interval"],
        advice: Advice::Write(&[Part { table: POLICY, keys: &[("touch_resolution", Resolution)] }]),
        note: "; it is at most half of min_timeout",
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["Schedule session cleanup", "Schedule invalidation"],
        advice: Advice::LeaveOut("a job that has at = \"0 2,14 *\" cleans up at these two hours"),
        note: "",
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["First time of day", "First hour"],
        advice: Advice::Write(&[Part {
            table: JOB,
            keys: &[("name", Is("\"cleanup, first time of day\"")), ("at", Hour), PURGE],
        }]),
        note: "",
    },
    Term {
        system: WEBSPHERE,
        what: "setting",
        names: &["Second time of day", "Second hour"],
        advice: Advice::Write(&[Part {
            table: JOB,
            keys: &[("name", Is("\"cleanup, second time of day\"")), ("at", Hour), PURGE],
        }]),
        note: "",
    },
    Term {
        system: STALWART,
        what: "key",
        names: &["jmap.session.cache.ttl"],
        advice: Advice::Write(&[Part { table: JMAP, keys: &[("timeout", seconds("1h"))] }]),
        note: "",
    },
    Term {
        system: STALWART,
        what: "key",
        names: &["jmap.session.cache.size"],
        advice: Advice::Write(&[Part {
            table: JMAP,
            keys: &[("limit", Count("100")), ("when_full", Is("\"evict-lru\""))],
        }]),
        note: "",
    },
    Term {
        system: STALWART,
        what: "key",
        names: &["jmap.purge.schedule.sessions"],
        advice: Advice::Write(&[
            Part {
                table: JOB,
                keys: &[("name", Is("\"purge sessions\"")), ("at", Times("15 * *")), PURGE],
            },
            Part { table: JMAP, keys: &[DELETE_AT_END] },
        ]),
        note: "",
    },
    Term {
        system: STALWART,
        what: "key",
        names: &["store.NAME.purge.frequency"],
        advice: Advice::Write(&[Part {
            table: JOB,
            keys: &[("name", Store), ("at", Times("0 3 *")), PURGE],
        }]),
        note: "",
    },
    Term {
        system: TRANSFER,
        what: "PARAM",
        names: &["CHECKSESSIONHOUR"],
        advice: Advice::Write(&[
            Part { table: JOB, keys: &[("name", Is("\"check\"")), ("at", Hour), PURGE] },
            Part { table: POLICY, keys: &[TWO_PASS] },
        ]),
        note: "",
    },
    Term {
        system: TRANSFER,
        what: "PARAM",
        names: &["IDLESESSIONDELAY"],
        advice: Advice::Write(&[Part {
            table: POLICY,
            keys: &[TWO_PASS, ("delay", hours("24h"))],
        }]),
        note: "",
    },
    Term {
        system: TRANSFER,
        what: "profile attribute",
        names: &["item retention time"],
        advice: Advice::Write(&[
            Part { table: POLICY, keys: &[("retention", forever("forever"))] },
            Part { table: "[retention]", keys: &[("max", forever("forever"))] },
        ]),
        note: "",
    },
    Term {
        system: TRANSFER,
        what: "profile attribute",
        names: &["group depot item retention time", "group depot.item retention time"],
        advice: Advice::Write(&[Part {
            table: "[retention.\"group-*\"]",
            keys: &[("max", forever("forever"))],
        }]),
        note: "",
    },
    Term {
        system: TRANSFER,
        what: "folder",
        names: &["INBOX", "INBOX retention", "INBOX retention time", "INBOX.item retention time"],
        advice: Advice::Write(&[Part {
            table: "[policy.inbox]",
            keys: &[("retention", forever("forever"))],
        }]),
        note: "",
    },
    Term {
        system: TRANSFER,
        what: "folder",
        names: &[
            "OUTLOG",
            "OUTLOG retention",
            "OUTLOG retention time",
            "OUTLOG.item retention time",
        ],
        advice: Advice::Write(&[Part {
            table: "[policy.outlog]",
            keys: &[("retention", forever("24h"))],
        }]),
        note: "",
    },
    Term {
        system: TRANSFER,
        what: "folder",
        names: &[
            "WASTEBASKET",
            "WASTEBASKET retention",
            "WASTEBASKET retention time",
            "WASTEBASKET.item retention time",
        ],
        advice: Advice::Write(&[Part { table: "[policy.wastebasket]", keys: &[DELETE_AT_END] }]),
        note: "",
    },
    Term {
        system: REDBEX,
        what: "setting",
        names: &["Default User session timeout"],
        advice: Advice::Write(&[Part { table: POLICY, keys: &[("timeout", seconds("30m"))] }]),
        note: "",
    },
    Term {
        system: REDBEX,
        what: "setting",
        names: &["Maximum allowed user session timeout"],
        advice: Advice::Write(&[Part { table: POLICY, keys: &[("max_timeout", seconds("1h"))] }]),
        note: "",
    },
    Term {
        system: REDBEX,
        what: "setting",
        names: &["User session abandoned threshold"],
        advice: Advice::Write(&[Part {
            table: POLICY,
            keys: &[("expire", Is("\"abandoned\"")), ("abandoned", seconds("2h"))],
        }]),
        note: "",
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
        ],
        advice: Advice::Write(&[Part {
            table: "[[licence]]",
            keys: &[("tasks", Is("[\"*\"]")), ("limit", Count("10"))],
        }]),
        note: "",
    },
];

const TWO_PASS: (&str, Value) = ("expire", Is("\"two-pass\""));

const REAPER: Advice = Advice::Write(&[
    Part { table: JOB, keys: &[("name", Is("\"reaper\"")), ("every", Interval), PURGE] },
    Part { table: POLICY, keys: &[("strict", Is("false")), DELETE_AT_END] },
]);

/// A field of a Program document.
const fn program(names: &'static [&'static str]) -> Term {
    Term { system: DOMINO, what: "field", names, advice: Advice::Program, note: "" }
}

/// A key as it is compared: without regard to case, blanks, hyphens, underscores, and
/// what some systems put around it.
pub(super) fn normal(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let name = name.strip_prefix("-d").unwrap_or(&name);
    let name = name.strip_prefix("user sessions & security:").unwrap_or(name);
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
