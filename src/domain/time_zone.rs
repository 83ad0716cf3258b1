//! The time zone that a schedule is read in.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::{self, TimeZoneDatabase};

use crate::domain::time::UnixTime;

/// Start of the rules that identify a zone: 2025. Earlier ones do not matter to a schedule.
const MODERN: Timestamp = Timestamp::constant(1_735_689_600, 0);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TimeZone {
    /// The machine's own zone, as a configuration names it. It has no offset until it is
    /// [resolved](Self::or_machine): the domain does not read the state of the machine.
    #[default]
    Local,
    /// The machine's own zone, resolved.
    Machine(LocalZone),
    /// A zone of the IANA database, as this program was built with it.
    Named(tz::TimeZone),
}

/// The zone of a machine: its rules, and what tells it from other zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalZone {
    rules: tz::TimeZone,
    id: String,
}

impl TimeZone {
    pub const UTC: Self = Self::Named(tz::TimeZone::UTC);

    /// The machine's own zone, by its rules and by a text that another zone does not
    /// have: a name of the IANA database where it has one.
    pub fn machine(rules: tz::TimeZone, id: impl Into<String>) -> Self {
        Self::Machine(LocalZone { rules, id: id.into() })
    }

    /// Resolves [`Local`](Self::Local); `machine` is called for no other zone.
    pub fn or_machine<E>(&self, machine: impl FnOnce() -> Result<Self, E>) -> Result<Self, E> {
        if *self == Self::Local { machine() } else { Ok(self.clone()) }
    }

    /// Seconds that the wall clock is ahead of UTC at a moment; negative west of Greenwich. Nothing
    /// for a moment outside the calendar, nor for a local zone that has not been resolved.
    pub fn offset_at(&self, moment: UnixTime) -> Option<i64> {
        moment.utc()?;
        // Its last day ends some hours before that of the calendar.
        let last = Timestamp::MAX.as_second();
        let moment = Timestamp::from_second(moment.0.min(last)).ok()?;
        Some(self.rules()?.to_offset(moment).seconds().into())
    }

    fn rules(&self) -> Option<&tz::TimeZone> {
        match self {
            Self::Local => None,
            Self::Named(rules) | Self::Machine(LocalZone { rules, .. }) => Some(rules),
        }
    }

    /// Name that [`FromStr`] reads.
    pub fn name(&self) -> &str {
        match self {
            Self::Local | Self::Machine(_) => "local",
            Self::Named(zone) => zone.iana_name().unwrap_or("UTC"),
        }
    }

    /// A text that is the same for two zones only if schedules have the same times in
    /// both, whatever the configuration calls them. Zones whose clocks are never changed
    /// are identified by their offset, as most of these have many names.
    pub fn identity(&self) -> String {
        let Some(rules) = self.rules() else { return self.name().to_owned() };
        if rules.following(MODERN).next().is_none() {
            return format!("UTC{}", rules.to_offset(MODERN));
        }
        match self {
            Self::Machine(machine) => machine.id.clone(),
            _ => self.name().to_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a valid time zone: {}", self.advice())]
pub struct TimeZoneError {
    name: String,
    pub meant: Option<String>,
}

impl TimeZoneError {
    fn advice(&self) -> String {
        self.meant.as_ref().map_or_else(
            || "use local or a name such as Europe/Berlin".to_owned(),
            |meant| format!("did you mean {meant}?"),
        )
    }
}

/// `local`, or a name of the IANA database in its exact spelling: the same
/// configuration has to work with every other program that reads such names.
impl FromStr for TimeZone {
    type Err = TimeZoneError;

    fn from_str(name: &str) -> Result<Self, TimeZoneError> {
        if name == "local" {
            return Ok(Self::Local);
        }
        let zone = TimeZoneDatabase::bundled().get(name).ok();
        zone.filter(|zone| zone.iana_name() == Some(name))
            .map(Self::Named)
            .ok_or_else(|| TimeZoneError { name: name.to_owned(), meant: matching(name) })
    }
}

/// The zone that a name nearly spells: in another letter case, with blanks, or by its city alone.
fn matching(name: &str) -> Option<String> {
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
impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
