//! Tests of `config::profile_checks`.

use std::collections::BTreeMap;

use sessctl::config::Config;
use sessctl::config::profile::{built_in, parse};

fn checked(text: &str) -> String {
    let (_, django) = built_in().iter().find(|(name, _)| *name == "django").unwrap();
    let profile = parse(django, "django", &BTreeMap::new()).unwrap();
    let result = Config::parse(text, "c.toml").unwrap().validate_for(&profile);
    result.map_or_else(|error| error.to_string(), |()| "fine".to_owned())
}

#[test]
fn inapplicable_keys_are_rejected() {
    let found: Vec<_> = [
        "[policy]\nstrict = true\ntimeout = \"20m\"\n",
        "[policy]\nexpire = \"two-pass\"\n",
        "[policy]\nlimit = 100\nwhen_full = \"refuse\"\n",
        "[policy.django]\nretention = \"30d\"\n",
        "[policy.Django]\ntouch_resolution = \"1m\"\n",
        "[policy.\"dj*\"]\nretention = \"30d\"\n",
        "[policy]\nuser_limit = 0\nlifetime = \"8h\"\nabandoned = \"1d\"\n",
        "[[licence]]\nlimit = 9\ntasks = [\"imap\"]\n[[licence]]\nlimit = 9\n\
         tasks = [\"dj*\"]\n",
    ]
    .map(checked)
    .into();
    insta::assert_snapshot!(found.join("\n"), @r#"
    c.toml:3: policy.timeout: does not apply to the table of Django: it has its own expiry rule; remove the key
    c.toml:2: policy.expire: does not apply to the table of Django: it has its own expiry rule; remove the key
    c.toml:2: policy.limit: does not apply to the table of Django: the application opens its sessions; remove the key
    c.toml:2: policy.django.retention: does not apply to the table of Django: it keeps no ended sessions; set retention = "0", or remove the key
    c.toml:2: policy.django.touch_resolution: does not apply to the table of Django: only the application touches its sessions; remove the key
    c.toml:2: policy.dj*.retention: does not apply to the table of Django: it keeps no ended sessions; set retention = "0", or remove the key
    c.toml:3: policy.lifetime: does not apply to the table of Django: it has its own expiry rule; remove the key
    c.toml:6: licence.tasks: does not apply to the table of Django: the application opens its sessions; remove its task from the licence
    "#);
}

#[test]
fn keys_that_agree_with_the_table_are_accepted() {
    for text in [
        "",
        "[policy]\nexpire = \"timeout\"\nretention = \"0\"\nlimit = 0\nuser_limit = 0\n\
         lifetime = \"never\"\nwhen_full = \"refuse\"\nstrict = false\n",
        // The policy of another task, and a general one that the task's own overrules.
        "[policy.imap]\ntimeout = \"20m\"\n",
        "[policy.\"im*\"]\ntimeout = \"20m\"\n",
        "[policy.\"dj*\"]\nretention = \"1d\"\n[policy.django]\nretention = \"0\"\n",
        "[policy]\nretention = \"1d\"\n[policy.django]\nretention = \"0\"\n",
        "[retention]\nmax = \"1h\"\n",
        "[[licence]]\nlimit = 9\ntasks = [\"imap\", \"http*\"]\n",
    ] {
        assert_eq!(checked(text), "fine", "{text}");
    }
}
