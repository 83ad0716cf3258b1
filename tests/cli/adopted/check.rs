//! `sessctl profile check`.

use super::{GITEA, OVER, database, django, handle, laravel, run, three};
use crate::fixture::Sandbox;

/// What is said to people, with a word for each handle.
fn said(sandbox: &Sandbox, code: i32, args: &[&str], ids: &[&str]) -> String {
    let before = sandbox.files();
    let text = run(sandbox, [&["profile", "check"], args].concat()).exits(code).stdout();
    assert!(sandbox.files() == before);
    ids.iter().fold(text, |text, id| text.replace(&handle(id), "<handle....>"))
}

#[test]
fn a_check_explains_what_a_profile_finds() {
    insta::assert_snapshot!(said(&three(), 0, &["django"], &["key a", "key b", "key c"]), @"");
    let sandbox = laravel();
    let args = ["laravel", "--param", "lifetime=2h"];
    insta::assert_snapshot!(said(&sandbox, 0, &args, &["old", "older"]), @"");
}

#[test]
fn a_check_says_why_a_purge_would_be_refused() {
    let other = database("CREATE TABLE django_session (session_key, expires, data)");
    insta::assert_snapshot!(said(&other, 4, &["django"], &[]), @"");
    let odd = django(&[("a", "1500000000"), ("b", "1500000001"), ("c", OVER)]);
    insta::assert_snapshot!(said(&odd, 4, &["django"], &["a", "b", "c"]), @"");
    let looks = database(&format!("{GITEA} INSERT INTO session VALUES ('k1', x'00', 1400000000)"));
    let args = ["gitea", "--param", "lifetime=1d"];
    insta::assert_snapshot!(said(&looks, 4, &args, &["k1"]), @"");
}

#[test]
fn programs_get_all_of_it_in_one_object() {
    let sandbox = three();
    let json = run(&sandbox, ["profile", "check", "django", "--json"]).succeeds().json();
    assert_eq!((&json["profile"], &json["fits"]), (&"django".into(), &true.into()));
    assert_eq!((&json["rows"], &json["would_delete"]), (&3.into(), &2.into()));
    assert_eq!((&json["refused"], &json["refusals"]), (&false.into(), &serde_json::json!([])));
    assert_eq!(json["storage"][0]["class"], "text");
    let sample = json["samples"].as_array().unwrap().iter();
    let of = |id: &str| sample.clone().find(|row| row["handle"] == handle(id).as_str()).unwrap();
    assert_eq!(of("key a")["verdict"], "expired");
    assert_eq!(of("key a")["times"][0]["means"], "2020-02-03T04:05:06Z");
    assert_eq!(of("key b")["verdict"], "live");
    assert_eq!(of("key b")["expires_at"], "2999-12-31T23:59:59Z");
    assert!(!json["plans"].as_array().unwrap().is_empty());
    let line = run(&sandbox, ["profile", "check", "django", "-o", "jsonl"]).succeeds().stdout();
    assert_eq!(line.lines().count(), 1);
    let plain = run(&sandbox, ["profile", "check", "django", "-o", "plain"]).succeeds().stdout();
    assert!(plain.contains("check.would_delete 2\n"), "{plain}");
    for format in ["csv", "prometheus"] {
        run(&sandbox, ["profile", "check", "django", "-o", format]).is_refused_with(2);
    }
}

#[test]
fn a_check_needs_a_table_and_what_the_profile_asks_for() {
    let sandbox = three();
    run(&sandbox, ["profile", "check", "rails", "--param", "lifetime=30d"]).is_refused_with(10);
    run(&sandbox, ["profile", "check", "laravel"]).is_refused_with(2);
    run(&sandbox, ["profile", "check", "djano"]).is_refused_with(2);
    run(&sandbox, ["profile", "check"]).exits(2);
    assert!(!sandbox.path("state").exists());
}
