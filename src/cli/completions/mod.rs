//! `sessctl completions`, and the words that the shells ask for.

mod command_line;
pub mod request;
mod values;

use clap::Command;
use clap_complete::Shell;

use super::context::print;
use super::exit::Exit;

/// Print shell completions
///
/// Those of bash, zsh and fish also offer values: states, sort keys, reasons, formats and
/// profiles, and the tasks, jobs and databases of the configuration. They ask sessctl for them,
/// which must be in the PATH.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl completions bash > /etc/bash_completion.d/sessctl
  sessctl completions zsh > /usr/local/share/zsh/site-functions/_sessctl
  sessctl completions fish > /etc/fish/completions/sessctl.fish")]
pub struct Args {
    /// Shell to print completions for
    shell: Shell,
}

impl Args {
    pub fn run(&self, mut command: Command) -> anyhow::Result<Exit> {
        let script = match self.shell {
            Shell::Bash => include_str!("sessctl.bash").to_owned(),
            Shell::Zsh => include_str!("sessctl.zsh").to_owned(),
            Shell::Fish => include_str!("sessctl.fish").to_owned(),
            other => {
                let mut text = Vec::new();
                clap_complete::generate(other, &mut command, "sessctl", &mut text);
                String::from_utf8(text)?
            }
        };
        print(script)?;
        Ok(Exit::Done)
    }
}
