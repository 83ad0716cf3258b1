//! `sessctl man`

mod config_page;
mod help;
mod page;
mod roff;

use page::Page;
pub use page::visible;

use std::path::PathBuf;

use clap::Command;

use super::context::print;
use super::exit::{Exit, Usage};
use super::replace::replace;
use crate::output::sanitize::escape;

/// Print a page of the manual, or write all of them
///
/// There is a page for each command, in section 8, and sessctl.toml(5) for the configuration.
/// `man -l -` formats a page that it reads from a pipe.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl man | man -l -                       sessctl(8)
  sessctl man show stat | man -l -             sessctl-show-stat(8)
  sessctl man sessctl.toml | man -l -          the configuration file
  sessctl man --dir /usr/local/share/man/man8  all pages; move sessctl.toml.5 to man5")]
pub struct Args {
    /// Page to print: a command, or sessctl.toml [default: sessctl]
    #[arg(value_name = "PAGE", conflicts_with = "dir")]
    page: Vec<String>,
    /// Write all pages into this directory: sessctl.8, sessctl-purge.8 and so on, and
    /// sessctl.toml.5
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Args {
    pub fn run(&self, command: Command) -> anyhow::Result<Exit> {
        let pages = pages(command);
        let Some(directory) = &self.dir else {
            print(&self.find(&pages)?.text)?;
            return Ok(Exit::Done);
        };
        for Page { name, section, text } in &pages {
            replace(&directory.join(format!("{name}.{section}")), text.as_bytes())?;
        }
        Ok(Exit::Done)
    }

    fn find<'a>(&self, pages: &'a [Page]) -> anyhow::Result<&'a Page> {
        let wanted = self.page.join("-");
        let is_wanted = |page: &&Page| {
            let short = page.name.strip_prefix("sessctl-").unwrap_or(&page.name);
            page.name == wanted || short == wanted || (wanted.is_empty() && short == "sessctl")
        };
        pages.iter().find(is_wanted).ok_or_else(|| {
            let (wanted, names) = (self.page.join(" "), names(pages).join(", "));
            Usage::error(format!("no page \"{}\" in the manual: use {names}", escape(&wanted)))
        })
    }
}

/// Words that are typed for each page.
fn names(pages: &[Page]) -> Vec<String> {
    let names = pages.iter().map(|page| page.name.trim_start_matches("sessctl-").replace('-', " "));
    names.collect()
}

/// The names of all pages, as [`Args`] takes them.
pub fn page_names(command: Command) -> Vec<String> {
    names(&pages(command))
}

fn pages(mut command: Command) -> Vec<Page> {
    command.build();
    let mut pages = Vec::new();
    add_pages(&mut pages, &command, None);
    pages.push(config_page::page());
    pages
}

/// Adds the page of a command and those of the commands below it.
fn add_pages(pages: &mut Vec<Page>, command: &Command, parent: Option<&str>) {
    let name = command.get_name().to_owned();
    let text = page::page(command, parent);
    pages.push(Page { name: name.clone(), section: page::SECTION, text });
    for below in page::visible(command) {
        let full = format!("{name}-{}", below.get_name());
        add_pages(pages, &below.clone().name(full), Some(&name));
    }
}
