//! Figures with baselines and targets, formatted as Markdown tables.

use crate::stats::{Summary, to_f64};

/// Unit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Milliseconds,
    Megabytes,
    PerSecond,
    MicrosecondsPerRow,
    Bytes,
}

impl Unit {
    fn format(self, value: f64) -> String {
        let (value, unit) = match self {
            Self::Seconds if value < 0.1 => (value * 1000.0, " ms"),
            Self::Seconds => (value, " s"),
            Self::Milliseconds => (value, " ms"),
            Self::Megabytes => (value, " MB"),
            Self::PerSecond => (value / 1000.0, "k/s"),
            Self::MicrosecondsPerRow => (value, " µs"),
            Self::Bytes => (value, " B"),
        };
        format!("{}{unit}", three_digits(value))
    }
}

/// Formats a value with about three significant digits, the precision of the measurements.
fn three_digits(value: f64) -> String {
    let places = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.places$}")
}

/// Target of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// No target.
    None,
    /// Maximum ratio to the baseline.
    MaxRatio(f64),
    /// Maximum ratio to the baseline, as the divisor: 8 for one eighth.
    MaxFraction(f64),
    /// Maximum value.
    Max(f64),
    /// Minimum value.
    Min(f64),
}

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Figure {
    label: String,
    unit: Unit,
    target: Target,
    measured: Vec<f64>,
    baseline: Option<(String, Vec<f64>)>,
}

impl Figure {
    pub fn new(label: impl Into<String>, unit: Unit, measured: Vec<f64>) -> Self {
        Self { label: label.into(), unit, target: Target::None, measured, baseline: None }
    }

    /// Adds the baseline.
    pub fn compared_with(mut self, label: impl Into<String>, baseline: Vec<f64>) -> Self {
        self.baseline = Some((label.into(), baseline));
        self
    }

    pub fn with_target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    fn ratio(&self) -> Option<f64> {
        let (_, baseline) = self.baseline.as_ref()?;
        ratio(&self.measured, baseline)
    }

    /// Returns true if the median meets the target; `None` without a target or a baseline for it.
    fn is_met(&self) -> Option<bool> {
        let median = Summary::of(&self.measured)?.median;
        match self.target {
            Target::None => None,
            Target::MaxRatio(ratio) => Some(self.ratio()? <= ratio),
            Target::MaxFraction(divisor) => Some(self.ratio()? <= 1.0 / divisor),
            Target::Max(max) => Some(median <= max),
            Target::Min(min) => Some(median >= min),
        }
    }

    fn markdown_row(&self) -> String {
        let target = match self.target {
            Target::None => "–".to_owned(),
            Target::MaxRatio(ratio) => format!("≤ {ratio}×"),
            Target::MaxFraction(divisor) => format!("≤ 1/{divisor}"),
            Target::Max(max) => format!("≤ {}", self.unit.format(max)),
            Target::Min(min) => format!("≥ {}", self.unit.format(min)),
        };
        let baseline = match &self.baseline {
            None => "–".to_owned(),
            Some((label, values)) => format!("{}, {label}", format_values(self.unit, values)),
        };
        let ratio = self.ratio().map_or("–".to_owned(), format_ratio);
        let met = self.is_met().map_or("–", |met| if met { "yes" } else { "**no**" });
        let measured = format_values(self.unit, &self.measured);
        format!("| {} | {target} | {measured} | {baseline} | {ratio} | {met} |\n", self.label)
    }
}

/// Formats the median of the values, with the minimum and the maximum in parentheses.
pub fn format_values(unit: Unit, values: &[f64]) -> String {
    let Some(Summary { median, min, max }) = Summary::of(values) else {
        return "–".to_owned();
    };
    let [median, min, max] = [median, min, max].map(|value| unit.format(value));
    if min == max { median } else { format!("{median} ({min}–{max})") }
}

/// Ratio of two medians.
fn ratio(measured: &[f64], baseline: &[f64]) -> Option<f64> {
    Summary::of(measured)?.ratio_to(Summary::of(baseline)?)
}

/// Formats the ratio of two medians.
pub fn format_ratio_of(measured: &[f64], baseline: &[f64]) -> String {
    ratio(measured, baseline).map_or("–".to_owned(), format_ratio)
}

fn format_ratio(ratio: f64) -> String {
    if ratio > 0.0 && ratio < 0.5 {
        format!("1/{}", three_digits(1.0 / ratio))
    } else {
        format!("{}×", three_digits(ratio))
    }
}

/// Figures and notes of one scenario.
#[derive(Debug, Default)]
pub struct Section {
    figures: Vec<Figure>,
    tables: Vec<String>,
    notes: Vec<String>,
}

impl Section {
    pub fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Adds a table with columns of its own.
    pub fn add_table(&mut self, header: &[&str], rows: &[Vec<String>]) {
        let mut table = format!("| {} |\n|{}\n", header.join(" | "), "---|".repeat(header.len()));
        table.extend(rows.iter().map(|row| format!("| {} |\n", row.join(" | "))));
        self.tables.push(table);
    }

    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub fn markdown(&self, name: &str, about: &str) -> String {
        let mut text = format!("### {name}\n\n{about}.\n");
        if !self.figures.is_empty() {
            text.push_str("\n| what | target | measured | baseline | ratio | met? |\n");
            text.push_str("|---|---|---|---|---|---|\n");
        }
        text.extend(self.figures.iter().map(Figure::markdown_row));
        text.extend(self.tables.iter().map(|table| format!("\n{table}")));
        if !self.notes.is_empty() {
            text.push('\n');
        }
        text.extend(self.notes.iter().map(|note| format!("- {note}\n")));
        text
    }
}

/// Converts bytes to megabytes of a million bytes.
pub fn megabytes(bytes: u64) -> f64 {
    to_f64(bytes) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(measured: &[f64], target: Target) -> Figure {
        Figure::new("a", Unit::Seconds, measured.to_vec()).with_target(target)
    }

    #[test]
    fn a_row_has_medians_ranges_a_ratio_and_a_verdict() {
        let line =
            figure(&[1.2, 1.0, 1.8], Target::MaxRatio(1.5)).compared_with("one DELETE", vec![1.0]);
        assert_eq!(
            line.markdown_row(),
            "| a | ≤ 1.5× | 1.20 s (1.00 s–1.80 s) | 1.00 s, one DELETE | 1.20× | yes |\n"
        );
        let line = figure(&[1.6], Target::MaxRatio(1.5)).compared_with("one DELETE", vec![1.0]);
        assert!(line.markdown_row().ends_with("| 1.60× | **no** |\n"));
    }

    #[test]
    fn a_small_ratio_is_formatted_as_a_fraction() {
        let line =
            figure(&[0.1], Target::MaxFraction(40.0)).compared_with("b", vec![5.0]).markdown_row();
        assert!(line.contains("≤ 1/40 ") && line.ends_with("| 1/50.0 | yes |\n"), "{line}");
        let line = figure(&[0.2], Target::MaxFraction(40.0)).compared_with("b", vec![5.0]);
        assert_eq!(line.is_met(), Some(false));
    }

    #[test]
    fn a_section_has_figures_tables_and_notes_in_this_order() {
        let mut section = Section::default();
        section.note("one");
        section.add_table(&["", "b"], &[vec!["c".to_owned(), "d".to_owned()]]);
        section.add(figure(&[1.0], Target::None));
        let text = section.markdown("a", "About");
        let expected =
            "| a | – | 1.00 s | – | – | – |\n\n|  | b |\n|---|---|\n| c | d |\n\n- one\n";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn absolute_targets_need_no_baseline() {
        assert_eq!(figure(&[2.0, 3.0, 9.0], Target::Max(3.0)).is_met(), Some(true));
        assert_eq!(figure(&[2.0, 3.0, 9.0], Target::Min(4.0)).is_met(), Some(false));
        assert_eq!(figure(&[2.0], Target::None).markdown_row(), "| a | – | 2.00 s | – | – | – |\n");
    }

    #[test]
    fn a_ratio_target_without_a_baseline_has_no_verdict() {
        assert_eq!(figure(&[1.0], Target::MaxRatio(2.0)).is_met(), None);
    }
}
