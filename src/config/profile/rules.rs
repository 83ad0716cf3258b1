//! The rules of a profile for expiry, and its filter.

use toml::de::DeValue;

use super::symbols::Symbols;
use crate::config::error::Result;
use crate::config::table::SettingsTable;
use crate::config::values::{choice, flag, integer, span, sql_value, sql_values, text, words};
use crate::domain::profile::{ColumnSource, Condition, Length, Predicate, Rule, RuleKind, Unit};
use crate::domain::time::{Span, SpanError};

const RULE_KEYS: &[&str] = &["at", "after", "not_null", "lifetime", "boundary", "grace", "when"];
/// A rule has exactly one of these.
const RULE_KINDS: [&str; 3] = ["at", "after", "not_null"];

const CONDITION_KEYS: &[&str] =
    &["column", "path", "above", "up_to", "equals", "any_of", "not", "null", "prefix"];

const BOUNDARIES: &[(&str, bool)] = &[("<", false), ("<=", true)];

const UNITS: &[(&str, Unit)] = &[
    ("days", Unit::Days),
    ("hours", Unit::Hours),
    ("minutes", Unit::Minutes),
    ("seconds", Unit::Seconds),
    ("milliseconds", Unit::Milliseconds),
    ("microseconds", Unit::Microseconds),
    ("ticks", Unit::Ticks),
    ("nanoseconds", Unit::Nanoseconds),
];

/// The minimum lifetime in a parameter. A shorter one would expire almost every session: it
/// is a typing error, or a number in another unit.
const MIN_LIFETIME: Span = Span::minutes(1);

pub(super) fn read(top: &SettingsTable<'_>, symbols: &mut Symbols<'_>) -> Result<Vec<Rule>> {
    let rules = top.array("expired", "[[expired]]")?;
    rules.iter().map(|table| rule(table, symbols)).collect()
}

pub(super) fn read_filter(
    top: &SettingsTable<'_>,
    symbols: &mut Symbols<'_>,
) -> Result<Vec<Condition>> {
    conditions(&top.array("filter", "[[filter]]")?, symbols)
}

fn rule(table: &SettingsTable<'_>, symbols: &mut Symbols<'_>) -> Result<Rule> {
    table.allow_only(RULE_KEYS)?;
    let kind = rule_kind(table, symbols)?;
    let boundary = choice("boundary", BOUNDARIES);
    let inclusive = if matches!(kind, RuleKind::NotNull(_)) {
        table.reject("grace", "is only allowed with at or after")?;
        table.optional("boundary", boundary)?.unwrap_or(true)
    } else {
        let what = "\"<\" if a session is still valid at the exact expiry time, else \"<=\"";
        table.required("boundary", what, boundary)?
    };
    let grace = table.optional("grace", span)?.unwrap_or(Span::ZERO);
    let when = table.array("when", "[{ column = \"kind\", equals = 1 }]")?;
    Ok(Rule { kind, when: conditions(&when, symbols)?, inclusive, grace })
}

fn rule_kind(table: &SettingsTable<'_>, symbols: &mut Symbols<'_>) -> Result<RuleKind> {
    let mut kinds = RULE_KINDS.into_iter().filter(|key| table.has(key));
    let Some(key) = kinds.next() else {
        let what = "a rule has at, or after with lifetime, or not_null";
        return Err(table.missing("at", what));
    };
    if let Some(other) = kinds.next() {
        return Err(table.error(other, &format!("cannot be combined with {key}")));
    }
    if key != "after" {
        table.reject("lifetime", "is only allowed with after")?;
    }
    if key == "not_null" {
        let column = table.required(key, "", |value| symbols.columns.find(value))?;
        return Ok(RuleKind::NotNull(symbols.input(ColumnSource { column, path: None })));
    }
    let time = table.required(key, "", |value| symbols.time(value))?;
    Ok(if key == "at" {
        RuleKind::At(time)
    } else {
        RuleKind::After(time, length(table, symbols)?)
    })
}

fn length(table: &SettingsTable<'_>, symbols: &mut Symbols<'_>) -> Result<Length> {
    let what = "a duration like \"2h\", { parameter = \"lifetime\" }, \
                or { column = \"max_age\", unit = \"seconds\" }";
    let is_parameter = match table.value("lifetime") {
        None => return Err(table.missing("lifetime", what)),
        Some(value) => value.is_table(),
    };
    if let Some(input) = table.table("lifetime").ok().flatten().filter(|table| table.has("column"))
    {
        input.allow_only(&["column", "path", "unit", "never"])?;
        let source = symbols.columns.source(&input, None)?;
        let what = format!("one of {}", words(UNITS));
        let unit = input.required("unit", &what, choice("unit", UNITS))?;
        let never = input.optional("never", sql_values)?.unwrap_or_default();
        return Ok(Length::Input { input: symbols.input(source), unit, never });
    }
    let length = symbols.parameters.value(table, "lifetime", |text| {
        let span = text.parse().map_err(|e: SpanError| e.to_string())?;
        if is_parameter && span < MIN_LIFETIME { Err(too_short(text)) } else { Ok(span) }
    })?;
    Ok(length.map_or(Length::Unspecified, Length::Fixed))
}

fn too_short(lifetime: &str) -> String {
    format!(
        "a lifetime of {lifetime:?} would expire almost every session; the minimum of a \
         parameter is \"{MIN_LIFETIME}\" (a profile of your own can set a shorter one itself: \
         lifetime = {lifetime:?})"
    )
}

fn conditions(tables: &[SettingsTable<'_>], symbols: &mut Symbols<'_>) -> Result<Vec<Condition>> {
    let mut all = Vec::new();
    for table in tables {
        table.allow_only(CONDITION_KEYS)?;
        let source = symbols.columns.source(table, None)?;
        let tests = tests(table)?;
        if tests.is_empty() {
            let tests = CONDITION_KEYS[2..].join(", ");
            return Err(table.error("column", &format!("needs a condition: one of {tests}")));
        }
        let input = symbols.input(source);
        all.extend(tests.into_iter().map(|test| Condition { input, test }));
    }
    Ok(all)
}

fn tests(table: &SettingsTable<'_>) -> Result<Vec<Predicate>> {
    let one = |value: &DeValue<'_>| sql_value(value).map(|value| vec![value]);
    let one_or_more =
        |value: &DeValue<'_>| if value.is_array() { sql_values(value) } else { one(value) };
    let tests = [
        table.optional("above", integer)?.map(Predicate::Above),
        table.optional("up_to", integer)?.map(Predicate::UpTo),
        table.optional("equals", one)?.map(Predicate::Among),
        table.optional("any_of", sql_values)?.map(Predicate::Among),
        table.optional("not", one_or_more)?.map(Predicate::NotAmong),
        table.optional("null", flag)?.map(Predicate::Null),
        table.optional("prefix", prefix)?.map(Predicate::Prefix),
    ];
    Ok(tests.into_iter().flatten().collect())
}

fn prefix(value: &DeValue<'_>) -> Result<String, String> {
    match text(value)? {
        "" => Err("must not be empty".to_owned()),
        prefix => Ok(prefix.to_owned()),
    }
}
