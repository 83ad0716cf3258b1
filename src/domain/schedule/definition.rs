//! The times of a week at which a job runs.

use super::field::{Field, Values, WEEKDAYS};
use super::parse::{FieldSyntax, FieldToken, SpannedError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub(super) minutes: Values,
    pub(super) hours: Hours,
    pub(super) weekdays: Values,
    /// Equivalent expression for the cron crate.
    pub(super) cron: cron::Schedule,
}

/// The hours of a schedule. Those of a bare star are not merely all of them:
/// they follow the wall clock through the changes of daylight saving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hours {
    Every,
    At(Values),
}

impl Hours {
    pub(super) fn parse(field: FieldToken<'_>) -> Result<Self, SpannedError> {
        match field.text {
            "*" => Ok(Self::Every),
            _ => FieldSyntax::from(Field::Hour).values(field).map(Self::At),
        }
    }

    pub(super) fn values(self) -> Values {
        match self {
            Self::Every => Values::all(Field::Hour.bounds()),
            Self::At(hours) => hours,
        }
    }
}

impl Schedule {
    pub(super) fn new(minutes: Values, hours: Hours, weekdays: Values) -> Self {
        let list = |items: Vec<String>| items.join(",");
        let numbers = |values: Values| list(values.iter().map(|value| value.to_string()).collect());
        // The cron crate counts weekdays from Sunday, so they are passed by name.
        let names = weekdays.iter().map(|day| WEEKDAYS[usize::from(day) - 1].to_owned());
        let (minute, hour) = (numbers(minutes), numbers(hours.values()));
        let cron = format!("0 {minute} {hour} * * {}", list(names.collect()))
            .parse()
            .expect("lists of numbers in range and of names are a cron expression");
        Self { minutes, hours, weekdays, cron }
    }

    /// Reports whether the schedule has more than one time on a day.
    pub fn is_within_days(&self) -> bool {
        let count = |values: Values| values.iter().count();
        count(self.minutes) * count(self.hours.values()) > 1
    }
}
