//! A schedule in the notation of the programs that can keep to it.

use std::fmt;

use super::definition::{Hours, Schedule};
use super::field::{Field, ListItem, Values, WEEKDAYS};

impl Schedule {
    /// The five time fields of a crontab line.
    ///
    /// Cron looks at the first character of the minutes and the hours: with a
    /// `*` the job follows the wall clock, otherwise it runs once on each day.
    /// So a star appears there only if the hour of the schedule is one.
    pub fn to_crontab(&self) -> String {
        // Steps are written out: from a star, cron counts them from Sunday.
        let weekdays = match self.weekdays {
            all if all == Values::all(Field::Weekday.bounds()) => "*".to_owned(),
            some => some.to_string(),
        };
        match self.hours {
            Hours::Every => format!("{} * * * {weekdays}", starred(self.minutes, Field::Minute)),
            Hours::At(hours) => format!("{} {hours} * * {weekdays}", self.minutes),
        }
    }

    /// A value for `OnCalendar=` in a systemd timer.
    pub fn to_on_calendar(&self) -> String {
        let hours = calendar(self.hours.values(), Field::Hour);
        let minutes = calendar(self.minutes, Field::Minute);
        let weekdays = match calendar(self.weekdays, Field::Weekday) {
            all if all == "*" => String::new(),
            some => some + " ",
        };
        format!("{weekdays}*-*-* {hours}:{minutes}:00")
    }
}

/// The form that [`FromStr`](std::str::FromStr) reads, the shortest of those that mean the same.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = match self.hours {
            Hours::Every => "*".to_owned(),
            Hours::At(hours) if hours == Values::all(Field::Hour.bounds()) => hours.to_string(),
            Hours::At(hours) => starred(hours, Field::Hour),
        };
        let minutes = starred(self.minutes, Field::Minute);
        write!(f, "{minutes} {hours} {}", starred(self.weekdays, Field::Weekday))
    }
}

/// The values with a star for as much as is equal to the whole field.
fn starred(values: Values, field: Field) -> String {
    let (first, last) = (*field.bounds().start(), *field.bounds().end());
    match values.parts()[..] {
        [ListItem::Range(from, to)] if (from, to) == (first, last) => "*".to_owned(),
        [ListItem::Steps { from, to, by }] if from == first && to + by > last => format!("*/{by}"),
        _ => values.to_string(),
    }
}

fn calendar(values: Values, field: Field) -> String {
    if values == Values::all(field.bounds()) {
        return "*".to_owned();
    }
    let value = |value: u8| match field {
        Field::Weekday => capitalized(WEEKDAYS[usize::from(value) - 1]),
        _ => format!("{value:02}"),
    };
    let text = |part| match part {
        ListItem::One(one) => value(one),
        ListItem::Range(from, to) => format!("{}..{}", value(from), value(to)),
        ListItem::Steps { from, to, by } => format!("{}..{}/{by}", value(from), value(to)),
    };
    let parts = match field {
        // Weekdays of systemd take no steps.
        Field::Weekday => values.iter().map(ListItem::One).collect(),
        _ => values.parts(),
    };
    parts.into_iter().map(text).collect::<Vec<_>>().join(",")
}

fn capitalized(name: &str) -> String {
    name[..1].to_ascii_uppercase() + &name[1..]
}
