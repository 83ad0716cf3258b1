//! `sessctl man`

use std::path::PathBuf;

use clap::Command;
use clap_mangen::Man;

use super::context::print;
use super::exit::Exit;
use super::replace::replace;

/// Print the manual page, or write the pages of all subcommands
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl man | man -l -
  sessctl man --dir /usr/local/share/man/man1")]
pub struct Args {
    /// Write sessctl.1, sessctl-purge.1 and so on into this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Args {
    pub fn run(&self, mut command: Command) -> anyhow::Result<Exit> {
        command.build();
        let Some(directory) = &self.dir else {
            print(page(command)?)?;
            return Ok(Exit::Done);
        };
        for page_of in with_subcommands(command) {
            let path = directory.join(format!("{}.1", page_of.get_name()));
            replace(&path, page(page_of)?.as_bytes())?;
        }
        Ok(Exit::Done)
    }
}

/// A command and all below it, each named as its page is: `sessctl-show-stat`.
fn with_subcommands(command: Command) -> Vec<Command> {
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    let named = below.map(|below| {
        let name = format!("{}-{}", command.get_name(), below.get_name());
        below.clone().name(name)
    });
    let pages: Vec<Command> = named.flat_map(with_subcommands).collect();
    [vec![command], pages].concat()
}

/// The page of one command. What stands at the end of its help, the exit codes and
/// the examples, comes without a heading that says so.
fn page(command: Command) -> anyhow::Result<String> {
    let heading =
        if command.get_name() == "sessctl" { "EXIT STATUS AND EXAMPLES" } else { "EXAMPLES" };
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(String::from_utf8(page)?.replace(".SH EXTRA\n", &format!(".SH \"{heading}\"\n")))
}
