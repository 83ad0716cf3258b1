//! The runner: does what is to be compared in turn, several times over, and says what
//! came of it in a table of Markdown.

mod application;
mod bed;
mod figure;
mod machine;
mod process;
mod scenarios;
mod watch;

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use crate::say;
use bed::Bed;
use scenarios::Scenario;

/// Compare sessctl with what people would do otherwise
///
/// Each comparison starts from fresh copies of a table, and does what it compares in
/// turn within each round. Progress goes to standard error, the result to standard
/// output, as Markdown. Run it by benches/run, which builds what it needs.
#[derive(Parser, Debug)]
#[command(name = "benches/run", after_help = scenarios::help())]
pub struct Options {
    /// What to compare; all if none is named
    #[arg(value_name = "SCENARIO", value_parser = scenarios::by_name)]
    scenarios: Vec<Scenario>,
    /// How often to do each of a comparison
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: u32,
    /// Make all tables so many times as large
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, conflicts_with = "rows")]
    scale: f64,
    /// Make what would have a million rows have so many
    #[arg(long, value_name = "N")]
    rows: Option<u32>,
    /// The sessctl to measure
    #[arg(long, value_name = "PATH", default_value = "target/release/sessctl")]
    sessctl: PathBuf,
    /// Keep the tables in this folder, on the disk to measure on; those of the last
    /// hour are used again. Without it, they are made in target and removed at the end
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// How many operations a second the application does, where there is one
    #[arg(long, value_name = "N", default_value_t = 2000.0)]
    rate: f64,
}

impl Options {
    /// The size of a table that has so many rows unless something else is asked for.
    fn scaled(&self, rows: u64) -> u64 {
        let factor = self.rows.map_or(self.scale, |rows| f64::from(rows) / 1e6);
        let scaled = (crate::stats::float(rows) * factor).round();
        // Both were checked to be sensible.
        format!("{scaled:.0}").parse().unwrap_or(rows)
    }

    fn check(&self) -> Result<()> {
        ensure!(self.rounds > 0, "--rounds: there must be one at least");
        let scale = self.scale;
        ensure!((1e-3..=100.0).contains(&scale), "--scale: from 0.001 to 100, not {scale}");
        let rows = self.rows.unwrap_or(1000);
        ensure!(rows >= 1000, "--rows: fewer than 1,000, such as {rows}, show nothing");
        Ok(())
    }
}

/// Runs what the options name.
pub fn run(options: &Options) -> Result<()> {
    options.check()?;
    let chosen: Vec<Scenario> = match options.scenarios.as_slice() {
        [] => scenarios::ALL.to_vec(),
        chosen => chosen.to_vec(),
    };
    let bed = Bed::new(options)?;
    print(&machine::describe(bed.folder(), bed.sessctl()))?;
    for scenario in chosen {
        say(&format!("{}: {}", scenario.name, scenario.about));
        let section = (scenario.run)(&bed, options)
            .with_context(|| format!("the scenario {} has failed", scenario.name))?;
        print(&section.markdown(scenario.name, scenario.about))?;
    }
    Ok(())
}

fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "{text}")?;
    Ok(stdout.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(args: &[&str]) -> Options {
        Options::try_parse_from([&["bench"], args].concat()).unwrap()
    }

    #[test]
    fn tables_have_the_size_that_is_asked_for() {
        assert_eq!(options(&[]).scaled(1_000_000), 1_000_000);
        assert_eq!(options(&["--rows", "20000"]).scaled(1_000_000), 20_000);
        assert_eq!(options(&["--rows", "20000"]).scaled(10_000_000), 200_000);
        assert_eq!(options(&["--scale", "0.5"]).scaled(3_000_000), 1_500_000);
    }

    #[test]
    fn an_unknown_scenario_is_named_with_those_that_there_are() {
        let error = Options::try_parse_from(["bench", "idel"]).unwrap_err().to_string();
        assert!(error.contains("idel") && error.contains("idle, loaded"), "{error}");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for args in [["--rounds", "0"], ["--scale", "0"], ["--rows", "10"]] {
            let error = options(&args).check().unwrap_err().to_string();
            assert!(error.starts_with(args[0]), "{error}");
        }
    }
}
