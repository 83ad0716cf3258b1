//! Each key of another system, and the advice that is given instead of it.

#[path = "../../../tests/systems/advice.rs"]
mod advice;

use super::terms::{Advice, Part, TERMS, Term, find, table};
use crate::Config;
use crate::config::{jobs, keys, licences};
use advice::{followed, parts};

/// Values as they were given, and some of the wrong kind.
const VALUES: &[&str] = &[
    "60",
    "3",
    "0",
    "-1",
    "true",
    "1.5",
    "\"1h\"",
    "\"24 hours\"",
    "\"infinity\"",
    "\"15 * *\"",
    "\"04:00\"",
    "\"Time based\"",
    "\"\"",
    "\"nonsense\"",
    "[]",
    "[1, \"Mon\"]",
    "99999999999999999",
    "1979-05-27",
    "\"a \\\"b\\\" \\n\\u001b\"",
];

fn said_of(text: &str) -> String {
    Config::parse(text, "c.toml").unwrap_err().to_string()
}

/// A file that sets a term at top level, as a quoted key with its tables.
fn with(name: &str, value: &str) -> String {
    let path = name.replace("NAME", "main");
    let keys: Vec<String> = path.split('.').map(|key| format!("\"{key}\"")).collect();
    format!("{} = {value}\n", keys.join("."))
}

/// The keys of a table, by its header.
fn keys_of(table: &str) -> Vec<&'static str> {
    match table {
        "[[job]]" => jobs::KEYS.to_vec(),
        "[[licence]]" => licences::KEYS.to_vec(),
        "[retention]" | "[retention.\"group-*\"]" => vec!["max"],
        policy => {
            assert!(policy == "[policy]" || policy.starts_with("[policy."), "{policy}");
            keys::POLICY.iter().map(|key| key.name).collect()
        }
    }
}

#[test]
fn every_term_is_refused_with_keys_that_there_are_and_following_it_parses() {
    for name in TERMS.iter().flat_map(|term| term.names) {
        for value in VALUES {
            let mut text = with(name, value);
            let said = said_of(&text);
            let advice = said.split_once("; here ").unwrap_or_else(|| panic!("{said}")).1;
            for (table, settings) in parts(advice.strip_prefix("write ").unwrap_or_default()) {
                for setting in settings {
                    let key = setting.split_once(" = ").unwrap().0;
                    assert!(keys_of(table).contains(&key), "{said}");
                }
            }
            text = followed(&text, &said);
            let read = Config::parse(&text, "c.toml");
            // A bound below a timeout that nobody has set is a mistake of its own.
            let is_bound = |fault: &crate::config::ConfigError| {
                fault.to_string().contains("30m is more than max_timeout")
            };
            assert!(
                read.as_ref().map_or_else(is_bound, |_| true),
                "{name} = {value}: {said}\n{text}{read:?}"
            );
        }
    }
}

#[test]
fn no_key_of_our_own_is_taken_for_one_of_another_system() {
    let policy = keys::POLICY.iter().map(|key| format!("policy.jmap.{}", key.name));
    let job = jobs::KEYS.iter().map(|key| format!("job.{key}"));
    let others = include_str!("../../../examples/sessctl.toml").lines();
    let others = others.filter_map(|line| line.trim_start_matches("# ").split_once(" = "));
    for path in policy.chain(job).chain(others.map(|(key, _)| key.to_owned())) {
        assert!(find(&path).is_none(), "{path}");
    }
    for path in ["policy", "job", "retention", "policy.jmap", "policy.store", "size", "ttl"] {
        assert!(table(path).is_none() && find(path).is_none(), "{path}");
    }
    for text in [
        "[policy.store]\n[policy.inbox]\n[policy.jmap]\n[policy.outlog]\nretention = \"24h\"\n",
        "[parameters]\nINBOX = \"a\"\n\"Program name\" = \"b\"\n",
    ] {
        assert!(Config::parse(text, "c.toml").is_ok(), "{text}");
    }
    // And what is not known is said as before
    let others = ["size = 1\n", "[policy]\nttl = \"1h\"\n", "[jmap]\nother = 1\n", "x = inbox\n"];
    for text in others {
        assert!(!said_of(text).contains("here "), "{}", said_of(text));
    }
}

#[test]
fn a_key_is_found_however_it_is_spelled_and_wherever_it_stands() {
    for text in [
        "checksessionhour = 3\n",
        "Check_Session-Hour = 3\n",
        "\"Check Session Hour\" = \"3\"\n",
        "[policy]\nCHECKSESSIONHOUR = 3\n",
        "[policy.mail]\n-DCHECKSESSIONHOUR = 3\n",
        "[PARAM]\nCHECKSESSIONHOUR = 3\n",
        "PARAM CHECKSESSIONHOUR 3\n",
        "CHECKSESSIONHOUR: 3\n",
    ] {
        assert!(said_of(text).contains("at = \"0 3 *\", do = \"purge\" under [[job]]"), "{text}");
    }
    for text in [
        "jmap.session.cache.ttl = \"2h\"\n",
        "\"jmap.session.cache.ttl\" = \"2h\"\n",
        "[jmap.session.cache]\nttl = \"2h\"\n",
        "[policy.jmap.session]\ncache = { ttl = \"2h\" }\n",
        "[jmap.session.cache]\nttl = 2h\n",
        "jmap.session.cache.ttl = 2h\n",
    ] {
        assert!(
            said_of(text).ends_with("here write timeout = \"2h\" under [policy.jmap]"),
            "{text}"
        );
    }
    for name in [
        "Default User session timeout",
        "Default User session timeout [s]",
        "User sessions & security: Default User session timeout [s]",
        "default_user_session_timeout",
    ] {
        let advice = "here write timeout = \"30m\" under [policy]";
        assert!(said_of(&format!("\"{name}\" = 1800\n")).ends_with(advice), "{name}");
        assert!(said_of(&format!("{name} : 1800\n")).ends_with(advice), "{name}");
    }
}

#[test]
fn the_first_key_of_another_system_comes_before_other_mistakes() {
    let text = "[policy]\ntimeout = 30\n[store.b.purge]\nfrequency = \"0 3 *\"\n\
                [store.a.purge]\nfrequency = \"0 4 *\"\n";
    assert!(
        said_of(text).starts_with("c.toml:4: store.b.purge.frequency: a key of Stalwart; here")
    );
}

#[test]
fn each_term_has_the_advice_for_its_value() {
    let said: Vec<String> = [
        ("IMAP session timeout", "30"),
        ("HttpSessionReaperPollInterval", "60"),
        ("HttpSessionReaperPollInterval", "300"),
        ("SessionReaperInterval", "0"),
        ("MaxInactiveInterval", "1800"),
        ("MaxInactiveInterval", "-1"),
        ("session-timeout", "30"),
        ("Write frequency", "\"END_OF_SERVLET_SERVICE\""),
        ("Write frequency", "\"TIME_BASED_WRITE\""),
        ("Write interval", "120"),
        ("Write interval", "300"),
        ("Schedule session cleanup", "true"),
        ("First time of day", "2"),
        ("Second time of day", "14"),
        ("jmap.session.cache.size", "100"),
        ("jmap.session.cache.size", "\"many\""),
        ("jmap.purge.schedule.sessions", "\"15 * *\""),
        ("store.NAME.purge.frequency", "\"30 2 7\""),
        ("CHECKSESSIONHOUR", "24"),
        ("IDLESESSIONDELAY", "24"),
        ("item retention time", "\"30 days\""),
        ("INBOX retention time", "\"infinity\""),
        ("OUTLOG", "24"),
        ("WASTEBASKET", "7"),
        ("Maximum allowed user session timeout", "3600"),
        ("User session abandoned threshold", "5400"),
        ("concurrent sessions", "25"),
    ]
    .iter()
    .map(|(name, value)| {
        assert!(TERMS.iter().any(|term| term.names.contains(name)), "{name}");
        let said = said_of(&with(name, value));
        let (_, said) = said.split_once(": a ").unwrap();
        format!("{name} = {value}: {said}")
    })
    .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    IMAP session timeout = 30: setting of Domino; here write timeout = "30m" under [policy.imap]
    HttpSessionReaperPollInterval = 60: system property of WebSphere; here write name = "reaper", every = "60s", do = "purge" under [[job]] and strict = false, retention = "0" under [policy]
    HttpSessionReaperPollInterval = 300: system property of WebSphere; here write name = "reaper", every = "5m", do = "purge" under [[job]] and strict = false, retention = "0" under [policy]
    SessionReaperInterval = 0: system property of WebSphere; here write name = "reaper", every = "auto", do = "purge" under [[job]] and strict = false, retention = "0" under [policy]
    MaxInactiveInterval = 1800: setting of WebSphere; here write timeout = "30m" under [policy]
    MaxInactiveInterval = -1: setting of WebSphere; here write timeout = "never" under [policy]
    session-timeout = 30: setting of WebSphere; here write timeout = "30m" under [policy]
    Write frequency = "END_OF_SERVLET_SERVICE": setting of WebSphere; here write touch_resolution = "0s" under [policy]
    Write frequency = "TIME_BASED_WRITE": setting of WebSphere; here write touch_resolution = "10s" under [policy]
    Write interval = 120: setting of WebSphere; here write touch_resolution = "2m" under [policy]; it is at most half of min_timeout
    Write interval = 300: setting of WebSphere; here write touch_resolution = "150s" under [policy]; it is at most half of min_timeout
    Schedule session cleanup = true: setting of WebSphere; here leave it out: a job that has at = "0 2,14 *" cleans up at these two hours
    First time of day = 2: setting of WebSphere; here write name = "cleanup, first time of day", at = "0 2 *", do = "purge" under [[job]]
    Second time of day = 14: setting of WebSphere; here write name = "cleanup, second time of day", at = "0 14 *", do = "purge" under [[job]]
    jmap.session.cache.size = 100: key of Stalwart; here write limit = 100, when_full = "evict-lru" under [policy.jmap]
    jmap.session.cache.size = "many": key of Stalwart; here write limit = 100, when_full = "evict-lru" under [policy.jmap]
    jmap.purge.schedule.sessions = "15 * *": key of Stalwart; here write name = "purge sessions", at = "15 * *", do = "purge" under [[job]] and retention = "0" under [policy.jmap]
    store.NAME.purge.frequency = "30 2 7": key of Stalwart; here write name = "purge main", at = "30 2 7", do = "purge" under [[job]]
    CHECKSESSIONHOUR = 24: PARAM of Tandem TRANSFER; here write name = "check", at = "0 0 *", do = "purge" under [[job]] and expire = "two-pass" under [policy]
    IDLESESSIONDELAY = 24: PARAM of Tandem TRANSFER; here write expire = "two-pass", delay = "24h" under [policy]
    item retention time = "30 days": profile attribute of Tandem TRANSFER; here write retention = "30d" under [policy] and max = "30d" under [retention]
    INBOX retention time = "infinity": folder of Tandem TRANSFER; here write retention = "forever" under [policy.inbox]
    OUTLOG = 24: folder of Tandem TRANSFER; here write retention = "24h" under [policy.outlog]
    WASTEBASKET = 7: folder of Tandem TRANSFER; here write retention = "0" under [policy.wastebasket]
    Maximum allowed user session timeout = 3600: setting of redbex; here write max_timeout = "1h" under [policy]
    User session abandoned threshold = 5400: setting of redbex; here write expire = "abandoned", abandoned = "90m" under [policy]
    concurrent sessions = 25: licence limit of redbex; here write tasks = ["*"], limit = 25 under [[licence]]
    "#);
}

#[test]
fn a_program_document_is_one_job() {
    let job = |fields: &[(&str, &str)]| {
        let fields = fields.iter().map(|(name, value)| format!("\"{name}\" = \"{value}\"\n"));
        let said = said_of(&fields.collect::<String>());
        let text = said.split_once("here write ").unwrap().1;
        text.split_once(" under [[job]]").unwrap().0.to_owned()
    };
    let imap = ("Command line", "-c 'restart task imap'");
    let said = [
        job(&[imap]),
        job(&[("Program name", "tell imap quit"), ("Server to run on", "CN=mail1/O=Acme")]),
        job(&[("Program name", "nserver"), ("Server to run on", "*")]),
        job(&[imap, ("Run at times", "11:30 PM"), ("Days of week", "Sat, Sun")]),
        job(&[imap, ("Run at times", "04:00, 16:00"), ("Repeat interval of", "0 minutes")]),
        job(&[imap, ("Run at times", "08:00 AM - 10:00 PM"), ("Repeat interval", "60")]),
        job(&[imap, ("Run at times", "12:00 AM - 11:59 PM"), ("Repeat interval", "15 minutes")]),
        job(&[imap, ("Repeat interval", "240")]),
        job(&[imap, ("Repeat interval", "240"), ("Days of week", "Mon-Fri, sun")]),
        job(&[imap, ("Run at times", "at night"), ("Enabled/disabled", "Disabled")]),
        job(&[("Command line", "drop all"), ("Enabled/disabled", "Enabled")]),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    name = "restart imap", at = "0 4 *", do = "cycle", task = "imap"
    name = "restart imap", at = "0 4 *", do = "cycle", task = "imap", host = "mail1"
    name = "restart imap", at = "0 4 *", do = "cycle", task = "imap"
    name = "restart imap", at = "30 23 6,7", do = "cycle", task = "imap"
    name = "restart imap", at = "0 4,16 *", do = "cycle", task = "imap"
    name = "restart imap", at = "0 8-22 *", do = "cycle", task = "imap"
    name = "restart imap", at = "*/15 0-23 *", do = "cycle", task = "imap"
    name = "restart imap", every = "240m", do = "cycle", task = "imap"
    name = "restart imap", at = "0 0-23/4 1-5,7", do = "cycle", task = "imap"
    name = "restart imap", at = "0 4 *", do = "cycle", task = "imap", enabled = false
    name = "restart all", at = "0 4 *", do = "cycle", task = "*", enabled = true
    "#);
    // In a job that is there already, it has what that lacks
    let said =
        said_of("[[job]]\nname = \"x\"\nevery = \"1h\"\n\"Command line\" = \"tell imap quit\"\n");
    insta::assert_snapshot!(said, @r#"c.toml:4: job.Command line: a part of a Program document of Domino; here write at = "0 4 *", do = "cycle", task = "imap" under [[job]]"#);
}

/// The row of a term in the table of all keys, but for the difference.
fn row(term: &Term) -> String {
    let names: Vec<String> = term.names.iter().map(|name| format!("`{name}`")).collect();
    let here = match term.advice {
        Advice::Write(parts) => {
            let part = |part: &Part| {
                let keys: Vec<String> =
                    part.keys.iter().map(|(key, _)| format!("`{key}`")).collect();
                format!("{} under `{}`", keys.join(", "), part.table)
            };
            parts.iter().map(part).collect::<Vec<_>>().join("; ")
        }
        Advice::LeaveOut(_) => "–".to_owned(),
        Advice::Program => "a job with `do = \"cycle\"` under `[[job]]`".to_owned(),
    };
    format!("| {} | {} | {here} | ", names.join(", "), term.system)
}

#[test]
fn the_page_has_a_row_for_each_term() {
    let page = include_str!("../../../docs/coming-from.md");
    let table = page.split_once("## All keys").unwrap().1;
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), TERMS.len());
    for (term, found) in TERMS.iter().zip(rows) {
        let row = row(term);
        assert!(found.starts_with(&row) && found.len() > row.len() + 2, "{row}\n{found}");
    }
}
