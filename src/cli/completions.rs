//! `sessctl completions`

use clap::CommandFactory;
use clap_complete::Shell;

use super::context::print;
use super::exit::Exit;

/// Print completions for a shell
#[derive(clap::Args)]
#[command(after_help = "Example:
  sessctl completions bash > /etc/bash_completion.d/sessctl")]
pub struct Args {
    /// Which shell
    shell: Shell,
}

impl Args {
    pub fn run(&self) -> anyhow::Result<Exit> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut super::Cli::command(), "sessctl", &mut text);
        print(text)?;
        Ok(Exit::Done)
    }
}
