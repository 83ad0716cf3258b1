//! Mistakes in profiles.

use std::collections::BTreeMap;

use sessctl::config::profile::parse;

use super::{COMPLETE, MINIMAL, given, read};

/// The part of a profile that encodes the time.
const ENCODING: &str = "encoding = \"unix\"; unit = \"seconds\"";
/// The part of a profile that is its rule.
const RULE: &str = "at = \"expires\"; boundary = \"<\"";

/// Checks the error of each line `[PART ->] OTHER => ERROR` of a table, for a profile in
/// which OTHER, with `; ` for a new line, replaces PART. An empty PART is the start of the
/// file.
fn check(default_part: &str, table: &str) {
    let mut actual = String::from("\n");
    for line in table.trim().lines() {
        let (change, _) = line.split_once(" => ").unwrap();
        let (part, other) = change.split_once("-> ").unwrap_or((default_part, change));
        let [part, other] = [part.trim(), other].map(|text| text.replace("; ", "\n"));
        let text = match part.as_str() {
            "" => format!("{other}\n{MINIMAL}"),
            part => MINIMAL.replace(part, &other),
        };
        assert_ne!(text, MINIMAL, "{line}");
        let error = parse(&text, "x", &BTreeMap::new()).unwrap_err().to_string();
        actual.extend([change, " => ", error.strip_prefix("x:").unwrap(), "\n"]);
    }
    assert!(actual == table, "{actual}");
}

#[test]
fn given_parameters_must_be_defined_and_valid() {
    let found = |values: &[(&str, &str)]| match parse(COMPLETE, "shop.toml", &given(values)) {
        Ok(_) => "fine".to_owned(),
        Err(fault) => fault.to_string(),
    };
    let mut all = vec![
        found(&[("lifetime", "2h"), ("timezone", "local")]),
        found(&[("lifetime", "120")]),
        found(&[("timezone", "berlin")]),
        found(&[("lifetyme", "2h")]),
    ];
    all.push(parse(MINIMAL, "shop", &given(&[("lifetime", "2h")])).unwrap_err().to_string());
    insta::assert_snapshot!(all.join("\n"), @r#"
    fine
    shop.toml:96: parameters.lifetime: "120" has no unit: use 120s, 120m, 120h or 120d
    shop.toml:100: parameters.timezone: "berlin" is not a valid time zone: did you mean Europe/Berlin?
    shop.toml:1: parameters.lifetyme: unknown parameter; valid parameters: lifetime, timezone
    shop:1: parameters.lifetime: the profile has no parameters
    "#);
}

#[test]
fn missing_keys_are_reported() {
    check(
        "",
        r#"
name = "shop" -> # => 1: name: is required: the name of the profile
table = "sessions" -> # => 1: table: is required: the name of the table
id = "id" -> # => 1: id: is required: the column that identifies a session
columns = ["id", "data", "expires", "max_age", "kind"] -> # => 1: columns: is required: the columns that every version of the table has
encoding = "unix" -> # => 7: times.expires.encoding: is required: one of unix, julian, ticks, text, pattern
unit = "seconds" -> # => 7: times.expires.unit: is required: one of minutes, seconds, milliseconds, microseconds, nanoseconds
at = "expires" -> # => 11: expired.at: is required: a rule has at, or after with lifetime, or not_null
boundary = "<" -> # => 11: expired.boundary: is required: "<" if a session is still valid at the exact expiry time, else "<="
[[expired]]; at = "expires"; boundary = "<" -> readonly = false => 11: times.expires.readonly: unknown key; valid keys: column, path, encoding, unit, storage, separator, decimals, zone, timezone, pattern, forms, null, never, over, declared
[[expired]]; at = "expires"; boundary = "<" -> # => 1: expired: is required: use [[expired]] with a rule for when a session is over, or readonly with the reason why nothing may be deleted
"#,
    );
    let readonly =
        MINIMAL.replace("at = \"expires\"\nboundary = \"<\"", "").replace("[[expired]]", "");
    assert!(parse(&readonly, "shop", &BTreeMap::new()).is_err());
    let readonly = read(&format!("readonly = true{readonly}"));
    assert_eq!(readonly.readonly.as_deref(), Some("its profile is read-only"));
}

#[test]
fn unknown_keys_are_reported_with_the_valid_ones() {
    check(
        "",
        r#"
-> tabel = "x" => 1: tabel: unknown key; valid keys: name, title, about, versions, verified, holds, survives, task, table, id, columns, optional, detect, readonly, created, used, user, client, agent, token, times, expired, filter, dependents, parameters
unit = -> units = => 9: times.expires.units: unknown key; valid keys: column, path, encoding, unit, storage, separator, decimals, zone, timezone, pattern, forms, null, never, over, declared
boundary = -> border = => 13: expired.border: unknown key; valid keys: at, after, not_null, lifetime, boundary, grace, when
-> user = { name = "x" } => 1: user.name: unknown key; valid keys: column, path, payload, nobody, names
-> user = { column = "data", names = { id = "x" } } => 1: user.names.id: unknown key; valid keys: table, key, name
-> user = { column = "data", names = { table = "users", key = "id" } } => 1: user.names.name: is required: its column with the name of a user
-> token = [{ salt = "x" }] => 1: token.salt: unknown key; valid keys: column, prefix, hash
-> client = { colum = "x" } => 1: client.colum: unknown key; valid keys: column, path
-> token = { salt = "x" } => 1: token.salt: unknown key; valid keys: column, prefix, hash
-> filter = [{ column = "kind", is = 1 }] => 1: filter.is: unknown key; valid keys: column, path, above, up_to, equals, any_of, not, null, prefix
-> dependents = [{ from = "x" }] => 1: dependents.from: unknown key; valid keys: table, column, references, action
-> parameters.lifetime = { text = "x" } => 1: parameters.lifetime.text: unknown key; valid keys: about, example
at = "expires" -> after = "expires"; lifetime = { param = "x" } => 13: expired.lifetime.param: unknown key; valid keys: parameter
at = "expires" -> after = "expires"; lifetime = { column = "max_age", in = 1 } => 13: expired.lifetime.in: unknown key; valid keys: column, path, unit, never
"#,
    );
}

#[test]
fn invalid_values_are_reported() {
    check(
        "",
        r#"
"shop" -> "The Shop" => 2: name: "The Shop" is not a valid name: use lower-case letters, digits and -
"shop" -> "" => 2: name: "" is not a valid name: use lower-case letters, digits and -
"sessions" -> " " => 3: table: must not be empty
["id", "data", "expires", "max_age", "kind"] -> "id" => 5: columns: must be an array, like ["id", "expires"], not a string
["id", "data", "expires", "max_age", "kind"] -> [] => 5: columns: must have at least one item, like ["id", "expires"]
["id", "data", -> ["id", "ID", => 5: columns: duplicate column "ID": case is ignored
-> optional = ["Kind"] => 1: optional: duplicate column "Kind": case is ignored
id = "id" -> id = "sid" => 4: id: unknown column "sid": it is not listed in columns
-> verified = "yes" => 1: verified: "yes" is not a valid verification; valid values: running, schema
-> versions = 3 => 1: versions: must be a string in quotes, not the integer 3
-> holds = "" => 1: holds: must not be empty
-> survives = "a cookie" => 1: survives: must be an array, like ["the remember-me cookie"], not a string
-> user = { column = "data", path = [] } => 1: user.path: must have at least one item, like ["$.user.id", "$.uid"]
-> user = { column = "data", path = ["$.id", "id"] } => 1: user.path: "id" is not a valid JSON path; examples: "$.user.id", "$.ids[0]"
-> token = "id" => 1: token: must be a table: use [token] above its keys
id = "id" -> id = [] => 4: id: must have at least one item, like ["sid", "authenticated"]
id = "id" -> id = ["id", "ID"] => 4: id: duplicate column "id": case is ignored
id = "id" -> id = ["id", "sid"] => 4: id: unknown column "sid": it is not listed in columns
id = "id" -> id = ["id", "RowId"] => 4: id: must not have other columns besides rowid, which identifies a row
id = "id" -> id = 7 => 4: id: must be a string in quotes, not the integer 7
-> detect = "no" => 1: detect: must be true or false, not a string
-> readonly = 1 => 1: readonly: must be the reason in quotes, or true, not the integer 1
-> readonly = "" => 1: readonly: must not be empty
-> created = "opened" => 1: created: unknown time "opened": define it in [times.opened]
-> user = "data" => 1: user: must be a table: use [user] above its keys
-> expired = "expires" => 12: expired: duplicate key
[[expired]] -> [expired] => 11: expired: must be an array of tables, like [[expired]], not a table
-> filter = [1] => 1: filter: must be an array of tables, like [[filter]], not the integer 1
name = "shop" -> name = "shop"; name = "shop" => 3: name: duplicate key
name = "shop" -> name = shop => 2: strings must be quoted: use "shop"
"#,
    );
}

#[test]
fn a_time_needs_a_column() {
    check(
        "",
        r#"
[times.expires] -> [times.expiry] => 7: times.expiry.column: unknown column "expiry": it is not listed in columns
[times.expires] -> [times.note] => 7: times.note.column: unknown column "note": it is not listed in columns
id = "id" -> id = "note"; optional = ["note"] => 4: id: column "note" is optional: list it in columns
-> optional = ["note"]; dependents = [{ table = "t", column = "c", references = "note" }] => 2: dependents.references: column "note" is optional: list it in columns
[times.expires] -> [times] => 8: times.encoding: must be a table: use [times.encoding] above its keys
"#,
    );
}

#[test]
fn invalid_times_are_reported() {
    check(
        ENCODING,
        r#"
encoding = "epoch" => 8: times.expires.encoding: "epoch" is not a valid encoding; valid values: unix, julian, ticks, text, pattern
encoding = "unix"; unit = "days" => 9: times.expires.unit: "days" is not a valid unit; valid values: minutes, seconds, milliseconds, microseconds, nanoseconds
encoding = "unix"; unit = "seconds"; zone = "Z" => 10: times.expires.zone: has no effect with this encoding; allowed keys: unit, storage
encoding = "unix"; unit = "seconds"; timezone = "UTC" => 10: times.expires.timezone: has no effect with this encoding; allowed keys: unit, storage
encoding = "unix"; unit = "seconds"; storage = "text" => 10: times.expires.storage: must be an array, like ["integer"], not a string
encoding = "unix"; unit = "seconds"; storage = [] => 10: times.expires.storage: must have at least one item, like ["integer"]
encoding = "unix"; unit = "seconds"; storage = ["blob"] => 10: times.expires.storage: "blob" is not a valid storage class; valid values: integer, real, text
encoding = "unix"; unit = "seconds"; null = "over" => 10: times.expires.null: "over" is not a valid meaning of NULL; valid values: expired, never
encoding = "unix"; unit = "seconds"; never = -1 => 10: times.expires.never: must be an array, like [-1], not the integer -1
encoding = "unix"; unit = "seconds"; never = [[]] => 10: times.expires.never: must be a number or a string, not an array
encoding = "unix"; unit = "seconds"; never = [9999999999999999999] => 10: times.expires.never: 9999999999999999999 is out of range for a 64-bit integer
encoding = "unix"; unit = "seconds"; over = 0 => 10: times.expires.over: must be an array, like [-1], not the integer 0
encoding = "unix"; unit = "seconds"; never = [-1, 0]; over = [0.0] => 11: times.expires.over: must not share a value with never
encoding = "unix"; unit = "seconds"; column = "expiry" => 10: times.expires.column: unknown column "expiry": it is not listed in columns
encoding = "unix"; unit = "seconds"; path = "cookie.expires" => 10: times.expires.path: "cookie.expires" is not a valid JSON path; examples: "$.user.id", "$.ids[0]"
encoding = "unix"; unit = "seconds"; path = "$.cookie..expires" => 10: times.expires.path: "$.cookie..expires" is not a valid JSON path; examples: "$.user.id", "$.ids[0]"
encoding = "unix"; unit = "seconds"; path = "$[x]" => 10: times.expires.path: "$[x]" is not a valid JSON path; examples: "$.user.id", "$.ids[0]"
encoding = "julian"; unit = "seconds" => 9: times.expires.unit: has no effect with this encoding; allowed keys: storage, timezone
encoding = "ticks"; timezone = "CEST" => 9: times.expires.timezone: "CEST" is not a valid time zone: use local or a name such as Europe/Berlin
encoding = "text" => 7: times.expires.separator: is required: one of " ", T, either
encoding = "text"; separator = "_" => 9: times.expires.separator: "_" is not a valid separator; valid values: " ", T, either
encoding = "text"; separator = " " => 7: times.expires.decimals: is required: a number, an array like [0, 6], or "any"
encoding = "text"; separator = " "; decimals = 10 => 10: times.expires.decimals: must be a number from 0 to 9
encoding = "text"; separator = " "; decimals = "some" => 10: times.expires.decimals: must be a number, an array like [0, 6], or "any", not a string
encoding = "text"; separator = " "; decimals = [] => 10: times.expires.decimals: must have at least one item, like [0, 6]
encoding = "text"; separator = " "; decimals = 0 => 7: times.expires.zone: is required: one of none, Z, offset, either, or an array of them
encoding = "text"; separator = " "; decimals = 0; zone = "UTC" => 11: times.expires.zone: "UTC" is not a valid zone form; valid values: none, Z, offset, either
encoding = "text"; separator = " "; decimals = 0; zone = "none" => 7: times.expires.timezone: is required: "UTC", "local", a name such as "Europe/Berlin", or { parameter = "timezone" }
encoding = "text"; separator = " "; decimals = 0; zone = "none"; timezone = 2 => 12: times.expires.timezone: must be a string in quotes, not the integer 2
encoding = "text"; separator = " "; decimals = 0; zone = "Z"; timezone = "UTC" => 12: times.expires.timezone: is only allowed with zone = "none": these times have their own zone
encoding = "text"; separator = " "; decimals = 0; zone = [] => 11: times.expires.zone: must have at least one item, like ["none", "Z"]
encoding = "text"; separator = " "; decimals = 0; zone = ["Z", "CET"] => 11: times.expires.zone: "CET" is not a valid zone form; valid values: none, Z, offset, either
encoding = "text"; separator = " "; decimals = 0; zone = ["Z", "either"] => 11: times.expires.zone: must not have the same form twice
encoding = "text"; separator = " "; decimals = 0; zone = ["Z", "none"] => 7: times.expires.timezone: is required: "UTC", "local", a name such as "Europe/Berlin", or { parameter = "timezone" }
encoding = "pattern"; timezone = "UTC" => 7: times.expires.pattern: is required: a strftime pattern, like "%Y%m%d%H%M%S"
encoding = "pattern"; pattern = "%H:%M"; timezone = "UTC" => 9: times.expires.pattern: "%H:%M" needs a full date, and either no time or a full one
encoding = "pattern"; pattern = "%Y%m%d" => 7: times.expires.timezone: is required: "UTC", "local", a name such as "Europe/Berlin", or { parameter = "timezone" }
encoding = "pattern"; pattern = "%Y%m%d%H%M%S%z"; timezone = "UTC" => 10: times.expires.timezone: is only allowed with a pattern without an offset
"#,
    );
}

#[test]
fn invalid_forms_are_reported() {
    check(
        ENCODING,
        r#"
forms = [] => 8: times.expires.forms: must have at least one form
forms = "unix" => 8: times.expires.forms: must be an array of tables, like [{ encoding = "unix", unit = "seconds" }], not a string
forms = [{ encoding = "unix", unit = "seconds" }]; encoding = "unix" => 9: times.expires.encoding: must be set in each form instead
forms = [{ encoding = "unix", unit = "seconds" }]; unit = "seconds" => 9: times.expires.unit: must be set in each form instead
forms = [{ encoding = "unix" }] => 8: times.expires.forms.unit: is required: one of minutes, seconds, milliseconds, microseconds, nanoseconds
forms = [{ encoding = "unix", unit = "seconds", null = "never" }] => 8: times.expires.forms.null: unknown key; valid keys: encoding, unit, storage, separator, decimals, zone, timezone, pattern
forms = [{ encoding = "unix", unit = "seconds", zone = "Z" }] => 8: times.expires.forms.zone: has no effect with this encoding; allowed keys: unit, storage
forms = [{ encoding = "unix", unit = "seconds" }, { encoding = "ticks" }] => 8: times.expires.forms.encoding: overlaps with another form: each storage class (integer, real, text) can belong to only one form
forms = [{ encoding = "unix", unit = "seconds" }, { encoding = "julian", storage = ["real", "integer"] }] => 8: times.expires.forms.encoding: overlaps with another form: each storage class (integer, real, text) can belong to only one form
"#,
    );
}

#[test]
fn invalid_rules_are_reported() {
    check(
        RULE,
        r#"
at = "expiry"; boundary = "<" => 12: expired.at: unknown time "expiry": define it in [times.expiry]
at = "expires"; boundary = ">" => 13: expired.boundary: ">" is not a valid boundary; valid values: <, <=
at = "expires"; after = "expires"; boundary = "<" => 13: expired.after: cannot be combined with at
at = "expires"; lifetime = "2h"; boundary = "<" => 13: expired.lifetime: is only allowed with after
at = "expires"; grace = "-5m"; boundary = "<" => 13: expired.grace: "-5m" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d
after = "expires"; boundary = "<" => 11: expired.lifetime: is required: a duration like "2h", { parameter = "lifetime" }, or { column = "max_age", unit = "seconds" }
after = "expires"; lifetime = 7200; boundary = "<" => 13: expired.lifetime: must be a string in quotes, not the integer 7200
after = "expires"; lifetime = "7200"; boundary = "<" => 13: expired.lifetime: "7200" has no unit: use 7200s, 7200m, 7200h or 7200d
after = "expires"; lifetime = {}; boundary = "<" => 13: expired.lifetime.parameter: is required: the name of a parameter
after = "expires"; lifetime = { parameter = "lifetime" }; boundary = "<" => 13: expired.lifetime.parameter: unknown parameter "lifetime": define it in [parameters.lifetime]
after = "expires"; lifetime = { column = "max_age" }; boundary = "<" => 13: expired.lifetime.unit: is required: one of days, hours, minutes, seconds, milliseconds, microseconds, ticks, nanoseconds
after = "expires"; lifetime = { column = "age", unit = "seconds" }; boundary = "<" => 13: expired.lifetime.column: unknown column "age": it is not listed in columns
after = "expires"; lifetime = { column = "max_age", unit = "years" }; boundary = "<" => 13: expired.lifetime.unit: "years" is not a valid unit; valid values: days, hours, minutes, seconds, milliseconds, microseconds, ticks, nanoseconds
not_null = "deleted_at" => 12: expired.not_null: unknown column "deleted_at": it is not listed in columns
not_null = "data"; grace = "5m" => 13: expired.grace: is only allowed with at or after
not_null = "data"; lifetime = "5m" => 13: expired.lifetime: is only allowed with after
not_null = "data"; when = { column = "kind", equals = 1 } => 13: expired.when: must be an array of tables, like [{ column = "kind", equals = 1 }], not a table
not_null = "data"; when = [{ column = "kind" }] => 13: expired.when.column: needs a condition: one of above, up_to, equals, any_of, not, null, prefix
not_null = "data"; when = [{ equals = 1 }] => 13: expired.when.column: is required: a column of the table
not_null = "data"; when = [{ column = "kind", above = 1.5 }] => 13: expired.when.above: must be an integer, not a float
not_null = "data"; when = [{ column = "kind", equals = [1] }] => 13: expired.when.equals: must be a number or a string, not an array
not_null = "data"; when = [{ column = "kind", any_of = [] }] => 13: expired.when.any_of: must have at least one item, like [-1]
not_null = "data"; when = [{ column = "kind", prefix = "" }] => 13: expired.when.prefix: must not be empty
not_null = "data"; when = [{ column = "kind", null = 0 }] => 13: expired.when.null: must be true or false, not the integer 0
"#,
    );
}

#[test]
fn other_invalid_tables_are_reported() {
    check(
        "[[expired]]",
        r#"
[user]; path = "$.user"; [[expired]] => 11: user.column: is required: a column of the table
[user]; column = "data"; payload = "rails"; [[expired]] => 13: user.payload: "rails" is not a valid payload; valid values: django
[user]; column = "data"; payload = "django"; path = "$.user"; [[expired]] => 14: user.path: has no effect with payload, which determines the path
[user]; column = "data"; payload = "django"; nobody = [0]; [[expired]] => 14: user.nobody: has no effect with payload, which contains only users
[user]; column = "data"; nobody = 0; [[expired]] => 13: user.nobody: must be an array, like [-1], not the integer 0
[token]; hash = "sha256"; [[expired]] => 11: token.column: is required: a column of the table
[token]; column = "id"; hash = "md5"; [[expired]] => 13: token.hash: "md5" is not a valid hash; valid values: sha256
[token]; column = "id"; prefix = ""; [[expired]] => 13: token.prefix: must not be empty
[[dependents]]; column = "session_id"; [[expired]] => 11: dependents.table: is required: the name of the dependent table
[[dependents]]; table = "attributes"; [[expired]] => 11: dependents.column: is required: the column that references the session
[[dependents]]; table = "a"; column = "b"; references = "c"; [[expired]] => 14: dependents.references: unknown column "c": it is not listed in columns
[[dependents]]; table = "a"; column = ["b", "c"]; [[expired]] => 13: dependents.column: must have as many columns as id (id), not 2
[[dependents]]; table = "a"; column = ["b"]; references = ["id", "kind"]; [[expired]] => 14: dependents.references: must have as many columns as column (b), not 2
[[dependents]]; table = "a"; column = ["b", "B"]; references = ["id", "kind"]; [[expired]] => 13: dependents.column: duplicate column "B": case is ignored
[[dependents]]; table = "a"; column = "b"; action = "cascade"; [[expired]] => 14: dependents.action: "cascade" is not a valid action; valid values: delete, set null
[parameters.lifetime]; example = "2h"; [[expired]] => 11: parameters.lifetime.about: is required: where the application sets the value
[parameters.lifetime]; about = "the .env"; [[expired]] => 11: parameters.lifetime.example: is required: a valid value
[parameters.lifetime]; about = "the .env"; example = "2h"; [[expired]] => 11: parameters.lifetime: is never used: refer to it as { parameter = "lifetime" }
[[expired]]; after = "expires"; lifetime = { parameter = "idle" }; boundary = "<"; [parameters.idle]; about = "the .env"; example = "120"; [[expired]] => 15: parameters.idle: invalid example: "120" has no unit: use 120s, 120m, 120h or 120d
[parameters]; lifetime = "2h"; [[expired]] => 12: parameters.lifetime: must be a table: use [parameters.lifetime] above its keys
[user]; column = "ID"; [[expired]] => 12: user.column: must not be the id column: its value is a credential and would be displayed
[client]; column = "data"; [token]; column = "data"; [[expired]] => 12: client.column: must not be the token column: its value is a credential and would be displayed
"#,
    );
}
