//! The time zone that a schedule is read in.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use chrono::{Local, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;

use crate::domain::time::UnixTime;

/// Where the wall clock hangs that a schedule follows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Zone {
    /// The machine's own zone; the environment variable `TZ` is honoured.
    #[default]
    Local,
    /// A zone of the IANA database, as this program was built with it.
    Named(Tz),
}

impl Zone {
    /// Seconds that the wall clock is ahead of UTC at a moment; negative west
    /// of Greenwich. Nothing for a moment outside the calendar.
    pub fn offset_at(&self, moment: UnixTime) -> Option<i64> {
        let utc = moment.utc()?.naive_utc();
        let ahead = match self {
            Self::Local => Local.offset_from_utc_datetime(&utc).fix().local_minus_utc(),
            Self::Named(zone) => ahead(*zone, moment)?,
        };
        Some(ahead.into())
    }
}

/// The offsets of the zones. Those of `chrono_tz` are tables full of pointers, each of
/// which the loader would have to set whenever the program starts: a third of the time
/// of a short command.
static OFFSETS: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

fn ahead(zone: Tz, moment: UnixTime) -> Option<i32> {
    // Its last day ends some hours before that of the calendar.
    let moment = Timestamp::from_second(moment.0.min(Timestamp::MAX.as_second())).ok()?;
    Some(OFFSETS.get(zone.name()).ok()?.to_offset(moment).seconds())
}

/// A name that no time zone has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no time zone: write {}", .meant.unwrap_or("local, or a name such as Europe/Berlin"))]
pub struct ZoneError {
    name: String,
    meant: Option<&'static str>,
}

/// `local`, or a name of the IANA database in its exact spelling: the same
/// configuration has to work with every other program that reads such names.
impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(name: &str) -> Result<Self, ZoneError> {
        if name == "local" {
            return Ok(Self::Local);
        }
        name.parse()
            .map(Self::Named)
            .map_err(|_| ZoneError { name: name.to_owned(), meant: meant_by(name) })
    }
}

/// The zone that a name nearly spells: in another letter case, with blanks,
/// or by its city alone.
fn meant_by(name: &str) -> Option<&'static str> {
    let name = name.trim().replace(' ', "_");
    let names = || std::iter::once("local").chain(TZ_VARIANTS.iter().map(|zone| zone.name()));
    let city = |zone: &str| zone.rsplit('/').next().map(str::to_owned);
    names()
        .find(|zone| zone.eq_ignore_ascii_case(&name))
        .or_else(|| names().find(|zone| city(zone).is_some_and(|c| c.eq_ignore_ascii_case(&name))))
}

/// The form that [`FromStr`] reads.
impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Named(zone) => zone.name(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedule_zones_are_spelled_exactly() {
        for name in ["local", "UTC", "Europe/Berlin", "Australia/Lord_Howe"] {
            assert_eq!(name.parse::<Zone>().unwrap().to_string(), name);
        }
        for (name, meant) in [
            ("europe/berlin", Some("Europe/Berlin")),
            ("Berlin", Some("Europe/Berlin")),
            ("america/new york", Some("America/New_York")),
            ("Local", Some("local")),
            ("utc", Some("UTC")),
            ("CEST", None),
            ("", None),
            ("+02:00", None),
        ] {
            assert_eq!(name.parse::<Zone>().unwrap_err().meant, meant, "{name}");
        }
        insta::assert_snapshot!(
            "berlin\n".parse::<Zone>().unwrap_err(),
            @r#""berlin\n" is no time zone: write Europe/Berlin"#
        );
        insta::assert_snapshot!(
            "CEST".parse::<Zone>().unwrap_err(),
            @r#""CEST" is no time zone: write local, or a name such as Europe/Berlin"#
        );
    }

    #[test]
    fn schedule_zones_have_the_offsets_of_their_names() {
        // From 2010 to 2024: of other years one of the two may have learnt more than the
        // other.
        for zone in TZ_VARIANTS {
            for moment in (80..110).map(|half_years| UnixTime(half_years * 15_778_800)) {
                let utc = moment.utc().unwrap().naive_utc();
                let expected = zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
                assert_eq!(ahead(zone, moment), Some(expected), "{zone} {moment}");
            }
        }
    }

    #[test]
    fn schedule_zones_know_their_offset() {
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        assert_eq!(berlin.offset_at(UnixTime(1_774_745_999)), Some(3_600));
        assert_eq!(berlin.offset_at(UnixTime(1_774_746_000)), Some(7_200));
        for zone in [berlin, Zone::Local] {
            assert_eq!(zone.offset_at(UnixTime(i64::MAX)), None);
            assert!(zone.offset_at(UnixTime::MAX).is_some());
        }
    }
}
