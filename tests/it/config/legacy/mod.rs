//! Each key of another system, and the block that replaces it.

mod documents;
mod replacements;

use sessctl::Config;
use sessctl::config::legacy::{Conversion, KEYS, LegacyKey, find_key, system_of_table};

use crate::support::suggested_config::pasted;

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

/// A file that sets a key at the top level, quoted, with its tables.
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
    for (at, name) in KEYS.iter().flat_map(|key| key.names().enumerate()) {
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
                // An empty value is not read
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
fn no_key_of_sessctl_is_taken_for_a_legacy_one() {
    let all = "[policy.jmap]\ntimeout = \"30m\"\n[[licence]]\ntasks = [\"imap\"]\nlimit = 1\n\
               [[job]]\nname = \"x\"\nevery = \"1h\"\ndo = \"cycle\"\ntask = \"imap\"\n";
    let settings = Config::parse(all, "").unwrap().settings();
    for key in settings.into_iter().map(|setting| setting.key.replace("policy.", "policy.jmap.")) {
        assert!(find_key(&key).is_none(), "{key}");
    }
    let example = include_str!("../../../../examples/sessctl.toml").lines();
    let example = example.filter_map(|line| line.trim_start_matches("# ").split_once(" = "));
    for (key, _) in example {
        assert!(
            ["", "policy.jmap.", "job."]
                .iter()
                .all(|table| find_key(&format!("{table}{key}")).is_none()),
            "{key}"
        );
    }
    for path in ["policy", "job", "retention", "policy.jmap", "policy.store", "size", "ttl"] {
        assert!(system_of_table(path).is_none() && find_key(path).is_none(), "{path}");
    }
    for text in [
        "[policy.store]\n[policy.inbox]\n[policy.jmap]\n[policy.outlog]\nretention = \"24h\"\n",
        "[parameters]\nINBOX = \"a\"\n\"Program name\" = \"b\"\n",
    ] {
        assert!(Config::parse(text, "c.toml").is_ok(), "{text}");
    }
}

#[test]
fn what_only_resembles_a_legacy_key_is_another_mistake() {
    for text in [
        "size = 1\n",
        "[policy]\nttl = \"1h\"\n",
        "[jmap]\nother = 1\n",
        "x = inbox\n",
        "CLEAR PARAM CHECKSESSIONHOUR\n",
        "x Maximum user session timeout: 9\n",
        "# INBOX: 3\n= x\n",
    ] {
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
fn a_table_that_is_left_over_is_removed() {
    for text in ["[depot]\n", "[\"model depot\"]\n", "[jmap]\n", "[INBOX]\n", "[PARAM]\n"] {
        let said = said_of(text);
        assert!(said.ends_with(" table; remove line 1"), "{said}");
        assert_eq!(pasted(text, &said).trim(), "");
    }
}

#[test]
fn other_keys_stay_in_their_tables() {
    for (text, setting) in [
        ("[depot]\n[hooks]\nINBOX = 3\ntimeout = \"5s\"\n", "hooks.timeout = 5s"),
        ("INBOX = 3\ndb = \"a\"\n[PARAM]\nOUTLOG = 4\n", "db = a"),
        ("[User sessions & security]\nINBOX: 3\n[hooks]\ntimeout = \"5s\"\n", "hooks.timeout = 5s"),
        ("[hooks]\non_end = [\n \"a\",\n]\nINBOX: 3\ntimeout = \"5s\"\n", "hooks.on_end = [\"a\"]"),
        (
            "[policy] # all\ntimeout = \"5m\"\nINBOX: 3\nWrite interval: 200\n",
            "policy.touch_resolution = 0s",
        ),
    ] {
        let new = pasted(text, &said_of(text));
        let settings = Config::parse(&new, "c.toml").map(|config| config.settings());
        let settings = settings.unwrap_or_else(|fault| panic!("{fault}\n{new}"));
        let is_set = |(key, value)| settings.iter().any(|s| s.key == key && s.value == value);
        assert!(is_set(setting.split_once(" = ").unwrap()), "{new}");
    }
}

#[test]
fn a_dotted_key_that_the_block_cannot_take_is_told() {
    let block = block_of("policy.strict = true\nsession-timeout = 30\n");
    assert!(block.contains("# policy: is above the first table"), "{block}");
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

/// The row of a key in the table of all keys, but for the difference.
fn row(key: &LegacyKey) -> String {
    let names: Vec<String> = key.names().map(|name| format!("`{name}`")).collect();
    let here = key.replacements.chunk_by(|one, other| one.0 == other.0).map(|keys| {
        let names: Vec<String> = keys.iter().map(|(_, key, ..)| format!("`{key}`")).collect();
        let header = match keys[0].0 {
            list @ ("job" | "licence") => format!("[[{list}]]"),
            table => format!("[{table}]"),
        };
        format!("{} under `{header}`", names.join(", "))
    });
    let here = match key.replacements[0].2 {
        Conversion::Nothing | Conversion::Cleanup => "–".to_owned(),
        Conversion::Program => "a job with `do = \"cycle\"` under `[[job]]`".to_owned(),
        _ => here.collect::<Vec<_>>().join("; "),
    };
    format!("| {} | {} | {here} | ", names.join(", "), key.system)
}

#[test]
fn the_page_has_a_row_for_each_key() {
    let page = include_str!("../../../../docs/coming-from.md");
    let table = page.split_once("## All keys").unwrap().1;
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), KEYS.len());
    for (key, found) in KEYS.iter().zip(rows) {
        let row = row(key);
        assert!(found.starts_with(&row) && found.len() > row.len() + 2, "{row}\n{found}");
    }
}
