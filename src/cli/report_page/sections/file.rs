//! Size of the file, and what a compaction would give back.

use crate::cli::report_page::figures::{Figures, FileFigures};
use crate::cli::report_page::history::{curve, largest, period, table};
use crate::cli::report_page::page::{Chart, Plot, Section, Series, SeriesStyle};
use crate::cli::report_page::scale::{Scale, Unit};
use crate::domain::health::is_slack_notable;
use crate::output::human;
use crate::output::record::{Column, Schema};

static VALUES: Schema = Schema::many(
    "samples of the file",
    &[
        Column::row("at", "time").time(),
        Column::row("file_bytes", "file, bytes"),
        Column::row("free_bytes", "free, bytes"),
    ],
);

pub fn section(figures: &Figures) -> Section {
    let Some(file) = &figures.file else {
        return Section::new("file", "File").sentence(
            "The database is on a cluster: each node has its own file, which rqlite maintains.",
        );
    };
    let section = Section::new("file", "File")
        .sentence(size(file))
        .sentence(returnable(file, figures.table.is_some()));
    if figures.samples.iter().all(|sample| sample.file_bytes.is_none()) {
        return section;
    }
    let bytes = curve(figures, Some(file.usage.file_bytes), |sample| sample.file_bytes);
    let free = curve(figures, Some(file.usage.free_bytes()), |sample| sample.free_bytes);
    let chart = Chart {
        title: "Size of the file as each run left it".to_owned(),
        description: size(file),
        scale: Scale::up_to(largest(&bytes), Unit::Bytes),
        plot: Plot::Lines {
            period: period(figures),
            series: vec![
                Series { name: "file", style: SeriesStyle::First, parts: bytes },
                Series { name: "free within it", style: SeriesStyle::Second, parts: free },
            ],
        },
        peak: None,
        table: table(figures, "file", "File", &VALUES),
    };
    Section { charts: vec![chart], ..section }
}

fn size(FileFigures { usage, .. }: &FileFigures) -> String {
    let log = match usage.log_bytes {
        0 => String::new(),
        bytes => format!(", and its log or journal {}", human::bytes(bytes)),
    };
    format!(
        "The file has {}, of which {} are free{log}.",
        human::bytes(usage.file_bytes),
        human::bytes(usage.free_bytes())
    )
}

/// Bytes that a compaction would return to the file system, in words.
fn returnable(FileFigures { usage, slack }: &FileFigures, is_foreign: bool) -> String {
    let slack = slack.unwrap_or(0);
    let slack = if is_slack_notable(slack, usage.bytes()) { slack } else { 0 };
    let all = human::bytes(usage.free_bytes() + slack);
    let free = human::bytes(usage.free_bytes());
    match (usage.free_pages, usage.steps_possible, is_foreign) {
        (0, ..) if slack == 0 => "A compaction would give back nothing.".to_owned(),
        (_, true, false) if slack > 0 => format!(
            "`sessctl compact` would give back {free}, and `sessctl compact --full` about {all}."
        ),
        (_, true, false) => format!("`sessctl compact` would give back {free}."),
        (_, true, true) => format!("`sessctl compact --allow-foreign` would give back {free}."),
        (_, false, false) => {
            format!("`sessctl compact --full` would give back about {all}.")
        }
        (_, false, true) => format!(
            "`sessctl compact --full --allow-foreign` would give back {free} while the application \
             is stopped."
        ),
    }
}
