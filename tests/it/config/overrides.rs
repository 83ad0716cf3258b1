//! Tests of `config::overrides`.

use sessctl::config::{Config, ConfigSet, ConfigTexts, PolicyOverrides, PolicySetting};
use sessctl::domain::policy::{Policy, TimeoutBasis};
use sessctl::domain::time::Span;

fn setting(given: &str) -> PolicySetting {
    PolicySetting::parse(given, &format!("--set {given}")).unwrap()
}

/// The configuration with these settings over it, or the error.
fn over(text: &str, settings: &[&str], database: Option<&str>) -> Result<Config, String> {
    let settings = settings.iter().map(|given| setting(given)).collect();
    let overrides = PolicyOverrides { database: database.map(str::to_owned), settings };
    let main = Some(("c.toml".into(), text.to_owned()));
    let texts = ConfigTexts { main, overrides, ..ConfigTexts::default() };
    let set = ConfigSet::parse(&texts).map_err(|error| error.to_string())?;
    let entry = database.map(|name| set.named(name).unwrap().config.clone());
    Ok(entry.unwrap_or(set.general))
}

fn policy(text: &str, settings: &[&str], task: &str) -> Policy {
    over(text, settings, None).unwrap().policies.for_task(task).clone()
}

#[test]
fn a_setting_precedes_the_file() {
    let file =
        "[policy]\ntimeout = \"20m\"\n[policy.imap]\nlimit = 5\n[policy.http]\ntimeout = \"10m\"";
    let of = |task| policy(file, &["policy.timeout=15m", "policy.HTTP.limit=7"], task);
    assert_eq!(of("other").timeout, Some(Span::minutes(15)));
    // What its own table does not set comes from the general one.
    assert_eq!((of("imap").timeout, of("imap").limit), (Some(Span::minutes(15)), 5));
    assert_eq!((of("http").timeout, of("http").limit), (Some(Span::minutes(10)), 7));
}

#[test]
fn the_last_of_several_settings_counts() {
    let settings = ["policy.timeout=15m", "policy.im*.timeout=10m", "policy.timeout=16m"];
    assert_eq!(policy("", &settings, "http").timeout, Some(Span::minutes(16)));
    assert_eq!(policy("", &settings, "imap").timeout, Some(Span::minutes(10)));
}

#[test]
fn values_need_no_quotes() {
    let settings = [
        "policy.timeout = never",
        "policy.max_timeout=\"never\"",
        "policy.strict=false",
        "policy.expire=abandoned",
        "policy.\"a.b\".user_limit='3'",
        "policy.retention=0",
    ];
    let of = |task| policy("", &settings[..4], task);
    assert_eq!((of("x").timeout, of("x").strict), (None, false));
    let numbers = policy("", &[settings[5], "policy.a.b.user_limit=3"], "a.b");
    assert_eq!((numbers.user_limit, numbers.retention), (3, Some(Span::ZERO)));
    assert!(PolicySetting::parse(settings[4], "").is_err());
}

#[test]
fn sessions_count_as_granted_where_the_timeout_changes() {
    let file = "[policy.http]\ntimeout = \"10m\"";
    for (setting, imap, http) in [
        ("policy.timeout=15m", TimeoutBasis::Policy, TimeoutBasis::Granted),
        ("policy.http.timeout=15m", TimeoutBasis::Granted, TimeoutBasis::Policy),
        ("policy.max_timeout=40m", TimeoutBasis::Bounds, TimeoutBasis::Bounds),
        ("policy.http.min_timeout=7m", TimeoutBasis::Granted, TimeoutBasis::Bounds),
        ("policy.abandoned=9h", TimeoutBasis::Granted, TimeoutBasis::Granted),
    ] {
        let of = |task| policy(file, &[setting], task).basis;
        assert_eq!((of("imap"), of("http")), (imap, http), "{setting}");
    }
    assert_eq!(policy(file, &[], "http").basis, TimeoutBasis::Granted);
}

#[test]
fn a_contradiction_names_the_setting_or_the_line() {
    for (file, setting, expected) in [
        (
            "[policy]\ntimeout = \"20m\"",
            "policy.min_timeout=30m",
            "c.toml:2: policy.timeout: \"20m\" is less than min_timeout = \"30m\"",
        ),
        (
            "",
            "policy.min_timeout=2h",
            "--set policy.min_timeout=2h: policy.timeout: \"30m\" is less than min_timeout = \"2h\"",
        ),
        (
            "[policy]\nmax_timeout = \"20m\"\ntimeout = \"20m\"",
            "policy.timeout=30m",
            "--set policy.timeout=30m: policy.timeout: \"30m\" exceeds max_timeout = \"20m\"",
        ),
    ] {
        assert_eq!(over(file, &[setting], None).unwrap_err(), expected);
    }
}

#[test]
fn a_setting_concerns_one_database() {
    let file = "[[database]]\nname = \"a\"\npath = \"a.db\"\n[database.policy]\ntimeout = \"50m\"\n\
                [[database]]\nname = \"b\"\npath = \"b.db\"\n[database.policy]\nmin_timeout = \"20m\"";
    let timeout = |name| {
        let config = over(file, &["policy.timeout=15m"], Some(name));
        config.map(|config| config.policies.default.timeout)
    };
    // The other database does not go with that timeout.
    assert_eq!(timeout("a"), Ok(Some(Span::minutes(15))));
    assert!(timeout("b").unwrap_err().contains("is less than min_timeout = \"20m\""));
}

#[test]
fn only_a_key_of_a_policy_and_its_value_is_a_setting() {
    for (given, expected) in [
        ("policy.timeout", "use a key and a value, like policy.timeout=15m"),
        ("policy.timeout=15", "\"15\" has no unit: use 15s, 15m, 15h or 15d; or use \"never\""),
        ("policy.limit=-1", "must be an integer of 0 or more"),
        ("policy.limit=many", "must be an integer, not a string"),
        ("policy.expire=soon", "\"soon\" is not a valid expiry mode"),
        ("policy.tiemout=15m", "unknown key; valid keys: expire, timeout, "),
        ("guard.max_rows=3", "only policies can be changed: use policy.KEY, or policy.TASK.KEY"),
        ("=", "only policies can be changed"),
        ("policy.=1", "unknown key"),
    ] {
        let error = PolicySetting::parse(given, "").unwrap_err();
        assert!(error.starts_with(expected), "{given}: {error}");
    }
}
