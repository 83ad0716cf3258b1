//! When a job runs: `<minute> <hour> <weekday>`, read on a wall clock.

mod crontab;
mod error;
mod field;
mod occurrences;
mod parse;
mod render;

use std::str::FromStr;

pub use error::{ScheduleError, ScheduleErrorKind};
pub use field::Field;
use field::Values;
use parse::{FieldSyntax, FieldToken, SpannedError};

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The times of a job in a week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    minutes: Values,
    hours: Hours,
    weekdays: Values,
    /// The same for the cron crate.
    cron: cron::Schedule,
}

/// The hours of a schedule. Those of a bare star are not merely all of them:
/// they follow the wall clock through the changes of daylight saving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hours {
    Every,
    At(Values),
}

impl Hours {
    fn parse(field: FieldToken<'_>) -> Result<Self, SpannedError> {
        match field.text {
            "*" => Ok(Self::Every),
            _ => FieldSyntax::from(Field::Hour).values(field).map(Self::At),
        }
    }

    fn values(self) -> Values {
        match self {
            Self::Every => Values::all(Field::Hour.bounds()),
            Self::At(hours) => hours,
        }
    }
}

impl Schedule {
    fn new(minutes: Values, hours: Hours, weekdays: Values) -> Self {
        let list = |items: Vec<String>| items.join(",");
        let numbers = |values: Values| list(values.iter().map(|value| value.to_string()).collect());
        // It counts weekdays from Sunday, and reads the names as everybody does.
        let names = weekdays.iter().map(|day| WEEKDAYS[usize::from(day) - 1].to_owned());
        let (minute, hour) = (numbers(minutes), numbers(hours.values()));
        let cron = format!("0 {minute} {hour} * * {}", list(names.collect()))
            .parse()
            .expect("lists of numbers in range and of names are a cron expression");
        Self { minutes, hours, weekdays, cron }
    }

    /// Whether it has more than one time on a day.
    pub fn is_within_days(&self) -> bool {
        let count = |values: Values| values.iter().count();
        count(self.minutes) * count(self.hours.values()) > 1
    }
}

/// Three fields that any white space separates.
///
/// 1. The minute goes from 0 to 59, the hour from 0 to 23, the weekday from 1
///    (Monday) to 7 (Sunday); `mon` to `sun` in any letter case do as well.
/// 2. A field is `*` or a list of values, ranges `1-5`, and steps `*/15` or
///    `10-50/20`. Ranges of weekdays may wrap, `6-1` or `fri-mon`, and steps
///    are then counted along the days as they follow each other.
/// 3. A number has one or two digits. A step is at least 1, and at most the
///    distance from the first value of the field to the last.
/// 4. Everything else is a mistake.
impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(spec: &str) -> Result<Self, ScheduleError> {
        let fields = parse::fields(spec);
        let [minute, hour, weekday] = fields[..] else {
            return Err(wrong_count(spec, &fields));
        };
        let in_field = |field| {
            move |fault: SpannedError| ScheduleError {
                spec: spec.to_owned(),
                field: Some(field),
                place: fault.place,
                mistake: fault.mistake,
            }
        };
        let values = |field, piece| FieldSyntax::from(field).values(piece).map_err(in_field(field));
        Ok(Self::new(
            values(Field::Minute, minute)?,
            Hours::parse(hour).map_err(in_field(Field::Hour))?,
            values(Field::Weekday, weekday)?,
        ))
    }
}

fn wrong_count(spec: &str, fields: &[FieldToken<'_>]) -> ScheduleError {
    let end = fields.last().map_or(0, |last| last.place().end);
    let place = match fields {
        // Where a crontab has the day of the month and the month.
        [_, _, day, month, _] => day.at..month.place().end,
        [_, _, _, surplus, ..] => surplus.at..end,
        _ => end..end,
    };
    let mistake = match fields.len() {
        0 => ScheduleErrorKind::Empty,
        count @ (5 | 6) => ScheduleErrorKind::Crontab {
            fields: count,
            meant: crontab::translate(fields).map(|schedule| schedule.to_string()),
        },
        count => ScheduleErrorKind::FieldCount(count),
    };
    ScheduleError { spec: spec.to_owned(), field: None, place, mistake }
}
