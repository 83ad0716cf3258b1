//! Runner: measures the candidates of each scenario in turn, in several rounds, and prints the
//! figures as Markdown tables.

mod figure;
mod invocation;
mod litestream_process;
mod load_process;
mod log_sampler;
mod machine;
mod scenarios;
mod workspace;

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use crate::print_status;
use scenarios::Scenario;
use workspace::Workspace;

/// Compare sessctl with a plain DELETE and with a framework's own command
///
/// Each round measures the candidates in turn, each on a fresh copy of a table. Progress goes to
/// standard error, and the figures go to standard output as Markdown. benches/run builds and
/// installs what is needed.
#[derive(Parser, Debug)]
#[command(name = "benches/run", after_help = scenarios::help())]
pub struct Options {
    /// Scenarios to run; all by default
    #[arg(value_name = "SCENARIO", value_parser = scenarios::parse)]
    scenarios: Vec<Scenario>,
    /// Number of rounds
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: u32,
    /// Multiply the size of all tables by this factor
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, conflicts_with = "rows")]
    scale: f64,
    /// Scale all tables so that a table of a million rows has this many
    #[arg(long, value_name = "N")]
    rows: Option<u32>,
    /// The sessctl program to measure
    #[arg(long, value_name = "PATH", default_value = "target/dist/sessctl")]
    sessctl: PathBuf,
    /// Keep the tables in this directory, on the disk to measure; tables of the last hour are
    /// reused. By default, they are built in target and removed at the end
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Operations per second of the application, in scenarios that have one [default: 2,000 on
    /// sessctl's table, 200 on Django's]
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    /// In `cascade`, also measure a table of ten million rows, which takes long
    #[arg(long)]
    large: bool,
}

impl Options {
    /// Scales a number of rows by `--scale` or `--rows`.
    fn scaled(&self, rows: u64) -> u64 {
        let factor = self.rows.map_or(self.scale, |rows| f64::from(rows) / 1e6);
        let scaled = (crate::stats::to_f64(rows) * factor).round();
        // check() has validated both options.
        format!("{scaled:.0}").parse().unwrap_or(rows)
    }

    fn check(&self) -> Result<()> {
        ensure!(self.rounds > 0, "--rounds: must be at least 1");
        let scale = self.scale;
        ensure!((1e-3..=100.0).contains(&scale), "--scale: must be from 0.001 to 100, not {scale}");
        let rows = self.rows.unwrap_or(1000);
        ensure!(rows >= 1000, "--rows: must be at least 1,000, not {rows}");
        Ok(())
    }
}

/// Runs the selected scenarios and prints their figures.
pub fn run(options: &Options) -> Result<()> {
    options.check()?;
    let selected: Vec<Scenario> = match options.scenarios.as_slice() {
        [] => scenarios::ALL.to_vec(),
        selected => selected.to_vec(),
    };
    let workspace = Workspace::new(options)?;
    print_markdown(&machine::describe(workspace.dir(), workspace.sessctl()))?;
    for scenario in selected {
        print_status(&format!("{}: {}", scenario.name, scenario.about));
        let section = (scenario.run)(&workspace, options)
            .with_context(|| format!("the scenario {} failed", scenario.name))?;
        print_markdown(&section.markdown(scenario.name, scenario.about))?;
    }
    Ok(())
}

fn print_markdown(text: &str) -> Result<()> {
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
    fn table_sizes_follow_the_options() {
        assert_eq!(options(&[]).scaled(1_000_000), 1_000_000);
        assert_eq!(options(&["--rows", "20000"]).scaled(1_000_000), 20_000);
        assert_eq!(options(&["--rows", "20000"]).scaled(10_000_000), 200_000);
        assert_eq!(options(&["--scale", "0.5"]).scaled(3_000_000), 1_500_000);
    }

    #[test]
    fn an_unknown_scenario_is_reported_with_the_alternatives() {
        let error = Options::try_parse_from(["bench", "idel"]).unwrap_err().to_string();
        assert!(error.contains("idel") && error.contains("idle, loaded"), "{error}");
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for args in [["--rounds", "0"], ["--scale", "0"], ["--rows", "10"]] {
            let error = options(&args).check().unwrap_err().to_string();
            assert!(error.starts_with(args[0]), "{error}");
        }
    }
}
