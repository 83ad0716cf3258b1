//! `sessctl schedule check`

use super::spec::Spec;
use crate::cli::exit::Exit;

/// Print nothing if a schedule is valid, otherwise point at the error
#[derive(clap::Args)]
#[command(after_help = "Example:\n  sessctl schedule check '0,30 8-18 mon-fri'")]
pub struct Args {
    #[command(flatten)]
    spec: Spec,
}

impl Args {
    pub fn run(&self) -> anyhow::Result<Exit> {
        self.spec.parse()?;
        Ok(Exit::Done)
    }
}
