//! How times are written: the encodings of `[times.NAME]`.

use toml::de::DeValue;

use super::parameters::Parameters;
use super::reader::Reader;
use super::section::Section;
use crate::config::page::Read;
use crate::config::values::{choice, kind, list, text, whole};
use crate::domain::profile::{Decimals, Encoding, Separator, Storage, TextForm, Unit, ZoneForm};
use crate::domain::time_zone::{TimeZone, TimeZoneError};

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

/// The keys of a form.
const FORM_KEYS: &[&str] =
    &["encoding", "unit", "storage", "separator", "decimals", "zone", "timezone", "pattern"];

/// What stands behind a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    None,
    Z,
    Offset,
}

const MARKS: &[(&str, &[Mark])] = &[
    ("none", &[Mark::None]),
    ("Z", &[Mark::Z]),
    ("offset", &[Mark::Offset]),
    ("either", &[Mark::Z, Mark::Offset]),
];

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

impl Reader<'_> {
    /// How a time is written, in one form or in several.
    pub(super) fn encodings(&self, section: &Section<'_, '_>) -> Read<Encoding> {
        if !section.has("forms") {
            return self.encoding(section);
        }
        for key in FORM_KEYS {
            section.refuse(key, "stands within forms, where there are several")?;
        }
        let mut forms: Vec<Encoding> = Vec::new();
        for form in section.list("forms", "[{ encoding = \"unix\", unit = \"seconds\" }]")? {
            form.knows(FORM_KEYS)?;
            let encoding = self.encoding(&form)?;
            let classes = encoding.classes();
            if forms.iter().flat_map(Encoding::classes).any(|known| classes.contains(&known)) {
                let what = "reads values of a class that another form reads, too: each class of \
                            integer, real, text belongs to one";
                return Err(form.fault("encoding", what));
            }
            forms.push(encoding);
        }
        match forms.len() {
            0 => Err(section.fault("forms", "wants at least one form")),
            1 => Ok(forms.remove(0)),
            _ => Ok(Encoding::OneOf(forms)),
        }
    }

    fn encoding(&self, section: &Section<'_, '_>) -> Read<Encoding> {
        let what = "it is one of unix, julian, ticks, text, pattern";
        let way = section.required("encoding", what, |value| choice(value, "encoding", WAYS))?;
        let others = FORM_KEYS.iter().filter(|key| **key != "encoding");
        for key in others.filter(|key| !way.keys().contains(key)) {
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
        Ok(Encoding::Local(Box::new(encoding), zone))
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
    let what = "it is one of none, Z, offset, either, or a list of them";
    let marks = section.required("zone", what, marks)?;
    if !marks.contains(&Mark::None) {
        section.refuse("timezone", "goes with zone = \"none\": here each value says its own")?;
    }
    let form = |mark: &Mark| {
        Ok(match mark {
            Mark::None => ZoneForm::None(timezone(section, parameters)?),
            Mark::Z => ZoneForm::Z,
            Mark::Offset => ZoneForm::Offset,
        })
    };
    let mut forms: Vec<ZoneForm> = marks.iter().map(form).collect::<Read<_>>()?;
    Ok(if forms.len() == 1 { forms.remove(0) } else { ZoneForm::AnyOf(forms) })
}

/// What the times of a column have at their ends.
fn marks(value: &DeValue<'_>) -> Result<Vec<Mark>, String> {
    let one = |value: &DeValue<'_>| choice(value, "form of a zone", MARKS);
    if !value.is_array() {
        return one(value).map(<[Mark]>::to_vec);
    }
    let mut marks: Vec<Mark> = list(value, "[\"none\", \"Z\"]", one)?.concat();
    let named = marks.len();
    marks.sort_unstable();
    marks.dedup();
    if marks.len() == named { Ok(marks) } else { Err("names one of them twice".to_owned()) }
}

fn timezone(section: &Section<'_, '_>, parameters: &Parameters<'_>) -> Read<TimeZone> {
    if !section.has("timezone") {
        let what = "is missing: it is \"UTC\", \"local\", a name such as \"Europe/Berlin\", \
                    or { parameter = \"timezone\" }";
        return Err(section.fault("timezone", what));
    }
    let zone = |text: &str| text.parse().map_err(|e: TimeZoneError| e.to_string());
    Ok(parameters.value(section, "timezone", zone)?.unwrap_or(TimeZone::UTC))
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
        TimeZone::UTC
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
