//! The times of a profile: `[times.NAME]`.

use toml::de::DeValue;

use super::parameters::Parameters;
use super::reader::Reader;
use super::section::Section;
use crate::config::page::Read;
use crate::config::values::{choice, kind, list, text, whole};
use crate::domain::profile::{
    Datum, Decimals, Encoding, Nullness, Separator, Storage, TextForm, TimeColumn, Unit, ZoneForm,
};
use crate::domain::zone::{Zone, ZoneError};

const KEYS: &[&str] = &[
    "column",
    "path",
    "encoding",
    "unit",
    "storage",
    "separator",
    "decimals",
    "zone",
    "timezone",
    "pattern",
    "null",
    "never",
    "over",
];

/// The ways to write a time, and the keys that say more of each.
#[derive(Clone, Copy)]
enum Way {
    Unix,
    Julian,
    Ticks,
    Text,
    Pattern,
}

const WAYS: &[(&str, Way)] = &[
    ("unix", Way::Unix),
    ("julian", Way::Julian),
    ("ticks", Way::Ticks),
    ("text", Way::Text),
    ("pattern", Way::Pattern),
];

impl Way {
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Unix => &["unit", "storage"],
            Self::Julian | Self::Ticks => &["storage", "timezone"],
            Self::Text => &["separator", "decimals", "zone", "timezone"],
            Self::Pattern => &["pattern", "timezone"],
        }
    }
}

const ENCODING_KEYS: &[&str] =
    &["unit", "storage", "separator", "decimals", "zone", "timezone", "pattern"];

const CLASSES: &[(&str, Storage)] =
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

const NULLS: &[(&str, Nullness)] = &[("expired", Nullness::Expired), ("never", Nullness::Never)];

impl Reader<'_> {
    pub(super) fn times(&mut self, top: &Section<'_, '_>) -> Read<()> {
        let Some(all) = top.section("times")? else {
            return Ok(());
        };
        for (name, section) in all.sections()? {
            let time = self.time_column(&name, &section)?;
            self.times.push((name, time));
        }
        Ok(())
    }

    /// The time that a key names.
    pub(super) fn time(&self, value: &DeValue<'_>) -> Result<usize, String> {
        let name = text(value)?;
        self.times.iter().position(|(known, _)| known == name).ok_or_else(|| {
            format!("{name:?} is no time: write [times.{name}] and say how it is encoded")
        })
    }

    fn time_column(&mut self, name: &str, section: &Section<'_, '_>) -> Read<TimeColumn> {
        section.knows(KEYS)?;
        let source = self.columns.source(section, Some(name))?;
        let encoding = self.encoding(section)?;
        let null = section.optional("null", |value| choice(value, "meaning of NULL", NULLS))?;
        let never = section.optional("never", data)?.unwrap_or_default();
        let over = section.optional("over", data)?.unwrap_or_default();
        if over.iter().any(|value| never.iter().any(|known| known.is_same(value.raw()))) {
            return Err(section.fault("over", "has a value that never has, too: it means one"));
        }
        Ok(TimeColumn { input: self.input(source), encoding, null, never, over })
    }

    fn encoding(&self, section: &Section<'_, '_>) -> Read<Encoding> {
        let what = "it is one of unix, julian, ticks, text, pattern";
        let way = section.required("encoding", what, |value| choice(value, "encoding", WAYS))?;
        for key in ENCODING_KEYS.iter().filter(|key| !way.keys().contains(key)) {
            let what =
                format!("says nothing here: beside this encoding stand {}", way.keys().join(", "));
            section.refuse(key, &what)?;
        }
        let storage = |otherwise| storage(section, otherwise);
        Ok(match way {
            Way::Unix => {
                let what = "it is one of minutes, seconds, milliseconds, microseconds, nanoseconds";
                let unit = section.required("unit", what, |value| choice(value, "unit", UNITS))?;
                Encoding::Unix(unit, storage(Storage::Integer)?)
            }
            Way::Julian => self.shifted(Encoding::Julian(storage(Storage::Real)?), section)?,
            Way::Ticks => self.shifted(Encoding::Ticks(storage(Storage::Integer)?), section)?,
            Way::Text => Encoding::Text(text_form(section, &self.parameters)?),
            Way::Pattern => pattern(section, &self.parameters)?,
        })
    }

    /// Numbers that count what a wall clock has shown.
    fn shifted(&self, encoding: Encoding, section: &Section<'_, '_>) -> Read<Encoding> {
        if !section.has("timezone") {
            return Ok(encoding);
        }
        let zone = timezone(section, &self.parameters)?;
        Ok(Encoding::Wall(Box::new(encoding), zone))
    }
}

fn storage(section: &Section<'_, '_>, otherwise: Storage) -> Read<Vec<Storage>> {
    let class = |value: &DeValue<'_>| choice(value, "class of values", CLASSES);
    let classes = section.optional("storage", |value| list(value, "[\"integer\"]", class))?;
    Ok(classes.unwrap_or_else(|| vec![otherwise]))
}

fn text_form(section: &Section<'_, '_>, parameters: &Parameters<'_>) -> Read<TextForm> {
    let what = "it is \" \", \"T\" or \"either\"";
    let separator =
        section.required("separator", what, |value| choice(value, "separator", SEPARATORS))?;
    let what = "it is a number, a list of them like [0, 6], or \"any\"";
    let decimals = section.required("decimals", what, decimals)?;
    Ok(TextForm { separator, decimals, zone: zone_form(section, parameters)? })
}

fn zone_form(section: &Section<'_, '_>, parameters: &Parameters<'_>) -> Read<ZoneForm> {
    let forms = &[
        ("none", None),
        ("Z", Some(ZoneForm::Z)),
        ("offset", Some(ZoneForm::Offset)),
        ("either", Some(ZoneForm::Either)),
    ];
    let what = "it is one of none, Z, offset, either";
    match section.required("zone", what, |value| choice(value, "form of a zone", forms))? {
        None => Ok(ZoneForm::None(timezone(section, parameters)?)),
        Some(form) => {
            section
                .refuse("timezone", "goes with zone = \"none\": here each value says its own")?;
            Ok(form)
        }
    }
}

fn timezone(section: &Section<'_, '_>, parameters: &Parameters<'_>) -> Read<Zone> {
    if !section.has("timezone") {
        let what = "is missing: it is \"UTC\", \"local\", a name such as \"Europe/Berlin\", \
                    or { parameter = \"timezone\" }";
        return Err(section.fault("timezone", what));
    }
    let zone = |text: &str| text.parse().map_err(|e: ZoneError| e.to_string());
    Ok(parameters.value(section, "timezone", zone)?.unwrap_or(Zone::UTC))
}

fn pattern(section: &Section<'_, '_>, parameters: &Parameters<'_>) -> Read<Encoding> {
    let complete = |value: &DeValue<'_>| {
        let pattern = text(value)?;
        if Encoding::is_complete(pattern) {
            Ok(pattern.to_owned())
        } else {
            Err(format!("{pattern:?} does not say a day, or only a part of a time"))
        }
    };
    let what = "it is one of strftime, like \"%Y%m%d%H%M%S\"";
    let pattern = section.required("pattern", what, complete)?;
    let zone = if Encoding::has_offset(&pattern) {
        section.refuse("timezone", "goes with a pattern without an offset")?;
        Zone::UTC
    } else {
        timezone(section, parameters)?
    };
    Ok(Encoding::Pattern(pattern, zone))
}

fn decimals(value: &DeValue<'_>) -> Result<Decimals, String> {
    let number = |value: &DeValue<'_>| {
        let number = u8::try_from(whole(value)?).ok().filter(|number| *number <= 9);
        number.ok_or_else(|| "wants numbers from 0 to 9".to_owned())
    };
    match value {
        DeValue::String(word) if word == "any" => Ok(Decimals((0..=9).collect())),
        DeValue::Integer(_) => Ok(Decimals(vec![number(value)?])),
        DeValue::Array(_) => list(value, "[0, 6]", number).map(Decimals),
        _ => Err(format!("wants a number, a list like [0, 6], or \"any\", not {}", kind(value))),
    }
}

/// Values as a row holds them.
pub(super) fn data(value: &DeValue<'_>) -> Result<Vec<Datum>, String> {
    list(value, "[-1]", datum)
}

pub(super) fn datum(value: &DeValue<'_>) -> Result<Datum, String> {
    match value {
        DeValue::Integer(_) => whole(value).map(Datum::Integer),
        DeValue::String(text) => Ok(Datum::Text(text.clone().into_owned())),
        // SQLite has no class of its own for these.
        DeValue::Boolean(is_true) => Ok(Datum::Integer((*is_true).into())),
        DeValue::Float(number) => {
            let number = number.as_str().parse().map(Datum::Real);
            number.map_err(|_| "wants a number that SQLite can hold".to_owned())
        }
        _ => Err(format!("wants a number or text, not {}", kind(value))),
    }
}
