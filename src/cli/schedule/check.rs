//! `sessctl schedule check`

use super::spec::Spec;
use crate::cli::exit::Exit;

/// Check a schedule: print nothing, or point at the error
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
