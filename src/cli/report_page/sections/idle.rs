//! Times for which sessions have been unused, and the timeouts.

use crate::cli::report_page::figures::Figures;
use crate::cli::report_page::growth::as_number;
use crate::cli::report_page::page::{Bin, Chart, Marker, Plot, Section, Table};
use crate::cli::report_page::scale::{Scale, Unit};
use crate::cli::report_page::words::short_name;
use crate::domain::format::{counted, format_count};
use crate::domain::idle_times::{IdleRange, IdleTimes};
use crate::domain::time::Span;
use crate::output::human;
use crate::output::record::{Column, Record, Schema, Value};

/// Tasks that have a chart: those with the most sessions.
const CHARTS: usize = 4;

static VALUES: Schema = Schema::many(
    "idle times",
    &[
        Column::data("task", "task"),
        Column::row("up_to", "unused for"),
        Column::row("live", "live"),
        Column::row("expired", "expired"),
        Column::row("longer", "unused longer"),
    ],
);

pub fn section(figures: &Figures) -> Option<Section> {
    let section = Section::new("idle", "Idle times");
    let Some(idle) = &figures.idle else {
        let table = figures.table.as_ref().map_or("table", |table| table.name.as_str());
        return Some(section.sentence(format!(
            "The last use of a session is unknown: {table} does not record it."
        )));
    };
    let mut tasks: Vec<&IdleTimes> = idle.iter().filter(|times| sessions(times) > 0).collect();
    if tasks.is_empty() {
        return None;
    }
    tasks.sort_by_key(|times| std::cmp::Reverse(sessions(times)));
    let others = tasks.len().saturating_sub(CHARTS);
    let mut section = section;
    for times in tasks.iter().take(CHARTS) {
        section.sentences.push(sentence(times));
        section.charts.push(chart(times));
    }
    if others > 0 {
        let others = counted(others as u64, "other task has", "other tasks have");
        section
            .sentences
            .push(format!("{others} fewer sessions: `sessctl show stat --idle` shows them, too."));
    }
    Some(section)
}

fn sessions(times: &IdleTimes) -> u64 {
    times.ranges.iter().map(IdleRange::sessions).sum()
}

/// Sessions that have been unused for longer than the timeout.
fn beyond(times: &IdleTimes, limit: Span) -> u64 {
    times.ranges.iter().filter(|range| range.over >= limit).map(IdleRange::sessions).sum()
}

fn sentence(times: &IdleTimes) -> String {
    let all = sessions(times);
    let task = short_name(&times.task);
    let sessions = counted(all, "session", "sessions");
    match times.timeout {
        Some(timeout) => {
            let beyond = beyond(times, timeout);
            let percent = u128::from(beyond) * 100 / u128::from(all.max(1));
            format!(
                "{task}: {} of {sessions} ({percent} %) unused for longer than the timeout of {}.",
                format_count(beyond),
                human::span(timeout)
            )
        }
        None => format!("{task}: {sessions}, without a timeout."),
    }
}

/// Ranges from the first to the last one with sessions, and those beside the timeout.
fn shown(times: &IdleTimes) -> &[IdleRange] {
    let is_shown = |range: &&IdleRange| {
        let is_limit = times.timeout.is_some()
            && (range.up_to == times.timeout || Some(range.over) == times.timeout);
        range.sessions() > 0 || is_limit
    };
    let first = times.ranges.iter().position(|range| is_shown(&range)).unwrap_or(0);
    let last = times.ranges.iter().rposition(|range| is_shown(&range)).unwrap_or(0);
    times.ranges.get(first..=last).unwrap_or_default()
}

fn chart(times: &IdleTimes) -> Chart {
    let ranges = shown(times);
    let bin = |range: &IdleRange| Bin {
        limit: range.up_to.map(human::span),
        values: [as_number(range.live), as_number(range.expired)],
    };
    let most = ranges.iter().map(IdleRange::sessions).max().unwrap_or(0);
    let marker = times.timeout.and_then(|timeout| {
        let after = ranges.iter().position(|range| range.up_to == Some(timeout))? + 1;
        Some(Marker { after, label: format!("timeout {}", human::span(timeout)) })
    });
    let records = ranges.iter().map(|range| record(times, range)).collect();
    Chart {
        title: format!("Unused sessions of {}", short_name(&times.task)),
        description: sentence(times),
        scale: Scale::up_to(as_number(most), Unit::Count),
        plot: Plot::Histogram { bins: ranges.iter().map(bin).collect(), marker },
        peak: None,
        table: Table::new(
            "idle",
            format!("Sessions of {} by the time unused", short_name(&times.task)),
            &VALUES,
            records,
        ),
    }
}

fn record(times: &IdleTimes, range: &IdleRange) -> Record {
    let label = match range.up_to {
        Some(limit) => format!("up to {}", human::span(limit)),
        None => format!("over {}", human::span(range.over)),
    };
    let values = vec![
        Value::Text(times.task.clone()),
        Value::word(label.clone()),
        Value::Count(range.live),
        Value::Count(range.expired),
        range.up_to.map_or(Value::Absent, |limit| Value::Count(beyond(times, limit))),
    ];
    Record::new(["idle".to_owned(), times.task.clone(), label], values)
}
