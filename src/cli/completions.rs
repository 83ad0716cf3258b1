//! `sessctl completions`

use clap::Command;
use clap_complete::Shell;

use super::context::print;
use super::exit::Exit;

/// Print shell completions
#[derive(clap::Args)]
#[command(after_help = "Example:
  sessctl completions bash > /etc/bash_completion.d/sessctl")]
pub struct Args {
    /// Shell to print completions for
    shell: Shell,
}

impl Args {
    pub fn run(&self, mut command: Command) -> anyhow::Result<Exit> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut command, "sessctl", &mut text);
        print(text)?;
        Ok(Exit::Done)
    }
}
