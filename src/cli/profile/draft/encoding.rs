//! An encoding in TOML.

use super::lines::{list, quoted};
use crate::domain::profile::draft::DraftZone;
use crate::domain::profile::{Decimals, Encoding, Separator, Storage, Unit, ZoneForm};

type Keys = Vec<(&'static str, String)>;

pub(super) fn keys(encoding: &Encoding, zone: DraftZone) -> Keys {
    match encoding {
        Encoding::Unix(unit, storage) => {
            let mut keys = named("unix");
            keys.push(("unit", quoted(unit_name(*unit))));
            keys.extend(storage_key(storage, Storage::Integer));
            keys
        }
        Encoding::Julian(storage) => numbers("julian", storage_key(storage, Storage::Real), zone),
        Encoding::Ticks(storage) => numbers("ticks", storage_key(storage, Storage::Integer), zone),
        Encoding::Text(form) => {
            let mut keys = named("text");
            let separator = match form.separator {
                Separator::Blank => " ",
                Separator::T => "T",
                Separator::Either => "either",
            };
            keys.push(("separator", quoted(separator)));
            keys.push(("decimals", decimals(&form.decimals)));
            keys.push(("zone", zone_form(&form.zone)));
            if has_none(&form.zone) {
                keys.push(("timezone", timezone(zone)));
            }
            keys
        }
        Encoding::Pattern(pattern, _) => {
            let mut keys = named("pattern");
            keys.push(("pattern", quoted(pattern)));
            if !Encoding::has_offset(pattern) {
                keys.push(("timezone", timezone(zone)));
            }
            keys
        }
        Encoding::Local(shown, _) => keys(shown, zone),
        Encoding::OneOf(forms) => {
            let form = |form: &Encoding| {
                let keys =
                    keys(form, zone).into_iter().map(|(key, value)| format!("{key} = {value}"));
                format!("\n    {{ {} }},", keys.collect::<Vec<_>>().join(", "))
            };
            vec![("forms", format!("[{}\n]", forms.iter().map(form).collect::<String>()))]
        }
    }
}

fn named(encoding: &str) -> Keys {
    vec![("encoding", quoted(encoding))]
}

fn numbers(encoding: &str, storage: Option<(&'static str, String)>, zone: DraftZone) -> Keys {
    let mut keys = named(encoding);
    keys.extend(storage);
    if zone == DraftZone::Parameter {
        keys.push(("timezone", timezone(zone)));
    }
    keys
}

fn timezone(zone: DraftZone) -> String {
    match zone {
        DraftZone::Parameter => "{ parameter = \"timezone\" }".to_owned(),
        DraftZone::Utc | DraftZone::Given => quoted("UTC"),
    }
}

fn storage_key(storage: &[Storage], default: Storage) -> Option<(&'static str, String)> {
    let name = |class: &Storage| {
        quoted(match class {
            Storage::Integer => "integer",
            Storage::Real => "real",
            Storage::Text => "text",
        })
    };
    (storage != [default]).then(|| ("storage", list(storage.iter().map(name))))
}

pub(super) const fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Days => "days",
        Unit::Hours => "hours",
        Unit::Minutes => "minutes",
        Unit::Seconds => "seconds",
        Unit::Milliseconds => "milliseconds",
        Unit::Microseconds => "microseconds",
        Unit::Ticks => "ticks",
        Unit::Nanoseconds => "nanoseconds",
    }
}

fn decimals(Decimals(numbers): &Decimals) -> String {
    match numbers[..] {
        [only] => only.to_string(),
        _ if numbers.len() > 9 => quoted("any"),
        _ => list(numbers.iter().map(u8::to_string)),
    }
}

fn zone_form(zone: &ZoneForm) -> String {
    match zone {
        ZoneForm::None(_) => quoted("none"),
        ZoneForm::Z => quoted("Z"),
        ZoneForm::Offset => quoted("offset"),
        ZoneForm::AnyOf(forms) => list(forms.iter().map(zone_form)),
    }
}

fn has_none(zone: &ZoneForm) -> bool {
    match zone {
        ZoneForm::None(_) => true,
        ZoneForm::Z | ZoneForm::Offset => false,
        ZoneForm::AnyOf(forms) => forms.iter().any(has_none),
    }
}
