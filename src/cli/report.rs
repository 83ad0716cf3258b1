//! Error messages.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Command;

use super::exit::{Exit, eprint_line, exit_code, exit_code_of_error, is_broken_pipe};
use super::priority::Priority;
use super::{advice, context, disk_space, guard, mistakes};
use crate::Error;
use crate::output::sanitize;

/// Reports the outcome of a command, and returns its exit code.
pub fn report(outcome: anyhow::Result<Exit>) -> u8 {
    match outcome {
        Ok(exit) => exit_code(exit),
        // `sessctl list | head` has shown enough. Commands that change data have already
        // called `ignore_broken_pipe`.
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            let code = exit_code_of_error(&error);
            for line in format!("sessctl: {}", message(&error)).lines() {
                eprint_line(Priority::of_exit_code(code), &sanitize::escape(line));
            }
            code
        }
    }
}

/// Message of an error, with advice in terms of the command line.
pub fn message(error: &anyhow::Error) -> String {
    let hint = error.downcast_ref::<Error>().and_then(advice_on);
    let advice = hint.map_or_else(String::new, |hint| format!("; {hint}"));
    format!("{error:#}{advice}")
}

fn advice_on(error: &Error) -> Option<String> {
    match error {
        Error::Guard(refusal) => Some(guard::advice(refusal)),
        Error::State(problem) => Some(context::advice(problem)),
        Error::DiskFull { at } => Some(disk_space::advice(at)),
        Error::InUse { .. } => Some(
            "stop it first; without --full, a compaction lets it run, if the file supports steps"
                .to_owned(),
        ),
        Error::LeaseHeld { .. } => Some("retry later or pass --wait".to_owned()),
        Error::Clock(refusal) => {
            Some(format!("if {} is the right time, run again with --accept-clock", refusal.now))
        }
        Error::Missing { why, .. } => advice::for_absence(why),
        Error::ForeignDatabase { at, content, .. } => advice::for_content(at, content),
        Error::AmbiguousTable { tables, .. } => Some(advice::for_choice("--table", tables)),
        Error::AmbiguousProfile { profiles, .. } => Some(advice::for_choice("--profile", profiles)),
        Error::ColumnMismatch { at, table, .. } => Some(advice::draft(at, Some(table))),
        Error::AmbiguousUser { name, ids, .. } => Some(advice::for_users(name.as_deref(), ids)),
        Error::UnconfirmedProfile(doubt) => Some(format!("pass {}", advice::for_doubt(doubt))),
        Error::ValueMismatch { profile, table, .. } => Some(advice::profile_check(profile, table)),
        Error::Unselectable(_) => {
            Some("to end a session, use `sessctl cycle --session HANDLE`".to_owned())
        }
        Error::DestinationHasRuns => Some(
            "if no program uses the destination yet, pass --replace to make it equal to the source"
                .to_owned(),
        ),
        Error::Replica { .. } => Some("run the command on the primary".to_owned()),
        Error::Denied { denial, .. } => advice::for_denial(*denial),
        Error::NotAHandle(_) => Some("`sessctl list` shows handles".to_owned()),
        _ => None,
    }
}

/// Message of an error of the library, with advice in options of the command line.
pub fn with_advice(error: &Error) -> String {
    let message = error.with_causes();
    advice_on(error).map_or_else(|| message.clone(), |hint| format!("{message}; {hint}"))
}

/// Prints the requested help or version, or what is wrong with the arguments.
pub fn report_arguments(answer: &clap::Error, args: &[OsString], whole: Command) -> ExitCode {
    if !answer.use_stderr() {
        let _ = answer.print();
        return ExitCode::SUCCESS;
    }
    for line in format!("sessctl: {}", argument_error(answer, args, whole)).lines() {
        eprint_line(Priority::Error, &sanitize::escape(line));
    }
    ExitCode::from(2)
}

/// Message about invalid arguments of the whole command.
pub fn argument_error(answer: &clap::Error, args: &[OsString], mut whole: Command) -> String {
    whole.build();
    mistakes::answer(answer, &whole, args)
}
