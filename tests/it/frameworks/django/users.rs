//! The user in a payload, as Django reads it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use sessctl::domain::profile::{SessionUser, django_user};

use super::Django;
use crate::frameworks::harness::{Application, named};

/// Valid and almost valid JSON values.
const TOKENS: [&str; 38] = [
    "NaN",
    "Infinity",
    "-Infinity",
    "-NaN",
    "null",
    "nul",
    "true",
    "True",
    "false",
    "0",
    "-0",
    "7",
    "01",
    "+1",
    "-",
    "1.",
    ".5",
    "1.5",
    "-1E+2",
    "1e",
    "1e999",
    "123456789012345678901234567890",
    r#""""#,
    r#""3""#,
    r#""a b""#,
    r#""\ud800""#,
    r#""\udc00""#,
    r#""\ud83d\ude00""#,
    r#""\ud83d\u0041""#,
    r#""\ud83d\ud83d\ude00""#,
    r#""\n\t\/\b\f\r\"\\""#,
    r#""\x""#,
    r#""\u12""#,
    r#""\u00E9""#,
    "\"\u{e9}\u{ff}\"",
    "\"\t\"",
    "\"\u{7f}\u{80}\"",
    "'a'",
];

const NAMES: [&str; 7] = [
    r#""_auth_user_id""#,
    r#""_auth_user_id""#,
    r#""\u005fauth_user_id""#,
    r#""a""#,
    r#""""#,
    "a",
    r#""_auth_user_id ""#,
];

/// A text that is JSON as Python takes it, or nearly so.
fn nearly_json() -> impl Strategy<Value = String> {
    let blank = || select(vec!["", "", "", "", " ", "\n\t", "\r", "\u{a0}", "\u{c}"]);
    let token = select(TOKENS.to_vec()).prop_map(str::to_owned);
    let value = token.prop_recursive(4, 24, 4, move |value| {
        let member = (select(NAMES.to_vec()), blank(), value.clone());
        let member =
            member.prop_map(|(name, blank, value)| format!("{name}{blank}:{blank}{value}"));
        let joined = |parts: Vec<String>, blank: &str| parts.join(&format!("{blank},{blank}"));
        prop_oneof![
            (vec(value, 0..4), blank()).prop_map(move |(parts, blank)| format!(
                "[{blank}{}{blank}]",
                joined(parts, blank)
            )),
            (vec(member, 0..4), blank())
                .prop_map(move |(parts, blank)| format!("{{{}{blank}}}", joined(parts, blank))),
        ]
    });
    let sound = select(vec!["1", r#""3""#, "NaN", r#"["\ud800"]"#, "{}", r#"{"_auth_user_id":9}"#]);
    let sound = vec((select(NAMES[..4].to_vec()), sound), 0..5).prop_map(|members| {
        let members = members.into_iter().map(|(name, value)| format!("{name}:{value}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    });
    let deep = (0..2_000_usize).prop_map(|depth| {
        let (open, shut) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"a":{open}{shut},"_auth_user_id":"3"}}"#)
    });
    let text = prop_oneof![6 => value, 6 => sound, 1 => deep];
    (text, any::<usize>(), 0..6_u8, any::<char>()).prop_map(|(text, at, how, other)| {
        let mut chars: Vec<char> = text.chars().collect();
        let at = at % chars.len().max(1);
        match how {
            0 if !chars.is_empty() => drop(chars.remove(at)),
            1 if u32::from(other) < 256 => chars.insert(at, other),
            2 => chars.truncate(at),
            _ => {}
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    #[ignore = "needs django"]
    fn whatever_a_session_holds_its_user_is_the_one_that_django_reads(
        texts in vec(nearly_json(), 600),
    ) {
        let django = Django { application: Application::new(named("django")), zone: None, age: None };
        django.file("texts.json", json!(texts).to_string());
        let answers = django.asked("whose", &[&json!("texts.json")]);
        for answer in answers.as_array().unwrap() {
            let (data, user) = (answer[0].as_str().unwrap(), answer[2].as_str());
            let expected = match answer[1].as_str().unwrap() {
                "user" => SessionUser::User(user.unwrap().to_owned()),
                "nobody" => SessionUser::Nobody,
                _ => SessionUser::Unreadable,
            };
            prop_assert_eq!(django_user(data.as_bytes()), expected, "{}", data);
        }
    }
}
