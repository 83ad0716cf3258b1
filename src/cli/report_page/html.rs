//! The report as one HTML file, without scripts and without anything from elsewhere.

use super::markup::Html;
use super::page::{Chart, Page, Plot, Remark, Section, SeriesStyle, Table};
use super::words::shortened;
use super::{svg, times};
use crate::domain::format::format_count;
use crate::domain::time_zone::TimeZone;
use crate::output::human;
use crate::output::record::{Column, Record, Severity, Value};

const STYLE: &str = include_str!("style.css");

/// Patterns that charts of the page fill with.
const PATTERNS: &str = "<svg class=\"patterns\" aria-hidden=\"true\"><defs>\
    <pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
    patternTransform=\"rotate(45)\"><rect class=\"hatch-ground\" width=\"6\" height=\"6\"></rect>\
    <rect class=\"hatch-line\" width=\"2\" height=\"6\"></rect></pattern></defs></svg>\n";

/// Allows nothing but the styles of the page itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Number of rows above which a table is folded.
const OPEN_ROWS: usize = 25;

impl Page {
    pub fn to_html(&self) -> String {
        let mut html = Html::new();
        html.constant("<!DOCTYPE html>\n");
        html.element("html", &[("lang", "en")], |html| {
            html.line();
            html.element("head", &[], |html| self.head(html));
            html.line();
            html.element("body", &[], |html| {
                html.line();
                html.constant(PATTERNS);
                html.element("header", &[], |html| self.header(html));
                html.line();
                html.element("main", &[], |html| {
                    html.line();
                    self.sections.iter().for_each(|section| self.section(html, section));
                });
                html.line();
                html.element("footer", &[], |html| self.footer(html));
                html.line();
            });
            html.line();
        });
        html.line();
        html.into_string()
    }

    fn head(&self, html: &mut Html) {
        html.line();
        html.open("meta", &[("charset", "utf-8")]);
        html.line();
        let policy = ("content", POLICY);
        html.open("meta", &[("http-equiv", "Content-Security-Policy"), policy]);
        html.line();
        html.open("meta", &[("name", "viewport"), ("content", "width=device-width")]);
        html.line();
        html.open("meta", &[("name", "color-scheme"), ("content", "light dark")]);
        html.line();
        html.open("meta", &[("name", "referrer"), ("content", "no-referrer")]);
        html.line();
        html.leaf("title", &[], &self.title);
        html.line();
        html.element("style", &[], |html| html.constant(STYLE));
        html.line();
    }

    fn header(&self, html: &mut Html) {
        html.leaf("p", &[("class", "name")], &self.title);
        html.line();
        let (headline, rest) =
            self.remarks.split_first().map_or((None, &[][..]), |(head, rest)| (Some(head), rest));
        if let Some(Remark { tone, text }) = headline {
            html.leaf("h1", &[("class", tone.word())], text);
            html.line();
        }
        if !rest.is_empty() {
            html.element("ul", &[("class", "remarks")], |html| {
                for Remark { tone, text } in rest {
                    html.line();
                    html.element("li", &[("class", tone.word())], |html| {
                        html.leaf("b", &[], &format!("{}: ", tone.word()));
                        html.text(text);
                    });
                }
                html.line();
            });
            html.line();
        }
    }

    fn footer(&self, html: &mut Html) {
        html.element("dl", &[("class", "about")], |html| {
            for (title, value) in &self.about {
                html.line();
                html.element("div", &[], |html| {
                    html.leaf("dt", &[], title);
                    html.leaf("dd", &[], value);
                });
            }
            html.line();
        });
    }

    fn section(&self, html: &mut Html, section: &Section) {
        let title = format!("{}-heading", section.name);
        html.element("section", &[("id", section.name), ("aria-labelledby", &title)], |html| {
            html.line();
            html.leaf("h2", &[("id", &title)], section.title);
            html.line();
            for sentence in &section.sentences {
                html.leaf("p", &[], sentence);
                html.line();
            }
            self.charts(html, section);
            for table in &section.tables {
                if table.records.len() > OPEN_ROWS {
                    let rows = format!("{} ({} rows)", table.caption, table.records.len());
                    fold(html, &rows, |html| write_table(html, table, &self.zone));
                } else {
                    write_table(html, table, &self.zone);
                }
            }
        });
        html.line();
    }

    fn charts(&self, html: &mut Html, section: &Section) {
        if section.charts.is_empty() {
            return;
        }
        let class = if section.charts.len() > 1 { "charts pair" } else { "charts" };
        html.element("div", &[("class", class)], |html| {
            for (place, chart) in section.charts.iter().enumerate() {
                let id = format!("{}-{}", section.name, place + 1);
                self.chart(html, chart, &id);
            }
        });
        html.line();
    }

    fn chart(&self, html: &mut Html, chart: &Chart, id: &str) {
        html.element("figure", &[], |html| {
            html.line();
            html.element("figcaption", &[], |html| {
                html.leaf("span", &[("class", "title")], &chart.title);
                write_legend(html, &chart.plot);
            });
            html.line();
            svg::draw(html, chart, id, &self.zone);
            fold(html, "Values", |html| write_table(html, &chart.table, &self.zone));
        });
        html.line();
    }
}

/// Adds a part that the reader unfolds.
fn fold(html: &mut Html, title: &str, content: impl FnOnce(&mut Html)) {
    html.element("details", &[], |html| {
        html.leaf("summary", &[], title);
        html.line();
        content(html);
    });
    html.line();
}

fn write_legend(html: &mut Html, plot: &Plot) {
    let (form, names): (&str, Vec<_>) = match plot {
        Plot::Lines { series, .. } if series.len() > 1 => {
            ("line", series.iter().map(|series| (series.name, series.style)).collect())
        }
        Plot::Histogram { bins, .. } if bins.iter().any(|bin| bin.values[1] > 0.0) => {
            ("box", vec![("live", SeriesStyle::First), ("expired", SeriesStyle::Second)])
        }
        _ => return,
    };
    for (name, style) in names {
        html.element("span", &[("class", "key")], |html| {
            let box_class = format!("{form} {}", style.class());
            let frame = [("class", "swatch"), ("aria-hidden", "true")];
            html.element("svg", &frame, |html| {
                if form == "line" {
                    let class = format!("curve {}", style.class());
                    let ends = [("x1", "0"), ("y1", "6"), ("x2", "26"), ("y2", "6")];
                    html.element("line", &[&[("class", &*class)], &ends[..]].concat(), |_| {});
                } else {
                    let class = box_class.replace("box", "bar");
                    let size = [("width", "14"), ("height", "12")];
                    html.element("rect", &[&[("class", &*class)], &size[..]].concat(), |_| {});
                }
            });
            html.text(name);
        });
    }
}

pub fn write_table(html: &mut Html, table: &Table, zone: &TimeZone) {
    let columns = table.shown_columns();
    // A wide table scrolls within the page.
    let class = if table.is_prose { "table prose" } else { "table" };
    html.element("div", &[("class", class)], |html| {
        html.element("table", &[], |html| {
            html.leaf("caption", &[], &table.caption);
            html.line();
            html.element("thead", &[], |html| {
                html.element("tr", &[], |html| {
                    for (place, column) in &columns {
                        let class = if is_numeric(table, *place) { "number" } else { "text" };
                        html.leaf("th", &[("scope", "col"), ("class", class)], column.title);
                    }
                });
            });
            html.line();
            html.element("tbody", &[], |html| {
                for record in &table.records {
                    write_row(html, table, record, &columns, zone);
                }
            });
        });
    });
    html.line();
}

fn write_row(
    html: &mut Html,
    table: &Table,
    record: &Record,
    columns: &[(usize, &'static Column)],
    zone: &TimeZone,
) {
    html.element("tr", &[], |html| {
        for (index, (place, column)) in columns.iter().enumerate() {
            let value = &record.values[*place];
            let class = ("class", class(value, is_numeric(table, *place)));
            let (name, attributes) = match index {
                0 => ("th", vec![("scope", "row"), class]),
                _ if table.is_prose => ("td", vec![("data-title", column.title), class]),
                _ => ("td", vec![class]),
            };
            html.element(name, &attributes, |html| {
                if table.trend == Some(column.name) {
                    write_trend(html, value);
                } else {
                    write_value(html, value, zone);
                }
                if table.bars == Some(column.name) {
                    write_bar(html, value, largest(table, column.name));
                }
            });
        }
    });
    html.line();
}

fn is_numeric(table: &Table, place: usize) -> bool {
    let is_number = |record: &Record| match record.values[place] {
        Value::Count(_) | Value::Number(_) | Value::Measure(_) | Value::Span(_) => Some(true),
        Value::Absent => None,
        _ => Some(false),
    };
    let mut known = table.records.iter().filter_map(is_number).peekable();
    known.peek().is_some() && known.all(|is_number| is_number)
}

/// Characters from which a text takes several lines in a narrow column.
const LONG_TEXT: usize = 40;

fn class(value: &Value, is_numeric: bool) -> &'static str {
    match value {
        Value::Text(text) if text.len() > LONG_TEXT => "long",
        _ if is_numeric => "number",
        Value::Word(_, Severity::Good) => "good",
        Value::Word(_, Severity::Warn) => "warning",
        Value::Word(_, Severity::Bad) => "problem",
        Value::Time(_) => "time",
        _ => "text",
    }
}

fn write_value(html: &mut Html, value: &Value, zone: &TimeZone) {
    match value {
        Value::Time(at) => {
            html.leaf("time", &[("datetime", &at.to_string())], &times::minute(*at, zone));
        }
        value => html.text(&shortened(&human::show(value))),
    }
}

fn largest(table: &Table, name: &str) -> u64 {
    let place = table.schema.columns.iter().position(|column| column.name == name);
    let counts = place.into_iter().flat_map(|place| {
        table.records.iter().filter_map(move |record| match record.values[place] {
            Value::Count(count) => Some(count),
            _ => None,
        })
    });
    counts.max().unwrap_or(0)
}

fn write_bar(html: &mut Html, value: &Value, most: u64) {
    let Value::Count(count) = value else { return };
    let percent = u128::from(*count) * 100 / u128::from(most.max(1));
    let style = format!("width:{percent}%");
    html.element("span", &[("class", "meter"), ("aria-hidden", "true")], |html| {
        html.element("i", &[("style", &style)], |_| {});
    });
}

/// Adds a small curve of numbers, with their limits in words.
fn write_trend(html: &mut Html, value: &Value) {
    let text = value.bare().unwrap_or_default();
    let values: Vec<u64> = text.split(' ').filter_map(|number| number.parse().ok()).collect();
    let (Some(least), Some(most)) = (values.iter().min(), values.iter().max()) else { return };
    let words = format!("between {} and {}", format_count(*least), format_count(*most));
    let width = (values.len() - 1).max(1) * 10;
    let frame = format!("0 0 {width} 100");
    let attributes = [
        ("class", "trend"),
        ("role", "img"),
        ("viewBox", frame.as_str()),
        ("preserveAspectRatio", "none"),
        ("aria-label", words.as_str()),
    ];
    html.element("svg", &attributes, |html| {
        let point = |(place, value): (usize, &u64)| {
            let height = 100 - u128::from(*value) * 100 / u128::from((*most).max(1));
            format!("{},{height}", place * 10)
        };
        let points: Vec<String> = values.iter().enumerate().map(point).collect();
        let points = points.join(" ");
        html.element("polyline", &[("class", "curve first"), ("points", &points)], |_| {});
    });
}
