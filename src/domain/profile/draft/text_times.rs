//! Finding how texts write times.

use std::collections::BTreeSet;

use crate::domain::profile::encoding::{
    Decimals, DecodedTime, Encoding, Separator, TextForm, ZoneForm,
};
use crate::domain::profile::timestamp::Timestamp;
use crate::domain::profile::value::SqlValueRef;
use crate::domain::time_zone::TimeZone;

/// Patterns that programs use, the more exact ones first.
const PATTERNS: &[&str] = &[
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "%Y%m%d",
    "%Y%m%dT%H%M%SZ",
    "%Y-%m-%d %H:%M:%S%.f %z %Z",
    "%Y-%m-%d %H:%M:%S,%3f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%MZ",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S%.f",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y, %H:%M:%S",
    "%d.%m.%Y, %H:%M",
    "%d.%m.%Y",
    "%d.%m.%y %H:%M:%S",
    "%d.%m.%y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y, %H:%M:%S",
    "%m/%d/%Y, %H:%M:%S",
    "%m/%d/%Y, %I:%M:%S %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d/%m/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%a, %d-%b-%Y %H:%M:%S GMT",
    "%d %b %Y %H:%M:%S",
    "%a %b %d %H:%M:%S %z %Y",
    "%a %b %d %H:%M:%S %Y",
    "%b %d, %Y %H:%M:%S",
    "%H:%M:%S %d.%m.%Y",
    "%H:%M %d.%m.%Y",
];

/// Pairs of patterns of which only one can be right: the day or the month may come first.
const SWAPPED: &[(&str, &str)] = &[("%d/%m/", "%m/%d/")];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Zone {
    None,
    Z,
    Offset,
}

/// Parts of a text that is a date, a separator, a time of day, decimals and a zone.
struct Parts {
    has_t: bool,
    decimals: u8,
    zone: Zone,
}

#[derive(Debug, Clone)]
pub(super) struct TextTimes {
    pub(super) encoding: Encoding,
    /// Set if the texts have no zone and are read as UTC here.
    pub(super) is_zoneless: bool,
    /// Other pattern by which all of them could be read, too.
    pub(super) alternative: Option<&'static str>,
}

/// Finds the encoding that reads most of these texts; `near` is a time that they are compared
/// with if the day or the month may come first.
pub(super) fn find(texts: &[&str], near: Timestamp) -> Option<TextTimes> {
    let forms: Vec<Parts> = texts.iter().filter_map(|text| parts(text)).collect();
    let readable = |pattern: &&str| {
        let encoding = Encoding::Pattern((*pattern).to_owned(), TimeZone::UTC);
        texts.iter().filter(|text| read(&encoding, text).is_some()).count()
    };
    // Not the last of several with the same number, as `max_by_key` would have it.
    let best =
        PATTERNS.iter().rev().map(|pattern| (readable(pattern), *pattern)).max_by_key(|it| it.0);
    match best.filter(|(count, _)| *count > forms.len()) {
        Some((count, pattern)) => Some(by_pattern(texts, pattern, count, near)),
        None if forms.is_empty() => None,
        None => Some(by_form(&forms)),
    }
}

fn by_pattern(texts: &[&str], pattern: &'static str, count: usize, near: Timestamp) -> TextTimes {
    let encoding = |pattern: &str| Encoding::Pattern(pattern.to_owned(), TimeZone::UTC);
    let newest =
        |pattern: &str| texts.iter().filter_map(|text| read(&encoding(pattern), text)).max();
    let all =
        |pattern: &str| texts.iter().filter_map(|text| read(&encoding(pattern), text)).count();
    let other = SWAPPED.iter().find_map(|(day, month)| {
        let other = pattern.replace(day, month);
        PATTERNS.iter().find(|known| **known != pattern && **known == other).copied()
    });
    let other = other.filter(|other| all(other) == count);
    let distance = |pattern: &str| newest(pattern).map(|newest| (newest.0 - near.0).abs());
    let (chosen, alternative) = match other {
        Some(other) if distance(other) < distance(pattern) => (other, Some(pattern)),
        other => (pattern, other),
    };
    let is_fixed = chosen.ends_with('Z') && !chosen.contains("%Z") || chosen.ends_with("GMT");
    let is_zoneless = !Encoding::has_offset(chosen) && !is_fixed;
    TextTimes { encoding: encoding(chosen), is_zoneless, alternative }
}

fn by_form(forms: &[Parts]) -> TextTimes {
    let separators: BTreeSet<bool> = forms.iter().map(|parts| parts.has_t).collect();
    let separator = match (separators.contains(&false), separators.contains(&true)) {
        (true, true) => Separator::Either,
        (false, true) => Separator::T,
        _ => Separator::Blank,
    };
    let decimals: BTreeSet<u8> = forms.iter().map(|parts| parts.decimals).collect();
    let zones: BTreeSet<Zone> = forms.iter().map(|parts| parts.zone).collect();
    let is_zoneless = zones.contains(&Zone::None);
    let zone = |zone: &Zone| match zone {
        Zone::None => ZoneForm::None(TimeZone::UTC),
        Zone::Z => ZoneForm::Z,
        Zone::Offset => ZoneForm::Offset,
    };
    let mut zones: Vec<ZoneForm> = zones.iter().map(zone).collect();
    let zone = if zones.len() == 1 { zones.remove(0) } else { ZoneForm::AnyOf(zones) };
    let form = TextForm { separator, decimals: usual_decimals(&decimals), zone };
    TextTimes { encoding: Encoding::Text(form), is_zoneless, alternative: None }
}

/// Numbers of decimals that a program writes if it has written these. Those that write six
/// leave them out at the full second, and those that write nine drop zeros at the end.
fn usual_decimals(seen: &BTreeSet<u8>) -> Decimals {
    match seen.iter().copied().collect::<Vec<u8>>()[..] {
        [only @ (0 | 3)] => Decimals(vec![only]),
        [6] | [0, 6] => Decimals(vec![0, 6]),
        _ => Decimals((0..=9).collect()),
    }
}

fn any_form() -> Encoding {
    Encoding::Text(TextForm {
        separator: Separator::Either,
        decimals: Decimals((0..=9).collect()),
        zone: ZoneForm::AnyOf(vec![ZoneForm::None(TimeZone::UTC), ZoneForm::Z, ZoneForm::Offset]),
    })
}

/// Encoding for texts that nobody has seen yet.
pub(super) fn unseen() -> TextTimes {
    TextTimes { encoding: any_form(), is_zoneless: true, alternative: None }
}

fn parts(text: &str) -> Option<Parts> {
    read(&any_form(), text)?;
    let rest = text.get(19..)?;
    let fraction = rest.strip_prefix('.').unwrap_or_default();
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let suffix = if digits == 0 { rest } else { &fraction[digits..] };
    let zone = match suffix {
        "" => Zone::None,
        "Z" => Zone::Z,
        _ => Zone::Offset,
    };
    Some(Parts {
        has_t: text.as_bytes().get(10) == Some(&b'T'),
        decimals: u8::try_from(digits).ok()?,
        zone,
    })
}

pub(super) fn read(encoding: &Encoding, text: &str) -> Option<Timestamp> {
    match encoding.read(SqlValueRef::Text(text.as_bytes())) {
        DecodedTime::At(moment) => Some(moment),
        _ => None,
    }
}
