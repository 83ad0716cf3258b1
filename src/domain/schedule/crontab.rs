//! Translation of crontab lines into schedules.

use super::definition::{Hours, Schedule};
use super::field::{Field, Values};
use super::parse::{FieldSyntax, FieldToken};

/// The schedule that a line of five or six crontab fields means, if three fields can say it.
///
/// 1. The day of the month and the month must be `*`.
/// 2. A sixth field that is not a weekday is a user or a command, and ignored.
/// 3. A sixth field that is one makes the first field seconds, which must be 0. The programs that
///    read such lines do not agree where their week begins, so their weekdays must be `*` or names.
pub(super) fn translate(line: &[FieldToken<'_>]) -> Option<Schedule> {
    let (minute, hour, rest) = match line {
        [seconds, minute, hour, rest @ .., weekday] if line.len() == 6 && is_weekday(*weekday) => {
            let is_unambiguous = !weekday.text.contains(|c: char| c.is_ascii_digit());
            let rest = [rest, &[*weekday]].concat();
            (matches!(seconds.text, "0" | "00") && is_unambiguous)
                .then_some((*minute, *hour, rest))?
        }
        [minute, hour, rest @ ..] => (*minute, *hour, rest.to_vec()),
        _ => return None,
    };
    let [day, month, weekday, ..] = rest[..] else {
        return None;
    };
    if day.text != "*" || month.text != "*" {
        return None;
    }
    let minutes = FieldSyntax::from(Field::Minute).values(minute).ok()?;
    let hours = Hours::parse(hour).ok()?;
    Some(Schedule::new(minutes, hours, weekdays(weekday)?))
}

fn is_weekday(token: FieldToken<'_>) -> bool {
    weekdays(token).is_some()
}

/// Cron's week begins on Sunday, which is 0 and also 7.
fn weekdays(field: FieldToken<'_>) -> Option<Values> {
    let syntax = FieldSyntax {
        bounds: 0..=7,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
        wraps: false,
    };
    let values = syntax.values(field).ok()?;
    Some(values.iter().map(|day| if day == 0 { 7 } else { day }).collect())
}
