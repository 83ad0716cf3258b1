//! What profiles say, and what they cannot say.

use std::collections::BTreeMap;

use super::*;
use crate::domain::profile::{
    ColumnSource, Condition, Decimals, Dependent, DependentAction, Encoding, Length, NullMeaning,
    Owner, Predicate, RuleKind, Separator, SqlValue, Storage, TextForm, TokenForm, Unit, UserForm,
    ZoneForm,
};
use crate::domain::time::Span;
use crate::domain::time_zone::TimeZone;

const LEAST: &str = r#"
name = "shop"
table = "sessions"
id = "id"
columns = ["id", "data", "expires", "max_age", "kind"]

[times.expires]
encoding = "unix"
unit = "seconds"

[[expired]]
at = "expires"
boundary = "<"
"#;

fn given(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn read(text: &str) -> Profile {
    parse(text, "shop.toml", &BTreeMap::new()).unwrap_or_else(|fault| panic!("{fault}"))
}

/// What is said of a profile in which a part is replaced; with no part, the text comes
/// on top.
fn said_of((part, other): &(&str, &str)) -> String {
    let text = if part.is_empty() { format!("{other}{LEAST}") } else { LEAST.replace(part, other) };
    assert_ne!(text, LEAST, "{part}");
    match parse(&text, "shop.toml", &BTreeMap::new()) {
        Ok(_) => format!("{other}: fine"),
        Err(fault) => fault.to_string(),
    }
}

fn all_said_of(changes: &[(&str, &str)]) -> String {
    changes.iter().map(said_of).collect::<Vec<_>>().join("\n")
}

/// The same with these tables at the end.
fn said_of_more(tables: &[&str]) -> String {
    let more =
        |table: &&str| said_of(&("boundary = \"<\"\n", &format!("boundary = \"<\"\n{table}")));
    tables.iter().map(more).collect::<Vec<_>>().join("\n")
}

/// What is said of a time that is described like this.
fn said_of_times(descriptions: &[&str]) -> String {
    let time = |text: &&str| said_of(&("encoding = \"unix\"\nunit = \"seconds\"", text));
    descriptions.iter().map(time).collect::<Vec<_>>().join("\n")
}

/// What is said of a rule like this.
fn said_of_rules(rules: &[&str]) -> String {
    let rule = |text: &&str| said_of(&("at = \"expires\"\nboundary = \"<\"", text));
    rules.iter().map(rule).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_a_profile_leaves_out_has_its_default() {
    let profile = read(LEAST);
    assert_eq!(profile.name, "shop");
    assert_eq!((profile.title.as_str(), profile.about.as_str()), ("shop", ""));
    assert_eq!(profile.task, "shop");
    assert_eq!((profile.table.as_str(), profile.id.as_str()), ("sessions", "id"));
    assert_eq!(profile.optional, [""; 0]);
    assert!(profile.is_detected && profile.readonly.is_none());
    assert_eq!((profile.user, profile.client, profile.token), (None, None, None));
    assert_eq!(profile.inputs, [ColumnSource { column: "expires".to_owned(), path: None }]);
    assert_eq!((profile.created, profile.used), (None, None));
    assert_eq!((profile.filter, profile.dependents, profile.missing), (vec![], vec![], vec![]));
    let [time] = profile.times.as_slice() else { panic!("{:?}", profile.times) };
    assert_eq!(time.encoding, Encoding::Unix(Unit::Seconds, vec![Storage::Integer]));
    assert_eq!((time.null, &time.never, &time.over), (None, &vec![], &vec![]));
    let [rule] = profile.rules.as_slice() else { panic!("{:?}", profile.rules) };
    assert_eq!((&rule.kind, rule.inclusive, rule.grace), (&RuleKind::At(0), false, Span::ZERO));
    assert_eq!(rule.when, []);
}

/// Every key once.
const MOST: &str = r#"
name = "shop-2"
title = "The Shop"
about = "all of it"
task = "Shop"
table = "order"
id = "KEY"
columns = ["key", "data", "opened", "seen", "gone", "max_age", "kind", "address"]
optional = ["note"]
detect = false
readonly = "it is a museum"
created = "start"
used = "seen"

[user]
column = "data"
path = '$."user name".ids[#-1]'
nobody = [0, "guest"]

[client]
column = "address"

[token]
column = "key"
prefix = "s:"
hash = "sha256"

[times.start]
column = "opened"
encoding = "text"
separator = "either"
decimals = [0, 3]
zone = "none"
timezone = { parameter = "timezone" }
null = "never"
never = ["9999-12-31", -1, 0.5, true]

[times.seen]
encoding = "ticks"
timezone = "UTC"
over = [0]

[times.expires]
column = "data"
path = "$.cookie.expires"
encoding = "pattern"
pattern = "%Y%m%d%H%M%S %z"
null = "expired"

[[expired]]
after = "seen"
lifetime = { column = "max_age", unit = "ticks", never = [-1] }
boundary = "<="
grace = "5m"
when = [{ column = "max_age", above = 0, up_to = 100 }, { column = "kind", not = "robot" }]

[[expired]]
after = "start"
lifetime = { parameter = "lifetime" }
boundary = "<"

[[expired]]
at = "expires"
boundary = "<"

[[expired]]
not_null = "gone"

[[filter]]
column = "kind"
any_of = ["session", 2]

[[filter]]
column = "data"
path = "$.kind"
null = false

[[filter]]
column = "key"
prefix = "sess:"

[[dependents]]
table = "basket"
column = "session"

[[dependents]]
table = "log"
column = "session"
action = "set null"

[parameters.lifetime]
about = "config.ini"
example = "2h"

[parameters.timezone]
about = "config.ini, too"
example = "Europe/Berlin"
"#;

#[test]
fn what_a_profile_says_is_read() {
    let values = given(&[("lifetime", "90m")]);
    let profile = parse(MOST, "shop.toml", &values).unwrap_or_else(|fault| panic!("{fault}"));
    let input = |column: &str, path: Option<&str>| ColumnSource {
        column: column.to_owned(),
        path: path.map(str::to_owned),
    };
    assert_eq!((profile.task.as_str(), profile.id.as_str()), ("Shop", "key"));
    assert_eq!(profile.readonly.as_deref(), Some("it is a museum"));
    let user = profile.user.unwrap();
    assert_eq!(user.source, input("data", Some(r#"$."user name".ids[#-1]"#)));
    assert_eq!(user.form, UserForm::Plain);
    assert_eq!(user.nobody, [SqlValue::Integer(0), SqlValue::Text("guest".into())]);
    let token = TokenForm { column: "key".to_owned(), prefix: "s:".to_owned(), is_hashed: true };
    assert_eq!(profile.token, Some(token));
    assert_eq!(
        profile.inputs,
        [
            input("opened", None),
            input("seen", None),
            input("data", Some("$.cookie.expires")),
            input("max_age", None),
            input("kind", None),
            input("gone", None),
            input("data", Some("$.kind")),
            input("key", None),
        ]
    );
    assert_eq!((profile.created, profile.used), (Some(0), Some(1)));
    let form = TextForm {
        separator: Separator::Either,
        decimals: Decimals(vec![0, 3]),
        zone: ZoneForm::None(TimeZone::UTC),
    };
    assert_eq!(profile.times[0].encoding, Encoding::Text(form));
    let never = [
        SqlValue::Text("9999-12-31".into()),
        SqlValue::Integer(-1),
        SqlValue::Real(0.5),
        SqlValue::Integer(1),
    ];
    assert_eq!(profile.times[0].never, never);
    let ticks = Encoding::Ticks(vec![Storage::Integer]);
    assert_eq!(profile.times[1].encoding, Encoding::Local(Box::new(ticks), TimeZone::UTC));
    assert_eq!(profile.times[1].over, [SqlValue::Integer(0)]);
    assert_eq!(profile.times[2].null, Some(NullMeaning::Expired));
    let kinds: Vec<_> = profile.rules.iter().map(|rule| rule.kind.clone()).collect();
    let never = vec![SqlValue::Integer(-1)];
    assert_eq!(
        kinds,
        [
            RuleKind::After(1, Length::Input { input: 3, unit: Unit::Ticks, never }),
            RuleKind::After(0, Length::Fixed(Span::minutes(90))),
            RuleKind::At(2),
            RuleKind::NotNull(5),
        ]
    );
    let rule = &profile.rules[0];
    assert_eq!((rule.inclusive, rule.grace), (true, Span::minutes(5)));
    let robots = vec![SqlValue::Text("robot".into())];
    assert_eq!(
        rule.when,
        [
            Condition { input: 3, test: Predicate::Above(0) },
            Condition { input: 3, test: Predicate::UpTo(100) },
            Condition { input: 4, test: Predicate::NotAmong(robots) },
        ]
    );
    let kinds = vec![SqlValue::Text("session".into()), SqlValue::Integer(2)];
    assert_eq!(
        profile.filter,
        [
            Condition { input: 4, test: Predicate::Among(kinds) },
            Condition { input: 6, test: Predicate::Null(false) },
            Condition { input: 7, test: Predicate::Prefix("sess:".to_owned()) },
        ]
    );
    let [table, column, references] = ["basket", "session", "key"].map(str::to_owned);
    let action = DependentAction::Delete;
    let basket = Dependent { table, column, references, action };
    let [table, column, references] = ["log", "session", "key"].map(str::to_owned);
    let log = Dependent { table, column, references, action: DependentAction::SetNull };
    assert_eq!(profile.dependents, [basket, log]);
    let missing: Vec<_> = profile.missing.iter().map(|known| known.name.as_str()).collect();
    assert_eq!(missing, ["timezone"]);
}

#[test]
fn parameters_are_given_as_the_profile_asks_for_them() {
    let said = |values: &[(&str, &str)]| match parse(MOST, "shop.toml", &given(values)) {
        Ok(_) => "fine".to_owned(),
        Err(fault) => fault.to_string(),
    };
    let mut all = vec![
        said(&[("lifetime", "2h"), ("timezone", "local")]),
        said(&[("lifetime", "120")]),
        said(&[("timezone", "berlin")]),
        said(&[("lifetyme", "2h")]),
    ];
    all.push(parse(LEAST, "shop", &given(&[("lifetime", "2h")])).unwrap_err().to_string());
    insta::assert_snapshot!(all.join("\n"), @r#"
    fine
    shop.toml:91: parameters.lifetime: "120" has no unit: write 120s, 120m, 120h or 120d
    shop.toml:95: parameters.timezone: "berlin" is not a valid time zone: did you mean Europe/Berlin?
    shop.toml:1: parameters.lifetyme: the profile does not ask for it, but for lifetime, timezone
    shop:1: parameters.lifetime: the profile asks for no parameters
    "#);
}

#[test]
fn what_is_missing_is_named() {
    let said = all_said_of(&[
        ("name = \"shop\"\n", ""),
        ("table = \"sessions\"\n", ""),
        ("id = \"id\"\n", ""),
        ("columns = [\"id\", \"data\", \"expires\", \"max_age\", \"kind\"]\n", ""),
        ("encoding = \"unix\"\n", ""),
        ("unit = \"seconds\"\n", ""),
        ("at = \"expires\"\n", ""),
        ("boundary = \"<\"\n", ""),
        ("\n[[expired]]\nat = \"expires\"\nboundary = \"<\"\n", "readonly = false\n"),
        ("\n[[expired]]\nat = \"expires\"\nboundary = \"<\"\n", "\n"),
    ]);
    insta::assert_snapshot!(said, @r#"
    shop.toml:1: name: is missing: it is what users call the profile
    shop.toml:1: table: is missing: it is the name of the table
    shop.toml:1: id: is missing: it is the column that tells sessions apart
    shop.toml:1: columns: is missing: it lists all columns that the table has
    shop.toml:7: times.expires.encoding: is missing: it is one of unix, julian, ticks, text, pattern
    shop.toml:7: times.expires.unit: is missing: it is one of minutes, seconds, milliseconds, microseconds, nanoseconds
    shop.toml:11: expired.at: is missing: a rule has at, or after with lifetime, or not_null
    shop.toml:11: expired.boundary: is missing: it is "<" if a session is still valid at the very moment, else "<="
    shop.toml:10: times.expires.readonly: unknown key; it may be column, path, encoding, unit, storage, separator, decimals, zone, timezone, pattern, forms, null, never, over
    shop.toml:1: expired: is missing: write [[expired]] for when a session is over, or readonly with the reason why nothing may be deleted
    "#);
    let readonly =
        LEAST.replace("at = \"expires\"\nboundary = \"<\"", "").replace("[[expired]]", "");
    assert!(parse(&readonly, "shop", &BTreeMap::new()).is_err());
    let readonly = read(&format!("readonly = true{readonly}"));
    assert_eq!(readonly.readonly.as_deref(), Some("its profile is for looking only"));
}

#[test]
fn an_unknown_key_is_named_with_those_that_there_are() {
    let said = all_said_of(&[
        ("", "tabel = \"x\"\n"),
        ("unit =", "units ="),
        ("boundary =", "border ="),
        ("", "user = { name = \"x\" }\n"),
        ("", "client = { colum = \"x\" }\n"),
        ("", "token = { salt = \"x\" }\n"),
        ("", "filter = [{ column = \"kind\", is = 1 }]\n"),
        ("", "dependents = [{ from = \"x\" }]\n"),
        ("", "parameters.lifetime = { text = \"x\" }\n"),
        ("at = \"expires\"", "after = \"expires\"\nlifetime = { param = \"x\" }"),
        ("at = \"expires\"", "after = \"expires\"\nlifetime = { column = \"max_age\", in = 1 }"),
    ]);
    insta::assert_snapshot!(said, @r"
    shop.toml:1: tabel: unknown key; it may be name, title, about, task, table, id, columns, optional, detect, readonly, created, used, user, client, token, times, expired, filter, dependents, parameters
    shop.toml:9: times.expires.units: unknown key; it may be column, path, encoding, unit, storage, separator, decimals, zone, timezone, pattern, forms, null, never, over
    shop.toml:13: expired.border: unknown key; it may be at, after, not_null, lifetime, boundary, grace, when
    shop.toml:1: user.name: unknown key; it may be column, path, payload, nobody
    shop.toml:1: client.colum: unknown key; it may be column, path
    shop.toml:1: token.salt: unknown key; it may be column, prefix, hash
    shop.toml:1: filter.is: unknown key; it may be column, path, above, up_to, equals, any_of, not, null, prefix
    shop.toml:1: dependents.from: unknown key; it may be table, column, references, action
    shop.toml:1: parameters.lifetime.text: unknown key; it may be about, example
    shop.toml:13: expired.lifetime.param: unknown key; it may be parameter
    shop.toml:13: expired.lifetime.in: unknown key; it may be column, path, unit, never
    ");
}

#[test]
fn a_value_of_the_wrong_kind_is_named() {
    let said = all_said_of(&[
        ("\"shop\"", "\"The Shop\""),
        ("\"shop\"", "\"\""),
        ("\"sessions\"", "\" \""),
        ("[\"id\", \"data\", \"expires\", \"max_age\", \"kind\"]", "\"id\""),
        ("[\"id\", \"data\", \"expires\", \"max_age\", \"kind\"]", "[]"),
        ("[\"id\", \"data\",", "[\"id\", \"ID\","),
        ("", "optional = [\"Kind\"]\n"),
        ("id = \"id\"", "id = \"sid\""),
        ("", "detect = \"no\"\n"),
        ("", "readonly = 1\n"),
        ("", "readonly = \"\"\n"),
        ("", "created = \"opened\"\n"),
        ("", "user = \"data\"\n"),
        ("", "expired = \"expires\"\n"),
        ("[[expired]]", "[expired]"),
        ("", "filter = [1]\n"),
        ("name = \"shop\"", "name = \"shop\"\nname = \"shop\""),
        ("name = \"shop\"", "name = shop"),
    ]);
    insta::assert_snapshot!(said, @r#"
    shop.toml:2: name: "The Shop" is no name: write lower-case letters, digits and hyphens
    shop.toml:2: name: "" is no name: write lower-case letters, digits and hyphens
    shop.toml:3: table: wants text that is not empty
    shop.toml:5: columns: wants a list, like ["id", "expires"], not a string
    shop.toml:5: columns: wants at least one, like ["id", "expires"]
    shop.toml:5: columns: "ID" stands there twice; case makes no difference
    shop.toml:1: optional: "Kind" stands there twice; case makes no difference
    shop.toml:4: id: "sid" is no column of the table: columns has no such name
    shop.toml:1: detect: wants true or false, not a string
    shop.toml:1: readonly: wants the reason in quotes, or true, not the bare number 1
    shop.toml:1: readonly: wants text that is not empty
    shop.toml:1: created: "opened" is no time: write [times.opened] and say how it is encoded
    shop.toml:1: user: is a table: write [user] above its keys
    shop.toml:12: expired: duplicate key
    shop.toml:11: expired: is a list of tables, like [[expired]] above the keys of each, not a table
    shop.toml:1: filter: is a list of tables, like [[filter]] above the keys of each, not the bare number 1
    shop.toml:3: name: duplicate key
    shop.toml:2: string values must be quoted, expected literal string
    "#);
}

#[test]
fn a_time_that_makes_no_sense_is_named() {
    let said = said_of_times(&[
        "encoding = \"epoch\"",
        "encoding = \"unix\"\nunit = \"days\"",
        "encoding = \"unix\"\nunit = \"seconds\"\nzone = \"Z\"",
        "encoding = \"unix\"\nunit = \"seconds\"\ntimezone = \"UTC\"",
        "encoding = \"unix\"\nunit = \"seconds\"\nstorage = \"text\"",
        "encoding = \"unix\"\nunit = \"seconds\"\nstorage = []",
        "encoding = \"unix\"\nunit = \"seconds\"\nstorage = [\"blob\"]",
        "encoding = \"unix\"\nunit = \"seconds\"\nnull = \"over\"",
        "encoding = \"unix\"\nunit = \"seconds\"\nnever = -1",
        "encoding = \"unix\"\nunit = \"seconds\"\nnever = [[]]",
        "encoding = \"unix\"\nunit = \"seconds\"\nnever = [9999999999999999999]",
        "encoding = \"unix\"\nunit = \"seconds\"\nover = 0",
        "encoding = \"unix\"\nunit = \"seconds\"\nnever = [-1, 0]\nover = [0.0]",
        "encoding = \"unix\"\nunit = \"seconds\"\ncolumn = \"expiry\"",
        "encoding = \"unix\"\nunit = \"seconds\"\npath = \"cookie.expires\"",
        "encoding = \"unix\"\nunit = \"seconds\"\npath = \"$.cookie..expires\"",
        "encoding = \"unix\"\nunit = \"seconds\"\npath = \"$[x]\"",
        "encoding = \"julian\"\nunit = \"seconds\"",
        "encoding = \"ticks\"\ntimezone = \"CEST\"",
        "encoding = \"text\"",
        "encoding = \"text\"\nseparator = \"_\"",
        "encoding = \"text\"\nseparator = \" \"",
        "encoding = \"text\"\nseparator = \" \"\ndecimals = 10",
        "encoding = \"text\"\nseparator = \" \"\ndecimals = \"some\"",
        "encoding = \"text\"\nseparator = \" \"\ndecimals = []",
        "encoding = \"text\"\nseparator = \" \"\ndecimals = 0",
        "encoding = \"text\"\nseparator = \" \"\ndecimals = 0\nzone = \"UTC\"",
        "encoding = \"text\"\nseparator = \" \"\ndecimals = 0\nzone = \"none\"",
        "encoding = \"text\"\nseparator = \" \"\ndecimals = 0\nzone = \"none\"\ntimezone = 2",
        "encoding = \"text\"\nseparator = \" \"\ndecimals = 0\nzone = \"Z\"\ntimezone = \"UTC\"",
        "encoding = \"text\"\nseparator = \" \"\ndecimals = 0\nzone = []",
        "encoding = \"text\"\nseparator = \" \"\ndecimals = 0\nzone = [\"Z\", \"CET\"]",
        "encoding = \"text\"\nseparator = \" \"\ndecimals = 0\nzone = [\"Z\", \"either\"]",
        "encoding = \"text\"\nseparator = \" \"\ndecimals = 0\nzone = [\"Z\", \"none\"]",
        "encoding = \"pattern\"\ntimezone = \"UTC\"",
        "encoding = \"pattern\"\npattern = \"%H:%M\"\ntimezone = \"UTC\"",
        "encoding = \"pattern\"\npattern = \"%Y%m%d\"",
        "encoding = \"pattern\"\npattern = \"%Y%m%d%H%M%S%z\"\ntimezone = \"UTC\"",
    ]);
    insta::assert_snapshot!(said, @r#"
    shop.toml:8: times.expires.encoding: "epoch" is no encoding: it is one of unix, julian, ticks, text, pattern
    shop.toml:9: times.expires.unit: "days" is no unit: it is one of minutes, seconds, milliseconds, microseconds, nanoseconds
    shop.toml:10: times.expires.zone: says nothing here: beside this encoding stand unit, storage
    shop.toml:10: times.expires.timezone: says nothing here: beside this encoding stand unit, storage
    shop.toml:10: times.expires.storage: wants a list, like ["integer"], not a string
    shop.toml:10: times.expires.storage: wants at least one, like ["integer"]
    shop.toml:10: times.expires.storage: "blob" is no class of values: it is one of integer, real, text
    shop.toml:10: times.expires.null: "over" is no meaning of NULL: it is one of expired, never
    shop.toml:10: times.expires.never: wants a list, like [-1], not the bare number -1
    shop.toml:10: times.expires.never: wants a number or text, not an array
    shop.toml:10: times.expires.never: 9999999999999999999 is beyond 64 bits
    shop.toml:10: times.expires.over: wants a list, like [-1], not the bare number 0
    shop.toml:11: times.expires.over: has a value that never has, too: it means one
    shop.toml:10: times.expires.column: "expiry" is no column of the table: columns has no such name
    shop.toml:10: times.expires.path: "cookie.expires" is no path in JSON: write it like "$.user.id" or "$.ids[0]"
    shop.toml:10: times.expires.path: "$.cookie..expires" is no path in JSON: write it like "$.user.id" or "$.ids[0]"
    shop.toml:10: times.expires.path: "$[x]" is no path in JSON: write it like "$.user.id" or "$.ids[0]"
    shop.toml:9: times.expires.unit: says nothing here: beside this encoding stand storage, timezone
    shop.toml:9: times.expires.timezone: "CEST" is not a valid time zone: use local or a name such as Europe/Berlin
    shop.toml:7: times.expires.separator: is missing: it is " ", "T" or "either"
    shop.toml:9: times.expires.separator: "_" is no separator: it is one of " ", T, either
    shop.toml:7: times.expires.decimals: is missing: it is a number, a list of them like [0, 6], or "any"
    shop.toml:10: times.expires.decimals: wants numbers from 0 to 9
    shop.toml:10: times.expires.decimals: wants a number, a list like [0, 6], or "any", not a string
    shop.toml:10: times.expires.decimals: wants at least one, like [0, 6]
    shop.toml:7: times.expires.zone: is missing: it is one of none, Z, offset, either, or a list of them
    shop.toml:11: times.expires.zone: "UTC" is no form of a zone: it is one of none, Z, offset, either
    shop.toml:7: times.expires.timezone: is missing: it is "UTC", "local", a name such as "Europe/Berlin", or { parameter = "timezone" }
    shop.toml:12: times.expires.timezone: wants text in quotes, not the bare number 2
    shop.toml:12: times.expires.timezone: goes with zone = "none": here each value says its own
    shop.toml:11: times.expires.zone: wants at least one, like ["none", "Z"]
    shop.toml:11: times.expires.zone: "CET" is no form of a zone: it is one of none, Z, offset, either
    shop.toml:11: times.expires.zone: names one of them twice
    shop.toml:7: times.expires.timezone: is missing: it is "UTC", "local", a name such as "Europe/Berlin", or { parameter = "timezone" }
    shop.toml:7: times.expires.pattern: is missing: it is one of strftime, like "%Y%m%d%H%M%S"
    shop.toml:9: times.expires.pattern: "%H:%M" does not say a day, or only a part of a time
    shop.toml:7: times.expires.timezone: is missing: it is "UTC", "local", a name such as "Europe/Berlin", or { parameter = "timezone" }
    shop.toml:10: times.expires.timezone: goes with a pattern without an offset
    "#);
}

#[test]
fn a_time_may_have_several_forms() {
    let time = |text: &str| {
        let text = LEAST.replace("encoding = \"unix\"\nunit = \"seconds\"", text);
        read(&text).times.remove(0).encoding
    };
    let zones = |zone: &str| match time(&format!(
        "encoding = \"text\"\nseparator = \"either\"\ndecimals = 3\nzone = {zone}"
    )) {
        Encoding::Text(form) => form.zone,
        other => panic!("{other:?}"),
    };
    let either = ZoneForm::AnyOf(vec![ZoneForm::Z, ZoneForm::Offset]);
    assert_eq!(zones("\"either\""), either);
    assert_eq!(zones("[\"offset\", \"Z\"]"), either);
    assert_eq!(zones("[\"Z\"]"), ZoneForm::Z);
    let none = ZoneForm::None(TimeZone::UTC);
    assert_eq!(
        zones("[\"Z\", \"none\"]\ntimezone = \"UTC\""),
        ZoneForm::AnyOf(vec![none, ZoneForm::Z])
    );
    let number = Encoding::Unix(Unit::Milliseconds, vec![Storage::Integer]);
    let one = "forms = [{ encoding = \"unix\", unit = \"milliseconds\" }]";
    assert_eq!(time(one), number);
    let julian = Encoding::Julian(vec![Storage::Real]);
    let two =
        "forms = [{ encoding = \"unix\", unit = \"milliseconds\" }, { encoding = \"julian\" }]";
    assert_eq!(time(two), Encoding::OneOf(vec![number, julian]));
}

#[test]
fn forms_that_make_no_sense_are_named() {
    let unix = "{ encoding = \"unix\", unit = \"seconds\" }";
    let said = [
        "forms = []".to_owned(),
        "forms = \"unix\"".to_owned(),
        format!("forms = [{unix}]\nencoding = \"unix\""),
        format!("forms = [{unix}]\nunit = \"seconds\""),
        "forms = [{ encoding = \"unix\" }]".to_owned(),
        "forms = [{ encoding = \"unix\", unit = \"seconds\", null = \"never\" }]".to_owned(),
        "forms = [{ encoding = \"unix\", unit = \"seconds\", zone = \"Z\" }]".to_owned(),
        format!("forms = [{unix}, {{ encoding = \"ticks\" }}]"),
        format!("forms = [{unix}, {{ encoding = \"julian\", storage = [\"real\", \"integer\"] }}]"),
    ];
    insta::assert_snapshot!(said_of_times(&said.each_ref().map(String::as_str)), @r#"
    shop.toml:8: times.expires.forms: wants at least one form
    shop.toml:8: times.expires.forms: is a list of tables, like [{ encoding = "unix", unit = "seconds" }], not a string
    shop.toml:9: times.expires.encoding: stands within forms, where there are several
    shop.toml:9: times.expires.unit: stands within forms, where there are several
    shop.toml:8: times.expires.forms.unit: is missing: it is one of minutes, seconds, milliseconds, microseconds, nanoseconds
    shop.toml:8: times.expires.forms.null: unknown key; it may be encoding, unit, storage, separator, decimals, zone, timezone, pattern
    shop.toml:8: times.expires.forms.zone: says nothing here: beside this encoding stand unit, storage
    shop.toml:8: times.expires.forms.encoding: reads values of a class that another form reads, too: each class of integer, real, text belongs to one
    shop.toml:8: times.expires.forms.encoding: reads values of a class that another form reads, too: each class of integer, real, text belongs to one
    "#);
}

#[test]
fn values_that_stand_for_no_time_say_what_becomes_of_their_session() {
    use crate::domain::profile::{Expiry, RowStatus, SqlValueRef};
    let listed = "never = [-1]\nover = [0, \"none\"]\n\n[[expired]]";
    let listed = LEAST.replace("\n[[expired]]", listed);
    let after = listed.replace("at = \"expires\"", "after = \"expires\"\nlifetime = \"2h\"");
    for (text, zero, never) in [
        (LEAST, Expiry::Unknown, Expiry::Unknown),
        (&listed, Expiry::Over, Expiry::Never),
        (&after, Expiry::Over, Expiry::Never),
    ] {
        let profile = read(text);
        let judge = |value| profile.judge(&[value]);
        assert_eq!(judge(SqlValueRef::Integer(0)), RowStatus::Session(zero));
        assert_eq!(judge(SqlValueRef::Real(-0.0)), RowStatus::Session(zero));
        assert_eq!(judge(SqlValueRef::Text(b"none")), RowStatus::Session(zero));
        assert_eq!(judge(SqlValueRef::Text(b"0")), RowStatus::Session(Expiry::Unknown));
        assert_eq!(judge(SqlValueRef::Integer(-1)), RowStatus::Session(never));
        assert_eq!(profile.time(Some(0), &[SqlValueRef::Integer(0)]), None);
    }
}

#[test]
fn some_users_are_nobody() {
    use crate::domain::profile::SqlValueRef;
    let user = "[user]\ncolumn = \"data\"\nnobody = [0, \"guest\"]\n\n[[expired]]";
    let profile = read(&LEAST.replace("[[expired]]", user));
    for nobody in [
        SqlValueRef::Integer(0),
        SqlValueRef::Real(0.0),
        SqlValueRef::Text(b"guest"),
        SqlValueRef::Null,
    ] {
        assert_eq!(profile.owner(nobody), Owner::Nobody, "{nobody:?}");
    }
    assert_eq!(profile.owner(SqlValueRef::Integer(1)).user().as_deref(), Some("1"));
    assert_eq!(profile.owner(SqlValueRef::Text(b"0")).user().as_deref(), Some("0"));
}

#[test]
fn a_time_has_to_have_a_column() {
    let said = all_said_of(&[
        ("[times.expires]", "[times.expiry]"),
        ("[times.expires]", "[times.note]"),
        ("id = \"id\"", "id = \"id\"\noptional = [\"note\"]\nuser.column = \"note\""),
        ("[times.expires]", "[times]"),
    ]);
    insta::assert_snapshot!(said, @r#"
    shop.toml:7: times.expiry.column: "expiry" is no column of the table: columns has no such name
    shop.toml:7: times.note.column: "note" is no column of the table: columns has no such name
    shop.toml:6: user.column: "note" may be missing: only what stands in columns can be read
    shop.toml:8: times.encoding: is a table: write [times.encoding] above its keys
    "#);
}

#[test]
fn a_rule_that_makes_no_sense_is_named() {
    let said = said_of_rules(&[
        "at = \"expiry\"\nboundary = \"<\"",
        "at = \"expires\"\nboundary = \">\"",
        "at = \"expires\"\nafter = \"expires\"\nboundary = \"<\"",
        "at = \"expires\"\nlifetime = \"2h\"\nboundary = \"<\"",
        "at = \"expires\"\ngrace = \"-5m\"\nboundary = \"<\"",
        "after = \"expires\"\nboundary = \"<\"",
        "after = \"expires\"\nlifetime = 7200\nboundary = \"<\"",
        "after = \"expires\"\nlifetime = \"7200\"\nboundary = \"<\"",
        "after = \"expires\"\nlifetime = {}\nboundary = \"<\"",
        "after = \"expires\"\nlifetime = { parameter = \"lifetime\" }\nboundary = \"<\"",
        "after = \"expires\"\nlifetime = { column = \"max_age\" }\nboundary = \"<\"",
        "after = \"expires\"\nlifetime = { column = \"age\", unit = \"seconds\" }\nboundary = \"<\"",
        "after = \"expires\"\nlifetime = { column = \"max_age\", unit = \"years\" }\nboundary = \"<\"",
        "not_null = \"deleted_at\"",
        "not_null = \"data\"\ngrace = \"5m\"",
        "not_null = \"data\"\nlifetime = \"5m\"",
        "not_null = \"data\"\nwhen = { column = \"kind\", equals = 1 }",
        "not_null = \"data\"\nwhen = [{ column = \"kind\" }]",
        "not_null = \"data\"\nwhen = [{ equals = 1 }]",
        "not_null = \"data\"\nwhen = [{ column = \"kind\", above = 1.5 }]",
        "not_null = \"data\"\nwhen = [{ column = \"kind\", equals = [1] }]",
        "not_null = \"data\"\nwhen = [{ column = \"kind\", any_of = [] }]",
        "not_null = \"data\"\nwhen = [{ column = \"kind\", prefix = \"\" }]",
        "not_null = \"data\"\nwhen = [{ column = \"kind\", null = 0 }]",
    ]);
    insta::assert_snapshot!(said, @r#"
    shop.toml:12: expired.at: "expiry" is no time: write [times.expiry] and say how it is encoded
    shop.toml:13: expired.boundary: ">" is no boundary: it is one of <, <=
    shop.toml:13: expired.after: says something else than the other: a rule has one of at, after, not_null
    shop.toml:13: expired.lifetime: goes with after: this rule has a moment of its own
    shop.toml:13: expired.grace: "-5m" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d
    shop.toml:11: expired.lifetime: is missing: it is a duration like "2h", { parameter = "lifetime" }, or { column = "max_age", unit = "seconds" }
    shop.toml:13: expired.lifetime: wants text in quotes, not the bare number 7200
    shop.toml:13: expired.lifetime: "7200" has no unit: write 7200s, 7200m, 7200h or 7200d
    shop.toml:13: expired.lifetime.parameter: is missing: it is the name of a parameter
    shop.toml:13: expired.lifetime.parameter: "lifetime" is not described: write [parameters.lifetime]
    shop.toml:13: expired.lifetime.unit: is missing: it is one of days, hours, minutes, seconds, milliseconds, microseconds, ticks, nanoseconds
    shop.toml:13: expired.lifetime.column: "age" is no column of the table: columns has no such name
    shop.toml:13: expired.lifetime.unit: "years" is no unit: it is one of days, hours, minutes, seconds, milliseconds, microseconds, ticks, nanoseconds
    shop.toml:12: expired.not_null: "deleted_at" is no column of the table: columns has no such name
    shop.toml:13: expired.grace: goes with at or after: this rule has no moment
    shop.toml:13: expired.lifetime: goes with after: this rule has a moment of its own
    shop.toml:13: expired.when: is a list of tables, like [{ column = "kind", equals = 1 }], not a table
    shop.toml:13: expired.when.column: has no condition: write one of above, up_to, equals, any_of, not, null, prefix
    shop.toml:13: expired.when.column: is missing: it names a column of the table
    shop.toml:13: expired.when.above: wants a whole number, not a float
    shop.toml:13: expired.when.equals: wants a number or text, not an array
    shop.toml:13: expired.when.any_of: wants at least one, like [-1]
    shop.toml:13: expired.when.prefix: wants text that is not empty, not a string
    shop.toml:13: expired.when.null: wants true or false, not the bare number 0
    "#);
}

#[test]
fn other_tables_that_make_no_sense_are_named() {
    let said = said_of_more(&[
        "[user]\npath = \"$.user\"\n",
        "[user]\ncolumn = \"data\"\npayload = \"rails\"\n",
        "[user]\ncolumn = \"data\"\npayload = \"django\"\npath = \"$.user\"\n",
        "[user]\ncolumn = \"data\"\npayload = \"django\"\nnobody = [0]\n",
        "[user]\ncolumn = \"data\"\nnobody = 0\n",
        "[token]\nhash = \"sha256\"\n",
        "[token]\ncolumn = \"id\"\nhash = \"md5\"\n",
        "[token]\ncolumn = \"id\"\nprefix = \"\"\n",
        "[[dependents]]\ncolumn = \"session_id\"\n",
        "[[dependents]]\ntable = \"attributes\"\n",
        "[[dependents]]\ntable = \"a\"\ncolumn = \"b\"\nreferences = \"c\"\n",
        "[[dependents]]\ntable = \"a\"\ncolumn = \"b\"\naction = \"cascade\"\n",
        "[parameters.lifetime]\nexample = \"2h\"\n",
        "[parameters.lifetime]\nabout = \"the .env\"\n",
        "[parameters.lifetime]\nabout = \"the .env\"\nexample = \"2h\"\n",
        "[[expired]]\nafter = \"expires\"\nlifetime = { parameter = \"idle\" }\nboundary = \"<\"\n\
         [parameters.idle]\nabout = \"the .env\"\nexample = \"120\"\n",
        "[parameters]\nlifetime = \"2h\"\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    shop.toml:14: user.column: is missing: it names a column of the table
    shop.toml:16: user.payload: "rails" is no payload: it is one of django
    shop.toml:17: user.path: says nothing here: the payload says where the user is
    shop.toml:17: user.nobody: says nothing here: the payload names users alone
    shop.toml:16: user.nobody: wants a list, like [-1], not the bare number 0
    shop.toml:14: token.column: is missing: it names a column of the table
    shop.toml:16: token.hash: "md5" is no hash: it is one of sha256
    shop.toml:16: token.prefix: wants text that is not empty
    shop.toml:14: dependents.table: is missing: it is the table that hangs on it
    shop.toml:14: dependents.column: is missing: it is the column that names it
    shop.toml:17: dependents.references: "c" is no column of the table: columns has no such name
    shop.toml:17: dependents.action: "cascade" is no action: it is one of delete, set null
    shop.toml:14: parameters.lifetime.about: is missing: it says where the application has the value
    shop.toml:14: parameters.lifetime.example: is missing: it is a value that fits
    shop.toml:14: parameters.lifetime: nothing refers to it: write { parameter = "lifetime" } where it belongs
    shop.toml:18: parameters.idle: its example: "120" has no unit: write 120s, 120m, 120h or 120d
    shop.toml:15: parameters.lifetime: is a table: write [parameters.lifetime] above its keys
    "#);
}

#[test]
fn what_lets_in_whoever_knows_it_is_shown_as_nobody() {
    let said = |more: &str| {
        parse(&format!("{LEAST}\n{more}"), "shop", &given(&[])).unwrap_err().to_string()
    };
    insta::assert_snapshot!(said("[user]\ncolumn = \"id\""), @"shop:16: user.column: is shown to people, and id lets in whoever knows it");
    insta::assert_snapshot!(said("[client]\ncolumn = \"id\""), @"shop:16: client.column: is shown to people, and id lets in whoever knows it");
}
