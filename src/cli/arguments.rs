//! The arguments of the process.

use std::ffi::OsString;
use std::mem;

use clap::{Args as _, Command, CommandFactory as _, FromArgMatches as _};

use super::context::Global;
use super::{
    Cli, check, close, compact, copy, cycle, discover, doctor, init, list, open, profile, purge,
    report_page, restore, run, schedule, show, top, touch,
};

/// Parses the arguments of a process, of which the first is the program's name.
///
/// # Errors
/// Invalid arguments, and requests for help and for the version.
pub fn parse(args: &[OsString]) -> clap::error::Result<Cli> {
    // Building all subcommands takes longer than what many commands do.
    if let Some(parser) = narrow_parser(args)
        && let Ok(cli) = parse_with(parser, args)
    {
        return Ok(cli);
    }
    parse_with(command(), args)
}

/// Returns the parser of the whole command line.
pub fn command() -> Command {
    Cli::command().mut_subcommands(without_cluster_options)
}

/// Hides the options of clusters from the help of commands that never open a database.
fn without_cluster_options(command: Command) -> Command {
    match command.get_name() {
        "demo" | "discover" | "completions" | "man" => hide_cluster_options(command),
        "schedule" => command.mut_subcommands(|below| match below.get_name() {
            "check" | "next" => hide_cluster_options(below),
            _ => below,
        }),
        "show" => command.mut_subcommand("profiles", hide_cluster_options),
        _ => command,
    }
}

fn hide_cluster_options(command: Command) -> Command {
    let global = Global::augment_args(Command::new("options"));
    let hidden = global.get_arguments().filter(|arg| Global::is_of_clusters(arg));
    hidden.fold(command, |command, arg| command.arg(arg.clone().hide(true)))
}

fn parse_with(mut parser: Command, args: &[OsString]) -> clap::error::Result<Cli> {
    let parsed = parser.try_get_matches_from_mut(args).and_then(|mut matches| {
        Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut parser))
    });
    // Dropping all subcommands takes as long as parsing the arguments.
    mem::forget(parser);
    parsed
}

/// Returns a parser of the first subcommand among these words. It knows no other and no help:
/// what it accepts means the same to the whole parser.
pub fn narrow_parser(args: &[OsString]) -> Option<Command> {
    let words = args.get(1..)?;
    let subcommand = words.iter().enumerate().find_map(|(index, word)| match word.to_str()? {
        "show" => show::narrow_parser(&words[index + 1..]),
        name => narrow_subcommand(name),
    })?;
    let parser = Command::new("sessctl").subcommand_required(true).disable_help_subcommand(true);
    Some(Global::augment_args(parser).subcommand(subcommand))
}

/// Reports whether these arguments, which may be invalid, name the check for monitors.
pub fn names_check(args: &[OsString]) -> bool {
    let parser = Cli::command();
    let mut words = args.iter().skip(1).filter_map(|word| word.to_str());
    let command = words.find(|word| parser.find_subcommand(word).is_some());
    command == Some("check")
}

fn narrow_subcommand(name: &str) -> Option<Command> {
    let augment = match name {
        "init" => init::Args::augment_args,
        "purge" => purge::Args::augment_args,
        "run" => run::Args::augment_args,
        "list" => list::Args::augment_args,
        "top" => top::Args::augment_args,
        "cycle" => cycle::Args::augment_args,
        "restore" => restore::Args::augment_args,
        "compact" => compact::Args::augment_args,
        "move" => copy::Args::augment_args,
        "open" => open::Args::augment_args,
        "touch" => touch::Args::augment_args,
        "close" => close::Args::augment_args,
        "schedule" => schedule::Args::augment_args,
        "check" => check::Args::augment_args,
        "discover" => discover::Args::augment_args,
        discover::examiner::COMMAND => discover::examiner::Args::augment_args,
        "doctor" => doctor::Args::augment_args,
        "profile" => profile::Args::augment_args,
        "report" => report_page::Args::augment_args,
        _ => return None,
    };
    Some(augment(Command::new(name.to_owned())))
}
