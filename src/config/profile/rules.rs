//! What makes a session over, and a row a session.

use toml::de::DeValue;

use super::reader::Reader;
use super::section::Section;
use super::times::{data, datum};
use crate::config::page::Read;
use crate::config::values::{choice, flag, kind, span, text, whole};
use crate::domain::profile::{ColumnSource, Condition, Length, Predicate, Rule, RuleKind, Unit};
use crate::domain::time::{Span, SpanError};

const RULE_KEYS: &[&str] = &["at", "after", "not_null", "lifetime", "boundary", "grace", "when"];

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

/// The shortest lifetime that a parameter may have. With less, almost every session is
/// over at once: it is a slip, or the number of another unit.
const SHORTEST: Span = Span::minutes(1);

fn too_short(text: &str) -> String {
    format!(
        "a lifetime of {text:?} would end almost every session; the shortest that a parameter \
         takes is \"1m\" (a profile of your own may state a shorter one itself, as lifetime = \
         {text:?})"
    )
}

impl Reader<'_> {
    pub(super) fn rules(&mut self, top: &Section<'_, '_>) -> Read<Vec<Rule>> {
        let rules = top.list("expired", "[[expired]] above the keys of each")?;
        rules.iter().map(|section| self.rule(section)).collect()
    }

    fn rule(&mut self, section: &Section<'_, '_>) -> Read<Rule> {
        section.knows(RULE_KEYS)?;
        let kind = self.rule_kind(section)?;
        let boundary = |value: &DeValue<'_>| choice(value, "boundary", BOUNDARIES);
        let inclusive = if matches!(kind, RuleKind::NotNull(_)) {
            section.refuse("grace", "goes with at or after: this rule has no moment")?;
            section.optional("boundary", boundary)?.unwrap_or(true)
        } else {
            let what = "it is \"<\" if a session is still valid at the very moment, else \"<=\"";
            section.required("boundary", what, boundary)?
        };
        let grace = section.optional("grace", span)?.unwrap_or(Span::ZERO);
        let when = section.list("when", "[{ column = \"kind\", equals = 1 }]")?;
        let when = self.conditions(&when)?;
        Ok(Rule { kind, when, inclusive, grace })
    }

    fn rule_kind(&mut self, section: &Section<'_, '_>) -> Read<RuleKind> {
        let set: Vec<&str> =
            ["at", "after", "not_null"].into_iter().filter(|key| section.has(key)).collect();
        let [key] = set.as_slice() else {
            let what = match set.last() {
                None => "is missing: a rule has at, or after with lifetime, or not_null",
                Some(_) => {
                    "says something else than the other: a rule has one of at, after, not_null"
                }
            };
            return Err(section.fault(set.last().copied().unwrap_or("at"), what));
        };
        let time = |reader: &Self| section.required(key, "", |value| reader.time(value));
        match *key {
            "after" => {
                let time = time(self)?;
                Ok(RuleKind::After(time, self.length(section)?))
            }
            _ => {
                section.refuse("lifetime", "goes with after: this rule has a moment of its own")?;
                if *key == "at" {
                    return Ok(RuleKind::At(time(self)?));
                }
                let column = section.required(key, "", |value| self.columns.of(value))?;
                Ok(RuleKind::NotNull(self.input(ColumnSource { column, path: None })))
            }
        }
    }

    fn length(&mut self, section: &Section<'_, '_>) -> Read<Length> {
        let what = "is missing: it is a duration like \"2h\", { parameter = \"lifetime\" }, \
                    or { column = \"max_age\", unit = \"seconds\" }";
        if !section.has("lifetime") {
            return Err(section.fault("lifetime", what));
        }
        match section.table_of("lifetime") {
            Some(input) if input.has("column") => {
                input.knows(&["column", "path", "unit", "never"])?;
                let source = self.columns.source(&input, None)?;
                let units = UNITS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                let what = format!("it is one of {units}");
                let unit = input.required("unit", &what, |value| choice(value, "unit", UNITS))?;
                let never = input.optional("never", data)?.unwrap_or_default();
                Ok(Length::Input { input: self.input(source), unit, never })
            }
            _ => {
                let is_parameter = section.table_of("lifetime").is_some();
                let length = self.parameters.value(section, "lifetime", |text| {
                    let span = text.parse().map_err(|e: SpanError| e.to_string())?;
                    if is_parameter && span < SHORTEST { Err(too_short(text)) } else { Ok(span) }
                })?;
                Ok(length.map_or(Length::Unspecified, Length::Fixed))
            }
        }
    }

    pub(super) fn filter(&mut self, top: &Section<'_, '_>) -> Read<Vec<Condition>> {
        let conditions = top.list("filter", "[[filter]] above the keys of each")?;
        self.conditions(&conditions)
    }

    fn conditions(&mut self, sections: &[Section<'_, '_>]) -> Read<Vec<Condition>> {
        let mut all = Vec::new();
        for section in sections {
            section.knows(CONDITION_KEYS)?;
            let source = self.columns.source(section, None)?;
            let tests = tests(section)?;
            if tests.is_empty() {
                let what = "has no condition: write one of above, up_to, equals, any_of, not, null, prefix";
                return Err(section.fault("column", what));
            }
            let input = self.input(source);
            all.extend(tests.into_iter().map(|test| Condition { input, test }));
        }
        Ok(all)
    }
}

fn tests(section: &Section<'_, '_>) -> Read<Vec<Predicate>> {
    let one = |value: &DeValue<'_>| datum(value).map(|value| vec![value]);
    let others = |value: &DeValue<'_>| if value.is_array() { data(value) } else { one(value) };
    let tests = [
        section.optional("above", whole)?.map(Predicate::Above),
        section.optional("up_to", whole)?.map(Predicate::UpTo),
        section.optional("equals", one)?.map(Predicate::Among),
        section.optional("any_of", data)?.map(Predicate::Among),
        section.optional("not", others)?.map(Predicate::NotAmong),
        section.optional("null", flag)?.map(Predicate::Null),
        section.optional("prefix", prefix)?.map(Predicate::Prefix),
    ];
    Ok(tests.into_iter().flatten().collect())
}

fn prefix(value: &DeValue<'_>) -> Result<String, String> {
    match text(value)? {
        "" => Err(format!("wants text that is not empty, not {}", kind(value))),
        prefix => Ok(prefix.to_owned()),
    }
}
