//! The block for each key and its value.

use sessctl::config::legacy::KEYS;

use super::{block_of, with};

/// Keys with values that they may have.
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
fn each_key_has_the_block_for_its_value() {
    let said = GIVEN.iter().map(|(name, value)| {
        assert!(KEYS.iter().any(|key| key.names().any(|other| other == *name)), "{name}");
        format!("{name} = {value}: {}", block_of(&with(name, value)))
    });
    let said: Vec<String> = said.collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    IMAP session timeout = 30: [policy.imap]; timeout = "30m"; # no job has do = "purge": nothing ends until "sessctl purge" runs
    IMAP session timeout = "90 sec": [policy.imap]; timeout = "90s"; # no job has do = "purge": nothing ends until "sessctl purge" runs
    POP3 session timeout = 0: [policy.pop3]; timeout = "never"
    HttpSessionReaperPollInterval = 60: [policy]; strict = false; retention = "0"; [[job]]; name = "reaper"; every = "60s"; do = "purge"
    HttpSessionReaperPollInterval = "1 min": [policy]; strict = false; retention = "0"; [[job]]; name = "reaper"; every = "1m"; do = "purge"
    SessionReaperInterval = 0: [policy]; strict = false; retention = "0"; [[job]]; name = "reaper"; # SessionReaperInterval "0" is not an interval of a second or more; using the default; every = "auto"; do = "purge"
    MaxInactiveInterval = 1800: [policy]; timeout = "30m"; [[job]]; name = "reaper"; every = "auto"; do = "purge"
    MaxInactiveInterval = -1: [policy]; timeout = "never"
    MaxInactiveInterval = "30 min": [policy]; timeout = "30m"; [[job]]; name = "reaper"; every = "auto"; do = "purge"
    session-timeout = 0: [policy]; timeout = "never"
    session-timeout = "30 fortnights": [policy]; # session-timeout "30 fortnights" is not a duration in whole seconds; using the default; timeout = "30m"; [[job]]; name = "reaper"; every = "auto"; do = "purge"
    Write frequency = "END_OF_SERVLET_SERVICE": [policy]; touch_resolution = "0s"
    Write frequency = "TIME_BASED_WRITE": [policy]; touch_resolution = "10s"
    Write frequency = "Manual update": # Write frequency "Manual update": no counterpart; the application touches sessions itself
    Write interval = 120: [policy]; touch_resolution = "2m"
    Write interval = 300: [policy]; # touch_resolution must not exceed half of this; min_timeout = "10m"; touch_resolution = "5m"
    Write interval = 3600: [policy]; # Write interval "3600": more than half of the timeout; using the default; touch_resolution = "0s"
    Schedule sessions cleanup = true: # Schedule sessions cleanup "true": replaced by a job for each of the two hours
    Schedule session cleanup = false: # Schedule session cleanup "false": the cleanup is off
    First time of day = 2: [[job]]; name = "cleanup, first time of day"; at = "0 2 *"; do = "purge"
    Second time of day = "11 PM": [[job]]; name = "cleanup, second time of day"; at = "0 23 *"; do = "purge"
    jmap.session.cache.ttl = 3600000: [policy.jmap]; timeout = "1h"; # no job has do = "purge": nothing ends until "sessctl purge" runs
    jmap.session.cache.ttl = "1500 ms": [policy.jmap]; # jmap.session.cache.ttl "1500 ms" is not a duration in whole seconds; using the default; timeout = "1h"; # no job has do = "purge": nothing ends until "sessctl purge" runs
    jmap.session.cache.size = 100: [policy.jmap]; limit = 100; when_full = "evict-lru"
    jmap.session.cache.size = "10mb": [policy.jmap]; # jmap.session.cache.size "10mb" is not a number of sessions; using the default; limit = 100; when_full = "evict-lru"
    jmap.purge.schedule.sessions = "15 * *": [policy.jmap]; retention = "0"; [[job]]; name = "purge sessions"; at = "15 * *"; do = "purge"
    jmap.purge.schedule.sessions = "0 25 *": [policy.jmap]; retention = "0"; [[job]]; name = "purge sessions"; # jmap.purge.schedule.sessions "0 25 *" is not a valid schedule; using the default; at = "15 * *"; do = "purge"
    jmap.purge.schedule.db = "0 3 *": # jmap.purge.schedule.db "0 3 *": no counterpart; purges no sessions
    store.NAME.purge.frequency = "30 2 7": [[job]]; name = "purge main"; at = "30 2 7"; do = "purge"
    CHECKSESSIONHOUR = "03:00": [policy]; expire = "two-pass"; [[job]]; name = "check"; at = "0 3 *"; do = "purge"
    CHECKSESSIONHOUR = "0300": [policy]; expire = "two-pass"; [[job]]; name = "check"; at = "0 3 *"; do = "purge"
    CHECKSESSIONHOUR = "3am": [policy]; expire = "two-pass"; [[job]]; name = "check"; at = "0 3 *"; do = "purge"
    CHECKSESSIONHOUR = 99: [policy]; expire = "two-pass"; [[job]]; name = "check"; # CHECKSESSIONHOUR "99" is not an hour; using the default; at = "0 0 *"; do = "purge"
    IDLESESSIONDELAY = 24: [policy]; expire = "two-pass"; delay = "24h"; [[job]]; name = "check"; at = "0 0 *"; do = "purge"
    IDLESESSIONDELAY = -1: [policy]; expire = "two-pass"; # IDLESESSIONDELAY "-1" is not a duration in whole seconds; using the default; delay = "24h"; [[job]]; name = "check"; at = "0 0 *"; do = "purge"
    item retention time = "30 days": [policy]; retention = "30d"; [retention]; max = "30d"
    group depot.item retention time = 24: [retention."group-*"]; max = "24h"
    model group depot.item retention time = 24: [retention."group-*"]; max = "24h"
    INBOX retention time = "infinity": [policy.inbox]; retention = "forever"
    OUTLOG = 24: [policy.outlog]; retention = "24h"
    WASTEBASKET = 7: [policy.wastebasket]; retention = "0"
    Maximum allowed user session timeout = 60: [policy]; # the default, 30m, is more than max_timeout; timeout = "1m"; max_timeout = "60s"
    User session abandoned threshold = "1 h 30 min": [policy]; expire = "abandoned"; abandoned = "90m"; # no job has do = "purge": nothing ends until "sessctl purge" runs
    Default User session timeout = "1 800": [policy]; # Default User session timeout "1 800" is not a duration in whole seconds; using the default; timeout = "30m"; # no job has do = "purge": nothing ends until "sessctl purge" runs
    concurrent sessions = 25: [[licence]]; tasks = ["*"]; limit = 25
    concurrent sessions = "unlimited": # concurrent sessions "unlimited": unlimited is the default
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
    [policy]; timeout = "30m"; [[job]]; name = "reaper"; every = "auto"; do = "purge"; # session-timeout "15": ignored, because MaxInactiveInterval "1800" has another value
    [policy]; strict = false; retention = "0"; [[job]]; name = "reaper"; every = "60s"; do = "purge"
    [policy]; strict = false; retention = "0"; [[job]]; name = "reaper"; every = "60s"; do = "purge"; [[job]]; name = "reaper 2"; every = "90s"; do = "purge"
    [[job]]; name = "cleanup, first time of day"; at = "0 2 *"; do = "purge"; enabled = false; [[job]]; name = "cleanup, second time of day"; at = "0 14 *"; do = "purge"; enabled = false; # Schedule sessions cleanup "false": the cleanup is off
    [policy]; "expire" = "timeout"; delay = "24h"; [[job]]; name = "check"; at = "0 0 *"; do = "purge"; # IDLESESSIONDELAY "24": ignored, because [policy] sets expire
    "#);
}
