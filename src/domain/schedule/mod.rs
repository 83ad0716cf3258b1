//! Schedules of jobs: `<minute> <hour> <weekday>`, in local time.

mod crontab;
mod definition;
mod error;
mod field;
mod occurrences;
mod parse;
mod render;

use std::str::FromStr;

use definition::Hours;
pub use definition::Schedule;
pub use error::{ScheduleError, ScheduleErrorKind};
pub use field::Field;
pub(super) use occurrences::MONDAY;
use parse::{FieldSyntax, FieldToken, SpannedError};

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
                kind: fault.kind,
            }
        };
        let values = |field, token| FieldSyntax::from(field).values(token).map_err(in_field(field));
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
        // Position of the day of the month and the month in a crontab.
        [_, _, day, month, _] => day.at..month.place().end,
        [_, _, _, surplus, ..] => surplus.at..end,
        _ => end..end,
    };
    let kind = match fields.len() {
        0 => ScheduleErrorKind::Empty,
        count @ (5 | 6) => ScheduleErrorKind::Crontab {
            fields: count,
            meant: crontab::translate(fields).map(|schedule| schedule.to_string()),
        },
        count => ScheduleErrorKind::FieldCount(count),
    };
    ScheduleError { spec: spec.to_owned(), field: None, place, kind }
}
