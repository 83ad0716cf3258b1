//! `sessctl man`

use std::path::PathBuf;

use anyhow::Context as _;
use clap::CommandFactory;
use clap_mangen::Man;

use super::context::print;
use super::exit::Exit;

/// Print the manual page, or write the pages of all subcommands
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl man | man -l -
  sessctl man --dir /usr/local/share/man/man1")]
pub struct Args {
    /// Write sessctl.1, sessctl-purge.1 and so on into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Args {
    pub fn run(&self) -> anyhow::Result<Exit> {
        let command = super::Cli::command();
        match &self.dir {
            Some(folder) => clap_mangen::generate_to(command, folder)
                .with_context(|| format!("could not write into {}", folder.display()))?,
            None => {
                let mut page = Vec::new();
                Man::new(command).render(&mut page)?;
                print(page)?;
            }
        }
        Ok(Exit::Done)
    }
}
