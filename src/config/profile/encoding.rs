//! The encoding of a time, in `[times.NAME]` and in its forms.

use toml::de::DeValue;

use super::parameters::Parameters;
use crate::config::error::Result;
use crate::config::table::SettingsTable;
use crate::config::values::{choice, describe, integer, list, text, words};
use crate::domain::profile::{Decimals, Encoding, Separator, Storage, TextForm, Unit, ZoneForm};
use crate::domain::time_zone::{TimeZone, TimeZoneError};

type ReadEncoding = fn(&SettingsTable<'_>, &mut Parameters<'_>) -> Result<Encoding>;

const ENCODINGS: &[(&str, (&[&str], ReadEncoding))] = &[
    ("unix", (&["unit", "storage"], unix)),
    ("julian", (&["storage", "timezone"], julian)),
    ("ticks", (&["storage", "timezone"], ticks)),
    ("text", (&["separator", "decimals", "zone", "timezone"], text_form)),
    ("pattern", (&["pattern", "timezone"], pattern)),
];

/// The keys of a form, of which each encoding has some.
pub(super) const FORM_KEYS: &[&str] =
    &["encoding", "unit", "storage", "separator", "decimals", "zone", "timezone", "pattern"];

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ZoneSuffix {
    None,
    Z,
    Offset,
}

const ZONE_SUFFIXES: &[(&str, &[ZoneSuffix])] = &[
    ("none", &[ZoneSuffix::None]),
    ("Z", &[ZoneSuffix::Z]),
    ("offset", &[ZoneSuffix::Offset]),
    ("either", &[ZoneSuffix::Z, ZoneSuffix::Offset]),
];

const STORAGE_CLASSES: &[(&str, Storage)] =
    &[("integer", Storage::Integer), ("real", Storage::Real), ("text", Storage::Text)];

const SEPARATORS: &[(&str, Separator)] =
    &[(" ", Separator::Blank), ("T", Separator::T), ("either", Separator::Either)];

const UNITS: &[(&str, Unit)] = &[
    ("minutes", Unit::Minutes),
    ("seconds", Unit::Seconds),
    ("milliseconds", Unit::Milliseconds),
    ("microseconds", Unit::Microseconds),
    ("nanoseconds", Unit::Nanoseconds),
];

/// Reads an encoding of one form or of several.
pub(super) fn read(table: &SettingsTable<'_>, parameters: &mut Parameters<'_>) -> Result<Encoding> {
    if !table.has("forms") {
        return form(table, parameters);
    }
    for key in FORM_KEYS {
        table.reject(key, "must be set in each form instead")?;
    }
    let mut forms: Vec<Encoding> = Vec::new();
    for table in table.array("forms", "[{ encoding = \"unix\", unit = \"seconds\" }]")? {
        table.allow_only(FORM_KEYS)?;
        let form = form(&table, parameters)?;
        let classes = form.classes();
        if forms.iter().flat_map(Encoding::classes).any(|known| classes.contains(&known)) {
            let message = "overlaps with another form: each storage class (integer, real, text) \
                           can belong to only one form";
            return Err(table.error("encoding", message));
        }
        forms.push(form);
    }
    match forms.len() {
        0 => Err(table.error("forms", "must have at least one form")),
        1 => Ok(forms.remove(0)),
        _ => Ok(Encoding::OneOf(forms)),
    }
}

fn form(table: &SettingsTable<'_>, parameters: &mut Parameters<'_>) -> Result<Encoding> {
    let (keys, read) = required_choice(table, "encoding", ENCODINGS)?;
    for key in FORM_KEYS.iter().filter(|key| !keys.contains(key) && **key != "encoding") {
        let allowed = keys.join(", ");
        table.reject(key, &format!("has no effect with this encoding; allowed keys: {allowed}"))?;
    }
    read(table, parameters)
}

fn required_choice<T: Clone>(
    table: &SettingsTable<'_>,
    key: &str,
    known: &[(&str, T)],
) -> Result<T> {
    table.required(key, &format!("one of {}", words(known)), choice(key, known))
}

fn unix(table: &SettingsTable<'_>, _: &mut Parameters<'_>) -> Result<Encoding> {
    Ok(Encoding::Unix(required_choice(table, "unit", UNITS)?, storage(table, Storage::Integer)?))
}

fn julian(table: &SettingsTable<'_>, parameters: &mut Parameters<'_>) -> Result<Encoding> {
    localized(Encoding::Julian(storage(table, Storage::Real)?), table, parameters)
}

fn ticks(table: &SettingsTable<'_>, parameters: &mut Parameters<'_>) -> Result<Encoding> {
    localized(Encoding::Ticks(storage(table, Storage::Integer)?), table, parameters)
}

/// The encoding of numbers that count local time, if there is a time zone.
fn localized(
    encoding: Encoding,
    table: &SettingsTable<'_>,
    parameters: &mut Parameters<'_>,
) -> Result<Encoding> {
    if !table.has("timezone") {
        return Ok(encoding);
    }
    Ok(Encoding::Local(Box::new(encoding), timezone(table, parameters)?))
}

fn storage(table: &SettingsTable<'_>, default: Storage) -> Result<Vec<Storage>> {
    let class = choice("storage class", STORAGE_CLASSES);
    let classes = table.optional("storage", |value| list(value, "[\"integer\"]", class))?;
    Ok(classes.unwrap_or_else(|| vec![default]))
}

fn text_form(table: &SettingsTable<'_>, parameters: &mut Parameters<'_>) -> Result<Encoding> {
    let separator = required_choice(table, "separator", SEPARATORS)?;
    let what = "a number, an array like [0, 6], or \"any\"";
    let decimals = table.required("decimals", what, decimals)?;
    Ok(Encoding::Text(TextForm { separator, decimals, zone: zone_form(table, parameters)? }))
}

fn zone_form(table: &SettingsTable<'_>, parameters: &mut Parameters<'_>) -> Result<ZoneForm> {
    let what = format!("one of {}, or an array of them", words(ZONE_SUFFIXES));
    let suffixes = table.required("zone", &what, zone_suffixes)?;
    if !suffixes.contains(&ZoneSuffix::None) {
        let message = "is only allowed with zone = \"none\": these times have their own zone";
        table.reject("timezone", message)?;
    }
    let form = |suffix: &ZoneSuffix| {
        Ok(match suffix {
            ZoneSuffix::None => ZoneForm::None(timezone(table, parameters)?),
            ZoneSuffix::Z => ZoneForm::Z,
            ZoneSuffix::Offset => ZoneForm::Offset,
        })
    };
    let mut forms: Vec<ZoneForm> = suffixes.iter().map(form).collect::<Result<_>>()?;
    Ok(if forms.len() == 1 { forms.remove(0) } else { ZoneForm::AnyOf(forms) })
}

fn zone_suffixes(value: &DeValue<'_>) -> Result<Vec<ZoneSuffix>, String> {
    let one = choice("zone form", ZONE_SUFFIXES);
    if !value.is_array() {
        return one(value).map(<[_]>::to_vec);
    }
    let mut suffixes: Vec<ZoneSuffix> = list(value, "[\"none\", \"Z\"]", one)?.concat();
    let count = suffixes.len();
    suffixes.sort_unstable();
    suffixes.dedup();
    if suffixes.len() == count {
        Ok(suffixes)
    } else {
        Err("must not have the same form twice".to_owned())
    }
}

fn timezone(table: &SettingsTable<'_>, parameters: &mut Parameters<'_>) -> Result<TimeZone> {
    if !table.has("timezone") {
        let what = "\"UTC\", \"local\", a name such as \"Europe/Berlin\", \
                    or { parameter = \"timezone\" }";
        return Err(table.missing("timezone", what));
    }
    let zone = |text: &str| text.parse().map_err(|e: TimeZoneError| e.to_string());
    Ok(parameters.value(table, "timezone", zone)?.unwrap_or(TimeZone::UTC))
}

fn pattern(table: &SettingsTable<'_>, parameters: &mut Parameters<'_>) -> Result<Encoding> {
    let complete = |value: &DeValue<'_>| match text(value)? {
        pattern if Encoding::is_complete(pattern) => Ok(pattern.to_owned()),
        pattern => Err(format!("{pattern:?} needs a full date, and either no time or a full one")),
    };
    let what = "a strftime pattern, like \"%Y%m%d%H%M%S\"";
    let pattern = table.required("pattern", what, complete)?;
    let zone = if Encoding::has_offset(&pattern) {
        table.reject("timezone", "is only allowed with a pattern without an offset")?;
        TimeZone::UTC
    } else {
        timezone(table, parameters)?
    };
    Ok(Encoding::Pattern(pattern, zone))
}

fn decimals(value: &DeValue<'_>) -> Result<Decimals, String> {
    let number = |value: &DeValue<'_>| {
        let number = u8::try_from(integer(value)?).ok().filter(|number| *number <= 9);
        number.ok_or_else(|| "must be a number from 0 to 9".to_owned())
    };
    match value {
        DeValue::String(word) if word == "any" => Ok(Decimals((0..=9).collect())),
        DeValue::Integer(_) => Ok(Decimals(vec![number(value)?])),
        DeValue::Array(_) => list(value, "[0, 6]", number).map(Decimals),
        _ => {
            let found = describe(value);
            Err(format!("must be a number, an array like [0, 6], or \"any\", not {found}"))
        }
    }
}
