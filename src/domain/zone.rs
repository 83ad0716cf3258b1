//! The time zone that a schedule is read in.

use std::fmt;
use std::str::FromStr;

use chrono::{Local, Offset, TimeZone as _};
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::domain::time::UnixTime;

/// Where the wall clock hangs that a schedule follows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Zone {
    /// The machine's own zone; the environment variable `TZ` is honoured.
    #[default]
    Local,
    /// A zone of the IANA database, as this program was built with it. (Its tables are
    /// plain bytes. Tables of pointers, each of which the loader has to set whenever the
    /// program starts, took a third of the time of a short command.)
    Named(TimeZone),
}

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self::Named(TimeZone::UTC);

    /// Seconds that the wall clock is ahead of UTC at a moment; negative west
    /// of Greenwich. Nothing for a moment outside the calendar.
    pub fn offset_at(&self, moment: UnixTime) -> Option<i64> {
        let utc = moment.utc()?.naive_utc();
        let ahead = match self {
            Self::Local => Local.offset_from_utc_datetime(&utc).fix().local_minus_utc(),
            Self::Named(zone) => {
                // Its last day ends some hours before that of the calendar.
                let last = Timestamp::MAX.as_second();
                zone.to_offset(Timestamp::from_second(moment.0.min(last)).ok()?).seconds()
            }
        };
        Some(ahead.into())
    }

    /// Its name, as [`FromStr`] reads it.
    pub fn name(&self) -> &str {
        match self {
            Self::Local => "local",
            Self::Named(zone) => zone.iana_name().unwrap_or("UTC"),
        }
    }
}

/// A name that no time zone has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no time zone: write {}", .meant.as_deref().unwrap_or("local, or a name such as Europe/Berlin"))]
pub struct ZoneError {
    name: String,
    meant: Option<String>,
}

/// `local`, or a name of the IANA database in its exact spelling: the same
/// configuration has to work with every other program that reads such names.
impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(name: &str) -> Result<Self, ZoneError> {
        if name == "local" {
            return Ok(Self::Local);
        }
        let zone = TimeZoneDatabase::bundled().get(name).ok();
        zone.filter(|zone| zone.iana_name() == Some(name))
            .map(Self::Named)
            .ok_or_else(|| ZoneError { name: name.to_owned(), meant: meant_by(name) })
    }
}

/// The zone that a name nearly spells: in another letter case, with blanks,
/// or by its city alone.
fn meant_by(name: &str) -> Option<String> {
    let name = name.trim().replace(' ', "_");
    let zones = TimeZoneDatabase::bundled();
    let names = || {
        let all = zones.available().map(|zone| zone.as_str().to_owned());
        std::iter::once("local".to_owned()).chain(all)
    };
    let city = |zone: &String| zone.rsplit('/').next().map(str::to_owned);
    names()
        .find(|zone| zone.eq_ignore_ascii_case(&name))
        .or_else(|| names().find(|zone| city(zone).is_some_and(|c| c.eq_ignore_ascii_case(&name))))
}

/// The form that [`FromStr`] reads.
impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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
            assert_eq!(name.parse::<Zone>().unwrap_err().meant.as_deref(), meant, "{name}");
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
        for known in chrono_tz::TZ_VARIANTS {
            let zone: Zone = known.name().parse().unwrap();
            for moment in (80..110).map(|half_years| UnixTime(half_years * 15_778_800)) {
                let utc = moment.utc().unwrap().naive_utc();
                let expected = known.offset_from_utc_datetime(&utc).fix().local_minus_utc();
                assert_eq!(zone.offset_at(moment), Some(expected.into()), "{zone} {moment}");
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
