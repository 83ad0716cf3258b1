//! Tests of `config::profile_checks`.

use sessctl::config::profile::{built_in, parse};
use sessctl::config::{Config, ConfigError, IgnoredKey, TablePolicy};

/// The rules of a configuration for the table of a profile, or its error.
fn checked(profile: &str, text: &str) -> String {
    let result = policy(profile, text);
    result.map_or_else(|error| error.to_string(), |policy| policy.rules.to_string())
}

fn policy(profile: &str, text: &str) -> Result<TablePolicy, ConfigError> {
    let (_, text_of) = built_in().iter().find(|(name, _)| *name == profile).unwrap();
    let parameters = [("lifetime".to_owned(), "2h".to_owned())];
    let needs = text_of.contains("[parameters.lifetime]");
    let parameters = parameters.into_iter().filter(|_| needs).collect();
    let profile = parse(text_of, profile, &parameters).unwrap();
    Config::parse(text, "c.toml").unwrap().table_policy(&profile)
}

/// The keys that a configuration sets without an effect on the table of a profile.
fn ignored(profile: &str, text: &str) -> String {
    let ignored = policy(profile, text).unwrap().ignored;
    let line = |key: &IgnoredKey| format!("{}: {}: {}", key.line.line, key.key, key.reason);
    ignored.iter().map(line).collect::<Vec<String>>().join("\n")
}

#[test]
fn keys_of_the_task_that_its_table_cannot_follow_are_rejected() {
    let found: Vec<_> = [
        "[policy.django]\nstrict = true\ntimeout = \"20m\"\n",
        "[policy.django]\nlifetime = \"8h\"\n",
        "[policy.Django]\nexpire = \"never\"\n",
        "[policy.django]\nlimit = 100\nwhen_full = \"refuse\"\n",
        "[policy.django]\nuser_limit = 3\nwhen_full = \"refuse\"\n",
        "[policy.Django]\ntouch_resolution = \"1m\"\n",
        "[policy.django]\nabandoned = \"1d\"\n",
        "[[licence]]\nlimit = 9\ntasks = [\"imap\"]\n[[licence]]\nlimit = 9\n\
         tasks = [\"Django\"]\n",
    ]
    .map(|text| checked("django", text))
    .into();
    insta::assert_snapshot!(found.join("\n"), @r#"
    c.toml:3: policy.django.timeout: does not apply to the table of Django: profile django does not know the time of the last use; keys that apply: user_limit, retention; remove the key
    c.toml:2: policy.django.lifetime: does not apply to the table of Django: profile django does not know the time of the opening; keys that apply: user_limit, retention; remove the key
    c.toml:2: policy.django.expire: does not apply to the table of Django: it has its own expiry rule, which timeout and lifetime can only shorten; remove the key
    c.toml:2: policy.django.limit: does not apply to the table of Django: the application opens its sessions; remove the key
    c.toml:2: policy.django.user_limit: does not apply to the table of Django: when_full = "refuse" is up to the application, which opens its sessions; remove the key
    c.toml:2: policy.django.touch_resolution: does not apply to the table of Django: only the application touches its sessions; remove the key
    c.toml:2: policy.django.abandoned: does not apply to the table of Django: it has its own expiry rule, which timeout and lifetime can only shorten; remove the key
    c.toml:6: licence.tasks: does not apply to the table of Django: the application opens its sessions; remove its task from the licence
    "#);
    insta::assert_snapshot!(checked("gitea", "[policy.gitea]\nretention = \"1d\"\n"), @"c.toml:2: policy.gitea.retention: does not apply to the table of Gitea: profile gitea is read-only; remove the key");
}

#[test]
fn keys_for_all_tasks_that_a_table_cannot_follow_have_no_effect() {
    let general = "[policy]\ntimeout = \"20m\"\nlifetime = \"8h\"\nlimit = 100\n\
                   [[licence]]\nlimit = 9\ntasks = [\"*\"]\n";
    assert_eq!(checked("django", general), "");
    insta::assert_snapshot!(ignored("django", general), @"
    2: policy.timeout: profile django does not know the time of the last use; keys that apply: user_limit, retention
    3: policy.lifetime: profile django does not know the time of the opening; keys that apply: user_limit, retention
    4: policy.limit: the application opens its sessions
    7: licence.tasks: the application opens its sessions
    ");
    let pattern = "[policy.\"*\"]\nexpire = \"abandoned\"\ntimeout = \"20m\"\n";
    assert_eq!(checked("laravel", pattern), "");
    insta::assert_snapshot!(ignored("laravel", pattern), @r#"
    2: policy.*.expire: it has its own expiry rule, which timeout and lifetime can only shorten
    3: policy.*.timeout: sessions do not end by it under expire = "abandoned"
    "#);
    let refused = "[policy]\nuser_limit = 3\nwhen_full = \"refuse\"\n";
    assert_eq!(checked("laravel", refused), "");
    // Tokens are no sessions: what ends a session after a day must not end them.
    let tokens = "[policy]\nlifetime = \"1d\"\n";
    assert_eq!(checked("django-oauth-refresh-tokens", tokens), "");
    insta::assert_snapshot!(ignored("django-oauth-refresh-tokens", tokens), @"2: policy.lifetime: it holds tokens; set the key under [policy.django-oauth-refresh-tokens] if it is meant for them");
}

#[test]
fn keys_that_a_table_can_follow_apply() {
    for (profile, text, rules) in [
        ("laravel", "", ""),
        ("laravel", "[policy.laravel]\ntimeout = \"1h\"\n", "timeout = 1h"),
        ("laravel", "[policy]\ntimeout = \"1h\"\n", "timeout = 1h"),
        ("laravel", "[policy.\"lara*\"]\ntimeout = \"1h\"\n", "timeout = 1h"),
        // Of the policy of another task, nothing, and of a general one what the own leaves.
        ("laravel", "[policy.imap]\ntimeout = \"20m\"\n", ""),
        (
            "laravel",
            "[policy]\ntimeout = \"1h\"\nuser_limit = 2\n[policy.laravel]\nuser_limit = 3\n",
            "timeout = 1h, user_limit = 3",
        ),
        ("laravel", "[policy]\ntimeout = \"1h\"\n[policy.laravel]\ntimeout = \"never\"\n", ""),
        ("better-auth", "[policy]\nlifetime = \"7d\"\n", "lifetime = 7d"),
        ("django", "[policy]\nuser_limit = 3\n", "user_limit = 3"),
        ("django", "[policy]\nretention = \"7d\"\n", "retention = 7d"),
        ("django", "[policy.django]\nretention = \"forever\"\n", "retention = forever"),
        (
            "django",
            "[policy.django]\nretention = \"7d\"\n[retention]\nmax = \"1d\"\n",
            "retention = 1d",
        ),
        // Values that make no difference.
        (
            "django",
            "[policy.django]\nexpire = \"timeout\"\nretention = \"0\"\nlimit = 0\n\
             user_limit = 0\nlifetime = \"never\"\ntimeout = \"never\"\nwhen_full = \"refuse\"\n\
             strict = false\n",
            "",
        ),
        (
            "django-oauth-refresh-tokens",
            "[policy.django-oauth-refresh-tokens]\nlifetime = \"90d\"\n",
            "lifetime = 90d",
        ),
    ] {
        assert_eq!(checked(profile, text), rules, "{profile} {text}");
    }
}

#[test]
fn a_file_with_all_defaults_changes_nothing_for_a_framework() {
    let example = include_str!("../../../examples/sessctl.toml");
    for profile in ["laravel", "django", "better-auth"] {
        assert_eq!(checked(profile, example), "", "{profile}");
    }
    insta::assert_snapshot!(ignored("laravel", "[policy]\ntimeout = \"30m\"\n"), @"2: policy.timeout: it is the default of sessctl's own table; set the key under [policy.laravel] if it is meant for this table");
}
