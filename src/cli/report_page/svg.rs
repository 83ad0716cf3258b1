//! Charts as SVG. Places are percentages, so that a chart takes any width while its text keeps its
//! size; only curves are stretched.

use super::markup::Html;
use super::page::{Bar, Bin, Chart, Marker, Peak, Period, Plot, Point, Series, SeriesStyle};
use super::scale::{Scale, time_ticks};
use crate::domain::time_zone::TimeZone;

/// Number of ticks that an axis of times has at most. Every other one is left out on a phone.
const MAX_TIME_TICKS: usize = 9;
/// Number of labels of bins that fit side by side on a phone.
const NARROW_BINS: usize = 10;

/// Adds a chart, whose title and description have ids that begin with this one.
pub fn draw(html: &mut Html, chart: &Chart, id: &str, zone: &TimeZone) {
    let (title, description) = (format!("{id}-title"), format!("{id}-text"));
    let names = format!("{title} {description}");
    let attributes = [("class", "plot"), ("role", "img"), ("aria-labelledby", names.as_str())];
    html.element("svg", &attributes, |html| {
        html.leaf("title", &[("id", &title)], &chart.title);
        html.leaf("desc", &[("id", &description)], &chart.description);
        draw_scale(html, &chart.scale);
        match &chart.plot {
            Plot::Lines { period, series } => {
                draw_times(html, *period, zone);
                draw_lines(html, &chart.scale, *period, series);
            }
            Plot::Bars { period, bars } => {
                draw_times(html, *period, zone);
                draw_bars(html, &chart.scale, *period, bars);
            }
            Plot::Histogram { bins, marker } => {
                draw_bins(html, &chart.scale, bins);
                if let Some(marker) = marker {
                    draw_marker(html, marker, bins.len());
                }
            }
        }
        if let Some(peak) = &chart.peak {
            draw_peak(html, peak, &chart.scale);
        }
        line(html, "axis", [0.0, 1.0, 1.0, 1.0]);
    });
    html.line();
}

/// Percentage of a place from 0 to 1, with as many digits as a screen shows.
fn percent(place: f64) -> String {
    let text = format!("{:.2}", place * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

fn line(html: &mut Html, class: &str, [x1, y1, x2, y2]: [f64; 4]) {
    let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(percent);
    let places = [("class", class), ("x1", &x1), ("y1", &y1), ("x2", &x2), ("y2", &y2)];
    html.element("line", &places, |_| {});
}

fn draw_scale(html: &mut Html, scale: &Scale) {
    for tick in &scale.ticks {
        let height = 1.0 - scale.place(*tick);
        if *tick > 0.0 {
            line(html, "grid", [0.0, height, 1.0, height]);
        }
        let y = percent(height);
        let place = [("class", "value"), ("x", "0"), ("y", &y), ("dx", "-8"), ("dy", "4")];
        html.leaf("text", &place, &scale.label(*tick));
    }
}

fn draw_times(html: &mut Html, period: Period, zone: &TimeZone) {
    let ticks = time_ticks(period.from, period.to, zone, MAX_TIME_TICKS);
    for (place, tick) in ticks.iter().enumerate() {
        let x = period.place(tick.at);
        line(html, "grid", [x, 0.0, x, 1.0]);
        let class = if place % 2 == 1 && ticks.len() > 5 { "place wide" } else { "place" };
        draw_place(html, class, x, &tick.label);
    }
}

/// Adds a label below the chart.
fn draw_place(html: &mut Html, class: &str, x: f64, label: &str) {
    let x = percent(x);
    html.leaf("text", &[("class", class), ("x", &x), ("y", "100%"), ("dy", "18")], label);
}

fn draw_lines(html: &mut Html, scale: &Scale, period: Period, series: &[Series]) {
    let frame = [
        ("viewBox", "0 0 10000 1000"),
        ("preserveAspectRatio", "none"),
        ("width", "100%"),
        ("height", "100%"),
    ];
    html.element("svg", &frame, |html| {
        for Series { style, parts, .. } in series {
            for part in parts.iter().filter(|part| part.len() > 1) {
                let curve = curve(scale, period, part);
                if *style == SeriesStyle::First {
                    html.element("path", &[("class", "area"), ("d", &area(&curve))], |_| {});
                }
                let class = format!("curve {}", style.class());
                html.element("path", &[("class", &class), ("d", &path(&curve))], |_| {});
            }
        }
    });
    // What is alone between two gaps.
    for Series { style, parts, .. } in series {
        for point in parts.iter().filter(|part| part.len() == 1).flatten() {
            let [x, y] = [period.place(point.at), 1.0 - scale.place(point.value)].map(percent);
            let class = format!("dot {}", style.class());
            html.element(
                "circle",
                &[("class", &class), ("cx", &x), ("cy", &y), ("r", "3")],
                |_| {},
            );
        }
    }
}

/// Places of points in the frame of the curves.
fn curve(scale: &Scale, period: Period, points: &[Point]) -> Vec<(u64, u64)> {
    let place = |point: &Point| {
        let (x, y) = (period.place(point.at), 1.0 - scale.place(point.value));
        (super::scale::whole(x * 10_000.0), super::scale::whole(y * 1_000.0))
    };
    points.iter().map(place).collect()
}

fn path(curve: &[(u64, u64)]) -> String {
    let points: Vec<String> = curve.iter().map(|(x, y)| format!("{x} {y}")).collect();
    format!("M{}", points.join("L"))
}

fn area(curve: &[(u64, u64)]) -> String {
    let ends = curve.first().zip(curve.last());
    ends.map_or_else(String::new, |((first, _), (last, _))| {
        format!("{}L{last} 1000L{first} 1000Z", path(curve))
    })
}

fn rect(html: &mut Html, class: &str, [x, width]: [f64; 2], [from, to]: [f64; 2]) {
    let [x, y, width, height] = [x, 1.0 - to, width, to - from].map(percent);
    let places = [("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height)];
    html.element("rect", &places, |_| {});
}

/// Width of the narrowest bar.
const MIN_BAR: f64 = 0.004;

fn draw_bars(html: &mut Html, scale: &Scale, period: Period, bars: &[Bar]) {
    for bar in bars.iter().filter(|bar| bar.value > 0.0) {
        let (from, to) = (period.place(bar.from), period.place(bar.to));
        let width = ((to - from) * 0.8).max(MIN_BAR);
        let x = f64::midpoint(from, to) - width / 2.0;
        rect(html, "bar first", [x, width], [0.0, scale.place(bar.value)]);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chart has few bins")]
fn draw_bins(html: &mut Html, scale: &Scale, bins: &[Bin]) {
    let width = 1.0 / bins.len().max(1) as f64;
    let every = if bins.len() > NARROW_BINS { 2 } else { 1 };
    for (place, Bin { limit, values: [first, second] }) in bins.iter().enumerate() {
        let x = place as f64 * width;
        let middle = scale.place(*first);
        let top = scale.place(first + second);
        let across = [x + width * 0.08, width * 0.84];
        if *first > 0.0 {
            rect(html, "bar first", across, [0.0, middle]);
        }
        if *second > 0.0 {
            rect(html, "bar second", across, [middle, top]);
        }
        let class = if place % every == every - 1 { "place" } else { "place wide" };
        match limit {
            Some(limit) => draw_place(html, class, x + width, limit),
            None => draw_place(html, class, x + width / 2.0, "longer"),
        }
    }
}

/// Side of a place on which there is more room for a text.
const fn anchor(place: f64) -> (&'static str, &'static str) {
    if place > 0.5 { ("end", "-6") } else { ("start", "6") }
}

#[expect(clippy::cast_precision_loss, reason = "a chart has few bins")]
fn draw_marker(html: &mut Html, marker: &Marker, bins: usize) {
    let place = marker.after as f64 / bins.max(1) as f64;
    line(html, "marker", [place, 0.0, place, 1.0]);
    let ((side, dx), x) = (anchor(place), percent(place));
    let at = [("class", "note"), ("x", &x), ("y", "0"), ("dx", dx), ("dy", "-6")];
    html.leaf("text", &[&at[..], &[("text-anchor", side)]].concat(), &marker.label);
}

fn draw_peak(html: &mut Html, peak: &Peak, scale: &Scale) {
    let ((side, dx), x) = (anchor(peak.place), percent(peak.place));
    let y = percent(1.0 - scale.place(peak.value));
    let at = [("class", "note"), ("x", &x), ("y", &y), ("dx", dx), ("dy", "-6")];
    html.leaf("text", &[&at[..], &[("text-anchor", side)]].concat(), &peak.label);
}
