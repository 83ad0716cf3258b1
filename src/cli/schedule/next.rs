//! `sessctl schedule next`

use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;
use chrono::DateTime;

use super::spec::Spec;
use crate::cli::args::TimeArg;
use crate::cli::context::{Context, unwritten};
use crate::cli::exit::Exit;
use crate::cli::time_zone::machine_time_zone;
use crate::output::FormatName;
use crate::output::record::{Column, Record, Schema, Value};

/// Show the next times of a schedule
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl schedule next '15 * *'
  sessctl schedule next '30 2 *' --tz America/New_York --after '2026-03-07 12:00' -n 3 --json")]
pub struct Args {
    #[command(flatten)]
    spec: Spec,
    /// Number of times to show
    #[arg(short, value_name = "N", default_value_t = 5)]
    n: u32,
    /// Show times after this one instead of after now
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    after: Option<TimeArg>,
    /// Time zone, such as Europe/Berlin [default: the one of the configuration, or the
    /// machine's]
    #[arg(long, value_name = "ZONE")]
    tz: Option<TimeZone>,
}

const TIME: Column = Column::row("time", "time").time();

static TIMES: Schema = Schema::many("times", &[TIME]);

/// Schema of a table, which also shows the local time and the time until then.
static TIMES_IN_TABLE: Schema = Schema::many(
    "times",
    &[Column::row("local", "local time"), TIME, Column::row("in_seconds", "in")],
);

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        let schedule = self.spec.parse()?;
        let zone = match self.tz {
            Some(zone) => zone,
            None => context.config()?.zone.clone(),
        };
        let zone = zone.or_machine(machine_time_zone)?;
        let after = match self.after {
            Some(after) => after.read(&zone, context.now)?,
            None => context.now,
        };
        let for_people = context.format() == FormatName::Table;
        let values = |time: UnixTime| {
            let moment = Value::Time(time);
            if for_people {
                vec![wall_clock(time, &zone), moment, Value::Span(time.since(after))]
            } else {
                vec![moment]
            }
        };
        let schema = if for_people { &TIMES_IN_TABLE } else { &TIMES };
        let mut listing = context.listing(schema, None)?;
        let times =
            schedule.occurrences_after(after, &zone).take_while(|time| *time <= UnixTime::MAX);
        for (place, time) in (1..=self.n).zip(times) {
            let record = Record::new(["next".to_owned(), place.to_string()], values(time));
            listing.record(&record).map_err(unwritten)?;
        }
        listing.end().map_err(unwritten)?;
        Ok(Exit::Done)
    }
}

/// Formats the local time: `Mon 2026-06-15 14:00 +02:00`.
fn wall_clock(time: UnixTime, zone: &TimeZone) -> Value {
    let offset = zone.offset_at(time).unwrap_or(0);
    let Some(wall) = DateTime::from_timestamp(time.0 + offset, 0) else {
        return Value::Absent;
    };
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset.abs() / 3600, offset.abs() / 60 % 60);
    let day = wall.format("%a %Y-%m-%d %H:%M");
    Value::word(format!("{day} {sign}{hours:02}:{minutes:02}"))
}
