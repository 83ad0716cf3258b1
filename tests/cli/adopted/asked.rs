//! `sessctl show profiles`.

use crate::fixture::Sandbox;

#[test]
fn the_profiles_are_listed() {
    let sandbox = Sandbox::without_database();
    let listed = sandbox.run(["show", "profiles", "-o", "plain"]).succeeds().stdout();
    let is_short = |line: &&str| !line.contains(".about ") && !line.contains("_reason ");
    let lines: Vec<&str> = listed.lines().filter(is_short).collect();
    insta::assert_snapshot!(lines.join("\n"), @"");
    let json = sandbox.run(["show", "profiles", "--json"]).succeeds().json();
    let profile = |name: &str| {
        json.as_array().unwrap().iter().find(|one| one["profile"] == name).unwrap().clone()
    };
    assert_eq!(profile("laravel")["parameters"], "lifetime");
    assert_eq!(profile("django")["parameters"], serde_json::Value::Null);
    assert_eq!(profile("gitea")["readonly"], true);
    assert!(profile("gitea")["readonly_reason"].is_string());
    for format in ["table", "csv", "jsonl"] {
        let text = sandbox.run(["show", "profiles", "-o", format]).succeeds().stdout();
        assert!(text.contains("django_session"), "{format}");
    }
    sandbox.run(["show", "profiles", "-o", "prometheus"]).is_refused_with(2);
}

#[test]
fn one_is_printed_as_it_is_written() {
    let sandbox = Sandbox::without_database();
    let text = sandbox.run(["show", "profiles", "django"]).succeeds().stdout();
    assert!(text.contains("table = \"django_session\"\n"), "{text}");
    // What is printed can be taken for a profile.
    sandbox.file("mine.toml", &text);
    assert_eq!(sandbox.run(["show", "profiles", "mine.toml"]).succeeds().stdout(), text);
    let json = sandbox.run(["show", "profiles", "rails", "--json"]).succeeds().json();
    assert_eq!(json.as_array().unwrap().len(), 1);
    assert_eq!(json[0]["profile"], "rails");
    sandbox.run(["show", "profiles", "imap"]).is_refused_with(2);
}
