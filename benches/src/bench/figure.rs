//! What is compared, and how it is shown.

use crate::stats::{Spread, float};

/// What a figure counts.
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
    fn show(self, value: f64) -> String {
        let (value, unit) = match self {
            Self::Seconds if value < 0.1 => (value * 1000.0, " ms"),
            Self::Seconds => (value, " s"),
            Self::Milliseconds => (value, " ms"),
            Self::Megabytes => (value, " MB"),
            Self::PerSecond => (value / 1000.0, "k/s"),
            Self::MicrosecondsPerRow => (value, " µs"),
            Self::Bytes => (value, " B"),
        };
        format!("{}{unit}", short(value))
    }
}

/// With about three digits: no figure here is more exact.
fn short(value: f64) -> String {
    let places = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.places$}")
}

/// What a comparison aims at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// Nothing: the figure is for information.
    None,
    /// The baseline's, at most so many times.
    Times(f64),
    /// Of the baseline's, at most one part in so many.
    PartIn(f64),
    /// At most this.
    Most(f64),
    /// At least this.
    Least(f64),
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Figure {
    what: String,
    unit: Unit,
    target: Target,
    measured: Vec<f64>,
    baseline: Option<(String, Vec<f64>)>,
}

impl Figure {
    pub fn new(what: impl Into<String>, unit: Unit, measured: Vec<f64>) -> Self {
        Self { what: what.into(), unit, target: Target::None, measured, baseline: None }
    }

    /// What it is compared with.
    pub fn beside(mut self, what: impl Into<String>, baseline: Vec<f64>) -> Self {
        self.baseline = Some((what.into(), baseline));
        self
    }

    pub fn aims_at(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    fn ratio(&self) -> Option<f64> {
        let (_, baseline) = self.baseline.as_ref()?;
        Spread::of(&self.measured)?.over(Spread::of(baseline)?)
    }

    /// Whether the target is met, as the medians say.
    fn is_met(&self) -> Option<bool> {
        let median = Spread::of(&self.measured)?.median;
        match self.target {
            Target::None => None,
            Target::Times(most) => Some(self.ratio()? <= most),
            Target::PartIn(parts) => Some(self.ratio()? <= 1.0 / parts),
            Target::Most(most) => Some(median <= most),
            Target::Least(least) => Some(median >= least),
        }
    }

    fn line(&self) -> String {
        let target = match self.target {
            Target::None => "–".to_owned(),
            Target::Times(most) => format!("≤ {most}×"),
            Target::PartIn(parts) => format!("≤ 1/{parts}"),
            Target::Most(most) => format!("≤ {}", self.unit.show(most)),
            Target::Least(least) => format!("≥ {}", self.unit.show(least)),
        };
        let baseline = match &self.baseline {
            None => "–".to_owned(),
            Some((what, values)) => format!("{}, {what}", self.spread(values)),
        };
        let ratio = self.ratio().map_or("–".to_owned(), show_ratio);
        let met = self.is_met().map_or("–", |met| if met { "yes" } else { "**no**" });
        let measured = self.spread(&self.measured);
        format!("| {} | {target} | {measured} | {baseline} | {ratio} | {met} |\n", self.what)
    }

    fn spread(&self, values: &[f64]) -> String {
        let Some(Spread { median, min, max }) = Spread::of(values) else {
            return "–".to_owned();
        };
        let [median, min, max] = [median, min, max].map(|value| self.unit.show(value));
        if min == max { median } else { format!("{median} ({min}–{max})") }
    }
}

fn show_ratio(ratio: f64) -> String {
    if ratio > 0.0 && ratio < 0.5 {
        format!("1/{}", short(1.0 / ratio))
    } else {
        format!("{}×", short(ratio))
    }
}

/// What came of a scenario.
#[derive(Debug, Default)]
pub struct Section {
    figures: Vec<Figure>,
    notes: Vec<String>,
}

impl Section {
    pub fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub fn markdown(&self, name: &str, about: &str) -> String {
        let mut text = format!(
            "### {name}\n\n{about}.\n\n\
             | what | target | measured | baseline | ratio | met? |\n\
             |---|---|---|---|---|---|\n"
        );
        text.extend(self.figures.iter().map(Figure::line));
        if !self.notes.is_empty() {
            text.push('\n');
        }
        text.extend(self.notes.iter().map(|note| format!("- {note}\n")));
        text
    }
}

/// In megabytes of a million bytes.
pub fn megabytes(bytes: u64) -> f64 {
    float(bytes) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(measured: &[f64], target: Target) -> Figure {
        Figure::new("a", Unit::Seconds, measured.to_vec()).aims_at(target)
    }

    #[test]
    fn a_line_has_medians_spreads_a_ratio_and_a_verdict() {
        let line = figure(&[1.2, 1.0, 1.8], Target::Times(1.5)).beside("one DELETE", vec![1.0]);
        assert_eq!(
            line.line(),
            "| a | ≤ 1.5× | 1.20 s (1.00 s–1.80 s) | 1.00 s, one DELETE | 1.20× | yes |\n"
        );
        let line = figure(&[1.6], Target::Times(1.5)).beside("one DELETE", vec![1.0]);
        assert!(line.line().ends_with("| 1.60× | **no** |\n"));
    }

    #[test]
    fn a_small_ratio_is_shown_as_a_part() {
        let line = figure(&[0.1], Target::PartIn(40.0)).beside("b", vec![5.0]).line();
        assert!(line.contains("≤ 1/40 ") && line.ends_with("| 1/50.0 | yes |\n"), "{line}");
        let line = figure(&[0.2], Target::PartIn(40.0)).beside("b", vec![5.0]);
        assert_eq!(line.is_met(), Some(false));
    }

    #[test]
    fn a_target_may_stand_alone_and_a_figure_without_one() {
        assert_eq!(figure(&[2.0, 3.0, 9.0], Target::Most(3.0)).is_met(), Some(true));
        assert_eq!(figure(&[2.0, 3.0, 9.0], Target::Least(4.0)).is_met(), Some(false));
        assert_eq!(figure(&[2.0], Target::None).line(), "| a | – | 2.00 s | – | – | – |\n");
    }

    #[test]
    fn without_a_baseline_no_ratio_is_met() {
        assert_eq!(figure(&[1.0], Target::Times(2.0)).is_met(), None);
    }
}
