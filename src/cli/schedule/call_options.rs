//! Options of the scheduled command, which follow a `--`.

use std::any::TypeId;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, FromArgMatches as _, parser::ValueSource};

use super::paths::absolute;
use crate::cli::context::Global;
use crate::cli::exit::Usage;
use crate::cli::report::argument_error;
use crate::cli::{arguments, purge, run};
use crate::domain::archive_name::ArchiveName;

/// Options of a command, with full paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallOptions {
    pub words: Vec<String>,
    /// Directories of the files that they name.
    pub directories: Vec<String>,
}

/// Options that make no sense in a call that is repeated, and the reason.
const UNSUITABLE: [(&str, &str); 4] = [
    ("dry_run", "it changes nothing"),
    ("accept_clock", "it would disable the guard against a wrong clock at each run"),
    ("watch", "it does not end"),
    ("progress", "it is for somebody who watches"),
];

/// Options of all commands that a scheduled one may have.
const SUITABLE_FOR_ALL: [&str; 4] = ["output", "json", "quiet", "verbose"];

impl CallOptions {
    /// Parses options with the parser of the command.
    ///
    /// # Errors
    /// [`Usage`] for anything that the command would refuse, and that a schedule cannot contain.
    pub fn parse(verb: &str, options: &[OsString]) -> anyhow::Result<Self> {
        if options.is_empty() {
            return Ok(Self::default());
        }
        let args: Vec<OsString> =
            ["sessctl", verb].into_iter().map(OsString::from).chain(options.to_vec()).collect();
        let mut parser = arguments::command();
        let matches = match parser.try_get_matches_from_mut(&args) {
            Ok(matches) => matches,
            Err(answer) if answer.use_stderr() => {
                return Err(Usage::error(argument_error(&answer, &args, arguments::command())));
            }
            Err(_) => return Err(Usage::error("after `--`, use options of the scheduled command")),
        };
        let (Some((_, matches)), Some(command)) =
            (matches.subcommand(), parser.find_subcommand(verb))
        else {
            return Ok(Self::default());
        };
        ensure_valid(verb, matches)?;
        let mut read = Self::default();
        let is_given = |arg: &&Arg| {
            matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
        };
        for arg in command.get_arguments().filter(is_given) {
            ensure_suitable(arg, verb)?;
            read.add(arg, matches)?;
        }
        Ok(read)
    }

    fn add(&mut self, arg: &Arg, matches: &ArgMatches) -> anyhow::Result<()> {
        let option = format!("--{}", arg.get_long().unwrap_or_default());
        if !arg.get_action().takes_values() {
            self.words.push(option);
            return Ok(());
        }
        let kind = arg.get_value_parser().type_id();
        let is_path = kind == TypeId::of::<PathBuf>() || kind == TypeId::of::<ArchiveName>();
        for value in matches.get_raw(arg.get_id().as_str()).into_iter().flatten() {
            let value = if is_path { self.full_path(value)? } else { text(value)? };
            if arg.is_require_equals_set() || value.starts_with('-') {
                self.words.push(format!("{option}={value}"));
            } else {
                self.words.extend([option.clone(), value]);
            }
        }
        Ok(())
    }

    fn full_path(&mut self, value: &OsStr) -> anyhow::Result<String> {
        let path = absolute(Path::new(value))?;
        if let Some(directory) = Path::new(&path).parent() {
            self.directories.push(directory.display().to_string());
        }
        Ok(path)
    }
}

/// Checks what the command itself checks after parsing.
fn ensure_valid(verb: &str, matches: &ArgMatches) -> anyhow::Result<()> {
    match verb {
        "purge" => purge::Args::from_arg_matches(matches)?.ensure_valid(),
        _ => run::Args::from_arg_matches(matches).map(drop).map_err(Into::into),
    }
}

fn ensure_suitable(arg: &Arg, verb: &str) -> anyhow::Result<()> {
    let id = arg.get_id().as_str();
    let option = arg.get_long().unwrap_or(id);
    if let Some((_, why)) = UNSUITABLE.iter().find(|(unsuitable, _)| *unsuitable == id) {
        return Err(Usage::error(format!("--{option} makes no sense in a schedule: {why}")));
    }
    let global = <Global as clap::Args>::augment_args(Command::new("options"));
    if global.get_arguments().any(|of_all| of_all.get_id() == arg.get_id())
        && !SUITABLE_FOR_ALL.contains(&id)
    {
        return Err(Usage::error(format!(
            "pass --{option} before `--`, which only options of {verb} follow"
        )));
    }
    Ok(())
}

fn text(value: &OsStr) -> anyhow::Result<String> {
    value
        .to_str()
        .map(str::to_owned)
        .ok_or_else(|| Usage::error(format!("\"{}\" is not valid UTF-8", value.display())))
}
