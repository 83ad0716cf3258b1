//! Records as JSON that keeps the type of each value.

use anyhow::{Context as _, bail};
use serde_json::{Value as Json, json};

use crate::domain::time::{Span, UnixTime};
use crate::output::record::{Record, Severity, Value};

const SEVERITIES: [(Severity, &str); 5] = [
    (Severity::Plain, "plain"),
    (Severity::Good, "good"),
    (Severity::Warn, "warn"),
    (Severity::Bad, "bad"),
    (Severity::Dim, "dim"),
];

/// Levels of records within records.
const MAX_DEPTH: usize = 8;

pub fn encode_record(record: &Record) -> Json {
    let Record { key, values, children } = record;
    let values: Vec<Json> = values.iter().map(encode_value).collect();
    let children: Vec<Json> = children.iter().map(encode_record).collect();
    json!([key, values, children])
}

/// Returns the record that was encoded.
///
/// # Errors
/// Anything else.
pub fn decode_record(json: &Json) -> anyhow::Result<Record> {
    decode_nested(json, MAX_DEPTH)
}

fn decode_nested(json: &Json, depth: usize) -> anyhow::Result<Record> {
    let (Some([key, values, children]), 1..) = (as_array(json), depth) else {
        bail!("unexpected record");
    };
    let children = list(children)?.iter().map(|child| decode_nested(child, depth - 1));
    Ok(Record {
        key: list(key)?.iter().map(text).collect::<Result<_, _>>()?,
        values: list(values)?.iter().map(decode_value).collect::<Result<_, _>>()?,
        children: children.collect::<Result<_, _>>()?,
    })
}

fn encode_value(value: &Value) -> Json {
    match value {
        Value::Absent => json!(["absent"]),
        Value::Text(text) => json!(["text", text]),
        Value::Named { id, name } => json!(["named", id, name]),
        Value::Word(word, severity) => {
            let severity = SEVERITIES.iter().find(|(known, _)| known == severity);
            json!(["word", word, severity.map_or("plain", |(_, name)| name)])
        }
        Value::Count(number) => json!(["count", number]),
        Value::Number(number) => json!(["number", number]),
        // JSON has no notation for some numbers.
        Value::Measure(measure) => json!(["measure", measure.to_bits()]),
        Value::Flag(flag) => json!(["flag", flag]),
        Value::Span(span) => json!(["span", span.as_seconds()]),
        Value::Time(time) => json!(["time", time.0]),
    }
}

fn decode_value(json: &Json) -> anyhow::Result<Value> {
    let [kind, parts @ ..] = list(json)?.as_slice() else { bail!("unexpected value") };
    Ok(match (kind.as_str().unwrap_or_default(), parts) {
        ("absent", []) => Value::Absent,
        ("text", [value]) => Value::Text(text(value)?),
        ("named", [id, name]) => Value::Named { id: text(id)?, name: text(name)? },
        ("word", [word, severity]) => {
            let known = SEVERITIES.iter().find(|(_, name)| severity == name);
            let (severity, _) = known.context("unexpected severity")?;
            Value::Word(text(word)?.into(), *severity)
        }
        ("count", [number]) => Value::Count(number.as_u64().context("unexpected count")?),
        ("number", [number]) => Value::Number(number.as_u64().context("unexpected number")?),
        ("measure", [bits]) => {
            Value::Measure(f64::from_bits(bits.as_u64().context("unexpected measure")?))
        }
        ("flag", [flag]) => Value::Flag(flag.as_bool().context("unexpected flag")?),
        ("span", [span]) => Value::Span(Span::seconds(integer(span)?)),
        ("time", [time]) => Value::Time(UnixTime(integer(time)?)),
        _ => bail!("unexpected value"),
    })
}

pub(super) fn as_array<const N: usize>(json: &Json) -> Option<&[Json; N]> {
    json.as_array()?.as_slice().try_into().ok()
}

pub(super) fn list(json: &Json) -> anyhow::Result<&Vec<Json>> {
    json.as_array().context("unexpected list")
}

pub(super) fn text(json: &Json) -> anyhow::Result<String> {
    Ok(json.as_str().context("unexpected text")?.to_owned())
}

pub(super) fn integer(json: &Json) -> anyhow::Result<i64> {
    json.as_i64().context("unexpected integer")
}
