//! Administrators who paste the configuration that they have, and then the block that the
//! error prints.

use sessctl::Config;

use crate::support::Sandbox;
use crate::support::suggested_config::pasted;
use crate::systems::command::text;

/// The output of `show config` for a file, without its first word.
#[track_caller]
fn said_of(text: &str) -> String {
    let sandbox = Sandbox::without_database();
    sandbox.file("sessctl.toml", text);
    let ran = sandbox.run(["--config", "sessctl.toml", "show", "config"]);
    ran.exits(2).stderr().trim_end().strip_prefix("sessctl: ").unwrap().to_owned()
}

/// The configuration that the one of another system becomes when its lines are replaced as
/// the error says, once.
#[track_caller]
fn led_to(old: &str) -> String {
    let said = said_of(old);
    assert_eq!(said, Config::parse(old, "sessctl.toml").unwrap_err().to_string());
    let new = pasted(old, &said);
    let sandbox = Sandbox::without_database();
    sandbox.file("sessctl.toml", &new);
    sandbox.run(["--config", "sessctl.toml", "show", "config"]).succeeds();
    new
}

/// The settings that a file makes, without what it leaves at the default.
fn settings(text: &str) -> Vec<String> {
    let settings = Config::parse(text, "").unwrap().settings();
    let set = settings.into_iter().filter(|setting| setting.line.is_some());
    set.map(|setting| format!("{} = {}", setting.key, setting.value)).collect()
}

/// Settings of these keys in the example of a system.
fn of_example(system: &str, keys: &[&str]) -> Vec<String> {
    let is_wanted =
        |setting: &String| keys.iter().any(|key| setting.starts_with(&format!("{key} = ")));
    settings(&text(system)).into_iter().filter(is_wanted).collect()
}

#[test]
fn s11_stalwart_is_configured_by_pasting_the_answer() {
    let old = "[jmap.session.cache]\nttl = \"1h\"\nsize = 100\n\n\
               [jmap.purge.schedule]\nsessions = \"15 * *\"\n";
    let new = led_to(old);
    let settings = settings(&new);
    for setting in of_example(
        "stalwart",
        &["policy.jmap.timeout", "policy.jmap.limit", "policy.jmap.when_full"],
    ) {
        assert!(settings.contains(&setting), "{setting}: {settings:?}");
    }
    let others = [
        "policy.jmap.retention = 0s",
        "job.purge sessions.at = 15 * *",
        "job.purge sessions.do = purge",
    ];
    assert!(others.iter().all(|other| settings.iter().any(|s| s == other)), "{settings:?}");
    assert_eq!(settings.len(), 6, "{settings:?}");
}

#[test]
fn s11_websphere_is_configured_by_pasting_the_answer() {
    for old in [
        "-DHttpSessionReaperPollInterval=300\n<session-timeout>30</session-timeout>\n\
         \"Write frequency\" = \"End of servlet service\"\n",
        "MaxInactiveInterval = 1800\nwriteFrequency: END_OF_SERVLET_SERVICE\n\
         java -Xmx512m -DSessionReaperInterval=300 -jar server.jar\n",
    ] {
        let new = led_to(old);
        let settings = settings(&new);
        let keys =
            ["policy.timeout", "policy.strict", "policy.touch_resolution", "policy.retention"];
        let mut wanted = of_example("websphere", &keys);
        wanted.extend(["job.reaper.every = 5m".to_owned(), "job.reaper.do = purge".to_owned()]);
        assert_eq!(settings, wanted);
    }
}

#[test]
fn s11_transfer_is_configured_by_pasting_the_answer() {
    let old = "PARAM CHECKSESSIONHOUR 0\nPARAM IDLESESSIONDELAY 24\n\
               ITEM-RETENTION-TIME = \"30 days\"\n\
               GROUP_DEPOT-ITEM-RETENTION-TIME = \"14 days\"\nINBOX = \"7 days\"\n\
               OUTLOG = \"24 hours\"\nWASTEBASKET = 0\n";
    let new = led_to(old);
    let settings = settings(&new);
    let wanted = settings_but(&text("transfer"), ("daily check", "check"));
    assert_eq!(settings, wanted);
}

/// The settings of a file in which a word is another.
fn settings_but(text: &str, (word, other): (&str, &str)) -> Vec<String> {
    settings(text).into_iter().map(|setting| setting.replace(word, other)).collect()
}

#[test]
fn s11_redbex_is_configured_by_pasting_the_answer() {
    let old = "User sessions & security: Default User session timeout [s] = 1800\n\
               User sessions & security: Maximum allowed user session timeout [s] = 3600\n\
               User session abandoned threshold = 7200\n\
               \"Concurrent user sessions\" = 10\n";
    let new = led_to(old);
    let settings = settings(&new);
    let keys = ["expire", "timeout", "max_timeout", "abandoned"];
    let keys = keys.map(|key| format!("policy.{key}"));
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut wanted = of_example("redbex", &keys);
    wanted.extend(of_example("redbex", &["licence.1.tasks", "licence.1.limit"]));
    assert_eq!(settings, wanted);
}

#[test]
fn s11_domino_is_configured_by_pasting_the_answer() {
    let document = "Program name: nserver\nCommand line: -c \"restart task imap\"\n\
                    Server to run on: mail1/Acme\nEnabled/disabled: Enabled\n\
                    Run at times: 04:00 AM\nRepeat interval of: 0 minutes\n\
                    Days of week: Sun, Mon, Tue, Wed, Thu, Fri, Sat\n";
    let quoted = document.lines().map(|line| line.split_once(": ").unwrap());
    let quoted: Vec<String> =
        quoted.map(|(key, value)| format!("\"{key}\" = '{value}'\n")).collect();
    let quoted = quoted.concat();
    let setting = "IMAP_Session_Timeout = 30\n";
    for old in [
        format!("{document}{setting}"),
        format!("{setting}{quoted}"),
        format!("{setting}[\"Program document\"]\n{quoted}"),
    ] {
        let new = led_to(&old);
        let keys =
            ["at", "do", "task", "host", "enabled"].map(|key| format!("job.restart imap.{key}"));
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut wanted = vec!["policy.imap.timeout = 30m".to_owned()];
        wanted.extend(of_example("domino", &keys));
        assert_eq!(settings(&new), wanted);
    }
    // And console commands lead to the same job
    let new = led_to("tell imap quit\nload imap\n");
    assert_eq!(settings(&new)[1], "job.restart imap.do = cycle");
}

#[test]
fn s11_a_console_command_of_another_system_is_answered_with_the_one_to_type() {
    let sandbox = Sandbox::new();
    for (typed, instead) in [
        (&["tell", "imap", "quit"][..], "sessctl cycle imap"),
        (&["load", "imap"], "sessctl cycle imap"),
        (&["restart", "task", "imap"], "sessctl cycle imap"),
        (&["restart", "imap", "-q"], "sessctl cycle imap"),
        (&["drop", "all"], "sessctl cycle --all"),
        (&["drop", "Sandy"], "sessctl cycle --user Sandy"),
        (&["drop", "Sandy O'Hara/Acme"], "sessctl cycle --user 'Sandy O'\\''Hara/Acme'"),
        (&["drop"], "sessctl cycle --user USER"),
        (&["invalidate", "abc"], "sessctl close, with the token on standard input"),
        (&["tell", "imap", "show", "users"], "sessctl show tasks imap --users"),
        (&["drop", "Sandy", "Bob"], "sessctl cycle --user Sandy, once for each user"),
        (&["logout"], "sessctl cycle --user USER, or close with the token on standard input"),
        (&["--db", "app.db", "TELL", "imap", "quit"], "sessctl cycle imap"),
    ] {
        let before = sandbox.files();
        let said = sandbox.run(typed.iter().copied()).is_refused_with(2).stderr();
        assert!(said.contains(&format!("use {instead}\n")), "{said}");
        assert!(sandbox.files() == before);
    }
    // And what has no counterpart is not answered with a command that ends sessions
    for typed in [&["frobnicate"][..], &["tell", "router", "show"], &["tell", "amgr", "pause"]] {
        let said = sandbox.run(typed.iter().copied()).is_refused_with(2).stderr();
        assert!(!said.contains("cycle"), "{said}");
    }
}
