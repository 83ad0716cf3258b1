//! The page on several databases: a row for each.

use super::curves::thin;
use super::figures::Figures;
use super::growth::{Growth, as_number};
use super::headline::Headline;
use super::page::{Page, Point, Remark, Section, Table, Tone};
use super::scale::whole;
use super::single::situation;
use super::times;
use crate::domain::format::counted;
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;
use crate::output::record::{Column, Record, Schema, Value};
use crate::storage::Sample;

/// Points of the curve of a row.
const POINTS: usize = 60;

/// Figures of a database, as its worker sends them.
pub static ROW: Schema = Schema::many(
    "databases of a report",
    &[
        Column::row("database", "database"),
        Column::row("rows", "rows"),
        Column::row("live", "live"),
        Column::row("expired", "expired"),
        Column::row("growth", "growth"),
        Column::detail("trend", "live over time"),
        Column::row("last_purge_at", "last purge").time(),
        Column::row("next_at", "next run").time(),
        Column::row("problem", "problem"),
    ],
);

/// Place of the problem in a row.
const PROBLEM: usize = 8;

/// The row of a database.
pub fn row(figures: &Figures) -> Record {
    let situation = situation(figures);
    let headline = Headline::of(&situation, figures.now, &figures.zone);
    let problems = headline.problems();
    let values = vec![
        Value::Text(figures.database.clone()),
        Value::Count(figures.rows()),
        Value::Count(figures.live()),
        Value::Count(figures.expired()),
        situation.growth.as_ref().map_or(Value::Absent, |growth| Value::word(change(growth))),
        trend(figures),
        Value::time(figures.purges.completed_at()),
        Value::time(figures.jobs.iter().filter_map(|job| job.next).min()),
        Value::text(Some(problems.join("; ")).filter(|problems| !problems.is_empty())),
    ];
    Record::new(["databases", figures.database.as_str()], values)
}

/// The row of a database whose figures are unknown, for this reason.
pub fn failed_row(database: &str, reason: &str) -> Record {
    let mut values = vec![Value::Absent; ROW.columns.len()];
    values[0] = Value::Text(database.to_owned());
    values[PROBLEM] = Value::Text(reason.to_owned());
    Record::new(["databases", database], values)
}

/// `+12 %`
fn change(growth: &Growth) -> String {
    let Growth { before, after, .. } = *growth;
    if before < 1.0 {
        return "from none".to_owned();
    }
    let percent = whole((after / before - 1.0).abs() * 100.0);
    match (percent, after < before) {
        (0, _) => "0 %".to_owned(),
        (percent, true) => format!("-{percent} %"),
        (percent, false) => format!("+{percent} %"),
    }
}

/// Live sessions over time, as numbers with blanks between them.
fn trend(figures: &Figures) -> Value {
    let point =
        |sample: &Sample| Some(Point { at: sample.at, value: as_number(sample.live_total()?) });
    let points: Vec<Point> = figures.samples.iter().filter_map(point).collect();
    let values: Vec<String> =
        thin(&points, POINTS).iter().map(|point| whole(point.value).to_string()).collect();
    if values.len() < 2 { Value::Absent } else { Value::word(values.join(" ")) }
}

/// The page, from the rows of all databases.
pub fn page(rows: Vec<Record>, since: UnixTime, now: UnixTime, zone: &TimeZone) -> Page {
    let problems = rows.iter().filter(|row| row.values[PROBLEM] != Value::Absent).count() as u64;
    let databases = counted(rows.len() as u64, "database", "databases");
    let headline = match problems {
        0 => Remark::new(Tone::Good, format!("{databases}, none with a problem")),
        problems => Remark::new(Tone::Warning, format!("{databases}, {problems} with a problem")),
    };
    let period = format!("{} to {}", times::day(since, zone), times::day(now, zone));
    let caption = "Databases of the configuration".to_owned();
    let table = Table::new("databases", caption, &ROW, rows);
    let table = Table { bars: Some("live"), trend: Some("trend"), is_prose: true, ..table };
    let section = Section::new("databases", "Databases");
    Page {
        title: "Sessions in all databases".to_owned(),
        about: vec![
            ("Period", period),
            ("Created", format!("{} {}", times::minute(now, zone), times::offset(now, zone))),
            ("Program", format!("sessctl {}", env!("CARGO_PKG_VERSION"))),
        ],
        remarks: vec![headline],
        sections: vec![Section { tables: vec![table], ..section }],
        zone: zone.clone(),
    }
}
