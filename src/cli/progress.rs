//! Progress of a long run, on standard error: a bar on a terminal, or lines at an interval.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use crate::app::PurgeProgress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::context::Context;
use super::exit::eprint_line;
use super::priority::Priority;
use crate::domain::format::format_count;

const BAR_LENGTH: u64 = 10_000;
const BAR_DELAY: Duration = Duration::from_millis(500);

pub struct ProgressDisplay {
    begun: Instant,
    form: Form,
}

enum Form {
    Nothing,
    Bar(Option<ProgressBar>),
    Lines { every: Duration, next: Duration },
}

impl ProgressDisplay {
    /// Creates a display that prints at an interval; without one, a bar on a terminal.
    pub fn new(every: Option<Duration>, context: &Context) -> Self {
        let form = match every {
            _ if context.global.quiet => Form::Nothing,
            Some(every) => Form::Lines { every, next: every },
            None if io::stderr().is_terminal() => Form::Bar(None),
            None => Form::Nothing,
        };
        Self { begun: Instant::now(), form }
    }

    pub fn show(&mut self, progress: &PurgeProgress) {
        self.show_share(progress.fraction, |elapsed| figures(progress, elapsed));
    }

    pub fn show_share(&mut self, fraction: f64, figures: impl FnOnce(Duration) -> String) {
        let elapsed = self.begun.elapsed();
        match &mut self.form {
            Form::Nothing => {}
            Form::Lines { every, next } => {
                if elapsed >= *next {
                    *next = elapsed + *every;
                    eprint_line(
                        Priority::Info,
                        &format!("sessctl: {}", sentence(fraction, &figures(elapsed))),
                    );
                }
            }
            Form::Bar(bar) => {
                if elapsed >= BAR_DELAY {
                    let bar = bar.get_or_insert_with(new_bar);
                    bar.set_position(bar_position(fraction));
                    bar.set_message(figures(elapsed));
                }
            }
        }
    }
}

impl Drop for ProgressDisplay {
    fn drop(&mut self) {
        if let Form::Bar(Some(bar)) = &self.form {
            bar.finish_and_clear();
        }
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(BAR_LENGTH), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:24} {percent:>3} %  {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share lies in [0, 1]"
)]
fn bar_position(share: f64) -> u64 {
    (share * BAR_LENGTH as f64) as u64
}

pub fn sentence(fraction: f64, figures: &str) -> String {
    format!("{:.1} % of the keys scanned, {figures}", fraction * 100.0)
}

pub fn figures(progress: &PurgeProgress, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(1e-9);
    let changed = progress.marked + progress.ended.max(progress.deleted);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "it is for people"
    )]
    let rate = (progress.rows as f64 / seconds) as u64;
    format!(
        "{} rows, {} due, {} rows/s, {} left, hold {:.1} ms",
        format_count(progress.rows),
        format_count(changed),
        format_count(rate),
        remaining_time(progress.fraction, elapsed),
        progress.last_hold.as_secs_f64() * 1e3,
    )
}

pub fn remaining_time(fraction: f64, elapsed: Duration) -> String {
    if fraction <= 0.0 {
        return "?".to_owned();
    }
    let seconds = (elapsed.as_secs_f64() * (1.0 - fraction) / fraction).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number of seconds"
    )]
    let seconds = seconds as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
}
