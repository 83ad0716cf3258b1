//! `sessctl show profiles`.

use sessctl::domain::profile::Verification;

use crate::support::Sandbox;
use crate::support::fixtures::built_in_profiles;

#[test]
fn the_profiles_are_listed() {
    let sandbox = Sandbox::without_database();
    let json = sandbox.run(["show", "profiles", "--json"]).succeeds().json();
    let profile = |name: &str| {
        json.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    assert_eq!(profile("laravel")["parameters"], "lifetime");
    assert_eq!(profile("django")["parameters"], serde_json::Value::Null);
    assert_eq!(profile("gitea")["readonly"], true);
    assert!(profile("gitea")["readonly_reason"].is_string());
    for known in built_in_profiles() {
        let listed = profile(&known.name);
        assert_eq!(listed["framework"], known.title, "{listed}");
        assert_eq!(listed["holds"], known.holds, "{listed}");
        assert_eq!(listed["versions"].as_str(), known.versions.as_deref(), "{listed}");
        assert_eq!(listed["detected"], known.is_detected, "{listed}");
        assert_eq!(listed["survives"].as_str(), known.survivors().as_deref(), "{listed}");
        let verified = known.verified.map(Verification::as_str);
        assert_eq!(listed["verified"].as_str(), verified, "{listed}");
    }
    for format in ["table", "csv", "jsonl"] {
        let text = sandbox.run(["show", "profiles", "-o", format]).succeeds().stdout();
        assert!(text.contains("Django"), "{format}");
    }
    sandbox.run(["show", "profiles", "-o", "prometheus"]).is_refused_with(2);
}

#[test]
fn an_entry_has_all_that_people_should_know() {
    let sandbox = Sandbox::without_database();
    let profile = r#"
        name = "shop"
        title = "The Shop"
        about = "carts of the shop"
        versions = "3 and later"
        verified = "schema"
        holds = "carts"
        survives = ["the loyalty card", "the newsletter"]
        table = "cart"
        id = "id"
        columns = ["id", "at"]
        detect = false
        readonly = "it is a museum"
        [times.at]
        encoding = "unix"
        unit = "seconds"
        [[expired]]
        after = "at"
        lifetime = { parameter = "lifetime" }
        boundary = "<"
        [parameters.lifetime]
        about = "shop.ini"
        example = "2h"
    "#;
    sandbox.file("shop.toml", profile);
    let listed = sandbox.run(["show", "profiles", "shop.toml", "-o", "plain"]).succeeds().stdout();
    insta::assert_snapshot!(listed, @r"
    profile.shop.name shop
    profile.shop.framework The Shop
    profile.shop.versions 3 and later
    profile.shop.table cart
    profile.shop.holds carts
    profile.shop.verified schema
    profile.shop.parameters lifetime
    profile.shop.detected false
    profile.shop.survives the loyalty card; the newsletter
    profile.shop.readonly true
    profile.shop.about carts of the shop
    profile.shop.readonly_reason it is a museum
    ");
}

#[test]
fn a_profile_is_printed_verbatim() {
    let sandbox = Sandbox::without_database();
    let text = sandbox.run(["show", "profiles", "django"]).succeeds().stdout();
    assert!(text.contains("table = \"django_session\"\n"), "{text}");
    // What is printed can be taken for a profile.
    sandbox.file("mine.toml", &text);
    assert_eq!(sandbox.run(["show", "profiles", "mine.toml"]).succeeds().stdout(), text);
    let json = sandbox.run(["show", "profiles", "rails", "--json"]).succeeds().json();
    assert_eq!(json.as_array().unwrap().len(), 1);
    assert_eq!(json[0]["name"], "rails");
    sandbox.run(["show", "profiles", "imap"]).is_refused_with(2);
}
