//! Profiles that are valid, and their values.

mod mistakes;

use std::collections::BTreeMap;

use sessctl::config::profile::parse;
use sessctl::domain::profile::{
    ColumnSource, Condition, Decimals, Dependent, DependentAction, Encoding, Length, NullMeaning,
    Predicate, Profile, RuleKind, Separator, SessionUser, SqlValue, Storage, TextForm, TokenForm,
    Unit, UserForm, UserNames, Verification, ZoneForm,
};
use sessctl::domain::time::Span;
use sessctl::domain::time_zone::TimeZone;

const MINIMAL: &str = r#"
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

#[test]
fn omitted_keys_have_defaults() {
    let profile = read(MINIMAL);
    assert_eq!(profile.name, "shop");
    assert_eq!((profile.title.as_str(), profile.about.as_str()), ("shop", ""));
    assert_eq!(profile.task, "shop");
    assert_eq!((profile.versions, profile.verified), (None, None));
    assert!(profile.holds == "sessions" && profile.survives.is_empty());
    assert_eq!((profile.table.as_str(), profile.id.join(" ").as_str()), ("sessions", "id"));
    assert_eq!(profile.optional, [""; 0]);
    assert!(profile.is_detected && profile.readonly.is_none());
    assert_eq!((profile.user, profile.client, profile.tokens), (None, None, vec![]));
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
const COMPLETE: &str = r#"
name = "shop-2"
title = "The Shop"
about = "all of it"
versions = "3 and later"
verified = "schema"
holds = "carts"
survives = ["the loyalty card", "the newsletter"]
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
names = { table = "people", key = "id", name = "nick" }

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

fn complete() -> Profile {
    let values = given(&[("lifetime", "90m")]);
    parse(COMPLETE, "shop.toml", &values).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_people_should_know_is_read() {
    let profile = complete();
    assert_eq!(profile.versions.as_deref(), Some("3 and later"));
    assert_eq!(profile.verified, Some(Verification::Schema));
    assert!(profile.holds == "carts" && !profile.holds_sessions());
    assert_eq!(profile.survives, ["the loyalty card", "the newsletter"]);
}

#[test]
fn several_tokens_and_paths_are_read_in_their_order() {
    let user = "user = { column = 'data', path = ['$.user.id', '$.uid'] }";
    let tokens =
        "token = [{ column = 'kind' }, { column = 'Note', prefix = 'p', hash = 'sha256' }]";
    let profile = read(&format!("{user}\n{tokens}\noptional = ['note']\n{MINIMAL}"));
    assert_eq!(profile.user.unwrap().paths, ["$.user.id", "$.uid"]);
    let token = |column: &str, prefix: &str, is_hashed| TokenForm {
        column: column.to_owned(),
        prefix: prefix.to_owned(),
        is_hashed,
    };
    assert_eq!(profile.tokens, [token("kind", "", false), token("note", "p", true)]);
}

#[test]
fn what_refers_to_an_optional_column_applies_where_it_is() {
    let profile = read(&format!(
        "optional = ['who', 'address', 'secret', 'other']\nuser = {{ column = 'who' }}\n\
         client = {{ column = 'address' }}\n\
         token = [{{ column = 'secret' }}, {{ column = 'other' }}]\n{MINIMAL}"
    ));
    let columns = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let all = columns(&["id", "WHO", "Address", "secret", "other"]);
    assert_eq!(profile.clone().for_table(&all), profile);
    let some = profile.for_table(&columns(&["id", "address", "other"]));
    assert_eq!((some.user, some.client.unwrap().column.as_str()), (None, "address"));
    assert_eq!(some.tokens.iter().map(|token| &token.column).collect::<Vec<_>>(), ["other"]);
}

#[test]
fn columns_and_times_are_read() {
    let profile = complete();
    let input = |column: &str, path: Option<&str>| ColumnSource {
        column: column.to_owned(),
        path: path.map(str::to_owned),
    };
    assert_eq!((profile.task.as_str(), profile.id.join(" ").as_str()), ("Shop", "key"));
    assert_eq!(profile.readonly.as_deref(), Some("it is a museum"));
    let user = profile.user.unwrap();
    assert_eq!(user.column, "data");
    let [table, key, name] = ["people", "id", "nick"].map(str::to_owned);
    assert_eq!(user.names, Some(UserNames { table, key, name }));
    assert_eq!(user.paths, [r#"$."user name".ids[#-1]"#]);
    assert_eq!(user.form, UserForm::Plain);
    assert_eq!(user.nobody, [SqlValue::Integer(0), SqlValue::Text("guest".into())]);
    let token = TokenForm { column: "key".to_owned(), prefix: "s:".to_owned(), is_hashed: true };
    assert_eq!(profile.tokens, [token]);
    let inputs = [
        input("opened", None),
        input("seen", None),
        input("data", Some("$.cookie.expires")),
        input("max_age", None),
        input("kind", None),
        input("gone", None),
        input("data", Some("$.kind")),
        input("key", None),
    ];
    assert_eq!(profile.inputs, inputs);
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
    let missing: Vec<_> = profile.missing.iter().map(|known| known.name.as_str()).collect();
    assert_eq!(missing, ["timezone"]);
}

#[test]
fn rules_and_dependents_are_read() {
    let profile = complete();
    let kinds: Vec<_> = profile.rules.iter().map(|rule| rule.kind.clone()).collect();
    let max_age = Length::Input { input: 3, unit: Unit::Ticks, never: vec![SqlValue::Integer(-1)] };
    let expected = [
        RuleKind::After(1, max_age),
        RuleKind::After(0, Length::Fixed(Span::minutes(90))),
        RuleKind::At(2),
        RuleKind::NotNull(5),
    ];
    assert_eq!(kinds, expected);
    let rule = &profile.rules[0];
    assert_eq!((rule.inclusive, rule.grace), (true, Span::minutes(5)));
    let robots = vec![SqlValue::Text("robot".into())];
    let when = [
        Condition { input: 3, test: Predicate::Above(0) },
        Condition { input: 3, test: Predicate::UpTo(100) },
        Condition { input: 4, test: Predicate::NotAmong(robots) },
    ];
    assert_eq!(rule.when, when);
    let kinds = vec![SqlValue::Text("session".into()), SqlValue::Integer(2)];
    let filter = [
        Condition { input: 4, test: Predicate::Among(kinds) },
        Condition { input: 6, test: Predicate::Null(false) },
        Condition { input: 7, test: Predicate::Prefix("sess:".to_owned()) },
    ];
    assert_eq!(profile.filter, filter);
    let dependent = |table: &str, action| Dependent {
        table: table.to_owned(),
        columns: vec!["session".to_owned()],
        references: vec!["key".to_owned()],
        action,
    };
    let dependents =
        [dependent("basket", DependentAction::Delete), dependent("log", DependentAction::SetNull)];
    assert_eq!(profile.dependents, dependents);
}

#[test]
fn a_time_may_have_several_forms() {
    let time = |text: &str| {
        let text = MINIMAL.replace("encoding = \"unix\"\nunit = \"seconds\"", text);
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
fn sentinel_values_decide_about_their_session() {
    use sessctl::domain::profile::{Expiry, RowStatus, SqlValueRef};
    let listed = "never = [-1]\nover = [0, \"none\"]\n\n[[expired]]";
    let listed = MINIMAL.replace("\n[[expired]]", listed);
    let after = listed.replace("at = \"expires\"", "after = \"expires\"\nlifetime = \"2h\"");
    for (text, zero, never) in [
        (MINIMAL, Expiry::Unknown, Expiry::Unknown),
        (&listed, Expiry::Expired, Expiry::Never),
        (&after, Expiry::Expired, Expiry::Never),
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
    use sessctl::domain::profile::SqlValueRef;
    let user = "[user]\ncolumn = \"data\"\nnobody = [0, \"guest\"]\n\n[[expired]]";
    let profile = read(&MINIMAL.replace("[[expired]]", user));
    for nobody in [
        SqlValueRef::Integer(0),
        SqlValueRef::Real(0.0),
        SqlValueRef::Text(b"guest"),
        SqlValueRef::Null,
    ] {
        assert_eq!(profile.owner(nobody), SessionUser::Nobody, "{nobody:?}");
    }
    assert_eq!(profile.owner(SqlValueRef::Integer(1)).user().as_deref(), Some("1"));
    assert_eq!(profile.owner(SqlValueRef::Text(b"0")).user().as_deref(), Some("0"));
}
