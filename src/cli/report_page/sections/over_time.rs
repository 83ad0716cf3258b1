//! Live and expired sessions over time.

use crate::cli::report_page::figures::Figures;
use crate::cli::report_page::history::{absence, curve, largest, period, table};
use crate::cli::report_page::page::{Chart, Plot, Section, Series, SeriesStyle};
use crate::cli::report_page::scale::{Scale, Unit};
use crate::domain::format::{counted, format_count};
use crate::output::record::{Column, Schema};

static VALUES: Schema = Schema::many(
    "samples of sessions",
    &[
        Column::row("at", "time").time(),
        Column::row("live", "live"),
        Column::row("expired", "expired"),
        Column::row("rows", "rows"),
    ],
);

pub fn section(figures: &Figures) -> Section {
    let section = Section::new("sessions", "Live and expired sessions").sentence(now(figures));
    if let Some(absence) = absence(figures) {
        return section.sentence(absence);
    }
    let live = curve(figures, Some(figures.live()), crate::storage::Sample::live_total);
    let expired = curve(figures, Some(figures.expired()), |sample| sample.expired);
    let scale = Scale::up_to(largest(&live).max(largest(&expired)), Unit::Count);
    let series = vec![
        Series { name: "live", style: SeriesStyle::First, parts: live },
        Series { name: "expired", style: SeriesStyle::Second, parts: expired },
    ];
    let chart = Chart {
        title: "Sessions as each run found them".to_owned(),
        description: description(figures),
        scale,
        plot: Plot::Lines { period: period(figures), series },
        peak: None,
        table: table(figures, "samples", "Sessions", &VALUES),
    };
    Section { charts: vec![chart], ..section }
}

fn now(figures: &Figures) -> String {
    let ended = figures.sum(|task| task.ended);
    let kept = if ended == 0 {
        String::new()
    } else {
        let rows = counted(ended, "row of an ended session is", "rows of ended sessions are");
        format!("; {rows} kept for the record")
    };
    format!(
        "Now {} live and {} expired, which wait for the next purge{kept}.",
        counted(figures.live(), "session is", "sessions are"),
        format_count(figures.expired()),
    )
}

fn description(figures: &Figures) -> String {
    let live: Vec<u64> =
        figures.samples.iter().filter_map(crate::storage::Sample::live_total).collect();
    let expired: Vec<u64> = figures.samples.iter().filter_map(|sample| sample.expired).collect();
    let range = |name: &str, values: &[u64]| match (values.iter().min(), values.iter().max()) {
        (Some(least), Some(most)) => {
            format!("{name} between {} and {}", format_count(*least), format_count(*most))
        }
        _ => format!("{name} unknown"),
    };
    format!("Sessions over time: {}, {}.", range("live", &live), range("expired", &expired))
}
