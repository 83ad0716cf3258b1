//! Each key of another system, and the block that replaces it.

#[path = "../../../tests/support/suggested_config.rs"]
mod advice;
mod documents;

use super::terms::{Advice, Part, TERMS, Term, find, table};
use crate::Config;
use crate::config::{jobs, policies};
use advice::pasted;

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
    "\"-5\"",
    "\"10mb\"",
    "\"unlimited\"",
    "\"1500 ms\"",
    "\"1 h 30 min\"",
    "\"300\"",
    "\"Disabled\"",
    "\"08:00 AM - 10:00 PM\"",
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

/// The block that replaces a file.
#[track_caller]
fn block_of(text: &str) -> String {
    let said = said_of(text);
    let block = said.split_once(":\n\n").map_or("", |(_, block)| block);
    block
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

#[test]
fn every_block_is_accepted_in_place_of_the_old_lines() {
    for (at, name) in TERMS.iter().flat_map(|term| term.names.iter().enumerate()) {
        for value in VALUES {
            let quoted = with(name, value);
            let path = name.replace("NAME", "main");
            let own = "\n[policy]\nstrict = true\n\n[[job]]\nname = \"x\"\nevery = \"1h\"\ndo = \"purge\"\n";
            let texts = [
                quoted.clone(),
                format!("db = \"a.db\"\n{quoted}state_dir = \"b\"\n{own}"),
                format!("ServerTasks=A,B\n{path}: {}\n{own}", value.trim_matches('"')),
                format!("{own}{path}: {}\nx y\n", value.trim_matches('"')),
            ];
            // One spelling is enough for other notations.
            let texts = texts.into_iter().take(if at == 0 { 4 } else { 1 });
            for text in texts {
                let Err(fault) = Config::parse(&text, "c.toml") else { panic!("{text}") };
                let said = fault.to_string();
                // Only a value that says nothing is not read
                if !said.contains("this is a") && value.trim_matches('"').is_empty() {
                    continue;
                }
                let new = pasted(&text, &said);
                let read = Config::parse(&new, "c.toml");
                assert!(read.is_ok(), "{text}\n{said}\n{new}{read:?}");
            }
        }
    }
}

#[test]
fn no_key_of_our_own_is_taken_for_one_of_another_system() {
    let policy = policies::POLICY_KEYS.iter().map(|key| format!("policy.jmap.{}", key.name));
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
        assert!(!said_of(text).contains("this is a"), "{}", said_of(text));
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
        "PARAM CHECKSESSIONHOUR,3\n",
        "SET SERVER CPUS 0:1\nSET SERVER PARAM CHECKSESSIONHOUR 3\n",
        "RESET SERVER\n== a comment\n?SECTION a\nPARAM CHECKSESSIONHOUR \"3\"\n",
        "CHECKSESSIONHOUR: 3\n",
        "{ \"CHECKSESSIONHOUR\": 3 }\n",
        "Basics\n- CHECKSESSIONHOUR = 3 # early\n",
    ] {
        let block = block_of(text);
        assert!(
            block.contains("name = \"check\"; at = \"0 3 *\"; do = \"purge\""),
            "{text}{block}"
        );
        let scope = if text.contains("mail") { "[policy.mail]" } else { "[policy]" };
        assert!(block.starts_with(&format!("{scope}; expire = \"two-pass\"")), "{text}{block}");
    }
    for text in [
        "jmap.session.cache.ttl = \"2h\"\n",
        "\"jmap.session.cache.ttl\" = \"2h\"\n",
        "[jmap.session.cache]\nttl = \"2h\"\n",
        "[policy.jmap.session]\ncache = { ttl = \"2h\" }\n",
        "[jmap.session.cache]\nttl = 2h\n",
        "jmap.session.cache.ttl = 7200000\n",
    ] {
        assert!(block_of(text).starts_with("[policy.jmap]; timeout = \"2h\"; #"), "{text}");
    }
    for name in [
        "Default User session timeout",
        "Default User session timeout [s]",
        "User sessions & security: Default User session timeout [s]",
        "default_user_session_timeout",
    ] {
        let block = "[policy]; timeout = \"30m\"; #";
        assert!(block_of(&format!("\"{name}\" = 1800\n")).starts_with(block), "{name}");
        assert!(block_of(&format!("{name} : 1800\n")).starts_with(block), "{name}");
    }
    for text in [
        "<session-config>\n  <session-timeout>30</session-timeout>\n</session-config>\n",
        "<httpSession invalidationTimeout=\"30m\"/>\n",
        "java -Xmx1g -DMaxInactiveInterval=1800 -jar a.jar\n",
        "<property name=\"MaxInactiveInterval\" value=\"1800\"/>\n",
    ] {
        assert!(block_of(text).starts_with("[policy]; timeout = \"30m\"; [[job]]"), "{text}");
    }
}

#[test]
fn what_only_resembles_a_key_is_not_taken_for_it() {
    for text in [
        "CLEAR PARAM CHECKSESSIONHOUR\n",
        "x Maximum user session timeout: 9\n",
        "# INBOX: 3\n= x\n",
    ] {
        assert!(!said_of(text).contains("this is"), "{}", said_of(text));
    }
}

#[test]
fn a_table_that_is_left_over_is_removed() {
    for text in ["[depot]\n", "[\"model depot\"]\n", "[jmap]\n", "[INBOX]\n", "[PARAM]\n"] {
        let said = said_of(text);
        assert!(said.ends_with(" table; remove line 1"), "{said}");
        assert_eq!(pasted(text, &said).trim(), "");
    }
}

#[test]
fn a_dotted_key_that_the_block_cannot_take_is_told() {
    let block = block_of("policy.strict = true\nsession-timeout = 30\n");
    assert!(block.contains("# policy: stands above the first table"), "{block}");
}

#[test]
fn the_first_key_of_another_system_comes_before_other_mistakes() {
    let text = "[policy]\ntimeout = 30\n[store.b.purge]\nfrequency = \"0 3 *\"\n\
                [store.a.purge]\nfrequency = \"0 4 *\"\n";
    let said = said_of(text);
    assert!(
        said.starts_with(
            "c.toml:4: store.b.purge.frequency: this is a Stalwart key; replace lines 3 to 6"
        ),
        "{said}"
    );
}

/// Terms with values that they may have.
const GIVEN: &[(&str, &str)] = &[
    ("IMAP session timeout", "30"),
    ("IMAP session timeout", "\"90 sec\""),
    ("POP3 session timeout", "0"),
    ("HttpSessionReaperPollInterval", "60"),
    ("HttpSessionReaperPollInterval", "\"1 min\""),
    ("SessionReaperInterval", "0"),
    ("MaxInactiveInterval", "1800"),
    ("MaxInactiveInterval", "-1"),
    ("MaxInactiveInterval", "\"30 min\""),
    ("session-timeout", "0"),
    ("session-timeout", "\"30 fortnights\""),
    ("Write frequency", "\"END_OF_SERVLET_SERVICE\""),
    ("Write frequency", "\"TIME_BASED_WRITE\""),
    ("Write frequency", "\"Manual update\""),
    ("Write interval", "120"),
    ("Write interval", "300"),
    ("Write interval", "3600"),
    ("Schedule sessions cleanup", "true"),
    ("Schedule session cleanup", "false"),
    ("First time of day", "2"),
    ("Second time of day", "\"11 PM\""),
    ("jmap.session.cache.ttl", "3600000"),
    ("jmap.session.cache.ttl", "\"1500 ms\""),
    ("jmap.session.cache.size", "100"),
    ("jmap.session.cache.size", "\"10mb\""),
    ("jmap.purge.schedule.sessions", "\"15 * *\""),
    ("jmap.purge.schedule.sessions", "\"0 25 *\""),
    ("jmap.purge.schedule.db", "\"0 3 *\""),
    ("store.NAME.purge.frequency", "\"30 2 7\""),
    ("CHECKSESSIONHOUR", "\"03:00\""),
    ("CHECKSESSIONHOUR", "\"0300\""),
    ("CHECKSESSIONHOUR", "\"3am\""),
    ("CHECKSESSIONHOUR", "99"),
    ("IDLESESSIONDELAY", "24"),
    ("IDLESESSIONDELAY", "-1"),
    ("item retention time", "\"30 days\""),
    ("group depot.item retention time", "24"),
    ("model group depot.item retention time", "24"),
    ("INBOX retention time", "\"infinity\""),
    ("OUTLOG", "24"),
    ("WASTEBASKET", "7"),
    ("Maximum allowed user session timeout", "60"),
    ("User session abandoned threshold", "\"1 h 30 min\""),
    ("Default User session timeout", "\"1 800\""),
    ("concurrent sessions", "25"),
    ("concurrent sessions", "\"unlimited\""),
];

#[test]
fn each_term_has_the_block_for_its_value() {
    let said = GIVEN.iter().map(|(name, value)| {
        assert!(TERMS.iter().any(|term| term.names.contains(name)), "{name}");
        format!("{name} = {value}: {}", block_of(&with(name, value)))
    });
    let said: Vec<String> = said.collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    IMAP session timeout = 30: [policy.imap]; timeout = "30m"; # without a job that has do = "purge", nothing ends until "sessctl purge" runs
    IMAP session timeout = "90 sec": [policy.imap]; timeout = "90s"; # without a job that has do = "purge", nothing ends until "sessctl purge" runs
    POP3 session timeout = 0: [policy.pop3]; timeout = "never"
    HttpSessionReaperPollInterval = 60: [policy]; strict = false; retention = "0"; [[job]]; name = "reaper"; every = "60s"; do = "purge"
    HttpSessionReaperPollInterval = "1 min": [policy]; strict = false; retention = "0"; [[job]]; name = "reaper"; every = "1m"; do = "purge"
    SessionReaperInterval = 0: [policy]; strict = false; retention = "0"; [[job]]; name = "reaper"; # SessionReaperInterval "0" is not an interval of a second or more; this is the default; every = "auto"; do = "purge"
    MaxInactiveInterval = 1800: [policy]; timeout = "30m"; [[job]]; name = "reaper"; every = "auto"; do = "purge"
    MaxInactiveInterval = -1: [policy]; timeout = "never"
    MaxInactiveInterval = "30 min": [policy]; timeout = "30m"; [[job]]; name = "reaper"; every = "auto"; do = "purge"
    session-timeout = 0: [policy]; timeout = "never"
    session-timeout = "30 fortnights": [policy]; # session-timeout "30 fortnights" is not a duration in whole seconds; this is the default; timeout = "30m"; [[job]]; name = "reaper"; every = "auto"; do = "purge"
    Write frequency = "END_OF_SERVLET_SERVICE": [policy]; touch_resolution = "0s"
    Write frequency = "TIME_BASED_WRITE": [policy]; touch_resolution = "10s"
    Write frequency = "Manual update": # Write frequency "Manual update": no counterpart; the application touches
    Write interval = 120: [policy]; touch_resolution = "2m"
    Write interval = 300: [policy]; # touch_resolution must not exceed half of this; min_timeout = "10m"; touch_resolution = "5m"
    Write interval = 3600: [policy]; # Write interval "3600" is more than half of the timeout; this is the default; touch_resolution = "0s"
    Schedule sessions cleanup = true: # Schedule sessions cleanup "true": a job for each of the two hours does it
    Schedule session cleanup = false: # Schedule session cleanup "false": no cleanup, so nothing to write
    First time of day = 2: [[job]]; name = "cleanup, first time of day"; at = "0 2 *"; do = "purge"
    Second time of day = "11 PM": [[job]]; name = "cleanup, second time of day"; at = "0 23 *"; do = "purge"
    jmap.session.cache.ttl = 3600000: [policy.jmap]; timeout = "1h"; # without a job that has do = "purge", nothing ends until "sessctl purge" runs
    jmap.session.cache.ttl = "1500 ms": [policy.jmap]; # jmap.session.cache.ttl "1500 ms" is not a duration in whole seconds; this is the default; timeout = "1h"; # without a job that has do = "purge", nothing ends until "sessctl purge" runs
    jmap.session.cache.size = 100: [policy.jmap]; limit = 100; when_full = "evict-lru"
    jmap.session.cache.size = "10mb": [policy.jmap]; # jmap.session.cache.size "10mb" is not a number of sessions; this is the default; limit = 100; when_full = "evict-lru"
    jmap.purge.schedule.sessions = "15 * *": [policy.jmap]; retention = "0"; [[job]]; name = "purge sessions"; at = "15 * *"; do = "purge"
    jmap.purge.schedule.sessions = "0 25 *": [policy.jmap]; retention = "0"; [[job]]; name = "purge sessions"; # jmap.purge.schedule.sessions "0 25 *" is not a valid schedule; this is the default; at = "15 * *"; do = "purge"
    jmap.purge.schedule.db = "0 3 *": # jmap.purge.schedule.db "0 3 *": no counterpart; it purges no sessions
    store.NAME.purge.frequency = "30 2 7": [[job]]; name = "purge main"; at = "30 2 7"; do = "purge"
    CHECKSESSIONHOUR = "03:00": [policy]; expire = "two-pass"; [[job]]; name = "check"; at = "0 3 *"; do = "purge"
    CHECKSESSIONHOUR = "0300": [policy]; expire = "two-pass"; [[job]]; name = "check"; at = "0 3 *"; do = "purge"
    CHECKSESSIONHOUR = "3am": [policy]; expire = "two-pass"; [[job]]; name = "check"; at = "0 3 *"; do = "purge"
    CHECKSESSIONHOUR = 99: [policy]; expire = "two-pass"; [[job]]; name = "check"; # CHECKSESSIONHOUR "99" is not an hour; this is the default; at = "0 0 *"; do = "purge"
    IDLESESSIONDELAY = 24: [policy]; expire = "two-pass"; delay = "24h"; [[job]]; name = "check"; at = "0 0 *"; do = "purge"
    IDLESESSIONDELAY = -1: [policy]; expire = "two-pass"; # IDLESESSIONDELAY "-1" is not a duration in whole seconds; this is the default; delay = "24h"; [[job]]; name = "check"; at = "0 0 *"; do = "purge"
    item retention time = "30 days": [policy]; retention = "30d"; [retention]; max = "30d"
    group depot.item retention time = 24: [retention."group-*"]; max = "24h"
    model group depot.item retention time = 24: [retention."group-*"]; max = "24h"
    INBOX retention time = "infinity": [policy.inbox]; retention = "forever"
    OUTLOG = 24: [policy.outlog]; retention = "24h"
    WASTEBASKET = 7: [policy.wastebasket]; retention = "0"
    Maximum allowed user session timeout = 60: [policy]; # the default, 30m, is more than max_timeout; timeout = "1m"; max_timeout = "60s"
    User session abandoned threshold = "1 h 30 min": [policy]; expire = "abandoned"; abandoned = "90m"; # without a job that has do = "purge", nothing ends until "sessctl purge" runs
    Default User session timeout = "1 800": [policy]; # Default User session timeout "1 800" is not a duration in whole seconds; this is the default; timeout = "30m"; # without a job that has do = "purge", nothing ends until "sessctl purge" runs
    concurrent sessions = 25: [[licence]]; tasks = ["*"]; limit = 25
    concurrent sessions = "unlimited": # concurrent sessions "unlimited": no limit, so nothing to write
    "#);
}

#[test]
fn keys_that_say_the_same_are_written_once_and_others_are_told() {
    let said: Vec<String> = [
        "Write frequency = \"Time based\"\nWrite interval = 120\n",
        "Write interval = 120\nWrite frequency = \"End of servlet service\"\n",
        "MaxInactiveInterval = 1800\nsession-timeout = 30\n",
        "MaxInactiveInterval = 1800\nsession-timeout = 15\n",
        "HttpSessionReaperPollInterval = 60\nSessionReaperInterval = 60\n",
        "HttpSessionReaperPollInterval = 60\nSessionReaperInterval = 90\n",
        "Schedule sessions cleanup: false\nFirst time of day: 2\nSecond time of day: 14\n",
        "IDLESESSIONDELAY = 24\n[policy]\nexpire = \"timeout\"\n",
    ]
    .map(|text| {
        let text = text.lines().map(|line| match line.split_once(" = ") {
            Some((key, value)) => format!("\"{key}\" = {value}\n"),
            None => format!("{line}\n"),
        });
        block_of(&text.collect::<String>())
    })
    .into();
    insta::assert_snapshot!(said.join("\n"), @r#"
    [policy]; touch_resolution = "2m"
    [policy]; touch_resolution = "0s"
    [policy]; timeout = "30m"; [[job]]; name = "reaper"; every = "auto"; do = "purge"
    [policy]; timeout = "30m"; [[job]]; name = "reaper"; every = "auto"; do = "purge"; # session-timeout "15": left out, because MaxInactiveInterval "1800" says otherwise
    [policy]; strict = false; retention = "0"; [[job]]; name = "reaper"; every = "60s"; do = "purge"
    [policy]; strict = false; retention = "0"; [[job]]; name = "reaper"; every = "60s"; do = "purge"; [[job]]; name = "reaper 2"; every = "90s"; do = "purge"
    [[job]]; name = "cleanup, first time of day"; at = "0 2 *"; do = "purge"; enabled = false; [[job]]; name = "cleanup, second time of day"; at = "0 14 *"; do = "purge"; enabled = false; # Schedule sessions cleanup "false": no cleanup, so nothing to write
    [policy]; "expire" = "timeout"; delay = "24h"; [[job]]; name = "check"; at = "0 0 *"; do = "purge"; # IDLESESSIONDELAY "24": [policy] has expire already
    "#);
}

/// The row of a term in the table of all keys, but for the difference.
fn row(term: &Term) -> String {
    let names: Vec<String> = term.names.iter().map(|name| format!("`{name}`")).collect();
    let here = match term.advice {
        Advice::Write(parts) => {
            let part = |(table, keys): &Part| {
                let keys: Vec<String> = keys.iter().map(|(key, _)| format!("`{key}`")).collect();
                format!("{} under `{}`", keys.join(", "), table)
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
