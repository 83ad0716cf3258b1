//! Work of the runs: rows that they deleted, how long they took, and how long they blocked others.

use std::time::Duration;

use crate::cli::report_page::buckets::Grouping;
use crate::cli::report_page::figures::Figures;
use crate::cli::report_page::growth::as_number;
use crate::cli::report_page::history::{absence, bars, ended_by, peak, period, table};
use crate::cli::report_page::page::{Bar, Chart, Plot, Section};
use crate::cli::report_page::scale::{Scale, Unit};
use crate::cli::report_page::times;
use crate::domain::format::{counted, format_count};
use crate::output::human;
use crate::output::record::{Column, Schema};
use crate::storage::{RunRecord, Sample};

static DELETED: Schema = Schema::many(
    "samples of deleted rows",
    &[
        Column::row("at", "time").time(),
        Column::row("runs", "runs"),
        Column::row("ended", "ended"),
        Column::row("deleted", "deleted"),
    ],
);

static DURATIONS: Schema = Schema::many(
    "samples of durations",
    &[
        Column::row("at", "time").time(),
        Column::row("duration_ms", "longest duration, ms"),
        Column::row("longest_hold_ms", "longest hold, ms"),
    ],
);

pub fn deleted(figures: &Figures) -> Option<Section> {
    if absence(figures).is_some() {
        return None;
    }
    let (samples, sum) =
        (&figures.samples, |of: fn(&Sample) -> u64| figures.samples.iter().map(of).sum::<u64>());
    let reasons = ended_by(samples)
        .iter()
        .map(|(reason, count)| format!("{} {}", format_count(*count), reason.as_str()))
        .collect::<Vec<_>>();
    let by = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    let section = Section::new("deleted", "Deleted rows").sentence(format!(
        "{} ended {}{by} and deleted {}.",
        counted(sum(|sample| sample.runs), "run", "runs"),
        counted(sum(Sample::ended), "session", "sessions"),
        counted(sum(|sample| sample.deleted), "row", "rows"),
    ));
    let bars = bars(figures, |sample| Some(as_number(sample.deleted)));
    let chart = bar_chart(figures, "Deleted rows", Unit::Count, bars, &DELETED, "deletions");
    Some(Section { charts: vec![chart], ..section })
}

pub fn durations(figures: &Figures) -> Option<Section> {
    let longest = longest(figures, |sample| sample.duration);
    let hold = worst_hold(figures);
    if longest.is_none() && hold.is_none() {
        return None;
    }
    let mut section = Section::new("durations", "Durations and holds");
    let [of_hold, of_duration] = &figures.runs.worst;
    if let Some((duration, sample)) = longest {
        section.sentences.push(format!(
            "The longest run took {}: {}.",
            human::elapsed(duration),
            name(figures, of_duration.as_ref(), sample)
        ));
    }
    if let Some((hold, sample)) = hold {
        section.sentences.push(format!(
            "The longest write transaction blocked other writers for {}: {}.",
            human::elapsed(hold),
            name(figures, of_hold.as_ref(), sample)
        ));
    }
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
    let charts = [
        ("Longest duration", bars(figures, |sample| seconds(sample.duration)), "durations"),
        ("Longest hold", bars(figures, |sample| seconds(sample.longest_hold)), "holds"),
    ];
    let charts = charts.into_iter().filter(|(_, bars, _)| !bars.is_empty());
    section.charts = charts
        .map(|(title, bars, name)| bar_chart(figures, title, Unit::Time, bars, &DURATIONS, name))
        .collect();
    Some(section)
}

/// Longest hold with its sample.
pub fn worst_hold(figures: &Figures) -> Option<(Duration, &Sample)> {
    longest(figures, |sample| sample.longest_hold)
}

fn longest(
    figures: &Figures,
    of: impl Fn(&Sample) -> Option<Duration>,
) -> Option<(Duration, &Sample)> {
    let times = figures.samples.iter().filter_map(|sample| Some((of(sample)?, sample)));
    times.max_by_key(|(time, _)| *time)
}

/// Names a run by what the ledger knows of it.
fn name(figures: &Figures, run: Option<&RunRecord>, sample: &Sample) -> String {
    let at = times::minute(sample.at, &figures.zone);
    match run {
        Some(run) => {
            let job = run.job.as_ref().map_or_else(String::new, |job| format!(" of job {job:?}"));
            format!("run {}{job} on {}, which ended at {at}", run.id, run.origin.host)
        }
        None if sample.runs > 1 => {
            format!("one of the {} runs up to {at}", format_count(sample.runs))
        }
        None => format!("the run that ended at {at}"),
    }
}

fn bar_chart(
    figures: &Figures,
    what: &str,
    unit: Unit,
    bars: Vec<Bar>,
    schema: &'static Schema,
    name: &'static str,
) -> Chart {
    let largest = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let title = format!("{what} {}", Grouping::of(&figures.samples).words());
    let peak = peak(figures, &bars, unit);
    let description = match &peak {
        Some(peak) => format!("{title}, at most {}.", peak.label),
        None => format!("{title}: none."),
    };
    Chart {
        description,
        scale: Scale::up_to(largest, unit),
        plot: Plot::Bars { period: period(figures), bars },
        peak,
        table: table(figures, name, what, schema),
        title,
    }
}
