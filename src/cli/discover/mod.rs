//! `sessctl discover`

mod answer;
mod configured;
pub mod entries;
pub mod examiner;
mod found;
pub mod names;
mod process;
mod progress;
mod reach;
mod search;
mod walk;

use std::path::PathBuf;

use clap::ValueHint;

use super::context::{Context, print};
use super::exit::{Exit, Usage};
use super::privileges::Identity;
use super::profiles::CachedProfiles;
use super::trust;
use crate::domain::format::{counted, format_count};
use crate::output::record::Record;
use configured::Configured;
use found::{FOUND, shown_path};
use progress::Progress;
use search::{Search, Unreadable};
use walk::Walk;

/// Unreadable files that are named without --verbose.
const NAMED: usize = 10;
/// File systems of the kernel, which hold no files of applications.
const KERNEL: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];

/// Find session tables in the SQLite files of a host
///
/// Searches directories, and shows for each database with a table of sessions: the profile, the
/// owner, the number of sessions, the share of expired ones, the bytes that a purge and a
/// compaction would free (an estimate), and whether a purge is configured. Nothing is changed, and
/// no file is opened for writing.
///
/// Symbolic links are not followed, and other file systems are left out unless they are named as
/// DIR. If root runs the command, files are opened with the privileges of their owners. A database
/// that could not be examined is listed with the reason; the exit code is 3 if there is one, or if
/// a file or a directory could not be read.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl discover /srv /var/www /home
  sessctl discover --toml /srv > sites.toml
  sessctl discover / --json | jq '.[] | select(.expired_percent > 50)'")]
pub struct Args {
    /// Directories to search
    #[arg(value_name = "DIR", required = true, value_hint = ValueHint::DirPath)]
    directories: Vec<PathBuf>,
    /// Levels of directories to search; 1 is only the files in DIR itself
    #[arg(long, value_name = "LEVELS", default_value_t = 8)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=100))]
    depth: u16,
    /// Print a [[database]] entry for each, for a file in /etc/sessctl.d, to be reviewed before it
    /// is used. Configured databases are left out
    #[arg(long)]
    toml: bool,
}

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        if self.toml && context.requested_format().is_some() {
            return Err(Usage::error("--toml: the output cannot have another format"));
        }
        context.format().check(&FOUND)?;
        let configured = Configured::read(context)?;
        take_identity(context)?;
        let directories: Result<Vec<PathBuf>, _> =
            self.directories.iter().map(std::path::absolute).collect();
        let mut walk = Walk::new(self.depth.into());
        let mut search = Search::new(&configured, Progress::new(context));
        search.run(&mut walk, &directories?)?;
        let profiles = CachedProfiles::default();
        if self.toml {
            print(entries::text(&search.found, &configured.names(), &profiles))?;
        } else {
            let records = search.found.iter().map(|found| found.record(&profiles));
            context.write_records(&FOUND, &records.collect::<Vec<Record>>())?;
        }
        self.report(&walk, &search, context);
        let is_whole =
            search.unreadable.count == 0 && search.found.iter().all(|it| it.table.is_ok());
        Ok(if is_whole { Exit::Done } else { Exit::StoppedEarly })
    }

    /// Says on standard error what was left out.
    fn report(&self, walk: &Walk, search: &Search<'_>, context: &Context) {
        report_unreadable(&search.unreadable, context);
        if walk.cut > 0 {
            context.print_notice(&format!(
                "sessctl: directories below {} levels were not searched: {}; pass --depth",
                self.depth,
                format_count(walk.cut),
            ));
        }
        let is_left_out = |path: &&PathBuf| !KERNEL.iter().any(|kernel| path.starts_with(kernel));
        let mounts: Vec<&PathBuf> = walk.mounts.iter().filter(is_left_out).collect();
        if let Some(first) = mounts.first() {
            context.print_notice(&format!(
                "sessctl: other file systems were not searched: {}, such as \"{}\"; name them to \
                 search them, too",
                format_count(mounts.len() as u64),
                shown_path(first),
            ));
        }
        if context.is_interactive() || context.global.verbose {
            context.print_notice(&format!(
                "sessctl: {} and {} searched: {}, {} listed",
                counted(walk.listed, "directory", "directories"),
                counted(walk.files, "file", "files"),
                counted(search.databases, "SQLite database", "SQLite databases"),
                format_count(search.found.len() as u64),
            ));
        }
    }
}

fn report_unreadable(unreadable: &Unreadable, context: &Context) {
    let named = if context.global.verbose { unreadable.named.len() } else { NAMED };
    for (path, why) in unreadable.named.iter().take(named) {
        context.print_failure(&format!("could not read \"{}\": {why}", shown_path(path)));
    }
    let named = unreadable.named.len().min(named) as u64;
    if unreadable.count > named {
        let rest = format_count(unreadable.count - named);
        context
            .print_failure(&format!("could not read {rest} others; pass --verbose to name them"));
    }
}

/// Takes the privileges of the user that `--as` names, for the whole search.
fn take_identity(context: &Context) -> anyhow::Result<()> {
    let Some(user) = context.global.run_as.as_deref() else { return Ok(()) };
    let identity = Identity::parse(user)?;
    if trust::is_root() {
        return identity.assume();
    }
    if identity.uid() == Identity::current()?.uid() {
        return Ok(());
    }
    Err(Usage::error(format!("--as {user}: only root can take another user's privileges")))
}
